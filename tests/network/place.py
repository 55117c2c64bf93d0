"""A server on one side of a network of ours and its far ends on the other, of which each can vanish alone."""

import json
import random
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.network.namespaces import CARRIER, FAR, SECOND, SERVER, Network
from tests.network.weather import Weather
from tests.waiting import wait_until

from playvoice.control.client import ask
from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import Setting, signing_secret
from playvoice.simulator.program import Program
from playvoice.simulator.sound import ASSETS, load, write_g711

EXTENSION = "20280003"
READY_WITHIN = 60.0
SIP_PORT, HTTP_PORT, CARRIER_PORT, RECEIVER_PORT = 5060, 8080, 5080, 9000
VOICE_SECONDS = 3
PLAYS, RINGS, TALKS, HANGS_UP = "1", "2", "3", "4"
"""Last digits of numbers whose phones answer, ring on, answer and press 1, or answer and hang up."""
CALLEE = {
    PLAYS: "answer",
    RINGS: "no-answer",
    TALKS: {"as": "answer", "press": "1", "press_after": 0.5, "press_when_heard": True},
    HANGS_UP: {"as": "answer", "hang_up_after": 1.0},
    "5": "mute",
    "6": {"as": "mute", "ring_after": 0.1},
}


class Place:
    """Use it as a context manager, then `serve`."""

    def __init__(self, folder: Path, *, transport: str = "udp", seed: int = 1) -> None:
        self.folder = folder
        self.network = Network(Weather(), seed)
        self.transport = transport
        self.address = SERVER
        """Where the server listens."""
        self._secret = signing_secret(random.Random(1))
        self._stack = ExitStack()
        self.receiver: Program
        self.server: Program
        self._caller: Program | None = None

    def __enter__(self) -> Self:
        with self._stack:
            self._stack.enter_context(self.network)
            self.receiver = self.far_end("receiver", "--listen", f"{FAR}:{RECEIVER_PORT}", "--secret", self._secret)
            self.receiver.wait_for("ready", READY_WITHIN)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # --- who is there ---------------------------------------------------------------------------------------------

    def carrier(self, callee: Mapping[str, Any], address: str = CARRIER) -> Program:
        """A carrier at this address, whose phones do so by the end of their numbers."""
        listen = [f"--listen={kind}:{address}:{CARRIER_PORT}" for kind in ("udp", "tcp")]
        made = self.far_end("carrier", "--address", address, "--behaviour", json.dumps(callee), *listen)
        made.wait_for("ready", READY_WITHIN)
        return made

    def agents(self, behaviour: Mapping[str, Any], *arguments: str) -> Program:
        """The agent's phone, registered."""
        made = self.far_end(
            "agents",
            *("--address", FAR, "--server", f"{self.transport}:{self.address}:{SIP_PORT}", "--domain", self.address),
            *("--extensions", json.dumps({EXTENSION: "secret"}), "--behaviour", json.dumps(behaviour), *arguments),
        )
        made.wait_for("registered", READY_WITHIN)
        return made

    def far_end(self, kind: str, *arguments: str) -> Program:
        return self.program(kind, "far", "playvoice.simulator", kind, *arguments)

    def program(self, name: str, side: str, module: str, *arguments: str) -> Program:
        """A module's program on a side."""
        command = self.network.within(side, sys.executable, "-m", module, *arguments)
        return self._stack.enter_context(Program(command, name=name, log=self.folder / f"{name}.log"))

    def registrar(self, user: str, password: str) -> Program:
        """A carrier's registrar, for its first or another time: a server of ours that has forgotten everything."""
        folder = self.folder / f"registrar{len(list(self.folder.glob('registrar*')))}"
        (folder / "voices").mkdir(parents=True)
        setting = Setting(
            carrier=f"sip:{SECOND}",
            receiver=f"{FAR}:{RECEIVER_PORT}",
            secret=self._secret,
            voices=folder / "voices",
            extensions={user: password},
            http=f"{CARRIER}:{HTTP_PORT}",
            sip=(f"udp:{CARRIER}:{CARRIER_PORT}", f"tcp:{CARRIER}:{CARRIER_PORT}"),
            network={"domain": CARRIER},
            trunk={"keepalive": 0},
        )
        (folder / "playvoice.toml").write_text(setting.text())
        made = self.program(folder.name, "far", "playvoice.cli", "serve", "--config", str(folder / "playvoice.toml"))
        made.wait_for("ready", READY_WITHIN)
        return made

    # --- the server -----------------------------------------------------------------------------------------------

    def serve(self, **changes: Any) -> None:
        """Write the configuration, changed so, and start the server."""
        voices = self.folder / "voices"
        if not voices.exists():
            voices.mkdir()
            sound = load(ASSETS / "notice.mp3")[Codec.PCMA][: VOICE_SECONDS * SAMPLE_RATE]
            write_g711(voices / "notice.wav", sound, Codec.PCMA)
        setting = Setting(
            carrier=f"sip:{CARRIER}:{CARRIER_PORT};transport={self.transport}",
            receiver=f"{FAR}:{RECEIVER_PORT}",
            secret=self._secret,
            voices=voices,
            extensions={EXTENSION: "secret"},
            http=f"{self.address}:{HTTP_PORT}",
            sip=tuple(f"{kind}:{self.address}:{SIP_PORT}" for kind in ("udp", "tcp")),
            network={"domain": self.address},
            company={"record": False, "key_time": 2},
        )
        text = replace(setting, **changes).text().replace('"127.0.0.0/8"', f'"{FAR}/32"')
        (self.folder / "playvoice.toml").write_text(text)
        self.start_server()

    def move(self, address: str) -> None:
        """Give the server's side this address in place of its own; `serve` follows."""
        self.server.stop()
        self.network.run("server", "ip", "address", "del", f"{self.address}/24", "dev", "cable")
        self.network.run("server", "ip", "address", "add", f"{address}/24", "dev", "cable")
        self.address, self._caller = address, None

    def start_server(self) -> None:
        self.server = self.program("server", "server", "playvoice.cli", "serve", "--config", str(self._config))
        self.server.wait_for("ready", READY_WITHIN)

    @property
    def _config(self) -> Path:
        return self.folder / "playvoice.toml"

    def control(self, command: str, **asked: Any) -> Any:
        """What `playvoice` asks a running server for."""
        return ask(self.folder / "data", command, asked)

    def trunk(self, number: int = 0) -> dict[str, Any]:
        """What an operator sees of a trunk."""
        found: dict[str, Any] = self.control("status")["trunks"][number]
        return found

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def wait_for_log(self, words: str, times: int = 1, seconds: float = 30.0) -> None:
        """Wait until the server has logged these words so often."""
        wait_until(
            lambda: self.log().count(words) >= times,
            lambda: f"{words} {times} times\n{self.log()[-3000:]}",
            seconds,
        )

    # --- calls ----------------------------------------------------------------------------------------------------

    def call(self, number: str, **fields: str) -> str:
        """Ask for a call; its uuid."""
        if self._caller is None:
            self._caller = self.program("caller", "far", "tests.network.caller", f"{self.address}:{HTTP_PORT}")
            self._caller.wait_for("ready", READY_WITHIN)
        self._caller.send(destnumber=number, **fields)
        answered = self._caller.wait_for("answered", 30, number=number)
        assert answered["uuid"], answered
        return str(answered["uuid"])

    def record(self, uuid: str, seconds: float = 60.0) -> dict[str, Any]:
        """The record of a call, as the company got it."""
        found: dict[str, Any] = self.receiver.wait_for("callback", seconds, _is_record_of(uuid))["payload"]
        return found

    def records(self) -> list[str]:
        """The calls whose records came, each as often as one of its own came."""
        came = {line["webhook_id"]: line["payload"]["uuid"] for line in self.receiver.all("callback", path="/cdr")}
        return sorted(came.values())


def _is_record_of(uuid: str) -> Any:
    return lambda line: line["path"] == "/cdr" and line["payload"]["uuid"] == uuid


def ended(record: dict[str, object]) -> tuple[object, object]:
    return record["hangupcause"], record["hangupdirection"]
