"""Lines that stop while a name is looked up."""

import asyncio
from random import Random

from tests.unit.lines.configs import config, trunk
from tests.unit.lines.serving import serving

from playvoice.lines.resolving import Resolver, Service
from playvoice.store import Store


async def test_a_look_up_that_loses_a_cancellation_does_not_hold_up_the_stop(lines_store: Store) -> None:
    begun = asyncio.Event()
    lost = 0

    async def look_up_service(_name: str) -> list[Service]:
        nonlocal lost
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost += 1
        return []

    async def look_up_address(_name: str) -> list[str]:
        return ["127.0.0.2"]

    resolver = Resolver(Random(1), look_up_service=look_up_service, look_up_address=look_up_address)
    text = config(trunks=[trunk("named", "sip:carrier.example.org", keepalive=0)])
    async with asyncio.timeout(10.0):
        async with serving(lines_store, text, resolver=resolver):
            await begun.wait()
    assert lost == 1
