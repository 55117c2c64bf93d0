"""Calls over a bad network: how many are set up, how many keys are heard, how many calls end.

What is counted was written down by the far ends: the carrier's phones, and the receiver of the call records.
"""

import json
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.network.namespaces import FAR, SERVER, Network
from tests.network.weather import Weather

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import Setting, signing_secret
from playvoice.simulator.program import Program
from playvoice.simulator.sound import ASSETS, load, write_g711

AGENTS = {f"2028000{n}": "secret" for n in range(6)}
PER_SECOND = 5.0
READY_WITHIN = 60.0
ENDED_WITHIN = 120.0
"""Seconds from the last request to the last call record: a lost BYE is repeated for 32 s."""
SIP_PORT, HTTP_PORT, CARRIER_PORT, RECEIVER_PORT = 5060, 8080, 5080, 9000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of calls."""

    calls: int
    set_up: int
    """Answered, and the answer acknowledged: by ACK, or by a BYE that overtook it, whose sender has had the 200."""
    keys: int
    """Whose key decided the call."""
    ended: int
    """Whose callee's phone was told the end."""
    records: int
    agents: int
    """That reached an agent."""
    packets_lost: int
    packets: int


def play(folder: Path, weather: Weather, *, calls: int, seed: int, transport: str = "udp") -> Outcome:
    """Make so many calls whose callees press 1, and return what became of them."""
    with ExitStack() as stack:
        network = stack.enter_context(Network(weather, seed))
        world = _World(folder, network, stack, transport)
        world.start()
        uuids = world.ask(calls)
        world.wait(uuids)
        outcome = world.outcome(calls)
        stack.close()
        lost, passed = network.told.get("lost", 0), network.told.get("passed", 0)
    return Outcome(**outcome, packets_lost=lost, packets=lost + passed)


class _World:
    def __init__(self, folder: Path, network: Network, stack: ExitStack, transport: str) -> None:
        self._folder = folder
        self._network = network
        self._stack = stack
        self._transport = transport
        self._secret = signing_secret(random.Random(1))

    def start(self) -> None:
        """Receiver, carrier, server and agents, one after the other."""
        self._receiver = self._far_end("receiver", "--listen", f"{FAR}:{RECEIVER_PORT}", "--secret", self._secret)
        callee = {"": {"as": "answer", "answer_after": 0.3, "press": "1", "press_after": 0.8, "press_when_heard": True}}
        listen = [f"--listen={kind}:{FAR}:{CARRIER_PORT}" for kind in ("udp", "tcp")]
        self._carrier = self._far_end("carrier", "--address", FAR, "--behaviour", json.dumps(callee), *listen)
        for far_end in (self._receiver, self._carrier):
            far_end.wait_for("ready", READY_WITHIN)
        server = [sys.executable, "-m", "playvoice.cli", "serve", "--config", str(self._write_config())]
        self._server = self._program("server", "server", server)
        self._server.wait_for("ready", READY_WITHIN)
        agent = {"": {"as": "answer", "answer_after": 0.3, "hang_up_after": 1.0}}
        self._agents = self._far_end(
            "agents",
            *("--address", FAR, "--server", f"{self._transport}:{SERVER}:{SIP_PORT}", "--domain", SERVER),
            *("--extensions", json.dumps(AGENTS), "--behaviour", json.dumps(agent)),
        )
        for extension in AGENTS:
            self._agents.wait_for("registered", READY_WITHIN, extension=extension)

    def ask(self, calls: int) -> list[str]:
        """Send the requests over the same network, and return the calls' uuids."""
        command = [sys.executable, "-m", "tests.network.customer", f"{SERVER}:{HTTP_PORT}", str(calls), str(PER_SECOND)]
        done = subprocess.run(
            self._network.within("far", *command), capture_output=True, text=True, check=False, cwd=_root()
        )
        if done.returncode:
            raise RuntimeError(f"the requests were not answered: {done.stderr.strip()[-500:]}")
        return done.stdout.split()

    def wait(self, uuids: list[str]) -> None:
        """Wait for the record of each call, and for the end of each leg."""
        deadline = time.monotonic() + ENDED_WITHIN
        for uuid in uuids:
            self._receiver.wait_for(
                "callback",
                max(0.1, deadline - time.monotonic()),
                where=lambda line, uuid=uuid: line["path"] == "/cdr" and line["payload"]["uuid"] == uuid,  # type: ignore[misc]
            )
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and self._calls("bye") != self._calls("answered"):
            time.sleep(0.2)

    def outcome(self, calls: int) -> dict[str, int]:
        records = {line["payload"]["uuid"]: line["payload"] for line in self._receiver.all("callback", path="/cdr")}
        return {
            "calls": calls,
            "set_up": len(self._calls("ack", "bye")),
            "keys": sum(record["userkey"] == "1" for record in records.values()),
            "ended": len(self._calls("bye")),
            "records": len(records),
            "agents": sum(record["extnumber"] != "" for record in records.values()),
        }

    def _calls(self, *events: str) -> set[str]:
        """The calls of which the carrier's phones have told one of these."""
        return {line["call"] for event in events for line in self._carrier.all(event)}

    def _far_end(self, kind: str, *arguments: str) -> Program:
        return self._program(kind, "far", [sys.executable, "-m", "playvoice.simulator", kind, *arguments])

    def _program(self, name: str, side: str, command: list[str]) -> Program:
        program = Program(self._network.within(side, *command), name=name, log=self._folder / f"{name}.log")
        return self._stack.enter_context(program)

    def _write_config(self) -> Path:
        voices = self._folder / "voices"
        voices.mkdir(parents=True)
        write_g711(voices / "notice.wav", load(ASSETS / "notice.mp3")[Codec.PCMA][: 6 * SAMPLE_RATE], Codec.PCMA)
        setting = Setting(
            carrier=f"sip:{FAR}:{CARRIER_PORT};transport={self._transport}",
            receiver=f"{FAR}:{RECEIVER_PORT}",
            secret=self._secret,
            voices=voices,
            extensions=AGENTS,
            http=f"{SERVER}:{HTTP_PORT}",
            sip=(f"udp:{SERVER}:{SIP_PORT}", f"tcp:{SERVER}:{SIP_PORT}"),
            network={"domain": SERVER},
            company={"record": False},
            group={"strategy": "longest-idle", "max_wait": 60},
        )
        config = self._folder / "playvoice.toml"
        config.write_text(setting.text().replace('"127.0.0.0/8"', f'"{FAR}/32"'))
        return config


def _root() -> Path:
    return Path(__file__).resolve().parents[2]
