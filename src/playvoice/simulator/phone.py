"""Simulated phones: calls that come in, and what their behaviour makes of them. Carrier and agents are made of these.

A call::

    INVITE ─ ring_after ─> 180 ─ answer_after ─> 200 ─ ACK, RTP ─ say, press ─ hang_up_after ─> BYE
       └ CANCEL: 487          └ or a final status └ no ACK: BYE, "gave_up"   └ BYE of the other side

Each step is a line in the journal, with the Call-ID as `call` and the number as `number`.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playvoice.media import sdp
from playvoice.media.g711 import SAMPLE_RATE
from playvoice.simulator.audio import Audio
from playvoice.simulator.behaviour import Behaviour
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.journal import Journal
from playvoice.simulator.rtp_session import Speaker
from playvoice.simulator.sound import Speech, write_g711
from playvoice.sip import (
    Acknowledged,
    CallEnded,
    Cancelled,
    Event,
    IncomingCall,
    IncomingCallReceived,
    RequestInCall,
    RequestReceived,
    SessionChangeReceived,
    SipEndpoint,
    SipError,
)
from playvoice.sip.message import from_of


async def listen(endpoint: SipEndpoint) -> None:
    """Begin to listen for SIP; SimulatorError if that can't be."""
    try:
        await endpoint.start()
    except SipError as error:
        raise SimulatorError(str(error)) from error


@dataclass(frozen=True, slots=True)
class PhoneOptions:
    """What all calls of a process share."""

    address: str = "127.0.0.1"
    """Where RTP is received."""
    codecs: tuple[sdp.Codec, ...] = (sdp.Codec.PCMA, sdp.Codec.PCMU)
    telephone_event: bool = True
    """Keys are pressed as telephone-events; else as tones."""
    speech: Speech | None = None
    """What a phone says."""
    output: Path | None = None
    """Directory for what each call heard and said; None keeps no audio."""


class Phones:
    """All calls of one process. Give it the events of its SIP endpoint."""

    def __init__(
        self,
        journal: Journal,
        options: PhoneOptions,
        behaviour_of: Callable[[str], Behaviour],
        generator: random.Random | None = None,
    ) -> None:
        self.journal = journal
        self.options = options
        self.behaviour_of = behaviour_of
        self.random = generator or random.Random()
        self.speaker = Speaker()
        self._endpoint: SipEndpoint | None = None
        self._calls: dict[str, PhoneCall] = {}

    def __repr__(self) -> str:
        return f"<Phones {len(self._calls)} calls>"

    def attach(self, endpoint: SipEndpoint) -> None:
        """Use this endpoint; its events come to `on_event`."""
        self._endpoint = endpoint

    @property
    def endpoint(self) -> SipEndpoint:
        assert self._endpoint is not None
        return self._endpoint

    def on_event(self, event: Event) -> bool:
        """Take an event of the endpoint; False for one that is not about a call."""
        match event:
            case IncomingCallReceived(call):
                self._calls[call.id] = PhoneCall(self, call)
            case Acknowledged(call):
                self._tell(call, "ack")
            case Cancelled(call):
                self._end(call, "cancel")
            case CallEnded(call, unacknowledged=unacknowledged):
                assert isinstance(call, IncomingCall)
                self._end(call, "gave_up" if unacknowledged else "bye")
            case RequestInCall(_, request):
                request.respond(200, time.monotonic())
            case SessionChangeReceived(_, change):
                change.refuse(time.monotonic())
            case RequestReceived(request) if request.method == "OPTIONS":
                self.journal.write("options", source=str(request.flow))
                request.respond(200, time.monotonic())
            case _:
                return False
        return True

    def command(self, command: dict[str, object]) -> None:
        """Do what a controlling program asks for: `{"do": "press", "number": "…", "keys": "1"}`, `say`, `hang_up`.

        A command names its call by `call` or by `number` (the newest one of it). SimulatorError where there is none.
        """
        wanted = command.get("call"), command.get("number")
        found = [call for call in self._calls.values() if call.call.id == wanted[0] or call.number == wanted[1]]
        if not found:
            raise SimulatorError(f"no call to {command.get('do')}: {wanted[0] or wanted[1]}")
        call = found[-1]
        match command.get("do"):
            case "press":
                call.press(str(command.get("keys", "")))
            case "say":
                call.say()
            case "hang_up":
                call.hang_up()
            case other:
                raise SimulatorError(f"{other!r} is no command: expected press, say or hang_up")

    def forget(self, call: "PhoneCall") -> None:
        self._calls.pop(call.call.id, None)

    def close(self) -> None:
        """End what is still there, without a word to the far end."""
        for call in list(self._calls.values()):
            call.end("closed")

    def _tell(self, call: IncomingCall, event: str) -> None:
        if (known := self._calls.get(call.id)) is not None:
            known.write(event)

    def _end(self, call: IncomingCall, event: str) -> None:
        if (known := self._calls.get(call.id)) is not None:
            known.end(event)


class PhoneCall:
    """One call that came in."""

    def __init__(self, phones: Phones, call: IncomingCall) -> None:
        self.call = call
        self.number = call.request.uri.user or ""
        self._phones = phones
        self._behaviour = phones.behaviour_of(self.number)
        self._audio: Audio | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._answered_at: float | None = None
        invite = call.request
        caller = from_of(invite).uri
        self.write("invite", caller=caller.user or "", source=str(call.flow), uri=str(invite.uri))
        try:
            self._offer = sdp.parse(invite.body)
        except sdp.SdpError as error:
            self._reject(488, str(error))
            return
        self._plan(self._behaviour)

    def __repr__(self) -> str:
        return f"<PhoneCall {self.number} {self.call.state.name}>"

    def write(self, event: str, **fields: object) -> None:
        self._phones.journal.write(event, call=self.call.id, number=self.number, **fields)

    # --- the behaviour --------------------------------------------------------------------------------------------

    def _plan(self, behaviour: Behaviour) -> None:
        if behaviour.ring_after is not None:
            self._after(behaviour.ring_after, self._ring)
        if behaviour.answer_after is not None:
            final = self._answer if behaviour.status == 200 else self._refuse
            self._after(behaviour.answer_after, final)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        if seconds <= 0:
            action()
        else:
            self._timers.append(asyncio.get_running_loop().call_later(seconds, action))

    def _ring(self) -> None:
        self.call.ring(time.monotonic())
        self.write("ringing")
        self._phones.endpoint.flush()

    def _refuse(self) -> None:
        self._reject(self._behaviour.status)

    def _reject(self, status: int, why: str = "") -> None:
        cause = self._behaviour.q850
        headers = () if cause is None else (("Reason", f"Q.850;cause={cause}"),)
        self.call.reject(time.monotonic(), status, headers=headers)
        self._phones.endpoint.flush()
        self.end("rejected", status=status, **({"why": why} if why else {}))

    def _answer(self) -> None:
        options = self._phones.options
        audio = Audio(
            self._phones.speaker,
            options.address,
            keep=options.output is not None,
            generator=self._phones.random,
            on_first=self._on_first_packet,
        )
        try:
            answer, negotiated = sdp.answer(
                self._offer,
                options.address,
                audio.port,
                options.codecs,
                telephone_events=options.telephone_event,
                session_id=self._phones.random.getrandbits(31),
            )
        except sdp.NotAcceptable as error:
            audio.close()
            self._reject(488, str(error))
            return
        self._audio = audio
        now = self._answered_at = time.monotonic()
        self.call.answer(now, answer)
        self._phones.endpoint.flush()
        self.write("answered", codec=negotiated.codec.name, rtp=f"{negotiated.remote[0]}:{negotiated.remote[1]}")
        audio.start(negotiated)
        behaviour = self._behaviour
        if behaviour.say_after is not None:
            self._after(behaviour.say_after, self.say)
        if not behaviour.press_when_heard:
            self._press_later()
        if behaviour.hang_up_after is not None:
            self._after(behaviour.hang_up_after, self.hang_up)

    def _on_first_packet(self) -> None:
        assert self._answered_at is not None
        self.write("rtp", after=round(time.monotonic() - self._answered_at, 4))
        if self._behaviour.press_when_heard:
            self._press_later()

    def _press_later(self) -> None:
        keys = self._behaviour.press
        if keys:
            self._after(self._behaviour.press_after, lambda: self.press(keys))

    # --- what it does while it is answered ------------------------------------------------------------------------

    def say(self) -> None:
        """Speak the process's speech."""
        if self._audio is not None and self._phones.options.speech is not None:
            self.write("says", seconds=round(self._audio.say(self._phones.options.speech), 2))

    def press(self, keys: str) -> None:
        if self._audio is not None:
            self._audio.press(keys)
            self.write("presses", keys=keys)

    def hang_up(self) -> None:
        """End the answered call by BYE; one that rings is refused."""
        if self._audio is None:
            self._reject(603)
            return
        self.call.bye(time.monotonic())
        self._phones.endpoint.flush()
        self.end("hung_up")

    def end(self, event: str, **fields: object) -> None:
        """The call is over: write how, and what was heard."""
        for timer in self._timers:
            timer.cancel()
        self._phones.forget(self)
        self.write(event, **fields)
        audio, self._audio = self._audio, None
        if audio is None or self._answered_at is None:
            return
        audio.close()
        heard = audio.heard
        summary: dict[str, object] = {
            "seconds": round(time.monotonic() - self._answered_at, 4),
            "packets": heard.packets,
            "lost": heard.lost,
            "longest_gap": round(heard.longest_gap, 4),
            "keys_heard": audio.keys_heard,
        }
        if heard.first_at is not None:
            summary["first_after"] = round(heard.first_at - self._answered_at, 4)
        if self._phones.options.output is not None:
            summary |= self._keep(audio, self._phones.options.output)
        self.write("audio", **summary)

    def _keep(self, audio: Audio, directory: Path) -> dict[str, object]:
        """Write two wav files; `offset` is the time from the answer to the first sample of each."""
        assert self._answered_at is not None
        kept: dict[str, object] = {}
        tracks = (
            ("heard", audio.heard.octets(), audio.heard.codec, audio.heard.first_at),
            ("said", audio.said(), audio.codec, audio.started_at),
        )
        for name, octets, codec, began in tracks:
            path = directory / f"{self.call.id}-{name}.wav"
            write_g711(path, octets, codec)
            kept[name] = str(path)
            kept[f"{name}_seconds"] = len(octets) / SAMPLE_RATE
            if began is not None:
                kept[f"{name}_offset"] = round(began - self._answered_at, 4)
        return kept
