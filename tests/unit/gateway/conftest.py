from collections.abc import AsyncIterator

import pytest
from tests.unit.gateway.serving import serving
from tests.unit.gateway.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the HTTP of the API's port is spoken."""
    async with serving() as port:
        yield port
