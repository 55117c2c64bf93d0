"""`python -m tests.network` at 10 % loss, for a few calls: every call is set up and ended, and every key is heard."""

from pathlib import Path

import pytest
from tests.network.calls import play
from tests.network.weather import Weather

CALLS = 12


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_every_call_is_set_up_heard_and_ended_over_a_bad_network(tmp_path: Path, transport: str) -> None:
    weather = Weather(loss=0.1, delay=0.2, jitter=0.1, duplicate=0.01)
    outcome = play(tmp_path, weather, calls=CALLS, seed=1, transport=transport)
    assert (outcome.set_up, outcome.keys, outcome.ended, outcome.records) == (CALLS,) * 4, outcome
    assert outcome.packets_lost > outcome.packets * 0.05, "the weather was bad"
