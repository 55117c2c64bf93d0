"""An agent who is offered a call: all his phones ring at once, and are one agent (RFC 3261 section 16.7).

::

    phones ring ── one answers, the others are stopped ──> connected ── either side hangs up ──> over
        └── the last of them refused or failed · one said 6xx, the others are stopped · withdrawn ──^

Each phone has a leg of its own, with a stream of its own: two phones behind one address are told apart by nothing but
the port that they send to, so with one stream for both it would be luck who of two that answer at once is heard. It
costs no more streams than phones are registered, since an agent has one offer at a time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

from playvoice.calls import ledger
from playvoice.calls.ledger import AgentOffer
from playvoice.calls.legs import MAX_REASON, Call, Leg, release
from playvoice.calls.ports import Agent, Phone
from playvoice.calls.tables import LegKind
from playvoice.config import Dtmf
from playvoice.media import sdp
from playvoice.media.client import MediaError, MediaEvent, Stream
from playvoice.sip import COMPLETED_ELSEWHERE, URI, Address


@dataclass(slots=True, eq=False, kw_only=True)
class AgentsLeg(Leg):
    """An INVITE to one of an agent's phones."""

    offer: "Offer"

    def give_back(self) -> None:
        self.offer.give_back(self)

    def store_end(self, *, confirmed: bool) -> None:
        self.offer.store_end(self, confirmed=confirmed)
        self.call.spawn(self.release())


class Offer:
    """One agent whose phones ring; what callbacks tell of him is the first ring, the answer and the last end."""

    def __init__(self, call: Call, extension: str) -> None:
        self._call = call
        self.told = AgentOffer(str(uuid4()), extension, call.clock.at())
        self.legs: list[AgentsLeg] = []
        self.answered: AgentsLeg | None = None
        """The leg that he took."""
        self._connected = False
        self._talked_until: float | None = None
        self._given_back = 0

    def __repr__(self) -> str:
        return f"<Offer {self.uuid} to {self.extension}, {len(self.legs)} phones>"

    @property
    def uuid(self) -> str:
        return self.told.uuid

    @property
    def extension(self) -> str:
        return self.told.extension

    @property
    def rang(self) -> bool:
        """His `ring` was reported."""
        return any(leg.rang for leg in self.legs)

    @property
    def over(self) -> bool:
        """No leg lives."""
        return all(leg.over for leg in self.legs)

    # --- its begin ------------------------------------------------------------------------------------------------

    @classmethod
    async def prepare(cls, call: Call, agent: Agent, on_media: Callable[[MediaEvent], None]) -> Self | None:
        """A leg for each phone for which there is a stream; None if there is none, and the agent is free again."""
        offer = cls(call, agent.extension)
        made = await asyncio.gather(*(offer._make_leg(phone, on_media) for phone in agent.phones))
        offer.legs = [leg for leg in made if leg is not None]
        if offer.legs:
            return offer
        call.parts.agents.give_back(agent.extension)
        return None

    async def _make_leg(self, phone: Phone, on_media: Callable[[MediaEvent], None]) -> AgentsLeg | None:
        call = self._call
        stream = None
        try:
            stream = await call.parts.media.reserve(on_media)
            stream.tell_of(uuid=call.stored.uuid, extension=self.extension)
            return self._prepare_leg(phone, stream)
        except MediaError as error:
            call.log.error("no_rtp_port", extension=self.extension, reason=str(error))
        except Exception as error:
            call.log.fault("agent_not_rung", error, extension=self.extension)
        if stream is not None:
            await release(stream)
        return None

    def _prepare_leg(self, phone: Phone, stream: Stream) -> AgentsLeg:
        call = self._call
        described = call.describe(stream, (sdp.Codec.PCMA, sdp.Codec.PCMU), phone.flow, Dtmf.RFC4733)
        caller = URI(scheme="sip", user=call.stored.destnumber, host=call.parts.settings.domain)
        sip = call.parts.sip.agent.prepare_invite(
            target=phone.uri,
            flow=phone.flow,
            from_=Address(uri=caller),
            body=described.last,
            route=phone.route,
            pinned=True,
        )
        call.own(sip)
        return AgentsLeg(call=call, uuid=str(uuid4()), sip=sip, described=described, offer=self)

    def send(self) -> None:
        """Store each INVITE, then send it."""
        for leg in self.legs:
            self._store_and_send(leg)

    def _store_and_send(self, leg: AgentsLeg) -> None:
        call, told, invite = self._call, self.told, leg.sip.invite.to_json()

        def send(_stored: object) -> None:
            if not leg.over:
                leg.send()
                call.log.info("agent_rung", extension=told.extension, buuid=told.uuid, leg=leg.uuid, call_id=leg.sip.id)

        call.journal.add(
            lambda conn: ledger.add_leg(
                conn, call.stored.uuid, leg.uuid, LegKind.AGENT, invite, told.started_at, offer=told
            ),
            send,
        )

    # --- what its phones say --------------------------------------------------------------------------------------

    def on_ringing(self, leg: AgentsLeg) -> None:
        """A 180 or 183 came: the first of all is his ring."""
        is_first = not self.rang
        leg.rang = True
        if is_first:
            call, told, at = self._call, self.told, self._call.clock.at()
            call.report(lambda conn: call.reports.agent_rings(conn, told, leg.uuid, at))

    def on_answer(self, leg: AgentsLeg, body: bytes) -> bool:
        """A 200 came; False if its description can't be used, and this phone is hung up."""
        try:
            leg.connect(body)
        except sdp.SdpError as error:
            self._call.log.warning("agent_answer_unusable", extension=self.extension, reason=str(error))
            leg.end()
            return False
        self.answered = leg
        return True

    def on_refusal(self, leg: AgentsLeg, status: int, reason: str) -> None:
        """One phone refused; 6xx is said for all of them, who are told so."""
        self._call.log.info(
            "agent_refused", extension=self.extension, leg=leg.uuid, status=status, reason=reason[:MAX_REASON]
        )
        leg.far_end_ended()
        if status >= 600:
            self.end(f"SIP;cause={status}")

    # --- what becomes of it ---------------------------------------------------------------------------------------

    def connect(self, customer: Stream) -> None:
        """Bridge first, then stop the other phones, store the answer, then ACK."""
        call, told, leg, rang = self._call, self.told, self.answered, self.rang
        assert leg is not None
        assert leg.sip.dialog is not None
        customer.bridge(leg.stream)
        self._connected = leg.rang = True
        self._end_all_but(leg, COMPLETED_ELSEWHERE)
        at, dialog = call.clock.at(), leg.sip.dialog.to_json()

        def stored(_stored: object) -> None:
            leg.ack()
            call.parts.wake_sender()

        call.journal.add(lambda conn: call.reports.agent_answered(conn, told, leg.uuid, dialog, at, rang=rang), stored)
        call.log.info("agent_connected", extension=told.extension, leg=leg.uuid)

    def end(self, reason: str = "") -> None:
        """End each leg that lives, by CANCEL with this reason or BYE."""
        self._end_all_but(None, reason)

    def _end_all_but(self, kept: AgentsLeg | None, reason: str) -> None:
        for leg in self.legs:
            if leg is not kept:
                leg.end(reason)

    def store_end(self, leg: AgentsLeg, *, confirmed: bool) -> None:
        """Store that a leg has ended, and with the last of them his `hangup` if he rang."""
        call, told, at, rang, uuid = self._call, self.told, self._call.clock.at(), self.rang, leg.uuid
        if self.over:
            call.report(lambda conn: call.reports.agent_ended(conn, told, [uuid], at, rang=rang, confirmed=confirmed))
        else:
            call.journal.add(lambda conn: ledger.leg_ended(conn, uuid, at, confirmed=confirmed))

    def give_back(self, leg: AgentsLeg) -> None:
        """The far end is done with a leg; with the last of them the agent is free."""
        if self._connected and leg is self.answered:
            self._talked_until = self._call.clock.now()
        self._given_back += 1
        if self._given_back == len(self.legs):
            self._call.parts.agents.give_back(self.extension, self._talked_until)
            self.legs, self.answered = [], None  # they and the offer hold each other
