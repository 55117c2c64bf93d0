"""The agents' side of a call: whom a group's offer rings, who answers, and what is reported of each leg."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

from playvoice.calls import ledger
from playvoice.calls import script as s
from playvoice.calls.agents import Choice, Wake
from playvoice.calls.ledger import AgentLeg
from playvoice.calls.legs import Call, Leg, release
from playvoice.calls.ports import Phone
from playvoice.calls.tables import LegKind
from playvoice.config import Dtmf
from playvoice.media import sdp
from playvoice.media.client import MediaError, MediaEvent, Stream
from playvoice.media.protocol import Silent
from playvoice.sip import (
    COMPLETED_ELSEWHERE,
    URI,
    Address,
    Answered,
    CallEnded,
    Challenged,
    Event,
    Failed,
    Provisional,
    Rejected,
)


@dataclass(slots=True, eq=False, kw_only=True)
class AgentsLeg(Leg):
    """An INVITE to an agent's phone. `rang` says that its `ring` was reported."""

    report: AgentLeg
    connected: bool = False

    def give_back(self) -> None:
        talked_until = self.call.clock.now() if self.connected else None
        self.call.parts.agents.give_back(self.report.extension, talked_until)

    def store_end(self, *, confirmed: bool) -> None:
        """Store that the leg has ended, and its `hangup` if it rang."""
        call, report, at, rang = self.call, self.report, self.call.clock.at(), self.rang
        call.report(lambda conn: call.reports.agent_ended(conn, report, at, rang=rang, confirmed=confirmed))
        call.spawn(self.release())


class Transfer:
    """The agents' legs of one call, at most one of which is ever connected."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._legs: dict[str, AgentsLeg] = {}
        self._passed: set[str] = set()
        """Agents who had their turn since it began with the first."""
        self._wake: Wake = call.guard(self._on_free_agent)

    def extension(self, leg: str) -> str:
        """The agent of this leg, empty if there is none."""
        return self._legs[leg].report.extension if leg in self._legs else ""

    @property
    def streams(self) -> list[Stream]:
        """The streams of the legs that live."""
        return [leg.stream for leg in self._legs.values() if not leg.over]

    # --- what the script wants ------------------------------------------------------------------------------------

    def offer(self, group: str, *, again: bool) -> None:
        """Ring the free members of the group whose turn it is; `again`: it begins with the first."""
        call, company_code = self._call, self._call.stored.company_code
        if again:
            self._passed.clear()
        call.parts.agents.wait(self._wake, company_code, group)
        choice = call.parts.agents.choose(company_code, group, self._passed, self._wake)
        self._passed.update(phone.extension for phone in choice.phones)
        if choice.phones:
            call.spawn(self._ring(choice))
        elif choice.registered:
            self._offered([], choice)
        else:
            call.log.info("nobody_registered", group=group)
            call.do(call.script.nobody_registered())

    def _on_free_agent(self, extension: str) -> None:
        if extension not in self._passed:
            self._call.do(self._call.script.agent_is_free())

    def withdraw(self, winner: str | None = None) -> None:
        """End every leg but that of `winner`, whose call the others shall not show as missed."""
        reason = "" if winner is None else COMPLETED_ELSEWHERE
        for leg in list(self._legs.values()):
            if leg.uuid != winner and not leg.over:
                leg.end(reason)
                self._call.do(self._call.script.agent_ended(leg.uuid))

    def connect(self, name: str, customer: Stream) -> None:
        """Bridge first, then store the answer, then ACK."""
        call, leg = self._call, self._legs[name]
        assert leg.sip.dialog is not None
        call.parts.agents.leave(self._wake)
        customer.bridge(leg.stream)
        leg.rang = leg.connected = True
        at, dialog, report = call.clock.at(), leg.sip.dialog.to_json(), leg.report

        def stored(_stored: object) -> None:
            leg.ack()
            call.parts.wake_sender()

        call.journal.add(lambda conn: call.reports.agent_answered(conn, report, dialog, at), stored)
        call.log.info("agent_connected", extension=leg.report.extension)

    def end(self, name: str) -> None:
        """End this leg."""
        self._legs[name].end()

    def end_all(self) -> None:
        self._call.parts.agents.leave(self._wake)
        for leg in list(self._legs.values()):
            leg.end()

    # --- ringing --------------------------------------------------------------------------------------------------

    async def _ring(self, choice: Choice) -> None:
        """Ring those agents for whom there is a stream."""
        made = await asyncio.gather(*(self._make_leg(phone) for phone in choice.phones))
        legs = [leg for leg in made if leg is not None]
        self._legs |= {leg.uuid: leg for leg in legs}
        call = self._call
        if call.script.state is s.State.TRANSFERRING:
            for leg in legs:
                self._store_and_send(leg)
        self._offered(legs, choice)

    def _offered(self, legs: list[AgentsLeg], choice: Choice) -> None:
        call, times = self._call, s.GroupTimes(choice.ring_time, choice.max_wait)
        call.do(call.script.offered(frozenset(leg.uuid for leg in legs), times, call.clock.now()))

    async def _make_leg(self, phone: Phone) -> AgentsLeg | None:
        """A leg with a stream of its own; None where that can't be had, and the agent is free again."""
        call = self._call
        stream = None
        try:
            stream = await call.parts.media.reserve(call.guard(self._on_media))
            return self._prepare(phone, stream)
        except MediaError as error:
            call.log.error("no_rtp_port", extension=phone.extension, reason=str(error))
        except Exception:
            call.log.exception("agent_not_rung", extension=phone.extension)
        call.parts.agents.give_back(phone.extension)
        if stream is not None:
            await release(stream)
        return None

    def _prepare(self, phone: Phone, stream: Stream) -> AgentsLeg:
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
        call.parts.owners.own(sip, call.owner)
        report = AgentLeg(str(uuid4()), phone.extension, call.clock.at())
        return AgentsLeg(
            call=call,
            uuid=report.uuid,
            sip=sip,
            described=described,
            report=report,
        )

    def _store_and_send(self, leg: AgentsLeg) -> None:
        report, uuid, invite = leg.report, self._call.stored.uuid, leg.sip.invite.to_json()

        def send(_stored: object) -> None:
            if not leg.over:
                leg.send()
                self._call.log.info("agent_rung", extension=report.extension, buuid=leg.uuid)

        self._call.journal.add(
            lambda conn: ledger.add_leg(
                conn, uuid, report.uuid, LegKind.AGENT, invite, report.started_at, extension=report.extension
            ),
            send,
        )

    # --- what comes back ------------------------------------------------------------------------------------------

    def on_sip(self, sip: object, event: Event) -> None:
        """Take an event of one of the legs."""
        leg = next((leg for leg in self._legs.values() if leg.sip is sip), None)
        if leg is None:
            return
        call = self._call
        match event:
            case Provisional(status=status) if status in (180, 183) and not leg.rang:
                self._on_ringing(leg)
            case Answered(body=body):
                self._on_answer(leg, body)
            case Rejected(status=422) if leg.sip.lengthen():
                leg.send_again()
            case Rejected() | Failed() | CallEnded() | Challenged():
                leg.far_end_ended()
                call.do(call.script.agent_ended(leg.uuid))
            case _:
                leg.on_session(event)

    def _on_ringing(self, leg: AgentsLeg) -> None:
        call, report, at = self._call, leg.report, self._call.clock.at()
        leg.rang = True
        call.report(lambda conn: call.reports.agent_rings(conn, report, at))

    def _on_answer(self, leg: AgentsLeg, body: bytes) -> None:
        call = self._call
        try:
            leg.connect(body)
        except sdp.SdpError as error:
            call.log.warning("agent_answer_unusable", extension=leg.report.extension, reason=str(error))
            leg.end()
            call.do(call.script.agent_ended(leg.uuid))
            return
        call.do(call.script.agent_answered(leg.uuid, call.clock.now()))

    def _on_media(self, event: MediaEvent) -> None:
        if isinstance(event, Silent):
            self._call.do(self._call.script.silent())
