"""The delivery rules of both callbacks, one test each, before receivers that misbehave."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.receivers.behaviours import (
    answer,
    cut_at_once,
    cut_in_the_body,
    cut_in_the_head,
    drip,
    endless_body,
    endless_head,
    hang,
    http_date,
    not_http,
    take,
    take_after,
    until,
)
from tests.receivers.world import CDR, COMPANY, STATUS, World, run, simulated, trusting
from tests.unit.web.conftest import Behaviour, Exchange

from playvoice.callbacks.history import PastCallback
from playvoice.callbacks.schedule import DELAYS, JITTER

DAY = 86_400
DELAY_SECONDS = [delay.total_seconds() for delay in DELAYS]
ALL_OF_IT = (1 + JITTER) * sum(DELAY_SECONDS) + 11 * 10
"""Seconds after which a callback that failed each time is given up at the latest."""
OF_A_CALL = ["ring", "answer", "hangup", "record"]
EXPIRED = Path(__file__).with_name("expired.example.pem")
VOICES = Path(__file__).parents[1] / "unit" / "web" / "voices.example.pem"


def gaps(past: PastCallback) -> list[float]:
    """Seconds from the end of each attempt to the end of the next one."""
    times = [attempt.at.timestamp() for attempt in past.attempts]
    return [later - sooner for sooner, later in itertools.pairwise(times)]


async def expect_the_schedule(world: World, seconds_of_an_attempt: float) -> None:
    """One callback is tried by the schedule to its end, under one id, and then kept as exhausted."""
    await world.owe("c", "record")
    await asyncio.sleep(ALL_OF_IT)
    (past,) = await world.past("c")
    assert (past.state, len(past.attempts)) == ("exhausted", 11)
    for gap, delay in zip(gaps(past), DELAY_SECONDS, strict=True):
        wait = gap - seconds_of_an_attempt
        assert delay - 0.001 <= wait <= delay * (1 + JITTER) + 0.5, f"{wait} s where {delay} s were to be waited"
    assert len({gap / delay for gap, delay in zip(gaps(past), DELAY_SECONDS, strict=True)}) > 5, "without jitter"
    assert {heard.webhook_id for heard in world.heard} <= {"c-1"}
    await asyncio.sleep(10 * DAY)
    assert len(world.told) == 11, "it was tried again after its end"


ANSWERING: dict[str, tuple[Behaviour, float]] = {
    "answers 500": (answer(500), 0),
    "answers 404": (answer(404), 0),
    "redirects with 301": (answer(301, Location="/elsewhere"), 0),
    "redirects with 307": (answer(307, Location="/elsewhere"), 0),
    "never answers": (hang, 10),
    "answers octet by octet for a minute": (drip(1.5), 10),
    "answers after 11 seconds": (take_after(11), 10),
    "hangs up at once": (cut_at_once, 0),
    "hangs up in the head of its answer": (cut_in_the_head, 0),
    "speaks another protocol": (not_http, 0),
    "sends a head without end": (endless_head, 0),
}


@pytest.mark.parametrize("how", ANSWERING)
def test_a_receiver_that_fails_is_tried_by_the_schedule_and_the_callback_then_kept(how: str) -> None:
    behave, seconds = ANSWERING[how]

    async def scenario(world: World) -> None:
        world.address(await world.receiver("a", behave))
        await expect_the_schedule(world, seconds)
        assert len(world.heard) == 11
        first, *others = (heard.at for heard in world.heard)
        assert first < 0.2, "the first attempt is made at once"
        assert [*others] == sorted(others)

    run(scenario)


@simulated
async def test_a_receiver_that_refuses_connections_is_tried_by_the_schedule(world: World) -> None:
    receiver = await world.receiver("a", take)
    receiver.shut()
    world.address(receiver)
    await expect_the_schedule(world, 0)
    assert world.heard == []


@simulated
async def test_a_receiver_that_lets_in_and_never_reads_is_tried_by_the_schedule(world: World) -> None:
    receiver = await world.receiver("a", take)
    receiver.shut()
    assert receiver._socket is not None
    receiver._socket.listen(50)  # the kernel lets them in, and nobody takes them
    world.address(receiver)
    await expect_the_schedule(world, 10)


def refused_certificate(name: str, certificate: Path, trusted: Path | None) -> Callable[[], None]:
    async def scenario(world: World) -> None:
        receiver = await world.receiver("a", take, certificate=certificate)
        world.names.answers[name] = [["127.0.0.1"]]
        world.address(receiver.url(name))
        await expect_the_schedule(world, 0)
        (past,) = await world.past("c")
        assert "CERTIFICATE_VERIFY_FAILED" in str(past.attempts[0].error)
        assert world.heard == []

    return lambda: run(scenario, trusted)


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(refused_certificate("expired.example", EXPIRED, EXPIRED), id="expired"),
        pytest.param(refused_certificate("other.example", VOICES, VOICES), id="of another name"),
        pytest.param(refused_certificate("voices.example", VOICES, None), id="signed by itself"),
    ],
)
def test_a_receiver_with_a_bad_certificate_hears_nothing_and_is_tried_by_the_schedule(
    scenario: Callable[[], None],
) -> None:
    scenario()


@trusting(VOICES)
async def test_a_receiver_whose_certificate_is_good_again_gets_what_waited_at_the_next_attempt(world: World) -> None:
    receiver = await world.receiver("a", take, certificate=VOICES)
    world.names.answers = {"other.example": [["127.0.0.1"]], "voices.example": [["127.0.0.1"]]}
    world.address(receiver.url("other.example"))
    await world.owe("c", "record")
    await asyncio.sleep(3)
    assert await world.states() == ["pending"]
    world.address(receiver.url("voices.example"))
    await asyncio.sleep(3)
    assert world.whats("a") == ["record"]


@simulated
async def test_a_name_that_leads_to_a_private_address_at_the_second_look_is_not_followed_there(world: World) -> None:
    public = await world.receiver("public", answer(500))
    private = await world.receiver("private", take, host="127.0.0.2")  # not of the network that is allowed
    world.names.answers["rebinding.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    for call, receiver in (("c", public), ("d", private)):
        world.address(receiver.url("rebinding.example"))
        await world.owe(call, "record")
        await asyncio.sleep(60)
    assert len(world.names.asked) >= 3, "each new connection looks the name up"
    assert world.whats("public") == ["record"]
    assert world.whats("private") == []
    for call in ("c", "d"):
        (past,) = await world.past(call)
        assert "127.0.0.2 is in a network that is not allowed" in str(past.attempts[-1].error)


@simulated
async def test_a_redirect_leads_no_callback_anywhere(world: World) -> None:
    elsewhere = await world.receiver("elsewhere", take)
    world.address(await world.receiver("a", answer(307, Location=elsewhere.url())))
    await world.owe("c", "record")
    await asyncio.sleep(DAY)
    assert len(world.whats("a")) == 8
    assert world.whats("elsewhere") == []


@pytest.mark.parametrize("behave", [endless_body, cut_in_the_body, drip(0.2)], ids=["endless", "cut", "slow"])
def test_an_answer_of_2xx_that_came_in_time_counts_whatever_becomes_of_its_body(behave: Behaviour) -> None:
    async def scenario(world: World) -> None:
        world.address(await world.receiver("a", behave))
        await world.owe("c", *OF_A_CALL)
        await asyncio.sleep(60)
        assert world.whats("a") == OF_A_CALL
        assert await world.states() == ["delivered"] * 4

    run(scenario)


@simulated
async def test_a_receiver_that_answers_500_for_a_day_gets_each_call_in_order_when_it_is_well(world: World) -> None:
    world.address(await world.receiver("a", until(DAY, answer(500), take)))
    for call in ("c", "d"):
        await world.owe(call, *OF_A_CALL)
    await asyncio.sleep(ALL_OF_IT)
    assert await world.states() == ["delivered"] * 8
    taken = [heard for heard in world.heard if heard.at >= DAY]
    assert len(taken) == 8
    for call in ("c", "d"):
        ids = {heard.webhook_id for heard in taken if heard.webhook_id.startswith(call)}
        assert len(ids) == 4


@simulated
async def test_410_ends_the_callback_and_not_the_address(world: World) -> None:
    world.address(await world.receiver("a", until(1, answer(410), take)))
    await world.owe("c", "ring")
    await asyncio.sleep(2)
    await world.owe("c", "hangup")
    await asyncio.sleep(DAY)
    assert world.whats("a") == ["ring", "hangup"]
    assert await world.states() == ["gone", "delivered"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("600", 600), (http_date(700), 700), ("172800", DAY), ("1", 5), ("soon", 5)]
)
def test_retry_after_lengthens_the_wait_up_to_a_day_and_never_shortens_it(text: str, seconds: float) -> None:
    async def scenario(world: World) -> None:
        world.address(await world.receiver("a", until(1, answer(503, Retry_After=text), take)))
        await world.owe("c", "record")
        await asyncio.sleep(2 * DAY)
        first, second = (heard.at for heard in world.heard)
        assert seconds - 0.5 <= second - first <= 1.1 * seconds + 0.5

    run(scenario)


@simulated
async def test_while_nobody_answers_a_calls_callbacks_wait_and_then_go_in_order(world: World) -> None:
    receiver = await world.receiver("a", take)
    receiver.shut()
    world.address(receiver)
    await world.owe("c", *OF_A_CALL)
    await asyncio.sleep(3 * 3600)
    assert {len(past.attempts) for past in (await world.past("c"))[1:]} == {0}, "one was tried before its time"
    await receiver.open()
    await asyncio.sleep(DAY)
    assert world.whats("a") == OF_A_CALL


@simulated
async def test_what_waits_for_a_receiver_that_is_back_goes_at_its_first_answer_to_anything(world: World) -> None:
    receiver = await world.receiver("a", take)
    receiver.shut()
    world.address(receiver)
    for call in ("c", "d"):
        await world.owe(call, *OF_A_CALL)
    await asyncio.sleep(5 * 3600)
    await receiver.open()
    await world.owe("e", "record")
    await asyncio.sleep(10)
    assert len(world.heard) == 9
    for call in ("c", "d"):
        assert [heard.what for heard in world.heard if heard.webhook_id.startswith(call)] == OF_A_CALL


@simulated
async def test_one_that_was_answered_but_not_taken_holds_the_others_until_5_minutes_after_the_end(
    world: World,
) -> None:
    async def not_the_first(exchange: Exchange) -> None:
        await (answer(500) if b"ring" in exchange.body else take)(exchange)

    world.address(await world.receiver("a", not_the_first))
    await world.owe("c", "ring", "answer")
    await asyncio.sleep(100)
    await world.owe("c", "hangup", "record")
    await asyncio.sleep(290)
    assert set(world.whats("a")) == {"ring"}
    await asyncio.sleep(20)
    assert [what for what in world.whats("a") if what != "ring"] == ["answer", "hangup", "record"]


@simulated
async def test_states_owed_to_another_address_hold_the_record_until_5_minutes_after_the_end(world: World) -> None:
    world.address(await world.receiver("states", hang), COMPANY, STATUS)
    world.address(await world.receiver("records", take), COMPANY, CDR)
    await world.owe("c", "hangup", "record")
    await asyncio.sleep(299)
    assert world.whats("records") == []
    await asyncio.sleep(2)
    assert world.whats("records") == ["record"]


@simulated
async def test_a_receiver_gets_20_attempts_at_once_and_after_10_failures_one_at_a_time(world: World) -> None:
    under_way = most = 0

    async def behave(exchange: Exchange) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            await asyncio.sleep(10.5)
        finally:
            under_way -= 1

    world.address(await world.receiver("a", behave))
    for number in range(200):
        await world.owe(f"c{number}", "record")
    await asyncio.sleep(9)
    assert most == 1, "nobody knows yet how long one takes there"
    await asyncio.sleep(10)
    assert under_way == 20
    await asyncio.sleep(12)
    most = under_way
    before = len(world.heard)
    await asyncio.sleep(1_000)
    assert most <= 2, "one that we gave up after 10 s is for half a second still at work there"
    assert 80 <= len(world.heard) - before <= 100, "an attempt of 10 s, a second's rest"


@pytest.mark.parametrize("behave", [answer(404), hang], ids=["wrong path", "wrong host"])
def test_a_corrected_address_gets_the_whole_backlog_at_once(behave: Behaviour) -> None:
    async def scenario(world: World) -> None:
        world.address(await world.receiver("wrong", behave))
        await world.owe_many([f"c{number}" for number in range(30)])
        await asyncio.sleep(6 * 3600)
        world.heard.clear()
        world.address(await world.receiver("right", take))
        world.sender.moved([(COMPANY, CDR)])
        await asyncio.sleep(3)
        assert len(world.whats("right")) == 30
        assert await world.states() == ["delivered"] * 30

    run(scenario)


@simulated
async def test_an_address_that_was_corrected_in_vain_costs_nothing_of_the_schedule(world: World) -> None:
    world.address(await world.receiver("a", answer(404)))
    await world.owe("c", "record")
    await asyncio.sleep(3600)
    tried = len(world.heard)
    world.address(await world.receiver("b", answer(404)))
    world.sender.moved([(COMPANY, CDR)])
    await asyncio.sleep(ALL_OF_IT)
    assert tried < len(world.heard) == 12


@simulated
async def test_a_company_without_an_address_is_owed_nothing_any_more(world: World) -> None:
    receiver = await world.receiver("a", answer(500))
    world.address(receiver)
    await world.owe("c", "record")
    await asyncio.sleep(3)
    world.urls.clear()
    await asyncio.sleep(10)
    assert await world.states() == ["withdrawn"]
    assert len(world.heard) == 1


@simulated
async def test_a_stop_loses_nothing_and_what_it_cut_off_goes_again_under_its_id(world: World) -> None:
    world.address(await world.receiver("a", until(5, hang, take)))
    await world.owe("c", "ring", "record")
    await asyncio.sleep(6)
    await world.restart()
    assert [past.attempts for past in await world.past("c")] == [(), ()], "what was cut off is no failure"
    await asyncio.sleep(1)
    assert world.whats("a") == ["ring", "ring", "record"]
    assert [heard.webhook_id for heard in world.heard] == ["c-1", "c-1", "c-2"]
