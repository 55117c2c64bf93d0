from random import Random

import pytest

from playvoice.lines.trunk_registration import (
    MAX_ASKED,
    Ask,
    Outcome,
    State,
    TrunkRegistration,
    back_off,
    granted,
    refresh_after,
)
from playvoice.sip import URI, Credentials, Response
from playvoice.sip.digest import Answer, Challenge

REGISTRAR = URI.parse("sip:itsp.example.com")
CONTACT = URI.parse("sip:user@192.0.2.1:5060")
NO_ANSWER = Outcome(408, "no answer")


def registration() -> TrunkRegistration:
    """One that is due at 100 s."""
    begun = TrunkRegistration(REGISTRAR, Credentials("user", "secret"), Random(1))
    begun.start(100.0)
    return begun


def response(code: int, *headers: tuple[str, str], phrase: str = "") -> Response:
    made = Response(code, phrase)
    for name, value in headers:
        made.headers.add(name, value)
    return made


def ok(expires: int = 600) -> Response:
    return response(200, ("Contact", f"<{CONTACT}>;expires={expires}"))


def challenge(nonce: str = "n1", *, code: int = 401, realm: str = "itsp", stale: bool = False) -> Response:
    name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    return response(code, (name, str(Challenge(realm=realm, nonce=nonce, stale=stale))))


def due(asked: TrunkRegistration, at: float) -> Ask:
    ask = asked.handle_deadline(at)
    assert ask is not None
    return ask


def registered(expires: int = 600) -> TrunkRegistration:
    """One that was registered at 100 s."""
    begun = registration()
    due(begun, 100.0)
    assert begun.on_response(ok(expires), CONTACT, 100.0) is None
    return begun


def deadline(asked: TrunkRegistration) -> float:
    at = asked.next_deadline()
    assert at is not None
    return at


def test_the_first_register_is_due_at_once_and_carries_no_credentials() -> None:
    begun = registration()
    assert begun.handle_deadline(99.9) is None
    assert due(begun, 100.0) == Ask(1, 3600, ())
    assert begun.next_deadline() is None, "no other is sent while one is on its way"
    assert begun.handle_deadline(1e6) is None
    assert not begun.is_registered(100.0)


def test_a_challenge_is_answered_at_once_and_the_nonce_used_again_at_the_refresh() -> None:
    begun = registration()
    due(begun, 100.0)
    ask = begun.on_response(challenge(), CONTACT, 100.1)
    assert ask is not None
    assert ask.cseq == 2
    ((name, value),) = ask.credentials
    answer = Answer.parse(value)
    assert (name, answer.nonce, answer.uri, answer.count) == ("Authorization", "n1", str(REGISTRAR), 1)
    assert answer.response == answer.expected_response("REGISTER", "secret")
    begun.on_response(ok(), CONTACT, 100.2)
    again = due(begun, deadline(begun))
    assert (again.cseq, Answer.parse(again.credentials[0][1]).count) == (3, 2)


def test_a_proxy_and_a_registrar_may_both_ask_and_get_both_answers() -> None:
    begun = registration()
    due(begun, 100.0)
    begun.on_response(challenge(code=407, realm="proxy"), CONTACT, 100.1)
    ask = begun.on_response(challenge(), CONTACT, 100.2)
    assert ask is not None
    assert [name for name, _ in ask.credentials] == ["Authorization", "Proxy-Authorization"]


def test_a_stale_nonce_is_replaced_and_the_same_challenge_without_stale_is_a_refusal() -> None:
    begun = registration()
    due(begun, 100.0)
    begun.on_response(challenge("n1"), CONTACT, 100.1)
    ask = begun.on_response(challenge("n2", stale=True), CONTACT, 100.2)
    assert ask is not None
    assert Answer.parse(ask.credentials[0][1]).nonce == "n2"
    assert begun.on_response(challenge("n3"), CONTACT, 100.3) is None
    assert begun.outcome == Outcome(401, "")
    assert begun.next_deadline() == 130.3


def test_after_a_refusal_the_next_try_begins_without_credentials_and_may_be_challenged_again() -> None:
    begun = registration()
    due(begun, 100.0)
    begun.on_response(challenge("n1"), CONTACT, 100.0)
    begun.on_response(challenge("n2"), CONTACT, 100.0)
    assert due(begun, 130.0) == Ask(3, 3600, ())
    assert begun.on_response(challenge("n3"), CONTACT, 130.0) is not None


def test_a_registrar_that_never_stops_asking_is_left_for_the_back_off() -> None:
    begun = registration()
    due(begun, 100.0)
    asked = 1
    for step in range(2 * MAX_ASKED):
        least = response(423, ("Min-Expires", str(4000 + step)))
        if begun.on_response(least, CONTACT, 100.0) is None:
            break
        asked += 1
    assert asked == MAX_ASKED
    assert (begun.outcome, begun.next_deadline()) == (Outcome(423), 130.0)


def test_granted_time_is_counted_from_the_request_and_refreshed_before_three_quarters_of_it() -> None:
    begun = registration()
    due(begun, 100.0)
    begun.on_response(ok(600), CONTACT, 120.0)
    assert begun.outcome == Outcome(200)
    assert 400.0 <= deadline(begun) <= 550.0
    assert begun.is_registered(699.9)
    assert not begun.is_registered(700.0)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 300.0), (0.5, 375.0), (1.0, 450.0)])
def test_when_a_registration_of_600_s_is_refreshed(jitter: float, seconds: float) -> None:
    assert refresh_after(600, jitter) == seconds


def test_a_registrar_that_grants_a_second_is_not_asked_more_often_than_in_5() -> None:
    assert deadline(registered(expires=1)) == 105.0


def test_min_expires_is_followed_and_kept() -> None:
    begun = registration()
    due(begun, 100.0)
    ask = begun.on_response(response(423, ("Min-Expires", "7200")), CONTACT, 100.1)
    assert ask == Ask(2, 7200)
    begun.on_response(ok(7200), CONTACT, 100.2)
    assert due(begun, deadline(begun)).expires == 7200


@pytest.mark.parametrize("least", ["3600", "0", "soon", "86401", ""])
def test_a_min_expires_that_wants_nothing_sensible_is_a_failure(least: str) -> None:
    begun = registration()
    due(begun, 100.0)
    assert begun.on_response(response(423, ("Min-Expires", least)), CONTACT, 100.0) is None
    assert begun.next_deadline() == 130.0


@pytest.mark.parametrize("code", [301, 302, 400, 403, 404, 480, 500, 503, 603])
def test_any_other_final_response_is_tried_again_after_30_s(code: int) -> None:
    begun = registration()
    due(begun, 100.0)
    assert begun.on_response(response(code, phrase="No"), CONTACT, 101.0) is None
    assert (begun.outcome, begun.next_deadline()) == (Outcome(code, "No"), 131.0)
    assert due(begun, 131.0).cseq == 2


def test_the_back_off_doubles_from_30_s_to_10_minutes() -> None:
    assert [back_off(n) for n in range(1, 8)] == [30, 60, 120, 240, 480, 600, 600]
    assert back_off(10**9) == 600


def test_failures_in_a_row_back_off_and_a_success_begins_anew() -> None:
    begun, now = registration(), 100.0
    waits = []
    for _ in range(4):
        due(begun, now)
        begun.on_failure(NO_ANSWER, now)
        waits.append(deadline(begun) - now)
        now = deadline(begun)
    assert waits == [30, 60, 120, 240]
    due(begun, now)
    begun.on_response(ok(), CONTACT, now)
    now = deadline(begun)
    due(begun, now)
    begun.on_failure(NO_ANSWER, now)
    assert deadline(begun) == now + 30


def test_a_carrier_that_may_have_forgotten_us_is_asked_at_once_but_not_twice_within_30_s() -> None:
    begun = registered(600)
    begun.hurry(120.0)
    assert deadline(begun) == 130.0
    due(begun, 130.0)
    begun.hurry(131.0)
    assert begun.next_deadline() is None, "it is being asked"
    begun.on_response(ok(600), CONTACT, 131.0)
    begun.hurry(200.0)
    assert deadline(begun) == 200.0


def test_a_carrier_that_is_back_is_not_left_to_the_back_off() -> None:
    begun, now = registration(), 100.0
    for _ in range(6):
        due(begun, now)
        begun.on_failure(NO_ANSWER, now)
        now = deadline(begun)
    assert now == 100.0 + 30 + 60 + 120 + 240 + 480 + 600
    begun.hurry(now - 500.0)
    assert deadline(begun) == now - 500.0


@pytest.mark.parametrize(
    ("answer", "at"),
    [
        (response(403), 190.0),
        (response(404), 190.0),
        (response(603), 190.0),
        (response(408), 160.0),
        (response(500), 160.0),
        (response(503, ("Retry-After", "50")), 180.0),
    ],
    ids=["403", "404", "603", "408", "500", "503 with Retry-After"],
)
def test_a_registrar_that_refuses_us_or_names_a_time_is_not_hurried(answer: Response, at: float) -> None:
    begun = registration()
    for now in (100.0, 130.0):
        due(begun, now)
        begun.on_response(answer if now == 130.0 else response(500), CONTACT, now)
    begun.hurry(140.0)
    assert deadline(begun) == at


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("300", 300), ("300 (maintenance)", 300), ("300;duration=60", 300), ("5", 30), ("100000", 3600), ("later", 30)],
)
def test_retry_after_is_honoured_up_to_an_hour(retry_after: str, seconds: float) -> None:
    begun = registration()
    due(begun, 100.0)
    begun.on_response(response(503, ("Retry-After", retry_after)), CONTACT, 100.0)
    assert begun.next_deadline() == 100.0 + seconds


def test_a_refresh_that_fails_leaves_what_was_granted_until_its_end() -> None:
    begun = registered(600)
    at = deadline(begun)
    due(begun, at)
    begun.on_failure(NO_ANSWER, at + 32)
    assert begun.outcome == NO_ANSWER
    assert begun.is_registered(699.0)
    assert not begun.is_registered(700.0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("Contact", f"<{CONTACT}>;expires=300"), ("Expires", "900")), 300),
        ((("Contact", f"<{CONTACT}>"), ("Expires", "900")), 900),
        ((("Contact", f"<{CONTACT}>"),), 3600),
        ((), 3600),
        ((("Contact", "<sip:other@192.0.2.2>;expires=10"), ("Contact", f"<{CONTACT}>;expires=300")), 300),
        ((("Contact", f"<sip:other@192.0.2.2>;expires=10, <{CONTACT}>;expires=300"),), 300),
        ((("Contact", "<sip:user@203.0.113.9:31000>;expires=120"),), 120),
        ((("Contact", "<sip:a@192.0.2.2>;expires=10, <sip:b@192.0.2.2>;expires=20"), ("Expires", "90")), 90),
        ((("Contact", "<broken"), ("Expires", "90")), 90),
        ((("Contact", f"<{CONTACT}>;expires=never"),), 3600),
        ((("Contact", f"<{CONTACT}>;expires=4294967295"),), 3600),
    ],
)
def test_how_long_a_2xx_registers_for(headers: tuple[tuple[str, str], ...], seconds: int) -> None:
    assert granted(response(200, *headers), CONTACT, 3600) == seconds


def test_a_2xx_that_grants_nothing_is_a_failure() -> None:
    begun = registered(600)
    due(begun, deadline(begun))
    begun.on_response(ok(0), CONTACT, 500.0)
    assert not begun.is_registered(500.0)
    assert (begun.outcome, begun.next_deadline()) == (Outcome(503, "registered for 0 s"), 530.0)


def test_close_takes_back_what_is_registered_and_answers_a_challenge_on_the_way() -> None:
    begun = registered()
    assert begun.close(200.0) == Ask(2, 0)
    again = begun.on_response(challenge(), CONTACT, 200.1)
    assert again is not None
    assert (again.expires, begun.state) == (0, State.ASKING)
    assert begun.on_response(response(200), CONTACT, 200.2) is None
    assert (begun.state, begun.is_registered(200.2), begun.next_deadline()) == (State.CLOSED, False, None)


def test_close_is_over_at_once_where_nothing_is_registered() -> None:
    begun = registration()
    assert begun.close(100.0) is None
    assert (begun.state, begun.handle_deadline(1e6)) == (State.CLOSED, None)


def test_close_gives_up_where_the_registrar_refuses_or_says_nothing() -> None:
    refused, silent = registered(), registered()
    refused.close(200.0)
    refused.on_response(response(500), CONTACT, 200.0)
    silent.close(200.0)
    silent.on_failure(NO_ANSWER, 232.0)
    assert refused.state is silent.state is State.CLOSED
    assert refused.next_deadline() is silent.next_deadline() is None


def test_close_waits_for_the_register_that_is_on_its_way_and_takes_that_back() -> None:
    begun = registration()
    due(begun, 100.0)
    assert begun.close(100.1) is None
    assert begun.state is State.ASKING
    assert begun.on_response(ok(), CONTACT, 100.2) == Ask(2, 0)


def test_close_during_a_refresh_that_fails_takes_back_what_was_granted_before() -> None:
    begun = registered(600)
    due(begun, deadline(begun))
    assert begun.close(500.0) is None
    assert begun.on_failure(NO_ANSWER, 510.0) == Ask(3, 0)


def test_close_during_a_first_try_that_fails_is_over() -> None:
    begun = registration()
    due(begun, 100.0)
    begun.close(100.1)
    assert begun.on_response(response(403), CONTACT, 100.2) is None
    assert begun.state is State.CLOSED


def test_what_comes_when_nothing_was_asked_changes_nothing() -> None:
    begun = registered(600)
    at = begun.next_deadline()
    assert begun.on_response(response(403), CONTACT, 110.0) is None
    assert begun.on_failure(NO_ANSWER, 110.0) is None
    assert (begun.outcome, begun.next_deadline()) == (Outcome(200), at)
    assert repr(begun) == "<TrunkRegistration WAITING Outcome(status=200, reason='')>"
