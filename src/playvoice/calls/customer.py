"""The customer's side of a call: the INVITE over one address and trunk after the other, the answer, what is played."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from playvoice.calls import ledger
from playvoice.calls import script as s
from playvoice.calls.causes import Next, Refusal, refusal_of
from playvoice.calls.keys import Presses, Way
from playvoice.calls.legs import MAX_REASON, Call, Leg, Passes, release
from playvoice.calls.tables import LegKind
from playvoice.calls.targets import Targets
from playvoice.codes import HangupCause as Cause
from playvoice.config import RecordPolicy
from playvoice.lines.targets import MAX_RETRY_AFTER, Tried
from playvoice.lines.trunk import Trunk
from playvoice.media import sdp
from playvoice.media.client import MediaEvent, Stream
from playvoice.media.protocol import KeyPressed, PlaybackEnded, PlaybackFailed, Silent
from playvoice.sip import (
    Answered,
    CallEnded,
    CallState,
    Challenged,
    Event,
    Failed,
    Flow,
    Provisional,
    Rejected,
    Response,
    Why,
)
from playvoice.sip.call import q850_cause
from playvoice.sip.digest import read_challenges
from playvoice.sip.seconds import retry_after
from playvoice.voices import Voice

NO_CREDENTIALS = "it wants a user name and password, and the trunk has none"
CREDENTIALS_REFUSED = "the trunk's username and password were not taken"
NOT_SPOKEN = "it wants neither Digest with MD5 nor with SHA-256, or not with qop auth"
"""Said of a challenge that no credentials of ours can answer."""
LOOK_AGAIN = 0.1
"""Seconds between two looks for a place on the next trunk."""
_NEXT_AFTER = {Why.TRANSPORT: Next.ADDRESS, Why.TIMEOUT: Next.NOTHING}
"""What is tried where there was no final answer."""


@dataclass(slots=True, eq=False, kw_only=True)
class CustomerLeg(Leg):
    """An INVITE over one trunk."""

    trunk: Trunk
    address: Flow
    """The trunk's address that was chosen for it."""
    targets: Targets
    heard: bool = False
    """Its far end has said something, if only that it wants credentials."""

    @property
    def flow(self) -> Flow:
        """Where it goes: to that address, or to where it was redirected."""
        return self.sip.invite.flow

    def give_back(self) -> None:
        self.call.parts.routes.give_back(self.trunk)


class Customer:
    """The customer of one call. All its legs share one stream, since only the last one can be answered."""

    def __init__(self, call: Call, stream: Stream, passes: Passes) -> None:
        self._call = call
        self._passes = passes
        self.stream = stream
        stream.on_event = call.guard(self._on_media)
        self._leg: CustomerLeg | None = None
        self._tried = Tried()
        self._presses = Presses()
        self.started_at: datetime | None = None
        """The first INVITE."""
        self.answered_at: datetime | None = None
        self.recorded = False

    @property
    def trunk(self) -> str:
        """The name of the trunk that the last INVITE goes over, empty before the first."""
        return "" if self._leg is None else self._leg.trunk.name

    @property
    def is_ringing(self) -> bool:
        """Whether there was a 180 or 183."""
        return self._leg is not None and self._leg.rang

    # --- dialling -------------------------------------------------------------------------------------------------

    def dial(self, trunk: Trunk, flow: Flow, claimed: Callable[[bool], None]) -> None:
        """Store the first INVITE, and with it that the call is ours; `claimed` hears whether it is."""
        leg = self._prepare(trunk, flow)
        uuid, name, invite, clock = self._call.stored.uuid, leg.uuid, leg.sip.invite.to_json(), self._call.clock
        self._call.journal.add(
            lambda conn: ledger.claim(conn, uuid, name, trunk.name, invite, clock.at()),  # it may have waited for long
            claimed,
        )

    def send(self) -> None:
        """Send the first INVITE, which is stored."""
        assert self._leg is not None
        self.started_at = self._call.clock.at()
        self._send(self._leg)

    def _dial_again(self, trunk: Trunk, flow: Flow) -> None:
        leg = self._prepare(trunk, flow)
        uuid, name, invite, clock = self._call.stored.uuid, leg.uuid, leg.sip.invite.to_json(), self._call.clock
        self._call.journal.add(
            lambda conn: ledger.add_leg(conn, uuid, name, LegKind.CUSTOMER, invite, clock.at(), trunk=trunk.name),
            lambda _stored: self._send(leg),
        )

    def _prepare(self, trunk: Trunk, flow: Flow) -> CustomerLeg:
        """The next leg, over a trunk whose place is taken."""
        try:
            self._leg = self._make_leg(trunk, flow)
        except Exception:
            self._call.parts.routes.give_back(trunk)
            raise
        self._call.own(self._leg.sip)
        return self._leg

    def _make_leg(self, trunk: Trunk, flow: Flow) -> CustomerLeg:
        call = self._call
        described = call.describe(self.stream, trunk.codecs, flow, trunk.dtmf)
        target = trunk.request_uri(call.stored.destnumber)
        sip = call.parts.sip.agent.prepare_invite(
            target=target,
            flow=flow,
            from_=trunk.from_address(call.stored.disnumber),
            body=described.last,
            route=trunk.route,
            headers=trunk.headers(call.stored.disnumber),
            credentials=trunk.credentials,
        )
        return CustomerLeg(
            call=call,
            uuid=str(uuid4()),
            sip=sip,
            described=described,
            trunk=trunk,
            address=flow,
            targets=Targets(trunk, target, flow),
        )

    def _send(self, leg: CustomerLeg) -> None:
        call, trunk = self._call, leg.trunk
        if leg.over:
            return
        leg.send()
        call.log.info(
            "invite_sent",
            trunk=trunk.name,
            address=str(leg.flow),
            destnumber=call.stored.destnumber,
            call_id=leg.sip.id,
        )
        if call.parts.routes.is_silent(trunk, leg.flow, call.clock.now()):
            asyncio.get_running_loop().call_later(trunk.trunk_timeout, call.guard(self._on_silent_trunk), leg)

    def _on_silent_trunk(self, leg: CustomerLeg) -> None:
        """An address that has been silent has not answered this call either."""
        if self._waits(leg):
            self._call.parts.routes.failed(leg.trunk, leg.flow, self._call.clock.now())
            self._look_elsewhere(leg)

    def _look_elsewhere(self, leg: CustomerLeg) -> None:
        """Leave a silent address as soon as another one has room; Timer B ends what nobody has room for."""
        if not self._waits(leg):
            return
        call, tried = self._call, self._tried.and_address(leg.trunk.name, leg.address)
        found = call.parts.routes.take(call.company.trunks, tried, call.clock.now())
        if found is None:
            asyncio.get_running_loop().call_later(LOOK_AGAIN, call.guard(self._look_elsewhere), leg)
        else:
            call.log.warning("trunk_silent", trunk=leg.trunk.name, address=str(leg.flow))
            self._tried = tried
            leg.end()
            self._dial_again(*found)

    def _waits(self, leg: CustomerLeg) -> bool:
        """Whether nothing has come back to this leg's INVITE yet."""
        return leg is self._leg and not leg.over and not leg.heard and leg.sip.state is CallState.CALLING

    def _dial_next(self, cause: Cause) -> None:
        """Dial where it was not tried yet, as soon as there is a place; end the call for this cause if that is nowhere.

        Until then nothing is dialled: `waittime` goes on.
        """
        call, routes, names = self._call, self._call.parts.routes, self._call.company.trunks
        if call.script.state is not s.State.DIALLING:
            return
        found = routes.take(names, self._tried, call.clock.now())
        if found is not None:
            self._dial_again(*found)
        elif routes.remain(names, self._tried, call.clock.now()):
            asyncio.get_running_loop().call_later(LOOK_AGAIN, call.guard(self._dial_next), cause)
        else:
            call.do(call.script.refused(cause))

    # --- what comes back ------------------------------------------------------------------------------------------

    def owns(self, sip: object) -> bool:
        return self._leg is not None and self._leg.sip is sip

    def on_sip(self, event: Event) -> None:
        """Take an event of the leg."""
        call, leg = self._call, self._leg
        assert leg is not None
        if not isinstance(event, Failed):
            leg.heard = True
            call.parts.routes.heard(leg.trunk, leg.flow, call.clock.now())
        match event:
            case Provisional(status=status):
                leg.rang = leg.rang or status in (180, 183)
            case Answered(body=body):
                self._on_answer(leg, body)
            case Challenged(response=response):
                self._on_challenge(leg, response)
            case Rejected(status=422) if leg.sip.lengthen():
                leg.send_again()
            case Rejected() if self._is_redirected(leg, event):
                leg.send_again()
            case Rejected(status=status, reason=reason, q850=q850):
                self._tell_refusal(leg, status, reason, q850)
                if status == 403:
                    call.parts.routes.may_have_forgotten(leg.trunk, call.clock.now())
                self._on_refusal(leg, refusal_of(status, q850), retry_after(event.response, MAX_RETRY_AFTER))
            case Failed(why=why):
                call.log.info("customer_unreached", trunk=leg.trunk.name, address=str(leg.flow), why=why.value)
                if why is Why.TIMEOUT and not leg.rang:
                    call.parts.routes.failed(leg.trunk, leg.flow, call.clock.now())
                self._on_refusal(leg, Refusal(Cause.LINE_FAILURE, _NEXT_AFTER[why]))
            case CallEnded():
                leg.far_end_ended()
                call.do(call.script.customer_hung_up())
            case _:
                leg.on_session(event)

    def _on_answer(self, leg: CustomerLeg, body: bytes) -> None:
        call = self._call
        try:
            negotiated = leg.connect(body)
        except sdp.SdpError as error:
            call.log.warning("answer_unusable", reason=str(error))
            call.do(call.script.refused(Cause.LINE_FAILURE))
            return
        self.answered_at = at = call.clock.at()
        if call.company.record is not RecordPolicy.NEVER:
            self.stream.record(call.parts.recordings.raw(call.stored.uuid))
            self.recorded = True
        call.do(call.script.answered(call.clock.now()))  # the first audio does not wait for the commit, the ACK does
        assert leg.sip.dialog is not None
        uuid, name, dialog = call.stored.uuid, leg.uuid, leg.sip.dialog.to_json()
        call.journal.add(lambda conn: ledger.customer_answered(conn, uuid, name, dialog, at), lambda _stored: leg.ack())
        call.log.info("customer_answered", codec=negotiated.codec.name, keys=leg.described.keys)

    def _on_challenge(self, leg: CustomerLeg, response: Response) -> None:
        if leg.sip.authorize():
            leg.send_again()
            return
        if leg.trunk.credentials is None:
            told = NO_CREDENTIALS
        else:
            told = CREDENTIALS_REFUSED if read_challenges(response) else NOT_SPOKEN
        q850 = q850_cause(response)
        self._tell_refusal(leg, response.code, f"{response.phrase[: MAX_REASON - len(told) - 2]}: {told}", q850)
        self._on_refusal(leg, refusal_of(response.code, q850))

    def _tell_refusal(self, leg: CustomerLeg, status: int, reason: str, q850: int | None) -> None:
        self._call.log.info(
            "customer_refused", trunk=leg.trunk.name, status=status, reason=reason[:MAX_REASON], q850=q850
        )

    def _is_redirected(self, leg: CustomerLeg, event: Rejected) -> bool:
        """Whether the leg goes on to another target that its trunk named; never where the callee was reached."""
        leg.targets.add(event.response)
        target = None if leg.rang or event.status >= 600 else leg.targets.next()
        if target is None:
            return False
        self._call.log.info("redirected", trunk=leg.trunk.name, status=event.status, target=str(target[0]))
        leg.sip.redirect(*target)
        self._call.parts.routes.begin_again(leg.trunk, self._call.clock.now())
        return True

    def _on_refusal(self, leg: CustomerLeg, refusal: Refusal, closed_for: float = 0.0) -> None:
        """Go on with an address or trunk that was not tried, or end the call; `closed_for` seconds leave this one."""
        leg.far_end_ended()
        if leg.rang or refusal.next is Next.NOTHING:
            self._call.do(self._call.script.refused(refusal.cause))
            return
        if refusal.next is Next.ADDRESS:
            self._call.parts.routes.failed(leg.trunk, leg.flow, self._call.clock.now(), closed_for)
            self._tried = self._tried.and_address(leg.trunk.name, leg.address)
        else:
            self._tried = self._tried.and_trunk(leg.trunk.name)
        self._dial_next(refusal.cause)

    def _on_media(self, event: MediaEvent) -> None:
        call = self._call
        match event:
            case KeyPressed(key=key):
                self._on_key(key, Way.RTP)
            case PlaybackEnded():
                call.do(call.script.voice_over(call.clock.now()))
            case PlaybackFailed(reason=reason):
                call.log.error("playback_failed", reason=reason)
                call.do(call.script.cut())
            case Silent():
                call.do(call.script.silent())

    def on_info_key(self, key: str, lasted: float) -> None:
        """A key came by INFO that was held down for so many seconds."""
        if self._leg is not None and self._leg.described.takes_info:
            self._on_key(key, Way.INFO, lasted)

    def _on_key(self, key: str, way: Way, lasted: float = 0.0) -> None:
        now = self._call.clock.now()
        if self._presses.counts(key, way, now, lasted):
            self._call.log.info("key_pressed", key=key, way=self._name_of(way))
            self._passes(key, way is Way.RTP)
            self._call.do(self._call.script.key(key, now))

    def _name_of(self, way: Way) -> str:
        """How a key came, to the word."""
        if way is Way.INFO:
            return "INFO"
        takes_events = self._leg is not None and self._leg.described.takes_telephone_events
        return "telephone-event" if takes_events else "tone"

    def press(self, key: str, *, relayed: bool) -> None:
        """The agent pressed a key."""
        if self._leg is not None:
            self._leg.press(key, relayed=relayed)

    # --- what the script wants ------------------------------------------------------------------------------------

    def play(self, voice: Voice, *, loop: bool = False) -> None:
        self.stream.play(voice.files, loop=loop)

    async def release(self) -> None:
        """Give the stream back; what it did is the last leg's."""
        await (release(self.stream) if self._leg is None else self._leg.release())

    def end(self) -> None:
        """CANCEL or BYE, whichever ends it."""
        leg = self._leg
        if leg is None:
            return
        if self._waits(leg):  # a callee who does not answer is something else than a trunk that does not
            self._call.log.warning("trunk_said_nothing", trunk=leg.trunk.name, address=str(leg.flow))
        leg.end()
