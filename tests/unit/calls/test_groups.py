"""Groups of agents, as waiting customers and phones see them: whose turn it is, when, and for how long."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.calls.model import Model, Ways
from tests.unit.calls.stage import Stage
from tests.unit.calls.stored import owed

from playvoice.config import Strategy
from playvoice.media import protocol
from playvoice.sip import CallState, IncomingCall

AGENT, OTHER = "20280003", "20280004"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    """Up to ten customers at once, and one agent in `sales`, another one in `support`."""
    model = Model(tmp_path, monkeypatch, [], Ways(places=10))
    model.house.groups.members = {"sales": (AGENT,), "support": (OTHER,)}
    try:
        yield model
        model.come_to_rest()
    finally:
        model.close()


def waiting(model: Model, userid: str = "1@sales", company: str = "2028") -> IncomingCall:
    """One more customer who was answered and pressed 1."""
    model.accept(company, userid, 60, 600, broken=False)
    customer = model.carrier.calls[-1]
    model.answer(customer, usable=True)
    stream = model.stream_of(customer)
    assert stream is not None
    model.press(customer, stream, "1")
    return customer


def offered(model: Model) -> list[tuple[str, str]]:
    """Which agents ring now, for which customers."""
    return [(str(call.request.uri.user), model.of_phone(call).number) for call in model.phones.those(CallState.EARLY)]


def number(customer: IncomingCall) -> str:
    return str(customer.request.uri.user)


def hang_up(model: Model, *calls: IncomingCall) -> None:
    for call in calls:
        call.bye(model.now)
        model.settle()


# --- whose turn it is -------------------------------------------------------------------------------------------------


def test_waiting_customers_are_served_in_order_as_soon_as_the_agent_is_free(desk: Model) -> None:
    customers = []
    for _ in range(4):
        customers.append(waiting(desk))
        desk.pass_time(1.3)
    for customer in customers:
        assert offered(desk) == [(AGENT, number(customer))]
        desk.agents_answer(desk.phones.calls[-1])
        desk.pass_time(2.1)
        hang_up(desk, customer)


def test_who_hangs_up_while_he_waits_loses_his_place_and_costs_the_next_one_nothing(desk: Model) -> None:
    first, second, third = (waiting(desk) for _ in range(3))
    desk.agents_answer(desk.phones.calls[-1])
    hang_up(desk, second, first)
    assert offered(desk) == [(AGENT, number(third))]
    hang_up(desk, third)
    assert repr(desk.house.parts.agents) == "<Agents 0 taken, 0 customers waiting>"


def test_an_agent_who_refuses_the_first_customer_is_offered_to_the_second_and_five_seconds_later_to_the_first(
    desk: Model,
) -> None:
    first, second = waiting(desk), waiting(desk)
    desk.agent_refuses(desk.phones.calls[-1], 486)
    assert offered(desk) == [(AGENT, number(second))]
    desk.agent_refuses(desk.phones.calls[-1], 486)
    desk.pass_time(4.9)
    assert offered(desk) == []
    desk.pass_time(0.2)
    assert offered(desk) == [(AGENT, number(first))]
    hang_up(desk, first, second)


def test_an_agent_who_logs_in_is_offered_to_who_waits_longest_whoever_looks_first(desk: Model) -> None:
    desk.house.groups.members["sales"] = (AGENT, "20280006")
    talks = waiting(desk)
    desk.agents_answer(desk.phones.calls[-1])
    first = waiting(desk)
    desk.pass_time(3)
    second = waiting(desk)
    desk.pass_time(3)
    desk.register("20280006", there=True)
    desk.pass_time(2.1)  # the second one looks again at 8 s, the first one at 10 s
    assert offered(desk) == [("20280006", number(first))]
    hang_up(desk, talks, first, second)


def test_a_new_customer_gets_no_agent_whom_another_one_waits_for(desk: Model) -> None:
    desk.house.groups.registered = {AGENT}
    desk.house.groups.members["sales"] = (AGENT, OTHER)
    talks = waiting(desk)
    desk.agents_answer(desk.phones.calls[-1])
    waits = waiting(desk)
    desk.register(OTHER, there=True)
    new = waiting(desk)
    assert offered(desk) == [(OTHER, number(waits))]
    hang_up(desk, talks, waits, new)


def test_an_agent_of_several_groups_has_one_offer_at_a_time_and_the_longest_waiting_customer_of_any_is_next(
    desk: Model,
) -> None:
    desk.house.groups.members = {"sales": (AGENT,), "support": (AGENT,)}
    first, second, third = waiting(desk), waiting(desk, "1@support", "1"), waiting(desk)
    assert offered(desk) == [(AGENT, number(first))]
    desk.agents_answer(desk.phones.calls[-1])
    hang_up(desk, first)
    assert offered(desk) == [(AGENT, number(second))]
    hang_up(desk, second)
    assert offered(desk) == [(AGENT, number(third))]
    hang_up(desk, third)


def test_a_group_without_a_waiting_customer_costs_another_one_nothing(desk: Model) -> None:
    talks, waits = waiting(desk), waiting(desk)
    other = waiting(desk, "1@support")
    assert offered(desk) == [(AGENT, number(talks)), (OTHER, number(other))]
    hang_up(desk, talks)
    assert offered(desk) == [(OTHER, number(other)), (AGENT, number(waits))]
    hang_up(desk, waits, other)


def test_longest_idle_rings_one_at_a_time_whose_conversation_ended_longest_ago(desk: Model) -> None:
    desk.house.groups.members["sales"] = (AGENT, OTHER)
    desk.house.groups.strategy = Strategy.LONGEST_IDLE
    for agent in (AGENT, OTHER, AGENT, OTHER):
        customer = waiting(desk)
        assert offered(desk) == [(agent, number(customer))]
        desk.agents_answer(desk.phones.calls[-1])
        desk.pass_time(3)
        hang_up(desk, customer)


def test_longest_idle_goes_to_the_next_one_after_each_ones_ring_time(desk: Model) -> None:
    desk.house.groups.members["sales"] = (AGENT, OTHER)
    desk.house.groups.strategy = Strategy.LONGEST_IDLE
    customer = waiting(desk)
    for agent in (AGENT, OTHER):
        assert offered(desk) == [(agent, number(customer))]
        desk.pass_time(20)
    assert offered(desk) == []
    desk.pass_time(5)
    assert offered(desk) == [(AGENT, number(customer))]
    hang_up(desk, customer)


# --- phones that come and go ------------------------------------------------------------------------------------------


def test_a_phone_that_logs_out_while_it_rings_may_still_answer(desk: Model) -> None:
    customer = waiting(desk)
    desk.register(AGENT, there=False)
    desk.pass_time(10)
    desk.agents_answer(desk.phones.calls[-1])
    hang_up(desk, customer)
    assert owed(desk.store)[-1]["extnumber"] == AGENT


def test_when_the_last_phone_has_logged_out_the_customer_waits_no_longer(desk: Model) -> None:
    waiting(desk)
    desk.agent_refuses(desk.phones.calls[-1], 480)
    desk.register(AGENT, there=False)
    desk.pass_time(5.1)
    record = owed(desk.store)[-1]
    assert (record["hangupcause"], record["hangupdirection"], record["billsec"]) == (10008, 10040, 5)


# --- times, and what the customer hears -------------------------------------------------------------------------------


def test_ring_time_the_pause_and_the_waiting_time_are_those_of_the_group(stage: Stage) -> None:
    """20 s of ringing, 5 s of pause, and 60 s in all."""
    stage.answered("1@sales")
    stage.model.house.groups.members["sales"] = (AGENT,)
    stage.press()
    begin = stage.model.now
    stage.wait(61)
    sent = [
        (round(at - begin, 3), data.split()[0])
        for at, source, target, data in stage.model.house.wire.network.sent
        if (source, target) == ("server", "phone") and data.startswith((b"INVITE", b"CANCEL"))
    ]
    assert sent == [
        (0, b"INVITE"), (20, b"CANCEL"), (25, b"INVITE"), (45, b"CANCEL"), (50, b"INVITE"), (60, b"CANCEL"),
    ]  # fmt: skip
    assert stage.record() == (10005, 10040, "1", "", 3, 60)


def test_the_customer_hears_hold_music_from_the_key_until_an_agent_answers(stage: Stage) -> None:
    stage.transferred()
    played = [told for told in stage.model.house.media.worker.told if isinstance(told, protocol.Play | protocol.Bridge)]
    assert [(type(told), getattr(told, "loop", None)) for told in played] == [
        (protocol.Play, False),
        (protocol.Play, True),
    ]
    stage.wait(25)
    stage.model.agents_answer(stage.agent())
    again = [told for told in stage.model.house.media.worker.told if isinstance(told, protocol.Play | protocol.Bridge)]
    assert [type(told) for told in again[2:]] == [protocol.Bridge], "it went on over the pause, and then they talked"
    stage.hang_up()
