"""A server with all its far ends as processes on loopback: what demo, acceptance tests, chaos and benchmarks start."""

import contextlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playvoice.simulator import program
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import Setting, signing_secret
from playvoice.simulator.program import Line, Program

EXTENSION = "20280003"
START = 60.0
"""Seconds within which each program is ready, on however busy a machine."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in a world, and how."""

    callee: Mapping[str, Any] = field(default_factory=lambda: {"": "answer"})
    """The carrier's behaviours by the end of the dialled number."""
    agent: Mapping[str, Any] = field(default_factory=lambda: {"": "answer"})
    """The agents' behaviours by the end of the extension's number."""
    extensions: Mapping[str, str] = field(default_factory=lambda: {EXTENSION: "secret"})
    registered: bool = True
    """The agents' phones are there."""
    server_arguments: tuple[str, ...] = ()
    carrier_arguments: tuple[str, ...] = ()
    agent_arguments: tuple[str, ...] = ()
    receiver_arguments: tuple[str, ...] = ()
    callee_speech: Path | None = None
    agent_speech: Path | None = None
    keep_audio: bool = True
    transport: str = "udp"
    """Of the trunk."""
    carrier: str = ""
    """SIP URI of a carrier that somebody else started."""
    setting: Mapping[str, Any] = field(default_factory=dict)
    """Fields of Setting that differ from its own."""


class World:
    """Carrier, receiver, server and agents, started in this order. Use it as a context manager."""

    def __init__(
        self,
        directory: Path,
        voices: Path,
        cast: Cast,
        *,
        on_line: Callable[[Program, Line], None] | None = None,
        environ: dict[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.cast = cast
        self.secret = signing_secret(random.Random())
        self.config = directory / "playvoice.toml"
        self._voices = voices
        self._on_line = on_line
        self._environ = environ
        self._stack = contextlib.ExitStack()
        self.carrier: Program | None = None
        self.agents: Program | None = None
        self.receiver: Program
        self.server: Program
        self.ready: Line = {}
        """The server's ready line."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def http(self) -> str:
        """HOST:PORT of the server."""
        return str(self.ready["http"])

    def sip(self, transport: str = "udp") -> tuple[str, int]:
        """Where the server listens for SIP."""
        for address in self.ready["sip"]:
            kind, _, bound = address.partition(":")
            host, _, port = bound.rpartition(":")
            if kind == transport:
                return host.strip("[]"), int(port)
        raise KeyError(transport)

    def client(self, timeout: float = 10.0) -> Client:
        """A customer who has logged in, and waits so many seconds for an answer; close it."""
        client = self._stack.enter_context(Client(self.http, timeout=timeout))
        client.login()
        return client

    def start_server(self) -> Program:
        """Start the server, again after it was killed, and wait until it is ready."""
        self.launch_server()
        self.ready = self.server.wait_for("ready", START)
        return self.server

    def launch_server(self) -> Program:
        """Start the server without waiting for it."""
        self.server = self._stack.enter_context(
            program.server(
                self.config,
                *self.cast.server_arguments,
                log=self.directory / "server.log",
                on_line=self._on_line,
                environ=self._environ,
            )
        )
        return self.server

    def _start(self) -> None:
        cast = self.cast
        audio = self.directory / "audio"
        audio.mkdir(parents=True, exist_ok=True)
        kept = ("--output", str(audio)) if cast.keep_audio else ()
        self.receiver = self._far_end("receiver", "--secret", self.secret, *cast.receiver_arguments)
        carrier = cast.carrier
        if not carrier:
            self.carrier = self._phones("carrier", cast.callee, cast.callee_speech, *kept, *cast.carrier_arguments)
            listens = dict(address.split(":", 1) for address in self.carrier.wait_for("ready", START)["sip"])
            carrier = f"sip:{listens[cast.transport]};transport={cast.transport}"
        setting = Setting(
            carrier=carrier,
            receiver=self.receiver.wait_for("ready", START)["http"],
            secret=self.secret,
            voices=self._voices,
            extensions=cast.extensions,
        )
        self.config.write_text(replace(setting, **cast.setting).text())
        self.start_server()
        if cast.registered:
            host, port = self.sip()
            account = ("--server", f"udp:{host}:{port}", "--extensions", json.dumps(dict(cast.extensions)))
            self.agents = self._phones("agents", cast.agent, cast.agent_speech, *account, *kept, *cast.agent_arguments)
            for extension in cast.extensions:
                self.agents.wait_for("registered", START, extension=extension)

    def _phones(self, kind: str, behaviour: Mapping[str, Any], speech: Path | None, *arguments: str) -> Program:
        spoken = ("--speech", str(speech)) if speech is not None else ()
        return self._far_end(kind, "--behaviour", json.dumps(dict(behaviour)), *spoken, *arguments)

    def _far_end(self, kind: str, *arguments: str) -> Program:
        log = self.directory / f"{kind}.log"
        return self._stack.enter_context(program.far_end(kind, *arguments, log=log, on_line=self._on_line))
