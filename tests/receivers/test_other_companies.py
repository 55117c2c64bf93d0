"""A slow or dead receiver delays no other company: counted on the simulated clock."""

import asyncio

from tests.receivers.behaviours import hang, take, take_after
from tests.receivers.world import COMPANY, Receiver, World, simulated

DEAD = 210
"""Companies whose receivers hang: more than the 200 attempts that run at once."""
AT_ONCE = 0.15
"""Seconds from the fact to its callback at the receiver: two looks and two commits may lie between."""


async def many(world: World, receiver: Receiver, count: int, calls: int) -> None:
    """Owe callbacks to so many companies, each with an address of its own at this receiver."""
    for number in range(1, count + 1):
        world.address(receiver.url(path=f"/{number}"), str(number))
        await world.owe_many([f"{number}-{call}" for call in range(calls)], company=str(number))


async def expect_no_delay(world: World, times: int) -> None:
    """Every other second a callback of the healthy company arises, and each arrives at once."""
    for number in range(times):
        owed_at = world.now
        await world.owe(f"healthy-{owed_at}", "record", company=COMPANY)
        await asyncio.sleep(2)
        late = [heard.at - owed_at for heard in world.heard if heard.webhook_id.startswith(f"healthy-{owed_at}")]
        assert late, f"callback {number} has not come after 2 s: {world.sender!r}"
        assert late[0] <= AT_ONCE, f"callback {number} came {late[0]:.2f} s late"
        world.heard.clear()


@simulated
async def test_two_hundred_receivers_that_hang_delay_nobody_else(world: World) -> None:
    world.address(await world.receiver("healthy", take), COMPANY)
    await world.owe("first", "record")
    await many(world, await world.receiver("dead", hang), DEAD, 1)
    await asyncio.sleep(12)
    await expect_no_delay(world, 6)


@simulated
async def test_nor_do_they_after_a_start(world: World) -> None:
    world.address(await world.receiver("healthy", take), COMPANY)
    await many(world, await world.receiver("dead", hang), DEAD, 1)
    await asyncio.sleep(12)
    await world.restart()
    await expect_no_delay(world, 6)


@simulated
async def test_receivers_that_take_8_seconds_for_each_of_many_delay_nobody_else(world: World) -> None:
    world.address(await world.receiver("healthy", take), COMPANY)
    await world.owe("first", "record")
    await asyncio.sleep(1)
    await many(world, await world.receiver("slow", take_after(8)), 15, 20)
    await expect_no_delay(world, 9)
    assert sum(state == "delivered" for _, _, state in world.told) > 50, "and the slow ones get theirs"


@simulated
async def test_nor_do_they_when_nothing_is_known_of_them_after_a_start(world: World) -> None:
    world.address(await world.receiver("healthy", take), COMPANY)
    await many(world, await world.receiver("slow", take_after(8)), 15, 20)
    await world.restart()
    await expect_no_delay(world, 6)


@simulated
async def test_receivers_that_die_under_load_delay_nobody_else(world: World) -> None:
    """Ten busy ones hang from one moment on: what was proven until then holds no place for long."""
    healthy = await world.receiver("healthy", take)
    world.address(healthy, COMPANY)
    dying = await world.receiver("dying", take)
    await many(world, dying, 10, 2)
    await world.owe("first", "record")
    await asyncio.sleep(2)
    dying.behaviour = hang
    loading = asyncio.create_task(load(world, [str(number) for number in range(1, 11)]))
    await expect_no_delay(world, 6)
    await loading


async def load(world: World, companies: list[str]) -> None:
    for call in range(24):
        for company in companies:
            await world.owe_many([f"{company}-more-{call}-{number}" for number in range(3)], company=company)
        await asyncio.sleep(0.5)
