"""What the two sides of a running call share: the call itself, and how a leg begins and ends.

A leg is a SIP call with a stream. It ends once: its far end ends it (`far_end_ended`), or we do (`end`), and then an
`Ending` goes on with it until the far end has confirmed.
"""

import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from playvoice.calls import ledger
from playvoice.calls import script as s
from playvoice.calls.agents import Agents
from playvoice.calls.clock import Clock
from playvoice.calls.journal import Journal
from playvoice.calls.ledger import Reports, StoredCall
from playvoice.calls.owners import Ending, Owner, Owners
from playvoice.calls.ports import Media, Routes, Settings, Sip
from playvoice.calls.recordings import Recordings
from playvoice.companies import Company
from playvoice.media import sdp
from playvoice.media.client import MediaGone, Stream
from playvoice.sip import OutgoingCall
from playvoice.store import Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What all calls share."""

    store: Store
    sip: Sip
    media: Media
    routes: Routes
    agents: Agents
    recordings: Recordings
    owners: Owners
    settings: Settings
    wake_sender: Callable[[], None]


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
    log: FilteringBoundLogger

    def report(self, fact: Callable[[Connection], None]) -> None:
        """Store what a callback reports, then have it sent."""
        self.journal.add(fact, lambda _stored: self.parts.wake_sender())

    def describe(self, stream: Stream, codecs: Sequence[sdp.Codec]) -> sdp.SessionDescription:
        """Our offer for a stream (RFC 3264 section 5)."""
        address = self.parts.settings.media_address
        return sdp.offer(address, stream.port, tuple(codecs), session_id=random.getrandbits(62))


@dataclass(slots=True, eq=False, kw_only=True)
class Leg:
    """One leg of a running call."""

    call: Call
    uuid: str
    sip: OutgoingCall
    stream: Stream
    offer: sdp.SessionDescription
    rang: bool = False
    """There was a 180 or 183."""
    over: bool = False

    def send(self) -> None:
        """Send the INVITE, which is stored; nothing if the leg was ended meanwhile."""
        self.sip.send(self.call.clock.now())
        self.call.parts.sip.flush()

    def connect(self, answer: bytes) -> sdp.Negotiated:
        """Let the stream send and receive as the answer says; SdpError if it can't."""
        negotiated = sdp.accept(self.offer, sdp.parse(answer))
        self.stream.connect(negotiated, sip_source=self.sip.invite.flow.remote[0])
        return negotiated

    def ack(self) -> None:
        """Acknowledge the answer, which is stored."""
        self.sip.ack(self.call.clock.now())
        self.call.parts.sip.flush()

    def end(self) -> None:
        """End the leg by CANCEL or BYE."""
        if self.over:
            return
        self.over = True
        self.store_end(confirmed=False)
        call = self.call
        ending = Ending(call.parts.owners, call.journal, call.clock, call.parts.sip, leg=self.uuid, then=self.give_back)
        ending.begin(self.sip)

    def far_end_ended(self) -> None:
        """Take that its far end has ended the leg."""
        if self.over:
            return
        self.over = True
        self.store_end(confirmed=True)
        self.call.parts.owners.disown(self.sip)
        self.give_back()

    def give_back(self) -> None:
        """Give back what the leg holds, a place on a trunk or an agent: its far end is done with it."""
        raise NotImplementedError

    def store_end(self, *, confirmed: bool) -> None:
        """Store that the leg has ended."""
        at, uuid = self.call.clock.at(), self.uuid
        self.call.journal.add(lambda conn: ledger.leg_ended(conn, uuid, at, confirmed=confirmed))


async def release(stream: Stream) -> None:
    """Give a stream back. A fault of ours here is told, and ends nothing."""
    try:
        await stream.release()
    except MediaGone:
        pass  # its ports went with the worker
    except Exception:
        log.exception("stream_not_released", stream=stream.number)
