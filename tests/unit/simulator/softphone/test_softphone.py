"""Which address of ours a far end is told."""

import pytest

from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.softphone.softphone import address_towards, advertised
from playvoice.sip import Flow, Transport


def test_it_is_the_one_that_the_far_end_is_reached_from() -> None:
    assert address_towards("127.0.0.9") == "127.0.0.1"


@pytest.mark.parametrize(("bound", "told"), [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1")])
def test_one_that_is_listened_on_is_told_as_it_is_and_all_of_them_as_the_fitting_one(bound: str, told: str) -> None:
    assert advertised(Flow(Transport.UDP, ("127.0.0.9", 5060), (bound, 5070))) == (told, 5070)


def test_an_address_without_a_way_is_named() -> None:
    with pytest.raises(SimulatorError, match=r"255\.255\.255\.255 can't be reached"):
        address_towards("255.255.255.255")
