"""A server whose wall clock is set an hour back and an hour forward while it works, by libfaketime."""

import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.asking import place, voices_in
from tests.peers import faketime_library

from playvoice.control.client import ask
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import LOOPBACK, free_ports
from playvoice.simulator.program import Program
from playvoice.simulator.world import EXTENSION, Cast, World

pytestmark = pytest.mark.peer("faketime")

STAYS, HANGS_UP, PRESSES = "0", "1", "2"
"""Last digits of the numbers whose phones stay, hang up after a second, or press 1."""
CONNTIME = 60
PATIENCE = 60.0
"""Seconds, where a clock that is followed would take an hour."""


class Machine:
    """A world whose server sees a wall clock that can be set."""

    def __init__(self, folder: Path, **cast: Any) -> None:
        voices = voices_in(folder)
        self._setting = folder / "clock"
        self.set(0)
        environ = {
            "LD_PRELOAD": str(faketime_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._setting),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        http, sip = free_ports(2)
        callee = {
            STAYS: "answer",
            HANGS_UP: {"as": "answer", "hang_up_after": 1.0},
            PRESSES: {"as": "answer", "press": "1", "press_after": 1.0},
        }
        setting = {
            "http": f"{LOOPBACK}:{http}",
            "sip": (f"udp:{LOOPBACK}:{sip}", f"tcp:{LOOPBACK}:{sip}"),
            "trunk": {"max_calls": 2},
            "company": {"record": False, "key_time": 60, "expire_after": 600},
        }
        self.world = World(
            folder / "world", voices, Cast(callee=callee, keep_audio=False, setting=setting, **cast), environ=environ
        )
        self._calls = 1_000

    def set(self, hours: int) -> None:
        """Let the clock be so far ahead of the true one; seen within a second."""
        self._setting.write_text(f"{hours * 3600:+d}\n")

    @property
    def carrier(self) -> Program:
        assert self.world.carrier is not None
        return self.world.carrier

    def ask(self, client: Client, last: str) -> tuple[str, str]:
        """A call to a number of its own, with its uuid."""
        self._calls += 1
        number = f"1333{self._calls}{last}"
        uuid = place(client, number, conntime=str(CONNTIME))
        return number, uuid

    def connected(self, client: Client, last: str = STAYS) -> tuple[str, str]:
        number, uuid = self.ask(client, last)
        self.carrier.wait_for("ack", 20, number=number)
        return number, uuid

    def record(self, uuid: str) -> dict[str, Any]:
        """The record of a call, which was delivered."""
        receiver = self.world.receiver
        line = receiver.wait_for("callback", PATIENCE, lambda line: uuid in line["body"], path="/cdr", status=200)
        found: dict[str, Any] = line["payload"]
        return found

    def control(self, command: str, **asked: Any) -> Any:
        return ask(self.world.directory / "data", command, asked)


def lasted(record: dict[str, Any]) -> float:
    """Seconds from answer to end as a person reads them."""
    ended, answered = (datetime.fromisoformat(record[name]) for name in ("endtime", "answertime"))
    return (ended - answered).total_seconds()


def test_an_hour_back_and_an_hour_forward_change_no_duration_and_keep_nobody_waiting(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with machine.world as world:
        client, receiver = world.client(), world.receiver
        receiver.send(do="set", status=500)
        refused = [machine.ask(client, HANGS_UP)[1] for _ in range(2)]
        for uuid in refused:
            receiver.wait_for("callback", 30, lambda line, uuid=uuid: uuid in line["body"])  # type: ignore[misc]
        receiver.send(do="set", status=200)
        began = time.monotonic()
        (staying, stays), (also, _) = machine.connected(client), machine.connected(client)
        waiting, waits = machine.ask(client, PRESSES)
        machine.set(-1)
        for uuid in refused:
            machine.record(uuid)
        assert machine.control("extension.list", company=None)[0]["phones"], "the phone is registered still"
        machine.set(0)
        time.sleep(1.5)
        assert machine.control("extension.list", company=None)[0]["phones"]
        assert not machine.carrier.all("bye"), "no call was ended"
        assert waits not in str(receiver.all("callback")), "who waits has not waited for too long"
        machine.carrier.send(do="hang_up", number=staying)
        record, took = machine.record(stays), time.monotonic() - began
        assert lasted(record) == record["billsec"]
        assert took - 10 < record["billsec"] <= took + 1
        machine.carrier.wait_for("ack", 20, number=waiting)
        assert world.agents is not None
        world.agents.wait_for("ack", 20, number=EXTENSION)
        machine.carrier.send(do="hang_up", number=waiting)
        machine.carrier.send(do="hang_up", number=also)
        record = machine.record(waits)
        assert (record["hangupcause"], record["extnumber"]) == (10001, EXTENSION)
        assert 0 <= record["billsec"] < 20
        log = (world.directory / "server.log").read_text()
    assert not re.search(r"Traceback|\[error", log), log[-3000:]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_crash_after_the_clock_was_set_ends_calls_within_their_time(tmp_path: Path, hours: int) -> None:
    machine = Machine(tmp_path, registered=False)
    with machine.world as world:
        client = world.client()
        number, uuid = machine.connected(client)
        machine.set(hours)
        time.sleep(2.5)
        later, younger = machine.connected(client)
        time.sleep(1.5)
        world.server.kill()
        world.start_server()
        for each in (number, later):
            machine.carrier.wait_for("bye", 20, number=each)
        for record in (machine.record(uuid), machine.record(younger)):
            assert record["hangupcause"] == 10007
            assert 0 <= lasted(record) <= CONNTIME
            assert record["starttime"] <= record["answertime"] <= record["endtime"]
        assert machine.record(younger)["billsec"] <= 5, "by the clock of its time"
