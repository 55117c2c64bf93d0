"""A server whose log nobody can write or read does all else."""

import sys
from pathlib import Path

import pytest
from tests.acceptance.asking import place, voices_in
from tests.acceptance.outage import carrier_of

from playvoice.simulator.program import Program
from playvoice.simulator.world import Cast, World

NUMBER = "13333330001"


class Unheard(World):
    """A world whose server is started with its standard error led elsewhere by the shell."""

    led = ""

    def launch_server(self) -> Program:
        serve = [sys.executable, "-m", "playvoice.cli", "serve", "--config", str(self.config)]
        command = ["sh", "-c", f'exec "$@" {self.led}', "sh", *serve]
        self.server = self._stack.enter_context(Program(command, name="server"))
        return self.server


@pytest.mark.parametrize("led", ["2>/dev/full", "2>&-"])
def test_calls_are_made_and_reported_where_the_log_goes_nowhere(led: str, tmp_path: Path) -> None:
    cast = Cast(
        callee={"": {"as": "answer", "hang_up_after": 0.5}},
        registered=False,
        keep_audio=False,
        setting={"company": {"record": False}},
    )
    world = Unheard(tmp_path / "world", voices_in(tmp_path), cast)
    world.led = led
    with world:
        uuid = place(world.client(), NUMBER)
        carrier_of(world).wait_for("hung_up", 20, number=NUMBER)
        line = world.receiver.wait_for("callback", 20, path="/cdr")
        assert (line["payload"]["uuid"], line["payload"]["hangupcause"]) == (uuid, 10001)
        assert world.server.stop() == 0
