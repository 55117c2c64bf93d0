"""One call while it runs: a task that feeds the script with what happens and does what the script says.

Everything that happens to a call (SIP, media, time) comes through one inbox and is taken in turn, so that the script
sees one order. A fact is committed before its effect: the INVITE leaves after it is stored, the ACK after the answer
is; only the voice does not wait.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog

from playvoice.calls import ledger
from playvoice.calls import script as s
from playvoice.calls.causes import cause_of, is_for_next_trunk
from playvoice.calls.ledger import AgentLeg, End, Reports, StoredCall
from playvoice.calls.ports import Group, Groups, Media, Phone, Recordings, Routes, Settings, Sip
from playvoice.calls.tables import LegKind
from playvoice.calls.userid import parse_userid
from playvoice.codes import HangupCause as Cause
from playvoice.companies import Company
from playvoice.config import RecordPolicy
from playvoice.lines.trunk import Trunk
from playvoice.media import sdp
from playvoice.media.client import MediaError, MediaEvent, MediaGone, Stream
from playvoice.media.protocol import KeyPressed, PlaybackEnded, PlaybackFailed, Silent
from playvoice.sip import (
    Address,
    Answered,
    CallEnded,
    Challenged,
    Event,
    Failed,
    Flow,
    OutgoingCall,
    Provisional,
    Rejected,
    RequestInCall,
    Why,
)
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import Voice

log = structlog.get_logger(__name__)

STORE_AGAIN = 1.0
"""Seconds after which a fact is tried again while nothing can be stored."""
MAX_INBOX = 256
"""What may wait for one call; keys beyond it are the press of a machine."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What all calls share."""

    store: Store
    sip: Sip
    media: Media
    routes: Routes
    groups: Groups
    recordings: Recordings
    settings: Settings
    wake_sender: Callable[[], None]
    own: Callable[[OutgoingCall, "RunningCall"], None]
    """Route this SIP call's events to that call."""
    disown: Callable[[OutgoingCall], None]


@dataclass(slots=True)
class _Agent:
    """An agent's leg."""

    leg: AgentLeg
    sip: OutgoingCall
    stream: Stream
    offer: sdp.SessionDescription
    rang: bool = False
    over: bool = False


class RunningCall:
    """A call from its first INVITE to its record. `run` returns when the record is stored."""

    def __init__(self, parts: Parts, stored: StoredCall, company: Company, voice: Voice) -> None:
        self.stored = stored
        self._parts = parts
        self._company = company
        self._voice = voice
        self._reports = Reports(stored, company, parts.settings)
        self._script = s.Script(s.Plan(parse_userid(stored.userid), stored.waittime, stored.conntime, company.key_time))
        self._inbox: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(MAX_INBOX)
        self._log = log.bind(uuid=stored.uuid)
        self._trunk: Trunk | None = None
        self._tried: frozenset[str] = frozenset()
        self._leg = ""
        self._sip: OutgoingCall | None = None
        self._stream: Stream | None = None
        self._offer: sdp.SessionDescription | None = None
        self._rang = False
        self._recording = False
        self._agents: dict[str, _Agent] = {}
        self._started_at: datetime | None = None
        self._answered_at: datetime | None = None
        self._finish: s.Finish | None = None

    def __repr__(self) -> str:
        return f"<RunningCall {self.stored.uuid} {self._script.state.name}>"

    # --- the inbox ------------------------------------------------------------------------------------------------

    def on_sip(self, event: Event) -> None:
        self._put("sip", event)

    def cut(self) -> None:
        """The server stops, or its media process has gone."""
        self._put("cut", None)

    def _on_media(self, leg: str, event: MediaEvent) -> None:
        self._put("media", (leg, event))

    def _put(self, kind: str, what: object) -> None:
        try:
            self._inbox.put_nowait((kind, what))
        except asyncio.QueueFull:
            self._log.warning("call_inbox_full", kind=kind)

    # --- the task -------------------------------------------------------------------------------------------------

    async def run(self, trunk: Trunk, flow: Flow) -> None:
        """Dial over this trunk, whose place the caller has taken, and see the call through to its record."""
        self._trunk = trunk
        self._leg = str(uuid4())
        try:
            await self._do(self._script.start(time.monotonic()), flow)
            while self._finish is None:
                await self._step()
        except Exception:
            self._log.exception("call_failed")
            self._finish = s.Finish(Cause.HUNG_UP_BY_SERVER, self._own_direction(), self._script.userkey)
        await self._wind_up(self._finish)

    async def _step(self) -> None:
        deadline = self._script.next_deadline()
        try:
            async with asyncio.timeout(None if deadline is None else max(0.0, deadline - time.monotonic())):
                kind, what = await self._inbox.get()
        except TimeoutError:
            await self._do(self._script.on_deadline(time.monotonic()))
            return
        if kind == "sip":
            await self._take_sip(what)
        elif kind == "media":
            await self._take_media(*what)
        else:
            await self._do(self._script.cut())

    async def _take_sip(self, event: Event) -> None:
        if isinstance(event, RequestInCall):
            event.request.respond(200 if event.request.method == "OPTIONS" else 405, time.monotonic())
            self._parts.sip.flush()
            return
        call = getattr(event, "call", None)
        if call is self._sip:
            await self._take_customer(event)
            return
        agent = next((agent for agent in self._agents.values() if agent.sip is call), None)
        if agent is not None:
            await self._take_agent(agent, event)

    async def _take_media(self, leg: str, event: MediaEvent) -> None:
        now = time.monotonic()
        if isinstance(event, Silent):
            await self._do(self._script.silent())
        elif leg != self._leg:
            return
        elif isinstance(event, KeyPressed):
            self._log.info("key_pressed", key=event.key)
            await self._do(self._script.key(event.key, now))
        elif isinstance(event, PlaybackEnded):
            await self._do(self._script.voice_over(now))
        elif isinstance(event, PlaybackFailed):
            self._log.error("playback_failed", reason=event.reason)
            await self._do(self._script.cut())

    async def _do(self, commands: list[s.Command], flow: Flow | None = None) -> None:
        for command in commands:
            match command:
                case s.Dial():
                    assert flow is not None
                    await self._dial(flow)
                case s.CancelCustomer():
                    self._cancel_customer()
                case s.Play():
                    self._play(self._voice, loop=False)
                case s.PlayHoldMusic():
                    self._play(self._parts.settings.hold_music, loop=True)
                case s.Offer(group):
                    await self._offer_agents(group)
                case s.WithdrawOffers(winner):
                    await self._withdraw(winner)
                case s.Connect(agent):
                    await self._connect(agent)
                case s.HangUpCustomer():
                    self._hang_up_customer()
                case s.HangUpAgent(agent):
                    await self._end_agent(self._agents.get(agent))
                case s.Finish():
                    self._finish = command

    # --- the customer's leg ---------------------------------------------------------------------------------------

    async def _dial(self, flow: Flow) -> None:
        """Store the INVITE over the trunk that was taken, then send it."""
        trunk = self._trunk
        assert trunk is not None
        try:
            if self._stream is None:
                self._stream = await self._parts.media.reserve(lambda event: self._on_media(self._leg, event))
        except MediaError as error:
            self._log.error("no_rtp_port", reason=str(error))
            await self._do(self._script.refused(Cause.LINE_FAILURE))
            return
        body = self._describe(self._stream, trunk.codecs)
        self._offer = sdp.parse(body)
        self._sip = self._parts.sip.agent.prepare_invite(
            target=trunk.request_uri(self.stored.destnumber),
            flow=flow,
            from_=trunk.from_address(self.stored.disnumber),
            body=body,
            route=trunk.route,
            headers=trunk.headers(self.stored.disnumber),
        )
        self._parts.own(self._sip, self)
        at = datetime.now(UTC)
        invite, uuid, leg = self._sip.invite.to_json(), self.stored.uuid, self._leg
        if self._started_at is None:
            self._started_at = at
            claimed = await self._store(lambda conn: ledger.claim(conn, uuid, leg, trunk.name, invite, at))
            if not claimed:
                raise RuntimeError("the call was claimed by somebody else")
        else:
            self._leg = leg = str(uuid4())
            await self._store(
                lambda conn: ledger.add_leg(conn, uuid, leg, LegKind.CUSTOMER, invite, at, trunk=trunk.name)
            )
        self._send(self._sip)
        self._log.info("invite_sent", trunk=trunk.name, destnumber=self.stored.destnumber)

    async def _take_customer(self, event: Event) -> None:
        match event:
            case Provisional(status=status):
                self._rang = self._rang or status in (180, 183)
            case Answered(body=body):
                await self._customer_answered(body)
            case Challenged(response=response):
                await self._customer_challenged(response.code)
            case Rejected(status=status, q850=q850):
                self._log.info("customer_refused", status=status, q850=q850)
                await self._next_trunk(cause_of(status, q850), is_for_next_trunk(status, rang=self._rang))
            case Failed(why=why):
                self._log.info("customer_unreached", why=why.value)
                await self._next_trunk(Cause.LINE_FAILURE, why is Why.TRANSPORT and not self._rang)
            case CallEnded():
                await self._do(self._script.customer_hung_up())
            case _:
                pass

    async def _customer_answered(self, body: bytes) -> None:
        assert self._sip is not None
        assert self._stream is not None
        assert self._offer is not None
        self._answered_at = at = datetime.now(UTC)
        try:
            negotiated = sdp.accept(self._offer, sdp.parse(body))
        except sdp.SdpError as error:
            self._log.warning("answer_unusable", reason=str(error))
            self._sip.bye(time.monotonic())
            self._parts.sip.flush()
            self._answered_at = None
            await self._do(self._script.refused(Cause.LINE_FAILURE))
            return
        self._stream.connect(negotiated, sip_source=self._sip.invite.flow.remote[0])
        if self._company.record is not RecordPolicy.NEVER:
            self._stream.record(self._parts.recordings.path(self.stored.uuid, at))
            self._recording = True
        commands = self._script.answered(time.monotonic())
        if commands and isinstance(commands[0], s.Play | s.PlayHoldMusic):
            await self._do(commands[:1])  # the first audio does not wait for the commit, the ACK does
            commands = commands[1:]
        assert self._sip.dialog is not None
        uuid, leg, dialog = self.stored.uuid, self._leg, self._sip.dialog.to_json()
        await self._store(lambda conn: ledger.customer_answered(conn, uuid, leg, dialog, at))
        self._sip.ack(time.monotonic())
        self._parts.sip.flush()
        self._log.info("customer_answered", codec=negotiated.codec.name)
        await self._do(commands)

    async def _customer_challenged(self, status: int) -> None:
        assert self._sip is not None
        assert self._trunk is not None
        if self._trunk.credentials is None or not self._sip.authorize(self._trunk.credentials):
            await self._next_trunk(cause_of(status), is_for_next_trunk(status, rang=self._rang))
            return
        leg, invite = self._leg, self._sip.invite.to_json()
        await self._store(lambda conn: ledger.replace_invite(conn, leg, invite))
        self._send(self._sip)

    async def _next_trunk(self, cause: Cause, allowed: bool) -> None:
        """Go on with the next trunk that has a place, or end the call."""
        assert self._trunk is not None
        if allowed and self._script.state is s.State.DIALLING:
            self._tried |= {self._trunk.name}
            found = self._parts.routes.take(self._company.trunks, self._tried, time.monotonic())
            if found is not None:
                leg, at = self._leg, datetime.now(UTC)
                await self._store(lambda conn: ledger.leg_ended(conn, leg, at))
                if self._sip is not None:
                    self._parts.disown(self._sip)
                self._parts.routes.give_back(self._trunk)
                self._trunk = found[0]
                await self._dial(found[1])
                return
        await self._do(self._script.refused(cause))

    def _cancel_customer(self) -> None:
        if self._sip is not None:
            self._sip.cancel(time.monotonic())
            self._parts.sip.flush()

    def _hang_up_customer(self) -> None:
        if self._sip is not None:
            self._sip.bye(time.monotonic())
            self._parts.sip.flush()

    def _play(self, voice: Voice, *, loop: bool) -> None:
        assert self._stream is not None
        self._stream.play(voice.files, loop=loop)

    # --- agents' legs ---------------------------------------------------------------------------------------------

    async def _offer_agents(self, name: str) -> None:
        """Ring every registered member of the group."""
        group = self._parts.groups.group(self.stored.company_code, name) or Group((), 0.0, 0.0)
        phones = [phone for member in group.members if (phone := self._parts.groups.phone(member)) is not None]
        if not phones:
            self._log.info("nobody_registered", group=name)
            await self._do(self._script.nobody_registered())
            return
        agents = [agent for phone in phones if (agent := await self._prepare_agent(phone)) is not None]
        if agents:
            rows = [(agent.leg, agent.sip.invite.to_json()) for agent in agents]
            uuid = self.stored.uuid

            def fact(conn: Any) -> None:
                for leg, invite in rows:
                    ledger.add_leg(conn, uuid, leg.uuid, LegKind.AGENT, invite, leg.started_at, extension=leg.extension)

            await self._store(fact)
        for agent in agents:
            self._agents[agent.leg.uuid] = agent
            self._send(agent.sip)
            self._log.info("agent_rung", extension=agent.leg.extension, buuid=agent.leg.uuid)
        times = s.GroupTimes(group.ring_time, group.max_wait)
        rung = frozenset(agent.leg.uuid for agent in agents)
        await self._do(self._script.offered(rung, times, time.monotonic()))

    async def _prepare_agent(self, phone: Phone) -> _Agent | None:
        leg = AgentLeg(str(uuid4()), phone.extension, datetime.now(UTC))
        try:
            stream = await self._parts.media.reserve(lambda event: self._on_media(leg.uuid, event))
        except MediaError as error:
            self._log.error("no_rtp_port", reason=str(error), extension=phone.extension)
            return None
        body = self._describe(stream, (sdp.Codec.PCMA, sdp.Codec.PCMU))
        caller = self._trunk.from_address(self.stored.destnumber) if self._trunk else Address(uri=phone.uri)
        call = self._parts.sip.agent.prepare_invite(
            target=phone.uri, flow=phone.flow, from_=caller, body=body, route=phone.route, pinned=True
        )
        self._parts.own(call, self)
        return _Agent(leg, call, stream, sdp.parse(body))

    async def _take_agent(self, agent: _Agent, event: Event) -> None:
        match event:
            case Provisional(status=status) if status in (180, 183) and not agent.rang:
                agent.rang = True
                await self._store(lambda conn: self._reports.agent_rings(conn, agent.leg, datetime.now(UTC)))
                self._parts.wake_sender()
            case Answered(body=body):
                await self._agent_answered(agent, body)
            case Rejected() | Failed() | CallEnded() | Challenged():
                await self._agent_is_over(agent)
                await self._do(self._script.agent_ended(agent.leg.uuid, time.monotonic()))
            case _:
                pass

    async def _agent_answered(self, agent: _Agent, body: bytes) -> None:
        try:
            negotiated = sdp.accept(agent.offer, sdp.parse(body))
        except sdp.SdpError as error:
            self._log.warning("agent_answer_unusable", reason=str(error), extension=agent.leg.extension)
            agent.sip.bye(time.monotonic())
            self._parts.sip.flush()
            await self._agent_is_over(agent)
            await self._do(self._script.agent_ended(agent.leg.uuid, time.monotonic()))
            return
        agent.stream.connect(negotiated, sip_source=agent.sip.invite.flow.remote[0])
        await self._do(self._script.agent_answered(agent.leg.uuid, time.monotonic()))

    async def _connect(self, leg: str) -> None:
        """Bridge first, then store the answer, then ACK."""
        agent = self._agents[leg]
        assert self._stream is not None
        assert agent.sip.dialog is not None
        self._stream.bridge(agent.stream)
        at, dialog, rang = datetime.now(UTC), agent.sip.dialog.to_json(), agent.rang
        agent.rang = True

        def fact(conn: Any) -> None:
            if not rang:
                self._reports.agent_rings(conn, agent.leg, at)
            self._reports.agent_answered(conn, agent.leg, dialog, at)

        await self._store(fact)
        agent.sip.ack(time.monotonic())
        self._parts.sip.flush()
        self._parts.wake_sender()
        self._log.info("agent_connected", extension=agent.leg.extension)

    async def _withdraw(self, winner: str | None) -> None:
        for leg, agent in list(self._agents.items()):
            if leg != winner and not agent.over:
                await self._end_agent(agent)
                await self._do(self._script.agent_ended(leg, time.monotonic()))

    async def _end_agent(self, agent: _Agent | None) -> None:
        """CANCEL or BYE an agent's leg, whichever ends it."""
        if agent is None or agent.over:
            return
        now = time.monotonic()
        if agent.sip.dialog is not None:
            agent.sip.bye(now)
        else:
            agent.sip.cancel(now)
        self._parts.sip.flush()
        await self._agent_is_over(agent)

    async def _agent_is_over(self, agent: _Agent) -> None:
        if agent.over:
            return
        agent.over = True
        at = datetime.now(UTC)
        await self._store(lambda conn: self._reports.agent_ended(conn, agent.leg, at, rang=agent.rang))
        self._parts.wake_sender()
        self._parts.disown(agent.sip)
        await self._release(agent.stream)

    # --- the end --------------------------------------------------------------------------------------------------

    async def _wind_up(self, finish: s.Finish) -> None:
        """End what is left of the legs, store the record with its callback, and give everything back."""
        ended_at = datetime.now(UTC)
        for agent in self._agents.values():
            await self._end_agent(agent)
        spoke = self._agents.get(finish.agent)
        name = await self._finish_recording(spoke is not None)
        leg, end = (
            self._leg,
            End(
                started_at=self._started_at or ended_at,
                answered_at=self._answered_at,
                ended_at=ended_at,
                cause=finish.cause,
                direction=finish.direction,
                userkey=finish.userkey,
                extension=spoke.leg.extension if spoke is not None else "",
                recordfilename=name,
            ),
        )

        def fact(conn: Any) -> None:
            ledger.leg_ended(conn, leg, ended_at)
            self._reports.ended(conn, end)

        await self._store(fact)
        self._parts.wake_sender()
        if self._sip is not None:
            self._parts.disown(self._sip)
        if self._stream is not None:
            await self._release(self._stream)
        if self._trunk is not None:
            self._parts.routes.give_back(self._trunk)
        self._log.info("call_ended", cause=int(finish.cause), direction=int(finish.direction), key=finish.userkey)

    async def _finish_recording(self, transferred: bool) -> str:
        """Close the raw recording and hand it to the encoder; its name, empty if there is none."""
        if not self._recording or self._stream is None or self._answered_at is None:
            return ""
        raw = self._parts.recordings.path(self.stored.uuid, self._answered_at)
        try:
            samples = await self._stream.stop_recording()
        except MediaGone:
            samples = -1
        if samples <= 0 or (self._company.record is RecordPolicy.TRANSFERRED and not transferred):
            raw.unlink(missing_ok=True)
            return ""
        name = self._parts.recordings.name(self.stored.uuid, self._company)
        self._parts.recordings.encode(raw, name)
        return name

    # --- steps ----------------------------------------------------------------------------------------------------

    def _describe(self, stream: Stream, codecs: tuple[sdp.Codec, ...]) -> bytes:
        """Our offer for a stream."""
        session = random.getrandbits(62)
        return bytes(sdp.offer(self._parts.settings.media_address, stream.port, codecs, session_id=session))

    def _send(self, call: OutgoingCall) -> None:
        call.send(time.monotonic())
        self._parts.sip.flush()

    async def _store(self, fact: Callable[[Any], Any]) -> Any:
        """Store a fact, however long storage is away: the call goes on in memory, and its record is not lost."""
        while True:
            try:
                return await self._parts.store.write(fact)
            except StoreUnavailable as error:
                self._log.error("store_unavailable", reason=str(error))
                await asyncio.sleep(STORE_AGAIN)

    async def _release(self, stream: Stream) -> None:
        try:
            await stream.release()
        except MediaGone:
            pass  # its ports went with the worker

    def _own_direction(self) -> Cause:
        return Cause.CALLER_HUNG_UP if self._answered_at is not None else Cause.HUNG_UP_BY_SERVER
