"""Session timers: what is agreed, by table, and what two user agents do about it, by numbers."""

import pytest
from sipmessage import URI, Request, Response
from tests.unit.sip.pair import World

from playvoice.sip import (
    Answered,
    CallEnded,
    CallState,
    Credentials,
    IncomingCall,
    OutgoingCall,
    Rejected,
    SessionChangeReceived,
)
from playvoice.sip.message import parse
from playvoice.sip.session_timer import (
    Agreed,
    Due,
    SessionExpires,
    SessionTimer,
    Side,
    as_client,
    as_server,
    is_too_short,
    min_se,
    read,
)


def request(expires: str | None, supported: str = "timer") -> Request:
    made = Request("UPDATE", URI.parse("sip:a@192.0.2.1"))
    if expires is not None:
        made.headers.add("Session-Expires", expires)
    if supported:
        made.headers.add("Supported", supported)
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1800", SessionExpires(1800)),
        ("1800;refresher=uac", SessionExpires(1800, Side.UAC)),
        (" 90 ; refresher = UAS", SessionExpires(90, Side.UAS)),
        ("1800;other=1;refresher=uas;more", SessionExpires(1800, Side.UAS)),
        ("1800;refresher=nobody", SessionExpires(1800)),
        ("9999999999", SessionExpires(86_400)),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("99999999999999999999", None),
    ],
)
def test_the_header_is_read(text: str, expected: SessionExpires | None) -> None:
    assert read(request(text)) == expected


def test_the_header_is_written_as_it_is_read() -> None:
    for value in (SessionExpires(1800), SessionExpires(90, Side.UAS)):
        assert read(request(str(value))) == value


@pytest.mark.parametrize(
    ("expires", "agreed"),
    [
        (None, None),
        ("1800;refresher=uac", Agreed(1800, we_refresh=True)),
        ("600;refresher=uas", Agreed(600, we_refresh=False)),
        ("1800", Agreed(1800, we_refresh=True)),
        ("20;refresher=uas", Agreed(90, we_refresh=False)),
    ],
)
def test_what_a_2xx_to_us_means(expires: str | None, agreed: Agreed | None) -> None:
    response = Response(200, "OK")
    if expires is not None:
        response.headers.add("Session-Expires", expires)
    assert as_client(response) == agreed


@pytest.mark.parametrize(
    ("expires", "supported", "current", "answer"),
    [  # RFC 4028 table 2, and what a dialog adds to it
        (None, "", None, None),
        (None, "timer", None, None),
        ("1800", "", None, SessionExpires(1800, Side.UAS)),
        ("1800", "100rel, Timer", None, SessionExpires(1800, Side.UAC)),
        ("1800;refresher=uac", "timer", None, SessionExpires(1800, Side.UAC)),
        ("1800;refresher=uas", "timer", None, SessionExpires(1800, Side.UAS)),
        ("900", "timer", Agreed(1800, we_refresh=True), SessionExpires(900, Side.UAS)),
        ("900", "timer", Agreed(1800, we_refresh=False), SessionExpires(900, Side.UAC)),
        (None, "timer", Agreed(1800, we_refresh=False), SessionExpires(1800, Side.UAC)),
        (None, "", Agreed(1800, we_refresh=False), SessionExpires(1800, Side.UAS)),
        ("20", "", None, None),
    ],
)
def test_what_our_2xx_says(expires: str | None, supported: str, current: Agreed | None, answer: object) -> None:
    assert as_server(request(expires, supported), current) == answer


def test_an_interval_is_too_short_for_who_can_be_told() -> None:
    assert is_too_short(request("89"))
    assert not is_too_short(request("90"))
    assert not is_too_short(request("89", supported=""))
    assert not is_too_short(request(None))


@pytest.mark.parametrize(("text", "seconds"), [("120", 120), ("120;x", 120), ("-1", 0), ("99999999", 0)])
def test_min_se_is_followed_up_to_a_day(text: str, seconds: int) -> None:
    response = Response(422, "")
    response.headers.add("Min-SE", text)
    assert min_se(response) == seconds


@pytest.mark.parametrize(
    ("seconds", "we_refresh", "expected"),
    [
        (1800, True, [(900, Due.REFRESH), (910, Due.REFRESH)]),
        (1800, False, [(1768, Due.END)]),
        (90, False, [(60, Due.END)]),
        (90, True, [(45, Due.REFRESH), (55, Due.REFRESH), (60, Due.END)]),
    ],
)
def test_when_what_is_due(seconds: int, we_refresh: bool, expected: list[tuple[float, Due]]) -> None:
    timer = SessionTimer()
    timer.agree(Agreed(seconds, we_refresh), 1000.0)
    found: list[tuple[float, Due | None]] = []
    while len(found) < len(expected):
        at = timer.next_deadline()
        assert at is not None
        assert timer.due(at - 0.001) is None
        found.append((at - 1000.0, timer.due(at)))
    assert found == expected


def test_a_session_without_an_interval_has_no_deadline() -> None:
    timer = SessionTimer()
    timer.agree(Agreed(90, we_refresh=True), 0.0)
    timer.agree(None, 10.0)
    assert timer.next_deadline() is None


# --- two user agents --------------------------------------------------------------------------------------------------


def test_who_calls_asks_for_half_an_hour_and_refreshes_by_update_at_half_of_it() -> None:
    world = World()
    call, far = world.talk()
    invite = parse(world.messages("caller", "INVITE")[0])
    assert (invite.headers["Session-Expires"], invite.headers["Min-SE"]) == ("1800", "90")
    answer = parse(world.messages("callee", "200")[0])
    assert (answer.headers["Session-Expires"], answer.headers["Require"]) == ("1800;refresher=uac", "timer")
    world.run(899)
    assert "UPDATE" not in world.requests("caller")
    world.run(1)
    (update,) = [parse(data) for data in world.messages("caller", "UPDATE")]
    assert update.headers["Session-Expires"] == "1800;refresher=uac"
    assert update.body == b""
    world.run(3600)
    assert world.requests("caller").count("UPDATE") == 5, "at 900, 1800, 2700, 3600 and 4500 s"
    assert world.requests("callee").count("UPDATE") == 0
    assert call.state is far.state is CallState.CONFIRMED
    assert world.network.take("caller") == world.network.take("callee") == []
    call.bye(world.now)
    world.run(3600)
    assert world.requests("caller").count("UPDATE") == 5, "an ended call is not refreshed"


def silent(world: World, name: str) -> None:
    """Have one side send nothing any more."""
    agent = world.caller if name == "caller" else world.callee
    agent.take_sends = list  # type: ignore[method-assign]


def test_a_far_end_that_refreshes_no_more_gets_bye_32_seconds_before_the_end() -> None:
    world = World()
    _, far = world.talk()
    silent(world, "caller")
    world.run(1767)
    assert "BYE" not in world.requests("callee")
    world.run(1.2)
    assert world.requests("callee").count("BYE") == 1
    world.run(40)
    assert world.network.take("callee") == [CallEnded(far)]


def test_a_refresh_that_nobody_answers_ends_the_call() -> None:
    world = World()
    call, _ = world.talk()
    silent(world, "callee")
    world.run(900 + 32.2)
    assert world.requests("caller").count("BYE") == 1, "Timer F says that the dialog is gone"
    world.run(40)
    assert world.network.take("caller") == [CallEnded(call)]


def without_update(world: World) -> tuple[OutgoingCall, IncomingCall]:
    """A call whose far end does not name UPDATE among what it takes."""
    call, far = world.talk()
    call.session.peer_allows -= {"UPDATE"}
    return call, far


def test_a_far_end_without_update_gets_a_reinvite_with_the_same_description() -> None:
    world = World()
    call, _ = without_update(world)
    world.run(900)
    (event,) = world.network.take("callee")
    assert isinstance(event, SessionChangeReceived)
    assert event.change.offer == b"offer"
    event.change.accept(world.now, b"answer")
    world.run(1)
    assert world.requests("caller").count("ACK") == 2
    world.run(60)
    assert call.state is CallState.CONFIRMED


def test_a_far_end_that_names_update_and_refuses_it_gets_a_reinvite() -> None:
    world = World()
    world.talk()
    receive = world.callee.on_change

    def refuse(call: object, incoming: object, now: float) -> None:
        if incoming.method == "UPDATE":  # type: ignore[attr-defined]
            incoming.respond(405, now)  # type: ignore[attr-defined]
        else:
            receive(call, incoming, now)  # type: ignore[arg-type]

    world.callee.on_change = refuse  # type: ignore[method-assign]
    world.run(901)
    (event,) = world.network.take("callee")
    assert isinstance(event, SessionChangeReceived)
    assert event.change.is_invite


def test_a_refresh_that_is_refused_is_sent_again_until_the_session_is_over() -> None:
    world = World()
    call, _ = without_update(world)
    world.network.take("callee")
    while call.state is CallState.CONFIRMED and world.now < 2000:
        world.run(1)
        for event in world.network.take("callee"):
            if isinstance(event, SessionChangeReceived):
                event.change.refuse(world.now, 503)
    assert world.requests("caller").count("INVITE") == 1 + 87, "each 10 s from 900 s on, up to 1768 s"
    assert 1766 <= world.now <= 1770


def test_a_refresh_that_gets_422_is_sent_once_more_with_the_interval_that_it_names() -> None:
    world = World()
    call, _ = without_update(world)
    world.run(900)
    (event,) = world.network.take("callee")
    assert isinstance(event, SessionChangeReceived)
    event.change.request.respond(422, world.now, headers=(("Min-SE", "2400"),))
    event.call.session.done(event.change)
    world.run()
    (event,) = world.network.take("callee")
    assert isinstance(event, SessionChangeReceived)
    event.change.accept(world.now, b"answer")
    world.run()
    invites = [parse(data) for data in world.messages("caller", "INVITE")]
    assert [one.headers["Session-Expires"] for one in invites] == [
        "1800",
        "1800;refresher=uac",
        "2400;refresher=uac",
    ]
    assert invites[-1].headers["Min-SE"] == "2400"
    assert call.session.timer.agreed == Agreed(2400, we_refresh=True)


def test_a_422_is_followed_once_with_the_interval_that_it_names() -> None:
    world = World()
    call = world.invite()
    incoming = world.incoming()
    incoming.reject(world.now, 422, headers=(("Min-SE", "3600"),))
    world.run()
    (event,) = world.network.take("caller")
    assert isinstance(event, Rejected)
    assert call.lengthen()
    call.send(world.now)
    incoming = world.incoming()
    assert incoming.request.headers["Session-Expires"] == incoming.request.headers["Min-SE"] == "3600"
    assert incoming.request.cseq.sequence == 2
    incoming.reject(world.now, 422, headers=(("Min-SE", "7200"),))
    world.run()
    assert not call.lengthen()
    assert call.state is CallState.ENDED


@pytest.mark.parametrize("value", ["", "90", "nothing"])
def test_a_422_that_names_no_longer_interval_is_final(value: str) -> None:
    world = World()
    call = world.invite()
    world.incoming().reject(world.now, 422, headers=(("Min-SE", value),))
    world.run()
    assert not call.lengthen()


def test_a_refresh_with_too_short_an_interval_gets_422_and_the_call_goes_on() -> None:
    world = World()
    call, _ = world.talk()
    assert call.dialog is not None
    update = call.dialog.request("UPDATE", world.caller.make_via(call.invite.flow), 2)
    for name, value in (("Session-Expires", "30"), ("Supported", "timer"), ("Content-Length", "0")):
        update.headers.set(name, value)
    world.caller.core.send(bytes(update), call.invite.flow)
    world.run()
    (refusal,) = world.messages("callee", "422")
    assert parse(refusal).headers["Min-SE"] == "90"
    assert call.state is CallState.CONFIRMED


def test_a_far_end_that_knows_no_timers_has_none() -> None:
    world = World()
    call = world.invite(send=False)
    call.send(0.0)
    incoming = world.incoming()
    for name in ("Session-Expires", "Supported", "Min-SE"):
        incoming.request.headers.remove(name)
    incoming.answer(world.now, b"answer")
    world.run()
    assert Answered(call, b"answer") in world.network.take("caller")
    call.ack(world.now)
    world.run(4000)
    assert set(world.requests("caller")) == {"INVITE", "ACK"}
    assert call.state is CallState.CONFIRMED


def test_a_call_that_was_challenged_is_kept_alive_too_and_its_refresh_has_credentials() -> None:
    world = World()
    call = world.invite(credentials=Credentials("trunk", "secret"))
    challenge = ("WWW-Authenticate", 'Digest realm="carrier", nonce="n1", qop="auth"')
    world.incoming().reject(world.now, 401, headers=(challenge,))
    world.run()
    assert call.authorize()
    call.send(world.now)
    world.incoming().answer(world.now, b"answer")
    world.run()
    call.ack(world.now)
    world.run(901)
    (update,) = [parse(data) for data in world.messages("caller", "UPDATE")]
    assert 'nonce="n1"' in update.headers["Authorization"]
    assert "nc=00000002" in update.headers["Authorization"]
