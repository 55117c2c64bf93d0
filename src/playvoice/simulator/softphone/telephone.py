"""The line of the phone: at most one call at a time, made or taken. Without I/O; the time is passed in::

              INVITE                answer                  hold
    IDLE ───────────────> RINGING ──────────────> TALKING <──────> HOLDING
     │                       └ reject · CANCEL: IDLE   └──── BYE of either side: IDLE
     └── dial ──> CALLING ── 2xx ─────────────────^
                     ├ refused, silence: IDLE
                     └ hang_up: CANCEL ──> ENDING ── 487, or a 2xx that crossed it (BYE): IDLE

A second call that comes in gets 486. Commands that do not fit the state are a :class:`NotNow`, and change nothing.
"""

from collections.abc import Callable
from functools import partial
from random import Random

from playvoice.media.sdp import SdpError
from playvoice.media.telephone_event import is_key
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.softphone.key_way import KeyWay
from playvoice.simulator.softphone.manner import Manner
from playvoice.simulator.softphone.notebook import Notebook
from playvoice.simulator.softphone.status import State, Status
from playvoice.simulator.softphone.talk import Talk, summary
from playvoice.simulator.softphone.terms import Terms
from playvoice.simulator.softphone.voice import MakeVoice
from playvoice.sip import (
    URI,
    Acknowledged,
    Address,
    Answered,
    Call,
    CallEnded,
    Cancelled,
    Challenged,
    Credentials,
    Event,
    Failed,
    Flow,
    IncomingCall,
    IncomingCallReceived,
    InfoRefused,
    OutgoingCall,
    Provisional,
    Rejected,
    RequestInCall,
    RequestReceived,
    SessionAnswered,
    SessionChange,
    SessionChangeReceived,
    SessionRefused,
    UserAgent,
    Why,
)
from playvoice.sip.body import description_of
from playvoice.sip.info import DTMF_TYPES, answer_to, body_of, key_of
from playvoice.sip.message import from_of, to_of

BUSY, DECLINE, NOT_ACCEPTABLE, TEMPORARILY_UNAVAILABLE = 486, 603, 488, 480
_SILENCE = {Why.TIMEOUT: "no answer", Why.TRANSPORT: "no connection"}
_ADVICE = {
    401: "check user and password",
    403: "check user and password, and what this account may call",
    404: "check the number",
    407: "check user and password",
    488: "no common codec: try --codecs PCMU,PCMA, or look at what the far end allows",
}
"""What to do about some refusals."""


class NotNow(SimulatorError):
    """What was asked for does not fit what the phone is doing."""


class Telephone:
    """Give it the events of its user agent, the commands of its user, and the time."""

    def __init__(
        self, agent: UserAgent, manner: Manner, make_voice: MakeVoice, notebook: Notebook, random: Random
    ) -> None:
        self._agent = agent
        self._manner = manner
        self._make_voice = make_voice
        self._notebook = notebook
        self._random = random
        self._talk: Talk | None = None
        self._leaving: set[Call] = set()
        """Calls whose BYE or CANCEL is not confirmed yet."""
        self.state = State.IDLE
        self.calls = 0
        """That are over, whatever came of them."""
        self.failure = ""
        """Why the last one was not had, or did not end normally; empty if it was and did, or none was."""

    def __repr__(self) -> str:
        return f"<Telephone {self.state}>"

    @property
    def is_quiet(self) -> bool:
        """Nothing is left to be said to any far end."""
        return self._talk is None and not self._leaving

    def status(self, now: float) -> Status:
        """The line as it is now."""
        talk = self._talk
        if talk is None:
            return Status(State.IDLE)
        negotiated = talk.terms.negotiated
        return Status(
            self.state,
            talk.peer,
            now - (talk.answered_at or talk.since),
            negotiated.codec.name if negotiated is not None else "",
            talk.terms.is_held,
            figures=talk.voice.figures(now),
        )

    # --- time -----------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        return self._talk.next_deadline() if self._talk is not None else None

    def handle_deadline(self, now: float) -> None:
        """Do what is due."""
        while self._talk is not None and (action := self._talk.take_due(now)) is not None:
            action(now)

    # --- what the user does ---------------------------------------------------------------------------------------

    def dial(self, now: float, target: URI, flow: Flow, from_: Address, credentials: Credentials | None = None) -> None:
        """Call somebody."""
        self._need(State.IDLE, why="there is a call already")
        talk = self._prepare(
            flow,
            target.user or str(target),
            now,
            lambda terms: self._agent.prepare_invite(
                target=target, flow=flow, from_=from_, body=terms.offer(), credentials=credentials
            ),
        )
        assert isinstance(talk.call, OutgoingCall)
        self.state = State.CALLING
        self._write("calling", to=str(target))
        talk.call.send(now)

    def answer(self, now: float) -> None:
        """Take the call that rings."""
        self._need(State.RINGING, why="no call rings")
        talk = self._talk
        assert talk is not None
        assert isinstance(talk.call, IncomingCall)
        offer = description_of(talk.call.request)
        try:
            body = talk.terms.answer(offer) if offer else talk.terms.offer()
        except SdpError as error:
            self.reject(now, NOT_ACCEPTABLE, str(error))
            return
        talk.call.answer(now, body)
        self._answered(talk, now)

    def reject(self, now: float, status: int = DECLINE, why: str = "") -> None:
        """Refuse the call that rings."""
        self._need(State.RINGING, why="no call rings")
        talk = self._talk
        assert talk is not None
        assert isinstance(talk.call, IncomingCall)
        talk.call.reject(now, status)
        self._end(now, "rejected", failure=why, status=status, **({"why": why} if why else {}))

    def hang_up(self, now: float) -> None:
        """End what there is: a call that rings is refused, one that goes out cancelled."""
        talk = self._talk
        if talk is None:
            raise NotNow("there is no call to hang up")
        if self.state is State.RINGING:
            self.reject(now)
        elif self.state is State.CALLING:
            assert isinstance(talk.call, OutgoingCall)
            self.state = State.ENDING
            talk.forget_timers()
            talk.call.cancel(now)
        elif self.state is not State.ENDING:
            self._leaving.add(talk.call)
            talk.call.bye(now)
            self._over(now, "us")

    def press(self, now: float, keys: str) -> None:
        """Press keys in the call; what is no key of a telephone is a NotNow, as is a way that the far end has not."""
        self._need(State.TALKING, State.HOLDING, why="no call is there to press keys in")
        talk = self._talk
        assert talk is not None
        if not all(is_key(key) for key in keys):
            raise NotNow(f"{keys!r} are no keys of a telephone")
        keys = keys.upper()
        way = self._key_way(talk)
        if way is KeyWay.INFO:
            for key in keys:
                talk.call.inform(now, body_of(key), DTMF_TYPES[0])
        elif way is KeyWay.EVENTS:
            talk.voice.press(keys)
        else:
            talk.voice.press_tones(keys)
        talk.pressed(keys)
        self._write("key_sent", keys=keys, way=str(way))

    def _key_way(self, talk: Talk) -> KeyWay:
        negotiated, wanted = talk.terms.negotiated, self._manner.keys
        has_events = negotiated is not None and negotiated.telephone_event is not None
        if wanted is KeyWay.AUTO:
            return KeyWay.EVENTS if has_events else KeyWay.TONES
        if wanted is KeyWay.EVENTS and not has_events:
            raise NotNow("the far end takes no telephone-events: try --keys info or --keys tones")
        return wanted

    def hold(self, now: float) -> None:
        """Hold the call, or take it up again; the far end is asked (RFC 3264 section 8.4)."""
        self._need(State.TALKING, State.HOLDING, why="no call is there to hold")
        talk = self._talk
        assert talk is not None
        talk.terms.holding = not talk.terms.holding
        if not talk.call.session.offer(now, talk.terms.offer()):
            talk.terms.holding = not talk.terms.holding
            raise NotNow("another change of the call is under way: try again")

    def _need(self, *states: State, why: str) -> None:
        if self.state not in states:
            raise NotNow(why)

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_event(self, event: Event, now: float) -> bool:
        """Take an event of the user agent; False for one that is not about a call."""
        match event:
            case IncomingCallReceived(call):
                self._on_incoming(call, now)
            case RequestReceived(request):
                request.respond(200 if request.method == "OPTIONS" else 405, now)
            case CallEnded(call) | Rejected(call) | Failed(call) if call in self._leaving:
                self._leaving.discard(call)
            case (
                Provisional(call)
                | Answered(call)
                | Challenged(call)
                | Rejected(call)
                | Failed(call)
                | CallEnded(call)
                | Cancelled(call)
                | Acknowledged(call)
                | RequestInCall(call)
                | SessionChangeReceived(call)
                | SessionAnswered(call)
                | SessionRefused(call)
                | InfoRefused(call)
            ):
                if self._talk is not None and self._talk.call is call:
                    self._on_call_event(self._talk, event, now)
            case _:
                return False
        return True

    def _on_call_event(self, talk: Talk, event: Event, now: float) -> None:
        match event:
            case Provisional(status=status, body=body):
                self._on_provisional(talk, status, body)
            case Answered(call, body=body):
                self._on_answer(talk, call, body, now)
            case Challenged(call, response=response):
                if self.state is State.CALLING and call.authorize():
                    call.send(now)
                else:
                    self._refused(response.code, response.phrase, now)
            case Rejected(call, status=status, reason=reason):
                if self.state is State.CALLING and status == 422 and call.lengthen():
                    call.send(now)
                else:
                    self._refused(status, reason, now)
            case Failed(why=why):
                self._end(now, "failed", failure=f"the call failed: {_SILENCE[why]}", why=_SILENCE[why])
            case Cancelled():
                self._end(now, "missed", failure="the caller gave up before the answer")
            case Acknowledged(body=body):
                if talk.terms.negotiated is None:
                    self._agree(talk, body, now)
            case CallEnded(unacknowledged=unacknowledged):
                lost = "the call was given up: no ACK came to the answer in 32 s" if unacknowledged else ""
                self._over(now, "nobody" if unacknowledged else "them", failure=lost)
            case RequestInCall(request=request):
                status, headers = answer_to(request.request) if request.method == "INFO" else (200, ())
                request.respond(status, now, headers=headers)
                if request.method == "INFO" and (key := key_of(request.request)) is not None:
                    self._heard_keys(talk, key, "info")
            case SessionChangeReceived(change=change):
                self._on_change(talk, change, now)
            case SessionAnswered(body=body):
                self._on_session_answer(talk, body, now)
            case SessionRefused(status=status):
                talk.terms.holding = self.state is State.HOLDING
                self._write("hold_refused", status=status)
            case InfoRefused(status=status):
                self._write("key_refused", status=status)
            case _:
                pass

    def _on_incoming(self, call: IncomingCall, now: float) -> None:
        caller = from_of(call.request)
        peer = _name(caller)
        if self._talk is not None:
            call.reject(now, BUSY)
            self._notebook.write("busy", peer=peer)
            return
        try:
            talk = self._prepare(call.flow, peer, now, lambda _terms: call)
        except (OSError, SimulatorError) as error:
            call.reject(now, TEMPORARILY_UNAVAILABLE)
            self._notebook.write("busy", peer=peer, why=f"no port for its audio: {error}")
            return
        self.state = State.RINGING
        self._write("incoming", caller=caller.uri.user or "", to=to_of(call.request).uri.user or "")
        if self._manner.reject is not None:
            self.reject(now, self._manner.reject)
            return
        call.ring(now)
        if self._manner.auto_answer is not None:
            talk.at(now + self._manner.auto_answer, self.answer)

    def _on_provisional(self, talk: Talk, status: int, body: bytes) -> None:
        if not talk.rings and status in (180, 183):
            talk.rings = True
            self._write("progress", status=status)
        if body:
            try:
                talk.voice.start(talk.terms.accept(body))
            except SdpError:
                pass  # the 2xx will tell

    def _on_answer(self, talk: Talk, call: OutgoingCall, body: bytes, now: float) -> None:
        if self.state is State.ENDING:  # it crossed our CANCEL
            self._leaving.add(call)
            call.bye(now)
            self._end(now, "cancelled", failure="the call was cancelled before its answer")
            return
        call.ack(now)
        if self._agree(talk, body, now):
            self._answered(talk, now)

    def _agree(self, talk: Talk, body: bytes, now: float) -> bool:
        """Take the answer to our first offer; the call ends where there is none that can be used."""
        try:
            negotiated = talk.terms.accept(body)
        except SdpError as error:
            self._leaving.add(talk.call)
            talk.call.bye(now)
            failure = f"the call was ended: the answer can't be used: {error}"
            if talk.answered_at is None:
                self._end(now, "failed", failure=failure, why=str(error))
            else:
                self._over(now, "us", failure=failure)
            return False
        talk.voice.start(negotiated)
        return True

    def _answered(self, talk: Talk, now: float) -> None:
        negotiated, manner = talk.terms.negotiated, self._manner
        talk.forget_timers()
        talk.answered_at = now
        self.state = State.TALKING
        if negotiated is None:
            self._write("answered")
        else:
            talk.voice.start(negotiated)
            remote = f"{negotiated.remote[0]}:{negotiated.remote[1]}"
            self._write("answered", codec=negotiated.codec.name, rtp=remote)
        talk.voice.begin()
        at = now
        for press in manner.presses:
            at += press.after
            talk.at(at, partial(self._press_by_script, keys=press.keys))
        if manner.hang_up_after is not None:
            talk.at(now + manner.hang_up_after, self.hang_up)

    def _press_by_script(self, now: float, keys: str) -> None:
        try:
            self.press(now, keys)
        except NotNow as error:
            self._write("key_refused", why=str(error))

    def _on_change(self, talk: Talk, change: SessionChange, now: float) -> None:
        was_held = talk.terms.is_held
        try:
            body = talk.terms.answer(change.offer) if change.offer else talk.terms.offer()
        except SdpError as error:
            change.refuse(now)
            self._write("change_refused", why=str(error))
            return
        change.accept(now, body)
        self._changed(talk, was_held)

    def _on_session_answer(self, talk: Talk, body: bytes, now: float) -> None:
        was_held = talk.terms.is_held
        try:
            talk.terms.accept(body)
        except SdpError as error:
            self._write("change_refused", why=str(error))
            return
        self._changed(talk, was_held)
        wanted = State.HOLDING if talk.terms.holding else State.TALKING
        if self.state is not wanted:
            self.state = wanted
            self._write("held" if talk.terms.holding else "resumed", by="us")

    def _changed(self, talk: Talk, was_held: bool) -> None:
        if talk.terms.negotiated is not None:
            talk.voice.start(talk.terms.negotiated)
        if talk.terms.is_held != was_held:
            self._write("held" if talk.terms.is_held else "resumed", by="them")

    def _heard_keys(self, talk: Talk, keys: str, way: str) -> None:
        talk.heard(keys)
        self._write("key_heard", keys=keys, way=way)

    # --- how a call begins and ends -------------------------------------------------------------------------------

    def _prepare(self, flow: Flow, peer: str, now: float, make_call: Callable[[Terms], Call]) -> Talk:
        """Give a call its audio; OSError where no port can be had."""

        def heard(keys: str, way: str) -> None:
            if self._talk is talk:
                self._heard_keys(talk, keys, way)

        voice = self._make_voice(flow.remote[0], heard)
        with_events = self._manner.keys is not KeyWay.TONES  # else the far end would not listen for tones
        terms = Terms(
            voice.address,
            voice.port,
            self._manner.codecs,
            self._random.getrandbits(31),
            telephone_events=with_events,
        )
        talk = Talk(make_call(terms), peer, voice, terms, now)
        self._talk = talk
        return talk

    def _refused(self, status: int, reason: str, now: float) -> None:
        if self.state is State.ENDING:
            self._end(now, "cancelled", failure="the call was cancelled before its answer")
            return
        advice = f"; {_ADVICE[status]}" if status in _ADVICE else ""
        self._end(
            now, "refused", failure=f"the call was refused: {status} {reason}{advice}", status=status, reason=reason
        )

    def _over(self, now: float, by: str, failure: str = "") -> None:
        """An answered call is over."""
        talk = self._talk
        assert talk is not None
        figures = talk.voice.figures(now)
        self._finish(now, failure)
        self._notebook.write("ended", call=talk.call.id, **summary(talk, figures, by, now, talk.recording))

    def _end(self, now: float, event: str, *, failure: str = "", **fields: object) -> None:
        """A call is over that was not answered."""
        self._write(event, **fields)
        self._finish(now, failure)

    def _finish(self, now: float, failure: str) -> None:
        talk, self._talk = self._talk, None
        assert talk is not None
        talk.forget_timers()
        talk.recording = talk.voice.end(now)
        self.state = State.IDLE
        self.failure = failure
        self.calls += 1

    def _write(self, event: str, **fields: object) -> None:
        """Tell what happens to the call that there is."""
        assert self._talk is not None
        self._notebook.write(event, call=self._talk.call.id, peer=self._talk.peer, **fields)


def _name(address: Address) -> str:
    """Who somebody is: the number, and the display name where it says more."""
    number, name = address.uri.user or address.uri.host, (address.name or "").strip('"')
    shown = f"{name} {number}" if name and name != number else number
    return "".join(character for character in shown if character.isprintable())[:80]
