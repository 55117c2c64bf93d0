"""What the two sides of a running call share: the call itself, and how a leg begins and ends.

A leg is a SIP call with a stream. It ends once: its far end ends it (`far_end_ended`), or we do (`end`), and then an
`Ending` goes on with it until the far end has confirmed.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from playvoice.calls import ledger
from playvoice.calls import script as s
from playvoice.calls.agents import Agents
from playvoice.calls.described import DescribedStream
from playvoice.calls.heartbeat import HeartbeatFile
from playvoice.calls.journal import Journal
from playvoice.calls.ledger import End, Reports, StoredCall
from playvoice.calls.owners import Ending, Owner, Owners
from playvoice.calls.ports import Media, Routes, Settings, Sip
from playvoice.calls.recordings import Recordings
from playvoice.calls.traces import CallLog
from playvoice.clock import Clock
from playvoice.companies import Company
from playvoice.config import Dtmf
from playvoice.media import sdp
from playvoice.media.client import MediaGone, Stream, StreamStats
from playvoice.sip import (
    Event,
    Flow,
    InfoRefused,
    OutgoingCall,
    SessionAnswered,
    SessionChange,
    SessionChangeReceived,
    TargetChanged,
    info,
)
from playvoice.store import Store

TellEnd = Callable[[str, End], None]
"""Told of each call whose record was stored: its company's code, and how it ended."""


def _tell_nobody(_company_code: str, _end: End) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Parts:
    """What all calls share."""

    store: Store
    sip: Sip
    media: Media
    routes: Routes
    agents: Agents
    recordings: Recordings
    heartbeat: HeartbeatFile
    owners: Owners
    settings: Settings
    wake_sender: Callable[[], None]
    tell_end: TellEnd = _tell_nobody


MAX_REASON = 100
"""Characters of a far end's reason phrase that are told."""
MAX_INFORMED = 400
"""Keys that one leg is told by INFO: after a crash its BYE has to have a higher CSeq than all of them, if each was
challenged, too."""
Passes = Callable[[str, bool], None]
"""Tells the other side of a key while two talk; whether it came as a telephone-event."""


@dataclass(frozen=True, slots=True)
class Call:
    """What both sides of one call share."""

    parts: Parts
    stored: StoredCall
    company: Company
    script: s.Script
    clock: Clock
    journal: Journal
    reports: Reports
    owner: Owner
    """Who gets the events of its SIP calls."""
    do: Callable[[list[s.Command]], None]
    """Does what the script says."""
    guard: Callable[[Callable[..., None]], Callable[..., None]]
    """Makes a callback of which a fault ends the call, and no other one."""
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    log: CallLog

    def own(self, sip: OutgoingCall) -> None:
        """Take the events of a SIP call, and follow its messages."""
        self.log.trace.follow(sip.id)
        self.parts.owners.own(sip, self.owner)

    def report(self, fact: Callable[[Connection], None]) -> None:
        """Store what a callback reports, then have it sent."""
        self.journal.add(fact, lambda _stored: self.parts.wake_sender())

    def describe(self, stream: Stream, codecs: Sequence[sdp.Codec], flow: Flow, dtmf: Dtmf) -> DescribedStream:
        """A stream with our offer for it (RFC 3264 section 5), for the far end of `flow`."""
        address = self.parts.settings.media_address(flow)
        return DescribedStream(stream, address, tuple(codecs), dtmf, random.getrandbits(62))


@dataclass(slots=True, eq=False, kw_only=True)
class Leg(ABC):
    """One leg of a running call."""

    call: Call
    uuid: str
    sip: OutgoingCall
    described: DescribedStream
    rang: bool = False
    """There was a 180 or 183."""
    over: bool = False
    informed: int = 0
    """Keys that its far end was told by INFO."""
    dialog_waits: bool = False
    """Its dialog is about to be stored anew."""

    def send(self) -> None:
        """Send the INVITE, which is stored; nothing if the leg was ended meanwhile."""
        self.sip.send(self.call.clock.now())
        self.call.parts.sip.flush()

    def send_again(self) -> None:
        """Store the INVITE that was changed after a refusal, then send it."""
        uuid, invite = self.uuid, self.sip.invite.to_json()
        self.call.journal.add(lambda conn: ledger.replace_invite(conn, uuid, invite), lambda _stored: self.send())

    @property
    def stream(self) -> Stream:
        return self.described.stream

    def connect(self, answer: bytes) -> sdp.Negotiated:
        """Let the stream send and receive as the answer says; SdpError if it can't."""
        return self.described.accept(answer, self.sip.session.description, self.sip.invite.flow.remote[0])

    def on_session(self, event: Event) -> None:
        """Take what the far end changes while the leg goes on: hold, resume, another address or codec."""
        match event:
            case SessionChangeReceived(change=change):
                self._change(change)
            case SessionAnswered(body=body) if body:
                self._take_answer(body)
            case TargetChanged():
                self._store_dialog()
            case InfoRefused(status=408 | 481):  # its dialog is no more (RFC 3261 section 12.2.1.2)
                self.sip.bye(self.call.clock.now())
                self.call.parts.sip.flush()
            case _:
                pass

    def _change(self, change: SessionChange) -> None:
        now, described = self.call.clock.now(), self.described
        try:
            if change.offer:
                body = described.answer(change.offer, change.request.flow.remote[0])
                self._tell_session()
            else:
                body = described.offer_again()
        except sdp.SdpError as error:
            self.call.log.warning("session_change_refused", leg=self.uuid, reason=str(error))
            change.refuse(now)
        else:
            change.accept(now, body)
        self.call.parts.sip.flush()

    def _take_answer(self, body: bytes) -> None:
        try:
            self.connect(body)
        except sdp.SdpError as error:  # the stream goes on as it was
            self.call.log.warning("session_answer_unusable", leg=self.uuid, reason=str(error))
        else:
            self._tell_session()

    def _tell_session(self) -> None:
        negotiated = self.described.negotiated
        assert negotiated is not None
        codec, direction = negotiated.codec.name, negotiated.direction.value
        self.call.log.info("session_changed", leg=self.uuid, codec=codec, direction=direction)

    def _store_dialog(self) -> None:
        """Store the dialog anew, so that a later process can end it: as it is then, however often it changes until."""
        if not self.dialog_waits:
            self.dialog_waits = True
            self.call.journal.add(self._keep_dialog)

    def _keep_dialog(self, conn: Connection) -> None:
        self.dialog_waits = False  # what changes from here on is stored once more
        assert self.sip.dialog is not None
        ledger.keep_dialog(conn, self.uuid, self.sip.dialog.to_json())

    def press(self, key: str, *, relayed: bool) -> None:
        """Have the far end hear of a key that the other one pressed; `relayed`: as a telephone-event.

        Those the worker sends on, where the far end takes them. Who has its keys by INFO gets them so.
        """
        if self.described.sends_telephone_events:
            if not relayed:
                self.stream.send_keys(key)
        elif self.described.takes_info and "INFO" in self.sip.session.peer_allows and self.informed < MAX_INFORMED:
            self.informed += 1
            if not self.sip.inform(self.call.clock.now(), info.body_of(key), info.DTMF_TYPES[0]):
                self.call.log.warning("key_not_passed_on", leg=self.uuid, key=key)
            self.call.parts.sip.flush()

    def ack(self) -> None:
        """Acknowledge the answer, which is stored."""
        self.sip.ack(self.call.clock.now())
        self.call.parts.sip.flush()

    def end(self, reason: str = "") -> None:
        """End the leg by CANCEL, with this reason, or BYE."""
        if self.over:
            return
        self.over = True
        call = self.call
        ending = Ending(call.parts.owners, call.journal, call.clock, call.parts.sip, leg=self.uuid, then=self.give_back)
        try:
            self.store_end(confirmed=False)
        finally:
            ending.begin(self.sip, reason)

    def far_end_ended(self) -> None:
        """Take that its far end has ended the leg."""
        if self.over:
            return
        self.over = True
        try:
            self.store_end(confirmed=True)
            self.call.parts.owners.disown(self.sip)
        finally:
            self.give_back()

    async def release(self) -> None:
        """Give the stream back, and have what it did stored with the leg."""
        stats = await release(self.stream)
        if stats is not None and stats.ignored > stats.received:  # few come before the answer is known
            self.call.log.trace.note("rtp_ignored", {"port": self.stream.port, "packets": stats.ignored})
        if stats is not None and (stats.sent or stats.received):
            self.call.parts.owners.confirmations.add_stream(self.uuid, stats)

    @abstractmethod
    def give_back(self) -> None:
        """Give back what the leg holds, a place on a trunk or an agent: its far end is done with it."""

    def store_end(self, *, confirmed: bool) -> None:
        """Store that the leg has ended."""
        at, uuid = self.call.clock.at(), self.uuid
        self.call.journal.add(lambda conn: ledger.leg_ended(conn, uuid, at, confirmed=confirmed))


async def release(stream: Stream) -> StreamStats | None:
    """Give a stream back; what it did, if that is known. A fault of ours here is told, and ends nothing."""
    try:
        return await stream.release()
    except MediaGone:
        pass  # its ports went with the worker
    except Exception:
        stream.tell_fault("stream_not_released")
    return None
