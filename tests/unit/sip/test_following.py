"""A phone that loses its connection in a call: over which flow what is said, without a socket."""

import random

import pytest
from sipmessage import URI, Address, Request, Response

from playvoice.sip import (
    Answered,
    CallEnded,
    CallState,
    DialogState,
    Event,
    Failed,
    Flow,
    InfoRefused,
    OutgoingCall,
    Rejected,
    RequestInCall,
    SessionChangeReceived,
    TargetChanged,
    Transport,
    UserAgent,
    Why,
)
from playvoice.sip.dialog import finish, make_request
from playvoice.sip.info import DTMF_TYPES, body_of, key_of
from playvoice.sip.message import cseq_of, make_response, parse, top_via

US = ("192.0.2.1", 5060)
FIRST = Flow(Transport.TCP, ("198.51.100.7", 40_001), US)
SECOND = Flow(Transport.TCP, ("198.51.100.7", 40_002), US)
ELSEWHERE = Flow(Transport.TCP, ("203.0.113.9", 40_003), US)
"""The phone in another network."""
LISTENING = Flow(Transport.TCP, ("198.51.100.7", 5070), US)
BEHIND_NAT = "sip:1001@10.0.0.7:5070;transport=tcp"
IN_REACH = "sip:1001@198.51.100.7:5070;transport=tcp"
TAG = "phone"
REASON = 'SIP;cause=200;text="Call completed elsewhere"'


class Bench:
    """A call of ours to a phone, and the phone's part of it by hand."""

    def __init__(self, contact: str = BEHIND_NAT, flow: Flow = FIRST, *, pinned: bool = True, route: str = "") -> None:
        self.agent = UserAgent(generator=random.Random(1))
        self.contact = URI.parse(contact)
        self.now = 0.0
        self.events: list[Event] = []
        self.sent: list[tuple[Request, Flow]] = []
        self.responses: list[tuple[int, Flow]] = []
        self._route = [Address.parse(route)] if route else []
        self.call = self.dial(flow, pinned=pinned)
        self.run()
        (self.invite,) = self.take("INVITE", flow)

    def dial(self, flow: Flow, *, pinned: bool = True, contact: URI | None = None) -> OutgoingCall:
        call = self.agent.prepare_invite(
            target=contact or self.contact,
            flow=flow,
            from_=Address.parse("<sip:13333333333@192.0.2.1>"),
            body=b"offer",
            route=self._route,
            pinned=pinned,
        )
        call.send(self.now)
        return call

    def run(self, seconds: float = 0.0) -> None:
        """Let so much time pass, and take all that follows."""
        end = self.now + seconds
        while True:
            for data, flow in self.agent.take_sends():
                message = parse(data)
                if isinstance(message, Request):
                    self.sent.append((message, flow))
                else:
                    self.responses.append((message.code, flow))
            self.events += self.agent.take_events()
            deadline = self.agent.next_deadline()
            if deadline is None or deadline > end:
                break
            self.now = max(self.now, deadline)
            self.agent.handle_deadline(self.now)
        self.now = end

    def take(self, method: str, flow: Flow) -> list[Request]:
        """The requests of a method that were sent, all over this flow."""
        found = [(message, over) for message, over in self.sent if message.method == method]
        self.sent = [each for each in self.sent if each not in found]
        assert all(over == flow for _, over in found), found
        return [message for message, _ in found]

    def respond(self, request: Request, status: int, flow: Flow, *headers: tuple[str, str]) -> None:
        headers = (("Contact", f"<{self.contact}>"), *headers, *(("Record-Route", str(each)) for each in self._route))
        body = b"answer" if (request.method, status) == ("INVITE", 200) else b""
        self.hear(make_response(request, status, to_tag=TAG, headers=headers, body=body), flow)

    def hear(self, message: Request | Response, flow: Flow) -> None:
        self.agent.receive(bytes(message), flow, self.now)
        self.run()

    def lose(self, flow: Flow) -> None:
        """The connection ends; whatever is sent to its far end finds nobody from now on, until `run`."""
        self.agent.connection_failed(flow, self.now)
        self.run()

    def register(self, flow: Flow, before: Flow = FIRST) -> None:
        self.agent.phone_moved(self.contact, before, flow, self.now)
        self.run()

    def cancel(self) -> None:
        self.call.cancel(self.now, REASON)
        self.run()

    def bye(self) -> None:
        self.call.bye(self.now)
        self.run()

    def answer(self) -> DialogState:
        """The phone answers over its first connection, and has the ACK."""
        return self.answer_over(FIRST)

    def answer_over(self, flow: Flow) -> DialogState:
        """It answers over its first connection, and has the ACK over this flow."""
        self.respond(self.invite, 200, FIRST)
        self.call.ack(self.now)
        self.run()
        assert len(self.take("ACK", flow)) == 1
        assert self.events.pop() == Answered(self.call, b"answer")
        assert self.call.dialog is not None
        return self.call.dialog

    def ask(self, method: str, flow: Flow) -> None:
        """The phone sends a request inside the call."""
        dialog = self.call.dialog
        assert dialog is not None
        via = f"SIP/2.0/TCP 10.0.0.7:5070;branch=z9hG4bK{method}{flow.remote[1]};rport"
        request = make_request(
            method,
            URI.parse("sip:192.0.2.1"),
            via=via,
            local=dialog.remote,
            remote=dialog.local,
            call_id=dialog.call_id,
            cseq=dialog.remote_cseq + 2,
        )
        self.hear(finish(request), flow)

    @property
    def rejected(self) -> list[int]:
        return [event.status for event in self.events if isinstance(event, Rejected)]


# --- while it rings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [SECOND, ELSEWHERE])
def test_a_phone_that_registered_over_another_connection_is_cancelled_over_that_one(after: Flow) -> None:
    bench = Bench()
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.register(after)
    assert bench.sent == [], "it rings on, and was asked nothing"
    bench.cancel()
    (cancel,) = bench.take("CANCEL", after)
    assert top_via(cancel).parameters["branch"] == top_via(bench.invite).parameters["branch"]
    bench.respond(bench.invite, 487, after)
    assert bench.rejected == [487]
    assert len(bench.take("ACK", after)) == 1


def test_a_cancel_that_finds_no_connection_is_sent_when_the_phone_has_registered_again() -> None:
    bench = Bench()
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.cancel()
    for _ in range(2):
        assert len(bench.take("CANCEL", FIRST)) == 1
        bench.lose(FIRST)
    assert bench.sent == []
    bench.run(20)
    bench.register(SECOND)
    (cancel,) = bench.take("CANCEL", SECOND)
    assert cancel.headers["Reason"] == REASON
    bench.respond(bench.invite, 487, SECOND)
    assert bench.rejected == [487]


def test_a_phone_that_does_not_come_back_is_given_up_after_32_seconds_however_often_it_was_tried() -> None:
    bench = Bench()
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.cancel()
    bench.run(30)
    bench.register(SECOND)
    assert bench.call.state is CallState.EARLY
    bench.run(2)
    assert bench.events[-1] == Failed(bench.call, Why.TIMEOUT)


def test_a_phone_that_comes_back_after_it_was_given_up_is_cancelled_all_the_same() -> None:
    bench = Bench()
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.cancel()
    bench.lose(FIRST)
    bench.lose(FIRST)
    bench.run(40)
    bench.sent.clear()
    bench.register(SECOND)
    assert len(bench.take("CANCEL", SECOND)) == 1
    bench.register(ELSEWHERE, SECOND)
    assert len(bench.take("CANCEL", ELSEWHERE)) == 1
    bench.respond(bench.invite, 487, ELSEWHERE)
    assert len(bench.take("ACK", ELSEWHERE)) == 1
    bench.run(400)
    assert bench.agent.core.transaction_count == 0
    assert bench.agent.dialogs.invites == 0


def test_a_phone_whose_connection_was_lost_before_it_rang_is_cancelled_when_it_comes_back() -> None:
    """The INVITE may have arrived."""
    bench = Bench()
    bench.lose(FIRST)
    assert bench.events == [Failed(bench.call, Why.TRANSPORT)]
    bench.register(SECOND)
    assert len(bench.take("CANCEL", SECOND)) == 1


def test_a_phone_that_listens_where_it_registered_from_is_cancelled_there() -> None:
    bench = Bench(IN_REACH)
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.cancel()
    assert len(bench.take("CANCEL", LISTENING)) == 1
    bench.lose(LISTENING)  # it does not
    bench.lose(LISTENING)
    bench.take("CANCEL", LISTENING)
    bench.register(SECOND)
    assert len(bench.take("CANCEL", SECOND)) == 1


@pytest.mark.parametrize("talks", [False, True])
def test_a_phone_behind_a_proxy_that_closed_its_connection_is_told_the_end_where_the_proxy_listens(talks: bool) -> None:
    """As proxies do with connections that rest for some minutes."""
    bench = Bench(route="<sip:198.51.100.7:5070;transport=tcp;lr>")
    if talks:
        bench.answer()
    else:
        bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    if talks:
        bench.bye()
    else:
        bench.cancel()
    (end,) = bench.take("BYE" if talks else "CANCEL", LISTENING)
    assert end.headers["Route"] == "<sip:198.51.100.7:5070;transport=tcp;lr>"


@pytest.mark.parametrize("route", ["", "<sip:203.0.113.9:25;transport=tcp;lr>"])
def test_no_contact_and_no_route_leads_a_cancel_to_somebody_else(route: str) -> None:
    bench = Bench("sip:1001@203.0.113.9:25;transport=tcp", route=route)
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.cancel()
    assert len(bench.take("CANCEL", FIRST)) == 1


def test_what_a_silent_connection_may_have_lost_is_sent_again_when_the_phone_has_registered_over_another() -> None:
    """To a phone that has it these are retransmissions."""
    bench = Bench()
    bench.register(SECOND)
    (again,) = bench.take("INVITE", SECOND)
    assert bytes(again) == bytes(bench.invite)
    bench.respond(bench.invite, 180, SECOND)
    bench.cancel()
    (cancel,) = bench.take("CANCEL", SECOND)
    bench.register(ELSEWHERE, SECOND)
    assert list(map(bytes, bench.take("CANCEL", ELSEWHERE))) == [bytes(cancel)]
    assert bench.take("INVITE", ELSEWHERE) == [], "it was heard"


def test_a_phone_whose_nat_has_forgotten_it_is_reached_at_its_new_port_over_udp_too() -> None:
    before, after = (Flow(Transport.UDP, ("198.51.100.7", port), US) for port in (40_001, 40_002))
    bench = Bench("sip:1001@10.0.0.7", before)
    bench.respond(bench.invite, 180, before)
    bench.register(after, before)
    bench.cancel()
    assert len(bench.take("CANCEL", after)) == 1


def test_only_the_calls_to_this_contact_over_this_flow_go_along() -> None:
    bench = Bench()
    other_line = bench.dial(FIRST, contact=URI.parse("sip:1002@10.0.0.7:5070;transport=tcp"))
    other_phone = bench.dial(ELSEWHERE)
    bench.run()
    bench.sent.clear()
    bench.register(SECOND)
    assert [message.call_id for message in bench.take("INVITE", SECOND)] == [bench.call.id]
    assert (other_line.invite.flow, other_phone.invite.flow) == (FIRST, ELSEWHERE)


def test_a_trunk_is_sent_a_second_cancel_where_the_first_one_met_a_dead_connection() -> None:
    bench = Bench(pinned=False)
    bench.respond(bench.invite, 180, FIRST)
    bench.cancel()
    assert len(bench.take("CANCEL", FIRST)) == 1
    bench.lose(FIRST)
    (cancel,) = bench.take("CANCEL", FIRST)
    assert cancel.headers["Reason"] == REASON
    bench.lose(FIRST)
    assert bench.take("CANCEL", FIRST) == [], "there is no third one"


# --- when it answers --------------------------------------------------------------------------------------------------


def test_an_answer_over_another_connection_is_acknowledged_and_ended_there() -> None:
    bench = Bench()
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.respond(bench.invite, 200, SECOND)
    bench.bye()
    assert len(bench.take("ACK", SECOND)) == 1
    (bye,) = bench.take("BYE", SECOND)
    bench.respond(bye, 200, SECOND)
    assert bench.events[1:] == [Answered(bench.call, b"answer"), CallEnded(bench.call)]


@pytest.mark.parametrize("waited", [10, 40])
def test_an_answer_that_nobody_wants_any_more_is_acknowledged_and_ended_where_it_came_from(waited: float) -> None:
    bench = Bench()
    bench.respond(bench.invite, 180, FIRST)
    bench.lose(FIRST)
    bench.cancel()
    bench.lose(FIRST)
    bench.lose(FIRST)
    bench.run(waited)
    bench.sent.clear()
    bench.respond(bench.invite, 200, SECOND)
    if waited < 32:
        assert bench.events[-1] == Answered(bench.call, b"answer"), "it crossed the CANCEL"
        bench.bye()
    assert len(bench.take("ACK", SECOND)) == 1
    assert len(bench.take("BYE", SECOND)) == 1


def test_a_phone_that_registers_over_the_connection_that_it_has_responded_over_gets_nothing_twice() -> None:
    bench = Bench()
    bench.lose(ELSEWHERE)
    bench.respond(bench.invite, 180, SECOND)
    bench.cancel()
    assert len(bench.take("CANCEL", SECOND)) == 1
    bench.register(SECOND)
    assert bench.sent == []


def test_a_refusal_over_another_connection_is_acknowledged_there() -> None:
    bench = Bench()
    bench.lose(ELSEWHERE)
    bench.respond(bench.invite, 486, SECOND)
    assert bench.rejected == [486]
    assert len(bench.take("ACK", SECOND)) == 1


# --- while it talks ---------------------------------------------------------------------------------------------------


def test_a_phone_that_talks_and_listens_where_it_registered_from_is_hung_up_there() -> None:
    bench = Bench(IN_REACH)
    bench.answer()
    bench.lose(FIRST)
    bench.bye()
    (bye,) = bench.take("BYE", LISTENING)
    bench.respond(bye, 200, LISTENING)
    assert bench.events == [CallEnded(bench.call)]


@pytest.mark.parametrize("route", ["", "<sip:203.0.113.9:25;transport=tcp;lr>"])
def test_no_contact_and_no_route_leads_a_bye_to_somebody_else(route: str) -> None:
    bench = Bench("sip:1001@203.0.113.9:25;transport=tcp", route=route)
    bench.answer()
    bench.lose(FIRST)
    bench.bye()
    assert len(bench.take("BYE", FIRST)) == 1


def test_a_call_of_an_earlier_process_is_ended_where_the_phone_listens_or_registers() -> None:
    before = Bench(IN_REACH)
    dialog = before.answer()
    bench = Bench(IN_REACH)
    for over in (LISTENING, SECOND):
        bench.call = bench.agent.resume_dialog(before.call.invite, dialog)
        bench.bye()
        assert len(bench.take("BYE", FIRST)) == 1
        bench.lose(FIRST)
        if over == SECOND:
            assert len(bench.take("BYE", LISTENING)) == 1
            bench.register(SECOND)
        (bye,) = bench.take("BYE", over)
        bench.respond(bye, 200, over)
        assert bench.call.state is CallState.ENDED


def test_a_bye_that_finds_no_connection_is_sent_when_the_phone_has_registered_again() -> None:
    bench = Bench()
    bench.answer()
    bench.lose(FIRST)
    bench.bye()
    last = 0
    for _ in range(2):
        (bye,) = bench.take("BYE", FIRST)
        last = cseq_of(bye).sequence
        bench.lose(FIRST)
    assert bench.events == [], "it is waited for"
    bench.run(20)
    bench.register(SECOND)
    (bye,) = bench.take("BYE", SECOND)
    assert cseq_of(bye).sequence > last
    bench.respond(bye, 200, SECOND)
    assert bench.events == [CallEnded(bench.call)]


def test_a_bye_that_finds_no_connection_is_given_up_after_32_seconds() -> None:
    bench = Bench()
    bench.answer()
    bench.lose(FIRST)
    bench.bye()
    bench.lose(FIRST)
    bench.lose(FIRST)
    bench.run(31)
    assert bench.events == []
    bench.run(1)
    assert bench.events == [CallEnded(bench.call)]
    bench.sent.clear()
    bench.register(SECOND)
    assert bench.sent == []
    assert bench.agent.core.transaction_count == 0


def test_a_bye_on_a_silent_connection_is_sent_again_when_the_phone_has_registered_over_another() -> None:
    bench = Bench()
    bench.answer()
    bench.bye()
    (bye,) = bench.take("BYE", FIRST)
    bench.register(SECOND)
    assert list(map(bytes, bench.take("BYE", SECOND))) == [bytes(bye)]
    bench.respond(bye, 200, SECOND)
    assert bench.events == [CallEnded(bench.call)]


def test_a_dialog_that_goes_over_another_flow_is_told_so_that_it_is_stored() -> None:
    bench = Bench()
    bench.answer()
    bench.register(SECOND)
    assert bench.events == [TargetChanged(bench.call)]
    assert bench.call.dialog is not None
    assert bench.call.dialog.next_flow() == SECOND


def test_a_phone_that_lost_its_connection_is_reached_over_the_one_of_its_next_request() -> None:
    bench = Bench()
    bench.answer()
    bench.lose(FIRST)
    bench.ask("OPTIONS", SECOND)
    bench.bye()
    assert len(bench.take("BYE", SECOND)) == 1


def test_a_request_over_another_connection_moves_nothing_while_the_first_one_lives() -> None:
    bench = Bench()
    bench.answer()
    bench.ask("OPTIONS", SECOND)
    bench.lose(SECOND)
    bench.bye()
    assert len(bench.take("BYE", FIRST)) == 1


# --- a dead connection that nobody knew of ----------------------------------------------------------------------------


def test_a_prack_that_met_a_dead_connection_is_sent_again() -> None:
    """A carrier without one gives the call up after 32 s (RFC 3262 section 3)."""
    bench = Bench(IN_REACH, pinned=False)
    bench.respond(bench.invite, 183, FIRST, ("Require", "100rel"), ("RSeq", "1"))
    (prack,) = bench.take("PRACK", LISTENING)
    bench.lose(LISTENING)
    (again,) = bench.take("PRACK", LISTENING)
    assert again.headers["RAck"] == prack.headers["RAck"]
    assert cseq_of(again).sequence > cseq_of(prack).sequence
    bench.lose(LISTENING)
    assert bench.take("PRACK", LISTENING) == [], "there is no third one"


def test_a_key_whose_info_met_a_dead_connection_is_sent_again_before_the_next_one() -> None:
    bench = Bench(IN_REACH, pinned=False)
    bench.answer_over(LISTENING)
    for key in "12":
        bench.call.inform(bench.now, body_of(key), DTMF_TYPES[0])
    bench.run()
    (first,) = bench.take("INFO", LISTENING)
    bench.lose(LISTENING)
    (again,) = bench.take("INFO", LISTENING)
    assert (key_of(again), again.call_id) == ("1", first.call_id)
    bench.respond(again, 200, LISTENING)
    (second,) = bench.take("INFO", LISTENING)
    for _ in range(2):
        bench.lose(LISTENING)
    assert key_of(second) == "2"
    assert bench.events == [InfoRefused(bench.call, 503)]


# --- what it asks -----------------------------------------------------------------------------------------------------


def test_the_response_to_a_request_whose_connection_is_gone_goes_to_the_port_of_its_via() -> None:
    """RFC 3261 section 18.2.2. A 200 to a re-INVITE that arrives nowhere would end the call after 32 s."""
    bench = Bench()
    bench.answer()
    bench.ask("INVITE", FIRST)
    (event,) = bench.events
    assert isinstance(event, SessionChangeReceived)
    bench.lose(FIRST)
    event.change.accept(bench.now, b"ours")
    bench.run(5)
    assert bench.responses[0] == (100, FIRST)
    assert set(bench.responses[1:]) == {(200, LISTENING)}
    assert len(bench.responses) > 3, "it is repeated there"


def test_a_200_that_was_sent_over_a_connection_that_is_lost_is_repeated_where_the_far_end_listens() -> None:
    bench = Bench()
    bench.answer()
    bench.ask("INVITE", FIRST)
    (event,) = bench.events
    assert isinstance(event, SessionChangeReceived)
    event.change.accept(bench.now, b"ours")
    bench.run(1)
    bench.responses.clear()
    bench.lose(FIRST)
    bench.run(5)
    assert set(bench.responses) == {(200, LISTENING)}


def test_a_response_that_no_connection_takes_is_given_up() -> None:
    bench = Bench()
    bench.answer()
    bench.ask("OPTIONS", FIRST)
    (event,) = bench.events
    assert isinstance(event, RequestInCall)
    bench.lose(FIRST)
    bench.lose(LISTENING)
    event.request.respond(200, bench.now)
    bench.run()
    assert bench.responses == []
    assert bench.agent.core.transaction_count == 1, "that of the INVITE"


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_a_connection_that_no_call_keeps_to_costs_the_calls_nothing_when_it_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Strangers lose theirs as often as they like, and the loop has better things to do than to ask 4,000 calls."""
    bench = Bench()
    trunk = bench.dial(ELSEWHERE, pinned=False)
    asked: list[OutgoingCall] = []
    for call in (bench.call, trunk):
        monkeypatch.setattr(call, "lose", lambda _flow, call=call: asked.append(call))
    for flow in (SECOND, ELSEWHERE, FIRST):
        bench.lose(flow)
    assert asked == [bench.call]


def test_nothing_is_left_of_calls_that_have_ended() -> None:
    bench = Bench()
    bench.answer()
    bench.register(SECOND)
    bench.bye()
    (bye,) = bench.take("BYE", SECOND)
    bench.respond(bye, 200, SECOND)
    bench.run(100)
    dialogs = bench.agent.dialogs
    assert (len(dialogs), dialogs.invites, dialogs._keeping, dialogs._kept) == (0, 0, {}, {})
    assert bench.agent.core.transaction_count == 0
