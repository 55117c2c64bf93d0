"""The phone at work: sockets, clock and sound around `telephone` and `registrant`, which have none."""

import asyncio
import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from playvoice.lines.resolving import Resolver, Target
from playvoice.lines.trunk_registration import EXPIRES
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.rtp_session import Speaker
from playvoice.simulator.softphone.handset import Handset
from playvoice.simulator.softphone.manner import Manner
from playvoice.simulator.softphone.notebook import Notebook
from playvoice.simulator.softphone.recording import WavFile, numbered
from playvoice.simulator.softphone.registrant import Registrant
from playvoice.simulator.softphone.sound_card import SoundCard, commands
from playvoice.simulator.softphone.source import Played, Source
from playvoice.simulator.softphone.status import Status
from playvoice.simulator.softphone.telephone import NotNow, Telephone
from playvoice.simulator.softphone.voice import KeysHeard
from playvoice.simulator.sound import Speech
from playvoice.sip import URI, Address, Credentials, Event, Flow, SipEndpoint, Transport, UserAgent
from playvoice.sip.flow import DEFAULT_PORT

GOODBYE = 2.0
"""Seconds that a phone which leaves waits for the answers to its BYE, CANCEL and REGISTER."""
NAME = "PlayVoice phone"


@dataclass(frozen=True, slots=True)
class Options:
    """What a phone is told before it starts."""

    account: URI | None = None
    """The address to register, and its registrar; None waits without."""
    credentials: Credentials | None = None
    """For the registration, and for calls that are challenged."""
    listen: tuple[Transport, str, int] | None = None
    """Where SIP is listened for; None: any port of the address that the server is reached from."""
    target: URI | None = None
    """Whom to call; None waits."""
    once: bool = False
    """Leave after the first call."""
    manner: Manner = field(default_factory=Manner)
    speech: Speech = field(default_factory=dict)
    """What is said from the answer on; silence after it."""
    repeat: bool = False
    """Say it again and again."""
    record: Path | None = None
    sound: bool = False
    """Speak and listen by the sound card."""
    expires: int = EXPIRES
    """Seconds to register for."""


class Softphone:
    """One phone. `run` it; `do` what its user wants meanwhile."""

    def __init__(self, options: Options, notebook: Notebook) -> None:
        self._options = options
        self._notebook = notebook
        self._random = random.SystemRandom()
        self._speaker = Speaker()
        self._card = SoundCard(commands()) if options.sound else None
        self._agent = UserAgent(advertise=advertised, name=NAME)
        self._telephone = Telephone(self._agent, options.manner, self._make_voice, notebook, self._random)
        self._registrant: Registrant | None = None
        self._endpoint: SipEndpoint | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._leaving = False

    def __repr__(self) -> str:
        return f"<Softphone {self._telephone}>"

    async def run(self) -> None:
        """Be a phone until the user, or the options, have it leave.

        :raises SimulatorError: what there was to do failed, with the reason.
        :raises SipError: an address can't be listened on.
        """
        try:
            if self._card is not None:
                self._card.open()
            await self._start()
            await self._until(lambda: self._is_done)
            await self._leave()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if self._endpoint is not None:
                await self._endpoint.close()
            if self._card is not None:
                self._card.close()
        if self._failure:
            raise SimulatorError(self._failure)
        if self._options.target is not None and not self._telephone.calls:
            raise SimulatorError("the call was given up before its answer")

    def leave(self) -> None:
        """Hang up, take the registration back, and end."""
        self._leaving = True
        self._changed.set()

    def do(self, action: Callable[[Telephone, float], None]) -> None:
        """Have something done with the line; NotNow, and nothing done, where it does not fit."""
        try:
            action(self._telephone, time.monotonic())
        finally:
            self._flush()

    def status(self) -> Status:
        now = time.monotonic()
        status = self._telephone.status(now)
        registrant = self._registrant
        if registrant is None:
            return status
        return replace(status, registered=registrant.is_registered(now), account=_short(registrant.account))

    @property
    def _has_had_its_call(self) -> bool:
        """The first call was all that there was to do, and it is over."""
        return self._telephone.calls > 0 and (self._options.target is not None or self._options.once)

    @property
    def _is_done(self) -> bool:
        return self._leaving or self._has_had_its_call or self._failure != ""

    @property
    def _failure(self) -> str:
        if self._registrant is not None and self._registrant.failure:
            return self._registrant.failure
        return self._telephone.failure if self._has_had_its_call else ""

    # --- from beginning to end ------------------------------------------------------------------------------------

    async def _start(self) -> None:
        options = self._options
        server = await self._resolve(options.account or options.target)
        listen = options.listen
        if listen is None:
            if server is None:
                raise SimulatorError("nothing to listen on, to register at or to call")
            listen = (server.transport, address_towards(server.host), 0)
        self._endpoint = SipEndpoint(self._agent, [listen], self._on_event)
        await self._endpoint.start()
        (bound,) = self._endpoint.addresses
        self._notebook.write("ready", sip=str(Flow(bound.transport, bound.local, bound.local)))
        if options.account is not None:
            assert server is not None
            flow = self._endpoint.flow_to(server.transport, server.host, server.port)
            await self._register(flow, options.account)
        if options.target is not None and not self._is_done:
            await self._dial(options.target)
        self._flush()

    async def _register(self, flow: Flow, account: URI) -> None:
        credentials = self._options.credentials or Credentials(account.user or "", "")
        self._registrant = Registrant(
            self._agent, flow, account, credentials, self._notebook, self._random, self._options.expires
        )
        registrant = self._registrant
        registrant.start(time.monotonic())
        self._flush()
        await self._until(lambda: self._is_done or registrant.is_registered(time.monotonic()))

    async def _dial(self, target: URI) -> None:
        """Call by the way that the target names, or, where it is at the registrar's own host, by the registration's."""
        assert self._endpoint is not None
        found = await self._resolve(target)
        assert found is not None
        flow = self._endpoint.flow_to(found.transport, found.host, found.port)
        host, port = advertised(flow)
        account = self._options.account
        from_ = account or URI(scheme="sip", user=_user(self._options.credentials), host=_bracketed(host), port=port)
        try:
            self._telephone.dial(
                time.monotonic(),
                target,
                flow,
                Address(uri=URI(scheme="sip", user=from_.user, host=from_.host, port=from_.port)),
                self._options.credentials,
            )
        except OSError as error:
            raise SimulatorError(f"no port for the audio: {error.strerror}") from None

    async def _resolve(self, uri: URI | None) -> Target | None:
        """Where a URI leads to; SimulatorError where it leads nowhere."""
        if uri is None:
            return None
        targets = await Resolver(self._random).resolve(uri)
        if not targets:
            raise SimulatorError(f"{uri.host} leads to no address: check the name")
        return targets[0]

    async def _leave(self) -> None:
        now = time.monotonic()
        try:
            self._telephone.hang_up(now)
        except NotNow:
            pass
        registrant = self._registrant
        if registrant is not None:
            registrant.close(now)
        self._flush()
        try:
            async with asyncio.timeout(GOODBYE):
                await self._until(
                    lambda: (
                        self._telephone.is_quiet
                        and (registrant is None or registrant.is_closed or registrant.failure != "")
                    )
                )
        except TimeoutError:
            self._notebook.write("left_unanswered", seconds=GOODBYE)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    # --- what happens ---------------------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        now = time.monotonic()
        if self._registrant is None or not self._registrant.on_event(event, now):
            self._telephone.on_event(event, now)
        self._changed.set()
        self._arm()

    def _on_timer(self) -> None:
        self._timer = None
        now = time.monotonic()
        self._telephone.handle_deadline(now)
        if self._registrant is not None:
            self._registrant.handle_deadline(now)
        self._flush()

    def _flush(self) -> None:
        if self._endpoint is not None:
            self._endpoint.flush()
        self._changed.set()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadlines = [self._telephone.next_deadline()]
        if self._registrant is not None:
            deadlines.append(self._registrant.next_deadline())
        at = min((each for each in deadlines if each is not None), default=None)
        if at is not None:
            delay = max(0.0, at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _make_voice(self, remote: str, keys_heard: KeysHeard) -> Handset:
        options = self._options
        source: Source = self._card or Played(options.speech, repeat=options.repeat)
        file = None
        if options.record is not None:
            file = WavFile(numbered(options.record, self._telephone.calls + 1))
        return Handset(
            self._speaker,
            address_towards(remote),
            self._random,
            source,
            keys_heard,
            file=file,
            card=self._card,
        )


def address_towards(host: str) -> str:
    """Our address from which this IP address is reached; SimulatorError where there is no way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, DEFAULT_PORT))
        except OSError as error:
            raise SimulatorError(f"{host} can't be reached: {error.strerror}") from None
        return str(probe.getsockname()[0])


def advertised(flow: Flow) -> tuple[str, int]:
    """What the far end of a flow shall use for us: the address that it is reached from, where we listen on all."""
    host, port = flow.local
    return (address_towards(flow.remote[0]) if host in ("0.0.0.0", "::") else host), port


def _user(credentials: Credentials | None) -> str:
    return credentials.username if credentials is not None else "phone"


def _short(account: URI) -> str:
    return f"{account.user}@{account.host}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
