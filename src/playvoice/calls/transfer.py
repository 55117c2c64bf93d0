"""The agents' side of a call: whom a group's offers ring, and who of them answers."""

import asyncio

from playvoice.calls import script as s
from playvoice.calls.agents import Choice, Wake
from playvoice.calls.legs import Call, Passes
from playvoice.calls.offers import AgentsLeg, Offer
from playvoice.media.client import MediaEvent, Stream
from playvoice.media.protocol import KeyPressed, Silent
from playvoice.sip import (
    COMPLETED_ELSEWHERE,
    Answered,
    CallEnded,
    Challenged,
    Event,
    Failed,
    Provisional,
    Rejected,
)


class Transfer:
    """The offers of one call to agents, at most one of which is ever connected."""

    def __init__(self, call: Call, passes: Passes) -> None:
        self._call = call
        self._passes = passes
        self._talking: AgentsLeg | None = None
        self._offers: dict[str, Offer] = {}
        self._passed: set[str] = set()
        """Agents who had their turn since it began with the first."""
        self._wake: Wake = call.guard(self._on_free_agent)

    @property
    def spoke(self) -> str:
        """The agent who was connected with the customer, empty if none was."""
        return "" if self._talking is None else self._talking.offer.extension

    @property
    def extensions(self) -> tuple[str, ...]:
        """The agents whose phones ring or talk."""
        return tuple(offer.extension for offer in self._offers.values() if not offer.over)

    @property
    def streams(self) -> list[Stream]:
        """The streams of the legs that live."""
        return [leg.stream for leg in self._legs if not leg.over]

    @property
    def _legs(self) -> list[AgentsLeg]:
        return [leg for offer in self._offers.values() for leg in offer.legs]

    # --- what the script wants ------------------------------------------------------------------------------------

    def offer(self, group: str, *, again: bool) -> None:
        """Ring the free members of the group whose turn it is; `again`: it begins with the first."""
        call, company_code = self._call, self._call.stored.company_code
        if again:
            self._passed.clear()
        call.parts.agents.wait(self._wake, company_code, group)
        choice = call.parts.agents.choose(company_code, group, self._passed, self._wake)
        self._passed.update(agent.extension for agent in choice.agents)
        if choice.agents:
            call.spawn(self._ring(choice))
        elif choice.registered:
            call.log.info("no_agent_free", group=group)
            self._offered([], choice)
        else:
            call.log.info("nobody_registered", group=group)
            call.do(call.script.nobody_registered())

    def _on_free_agent(self, extension: str) -> None:
        if extension not in self._passed:
            self._call.do(self._call.script.agent_is_free())

    def withdraw(self, winner: str | None = None) -> None:
        """End every offer but that to `winner`, whose call the others shall not show as missed."""
        reason = "" if winner is None else COMPLETED_ELSEWHERE
        for offer in list(self._offers.values()):
            if offer.uuid != winner and not offer.over:
                self._call.log.info("agent_withdrawn", extension=offer.extension, buuid=offer.uuid)
                offer.end(reason)
                self._call.do(self._call.script.agent_ended(offer.uuid))

    def connect(self, name: str, customer: Stream) -> None:
        """Let customer and agent hear each other."""
        self._call.parts.agents.leave(self._wake)
        self._offers[name].connect(customer)
        self._talking = self._offers[name].answered

    def end(self, name: str) -> None:
        """End this offer."""
        self._offers[name].end()

    def end_all(self) -> None:
        self._call.parts.agents.leave(self._wake)
        for offer in list(self._offers.values()):
            offer.end()

    def let_go(self) -> None:
        """Hold on to nothing any more: the call is over, and no agent wakes it."""
        self._wake = _nobody

    # --- ringing --------------------------------------------------------------------------------------------------

    async def _ring(self, choice: Choice) -> None:
        """Ring those agents for whom there is a stream."""
        call, on_media = self._call, self._call.guard(self._on_media)
        made = await asyncio.gather(*(Offer.prepare(call, agent, on_media) for agent in choice.agents))
        offers = [offer for offer in made if offer is not None]
        self._offers |= {offer.uuid: offer for offer in offers}
        if call.script.state is s.State.TRANSFERRING:
            for offer in offers:
                offer.send()
        self._offered(offers, choice)

    def _offered(self, offers: list[Offer], choice: Choice) -> None:
        call, times = self._call, s.GroupTimes(choice.ring_time, choice.max_wait)
        call.do(call.script.offered(frozenset(offer.uuid for offer in offers), times, call.clock.now()))

    # --- what comes back ------------------------------------------------------------------------------------------

    def on_sip(self, sip: object, event: Event) -> None:
        """Take an event of one of the legs."""
        leg = next((leg for leg in self._legs if leg.sip is sip), None)
        if leg is None:
            return
        call, offer = self._call, leg.offer
        match event:
            case Provisional(status=status) if status in (180, 183):
                offer.on_ringing(leg)
            case Answered(body=body):
                if offer.on_answer(leg, body):
                    call.do(call.script.agent_answered(offer.uuid, call.clock.now()))
            case Rejected(status=422) if leg.sip.lengthen():
                leg.send_again()
            case Rejected(status=status, reason=reason):
                offer.on_refusal(leg, status, reason)
            case Failed(why=why):
                call.log.info("agent_unreached", extension=offer.extension, leg=leg.uuid, why=why.value)
                leg.far_end_ended()
            case CallEnded() | Challenged():
                leg.far_end_ended()
            case _:
                leg.on_session(event)
        if offer.over:
            call.do(call.script.agent_ended(offer.uuid))

    def on_info_key(self, key: str) -> None:
        """A key came by INFO."""
        if self._talking is not None and not self._talking.described.takes_telephone_events:
            self._passes(key, False)

    def press(self, key: str, *, relayed: bool) -> None:
        """The customer pressed a key."""
        if self._talking is not None:
            self._talking.press(key, relayed=relayed)

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case KeyPressed(key=key):
                self._passes(key, True)
            case Silent():
                self._call.do(self._call.script.silent())


def _nobody(_extension: str) -> None:
    """Nobody waits for a free agent."""
