import pytest
from tests.unit.gateway.world import World


@pytest.fixture
def world() -> World:
    return World()
