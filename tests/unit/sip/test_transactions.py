"""The four machines: timers as numbers, every row of every table, and events that a state has no row for."""

import itertools

import pytest
from sipmessage import Request

from playvoice.sip.client_transaction import ClientInvite, ClientNonInvite
from playvoice.sip.errors import IllegalTransition
from playvoice.sip.flow import Flow, Transport
from playvoice.sip.message import make_response, parse
from playvoice.sip.server_transaction import ServerInvite, ServerNonInvite
from playvoice.sip.transaction import Deliver, Effect, Happening, Send, State, TimedOut, Transaction, TransportFailed

UDP = Flow(Transport.UDP, ("192.0.2.2", 5060), ("192.0.2.1", 5060))
TCP = Flow(Transport.TCP, ("192.0.2.2", 5060), ("192.0.2.1", 5060))
MACHINES = (ClientInvite, ClientNonInvite, ServerInvite, ServerNonInvite)


def request(method: str = "INVITE") -> Request:
    message = parse(
        (
            f"{method} sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n"
            "Route: <sip:192.0.2.9;lr>\r\nFrom: <sip:alice@192.0.2.1>;tag=a\r\nTo: <sip:bob@192.0.2.2>\r\n"
            f"Call-ID: one\r\nCSeq: 7 {method}\r\nContent-Length: 0\r\n\r\n"
        ).encode()
    )
    assert isinstance(message, Request)
    return message


def started(kind: type[Transaction], flow: Flow = UDP) -> tuple[Transaction, list[Effect]]:
    transaction = kind(request("INVITE" if kind in (ClientInvite, ServerInvite) else "OPTIONS"), flow)
    return transaction, transaction.fire(Happening.START, 0.0)


def respond(transaction: Transaction, status: int, now: float) -> list[Effect]:
    response = make_response(transaction.request, status, to_tag="b")
    happening = Happening.PROVISIONAL if status < 200 else Happening.SUCCESS if status < 300 else Happening.FAILURE
    return transaction.fire(happening, now, response)


def run(transaction: Transaction, until: float) -> list[tuple[float, Effect]]:
    """Fire every timer up to a time; what followed, with when."""
    happened: list[tuple[float, Effect]] = []
    while (deadline := transaction.next_deadline()) is not None and deadline <= until:
        happened += [(deadline, effect) for effect in transaction.handle_deadline(deadline)]
    return happened


def sends(happened: list[tuple[float, Effect]]) -> list[float]:
    return [at for at, effect in happened if isinstance(effect, Send)]


def test_an_invite_over_udp_is_sent_again_at_a_and_given_up_at_b() -> None:
    transaction, effects = started(ClientInvite)
    assert [type(effect) for effect in effects] == [Send]
    happened = run(transaction, 100)
    assert sends(happened) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert happened[-1] == (32.0, TimedOut())
    assert transaction.terminated


def test_an_invite_over_tcp_is_sent_once() -> None:
    transaction, _ = started(ClientInvite, TCP)
    assert run(transaction, 100) == [(32.0, TimedOut())]


def test_a_provisional_response_stops_retransmission_and_timer_b() -> None:
    transaction, _ = started(ClientInvite)
    assert [type(effect) for effect in respond(transaction, 180, 0.2)] == [Deliver]
    assert transaction.next_deadline() is None


def test_a_failure_is_acknowledged_each_time_until_d() -> None:
    transaction, _ = started(ClientInvite)
    acknowledged, delivered = respond(transaction, 486, 1.0)
    assert isinstance(acknowledged, Send)
    ack = parse(acknowledged.data)
    assert isinstance(ack, Request)
    assert (ack.method, str(ack.cseq), ack.headers["Route"]) == ("ACK", "7 ACK", "<sip:192.0.2.9;lr>")
    assert ack.headers["Via"] == transaction.request.headers["Via"]
    assert ack.to_address.parameters["tag"] == "b"
    assert isinstance(delivered, Deliver)
    assert respond(transaction, 486, 2.0) == [acknowledged]
    assert transaction.next_deadline() == 33.0
    run(transaction, 33.0)
    assert transaction.terminated


def test_an_answer_is_delivered_each_time_until_m() -> None:
    transaction, _ = started(ClientInvite)
    assert [type(effect) for effect in respond(transaction, 200, 1.0)] == [Deliver]
    assert [type(effect) for effect in respond(transaction, 200, 2.0)] == [Deliver]
    assert transaction.next_deadline() == 33.0
    run(transaction, 33.0)
    assert transaction.terminated


def test_an_invite_of_an_earlier_process_goes_on_without_being_sent() -> None:
    transaction = ClientInvite(request(), UDP)
    assert transaction.fire(Happening.RESUME, 0.0) == []
    assert transaction.state is State.PROCEEDING
    assert transaction.fire(Happening.GIVE_UP, 32.0) == [TimedOut()]


def test_another_request_is_sent_again_at_e_up_to_t2_and_given_up_at_f() -> None:
    transaction, _ = started(ClientNonInvite)
    happened = run(transaction, 100)
    assert sends(happened) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert happened[-1] == (32.0, TimedOut())


def test_in_proceeding_another_request_is_sent_again_every_t2() -> None:
    transaction, _ = started(ClientNonInvite)
    respond(transaction, 100, 0.1)
    assert sends(run(transaction, 9.0)) == [0.5, 4.5, 8.5]


def test_a_final_response_to_another_request_is_delivered_once_and_k_ends_it() -> None:
    transaction, _ = started(ClientNonInvite)
    assert [type(effect) for effect in respond(transaction, 200, 1.0)] == [Deliver]
    assert respond(transaction, 200, 2.0) == []
    assert transaction.next_deadline() == 6.0


@pytest.mark.parametrize("kind", [ClientInvite, ClientNonInvite])
def test_a_lost_transport_before_any_response_is_told(kind: type[Transaction]) -> None:
    transaction, _ = started(kind, TCP)
    assert transaction.fire(Happening.TRANSPORT_ERROR, 0.1) == [TransportFailed()]
    assert transaction.terminated


def test_an_invite_that_comes_gets_100_and_again_the_last_provisional_response() -> None:
    transaction, effects = started(ServerInvite)
    assert isinstance(effects[0], Send)
    assert effects[0].data.startswith(b"SIP/2.0 100 Trying")
    ringing = respond(transaction, 180, 0.1)
    assert transaction.fire(Happening.REQUEST, 0.5, transaction.request) == ringing


def test_a_refusal_is_repeated_at_g_until_the_ack_and_given_up_at_h() -> None:
    transaction, _ = started(ServerInvite)
    respond(transaction, 486, 0.0)
    happened = run(transaction, 100)
    assert sends(happened) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert happened[-1] == (32.0, TimedOut())


def test_the_ack_of_a_refusal_stops_it_and_i_ends_the_transaction() -> None:
    transaction, _ = started(ServerInvite)
    respond(transaction, 486, 0.0)
    transaction.fire(Happening.ACK, 0.2, request("ACK"))
    assert transaction.state is State.CONFIRMED
    assert transaction.next_deadline() == 5.2


def test_after_an_answer_a_repeated_invite_is_swallowed_until_l() -> None:
    transaction, _ = started(ServerInvite)
    assert [type(effect) for effect in respond(transaction, 200, 1.0)] == [Send]
    assert transaction.fire(Happening.REQUEST, 1.5, transaction.request) == []
    assert transaction.next_deadline() == 33.0


def test_another_request_that_comes_again_gets_its_response_again_until_j() -> None:
    transaction, effects = started(ServerNonInvite)
    assert effects == []
    response = respond(transaction, 200, 0.0)
    assert transaction.fire(Happening.REQUEST, 0.5, transaction.request) == response
    assert transaction.next_deadline() == 32.0


@pytest.mark.parametrize(("kind", "status"), [(ClientInvite, 486), (ClientNonInvite, 200), (ServerNonInvite, 200)])
def test_on_a_reliable_transport_an_ended_transaction_does_not_wait(kind: type[Transaction], status: int) -> None:
    transaction, _ = started(kind, TCP)
    respond(transaction, status, 1.0)
    run(transaction, 1.0)
    assert transaction.terminated


@pytest.mark.parametrize("kind", MACHINES)
def test_an_event_without_a_row_is_named_and_changes_nothing(kind: type[Transaction]) -> None:
    without = [pair for pair in itertools.product(State, Happening) if pair not in kind.TABLE]
    assert without
    for state, happening in without:
        transaction = kind(request(), UDP)
        transaction.state = state
        with pytest.raises(IllegalTransition, match=happening.name):
            transaction.fire(happening, 0.0)
        assert transaction.state is state


@pytest.mark.parametrize("kind", MACHINES)
def test_every_state_that_a_table_leads_to_has_rows_or_is_the_end(kind: type[Transaction]) -> None:
    reached = {state for state, _ in kind.TABLE.values()} - {State.TERMINATED}
    assert reached <= {state for state, _ in kind.TABLE}


def test_a_transaction_tells_its_state_and_timers() -> None:
    transaction, _ = started(ClientInvite)
    assert repr(transaction) == "<ClientInvite INVITE CALLING: A at 0.5, B at 32>"
