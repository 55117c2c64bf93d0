"""The server that all tests of this package attack, and what has to be so after all of it."""

from collections.abc import Iterator

import pytest
from tests.acceptance.hostile.attack import SECOND, Attack
from tests.acceptance.hostile.strangers import STRANGER, TRUNK, Udp
from tests.acceptance.whole_call import cast, place_whole_call
from tests.waiting import wait_until

from playvoice.simulator.sound import ASSETS
from playvoice.simulator.world import EXTENSION, World

MAX_LINES = 100
"""Lines in the log about SIP that was dropped, whatever came."""


@pytest.fixture(scope="package")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """A server under attack. In the end each message was counted once in few lines, and a whole call succeeds."""
    directory = tmp_path_factory.mktemp("hostile")
    accounts = {EXTENSION: "secret", SECOND: "other"}
    setting = {"group": {"members": [EXTENSION]}}
    with World(directory, ASSETS, cast(extensions=accounts, setting=setting)) as world, Attack(world) as attack:
        yield attack
        attack.slow.wait()
        wait_until(
            lambda: attack.dropped <= attack.log.dropped(),
            lambda: f"sent {attack.dropped}, told of {attack.log.dropped()}",
        )
        told = attack.log.dropped()
        assert {kind: told[kind] for kind in attack.dropped} == attack.dropped, "each is counted once"
        lines = attack.log.lines()
        assert len([line for line in lines if "sip_dropped" in line]) < MAX_LINES
        assert not [line for line in lines if "Traceback" in line], "nothing that came was unforeseen"
        place_whole_call(world)


@pytest.fixture(params=[STRANGER, TRUNK])
def who(request: pytest.FixtureRequest, attack: Attack) -> Iterator[Udp]:
    """A stranger, and somebody at the trunk's address."""
    with attack.udp(request.param) as udp:
        yield udp
