"""A server whose log nobody can write or read does all else."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.acceptance.asking import place, voices_in
from tests.acceptance.outage import carrier_of
from tests.waiting import wait_until

from playvoice.simulator.program import Program
from playvoice.simulator.world import Cast, World

NUMBER = "13333330001"
ALONE = """
[server]
http = "127.0.0.1:0"
database = "sqlite:///playvoice.db"
data_dir = "data"

[sip]
listen = ["udp:127.0.0.1:0"]
domain = "127.0.0.1"
"""


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


@pytest.fixture
def stopped_terminal() -> Iterator[int]:
    """A terminal in which Ctrl-S was pressed."""
    master, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)
    yield terminal
    os.close(terminal)
    os.close(master)


def test_a_terminal_that_stands_still_does_not_keep_a_server_from_answering(
    stopped_terminal: int, tmp_path: Path
) -> None:
    config, told = tmp_path / "playvoice.toml", tmp_path / "log"
    config.write_text(ALONE, encoding="utf-8")
    command = [sys.executable, "-m", "playvoice.cli", "serve", "--config", str(config), "--log-format", "json"]

    def addresses() -> list[str]:
        lines = [json.loads(line) for line in told.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [line["http"] for line in lines if line["event"] == "server_ready"]

    with (
        told.open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stopped_terminal, stderr=log) as server,
    ):
        try:
            wait_until(addresses, "it is ready")
            assert httpx2.get(f"http://{addresses()[0]}/healthz", trust_env=False, timeout=10).status_code == 200
            server.terminate()
            assert server.wait(20) == 0
        finally:
            server.kill()
