"""What the far ends of one call wrote down, and the steps that it proves."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, decode
from playvoice.simulator.expectation import Expectation
from playvoice.simulator.program import Line, Program
from playvoice.simulator.sound import ASSETS, Speech, find, load, read_channels, same_from_start
from playvoice.simulator.world import EXTENSION, World

RECORDING_WAIT = 15.0
"""Seconds after the end within which a recording is there."""
SNIPPET = SAMPLE_RATE
ALIKE = 0.9
"""Likeness from which two sounds are the same, after mp3."""
LENGTH_TOLERANCE = 0.1
"""Seconds between what carrier and recording call the length of the call: both hear of its ends over sockets."""
FIRST_PACKET = 0.5

STATE_KEYS = [
    "buuid", "callee", "caller", "companycode", "direction", "disnumber", "extnumber", "isbleg", "method", "starttime",
    "status", "uuid", "ip",
]  # fmt: skip
RECORD_KEYS = [
    "answertime", "hangupcause", "duration", "id", "extnumber", "uuid", "downloadip", "customuuid", "chengshudu",
    "callmethod", "recordfilename", "companycode", "memberid", "hangupdirection", "billsec", "endtime", "starttime",
    "type", "disnumber", "crmid", "userkey", "destnumber",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a call, and whether it was seen."""

    name: str
    seen: bool
    text: str
    detail: str = ""


class Evidence:
    """One call's traces."""

    def __init__(self, world: World, answer: dict[str, Any], uuid: str, sent_at: float, record: Line) -> None:
        self.world = world
        self.answer = answer
        self.uuid = uuid
        self.sent_at = sent_at
        self.record = record
        self._recording: Path | None = None

    # --- what there is --------------------------------------------------------------------------------------------

    def states(self) -> list[str]:
        """The extension states as they were delivered."""
        return [str(line["payload"]["status"]) for line in self._callbacks("/status")]

    def files(self) -> dict[str, Path]:
        """The audio that is worth listening to."""
        found: dict[str, Path] = {}
        if self._recording is not None:
            found["recording"] = self._recording
        for name, program in (("callee-heard", self.world.carrier), ("agent-heard", self.world.agents)):
            audio = self._last(program, "audio")
            if audio is not None and "heard" in audio:
                found[name] = Path(audio["heard"])
        return found

    def _callbacks(self, path: str) -> list[Line]:
        lines = self.world.receiver.all("callback", path=path)
        return [line for line in lines if isinstance(line["payload"], dict)]

    @staticmethod
    def _last(program: Program | None, event: str) -> Line | None:
        lines = program.all(event) if program is not None else []
        return lines[-1] if lines else None

    def _sound(self, program: Program | None, which: str) -> Samples:
        audio = self._last(program, "audio")
        return read_channels(Path(audio[which]))[1][0] if audio is not None else np.zeros(0, np.int16)

    # --- what it proves -------------------------------------------------------------------------------------------

    def steps(self, expected: Expectation, voice: Speech, press: str) -> list[Step]:
        """Every step that the call has to have had, in order."""
        steps = [*self._request(), *self._dialled(expected)]
        if expected.answered:
            steps += self._played(voice, press, expected)
        if expected.rings:
            steps += self._rang(expected)
        if expected.talks:
            steps += self._talked()
        steps += self._reported(expected)
        if expected.answered:
            steps += self._recorded(expected, voice)
        return steps

    def _request(self) -> Iterator[Step]:
        exact = self.answer.get("ret") == 200 and list(self.answer.get("data", ())) == [
            "status", "desc", "reqtime", "rsptime",
        ]  # fmt: skip
        yield Step("accepted", exact, "HTTP: PlayVoice was answered with the four fields of the contract")

    def _dialled(self, expected: Expectation) -> Iterator[Step]:
        carrier = self.world.carrier
        invites = carrier.all("invite") if carrier is not None else []
        wait = f"{1000 * (invites[0]['time'] - self.sent_at):.0f} ms after the request" if invites else ""
        yield Step("invite", len(invites) == 1, "SIP: the carrier got one INVITE", wait)
        line = self._last(carrier, expected.final)
        yield Step(expected.final, line is not None, f"SIP: {_FINALS[expected.final]}")
        if expected.answered:
            yield Step("ack", self._last(carrier, "ack") is not None, "SIP: the answer was acknowledged")

    def _played(self, voice: Speech, press: str, expected: Expectation) -> Iterator[Step]:
        carrier = self.world.carrier
        audio = self._last(carrier, "audio") or {}
        after = float(audio.get("first_after", 99.0))
        took = f"{1000 * after:.0f} ms after the answer"
        yield Step("rtp", after <= FIRST_PACKET, "RTP: the voice began in time", took)
        codec = _codec_of(self._last(carrier, "answered"))
        spoken = decode(codec, voice[codec])
        same = same_from_start(self._sound(carrier, "heard"), spoken) / SAMPLE_RATE
        whole = len(spoken) / SAMPLE_RATE
        needed = min(whole, self._undisturbed(expected) - after - 0.1)
        detail = f"{same:.2f} s the same, sample by sample"
        yield Step("voice", same >= needed, "RTP: the callee heard the voice as it is in the file", detail)
        pressed = self._last(carrier, "presses")
        if press and pressed is not None:
            yield Step("key", pressed["keys"] == press, f"RTP: the callee pressed {press}")
        ending = "hung_up" if self.record["payload"].get("hangupdirection") == 10041 else "bye"
        yield Step(ending, self._last(carrier, ending) is not None, f"SIP: {_ENDS[ending]}")

    def _undisturbed(self, expected: Expectation) -> float:
        """Seconds from the answer in which nothing may have ended the voice: no key that counts, no hang-up."""
        answered = self._last(self.world.carrier, "answered")
        ends = [self._last(self.world.carrier, "hung_up")]
        if expected.key:
            ends.append(self._last(self.world.carrier, "presses"))
        times = [line["time"] - answered["time"] for line in ends if line is not None and answered is not None]
        return min(times, default=float("inf"))

    def _rang(self, expected: Expectation) -> Iterator[Step]:
        agents = self.world.agents
        yield Step("agent_rang", self._last(agents, "ringing") is not None, "SIP: the registered agent's phone rang")
        if expected.talks:
            yield Step("agent_answered", self._last(agents, "ack") is not None, "SIP: the agent answered")
        else:
            ended = self._last(agents, "cancel") or self._last(agents, "rejected")
            yield Step("agent_stopped", ended is not None, "SIP: the agent's phone stopped ringing")

    def _talked(self) -> Iterator[Step]:
        carrier, agents = self.world.carrier, self.world.agents
        pairs = (
            ("callee_heard_agent", "RTP: the callee heard the agent", "agent", self._sound(carrier, "heard")),
            ("agent_heard_callee", "RTP: the agent heard the callee", "callee", self._sound(agents, "heard")),
        )
        for name, text, speaker, heard in pairs:
            match = find(_speech(speaker), heard)
            yield Step(name, match.likeness >= ALIKE, text, f"likeness {match.likeness:.2f}")
        ended = (self._last(agents, "hung_up") or self._last(agents, "bye")) is not None
        yield Step("agent_ended", ended, "SIP: the agent's leg was ended by BYE")

    def _reported(self, expected: Expectation) -> Iterator[Step]:
        states = self._callbacks("/status")
        legs = [[line["payload"]["status"] for line in leg] for _, leg in groupby(states, _leg)]
        in_order = all(leg == expected.states for leg in legs) and bool(legs) == expected.rings
        keys = all(list(line["payload"]) == STATE_KEYS for line in states)
        texts = all(isinstance(value, str) for line in states for value in line["payload"].values())
        if expected.rings:
            yield Step("states", in_order and keys and texts, f"HTTP: {', '.join(self.states())} arrived in this order")
        else:
            yield Step("states", not states, "HTTP: no agent's state was reported, since none rang")
        records = self._callbacks("/cdr")
        last = len(records) == 1 and all(line["time"] <= records[0]["time"] for line in states)
        yield Step("record", last, "HTTP: one call record arrived, and it was the last")
        signed = all(line["signature"] == "valid" for line in [*states, *records])
        yield Step("signatures", signed, "HTTP: every callback has a valid signature")
        yield Step("record_right", self._is_right(expected), "the call record says what happened")

    def _is_right(self, expected: Expectation) -> bool:
        payload = self.record["payload"]
        wanted = {
            "uuid": self.uuid,
            "hangupcause": int(expected.cause),
            "hangupdirection": int(expected.direction),
            "userkey": expected.key,
            "extnumber": EXTENSION if expected.talks else "",
            "crmid": EXTENSION if expected.talks else "0",
            "destnumber": "13333333333",
            "callmethod": 6,
        }
        return list(payload) == RECORD_KEYS and wanted.items() <= payload.items()

    def _recorded(self, expected: Expectation, voice: Speech) -> Iterator[Step]:
        self._recording = self._wait_for_recording()
        if self._recording is None:
            yield Step("recording", False, "the recording is there")
            return
        rate, channels = read_channels(self._recording)
        length = channels[0].size / rate
        audio = self._last(self.world.carrier, "audio") or {}
        right = len(channels) == 2 and abs(length - float(audio.get("seconds", 0))) <= LENGTH_TOLERANCE
        yield Step("recording", right, "the recording has two channels and the call's length", f"{length:.2f} s")
        beginning = find(decode(Codec.PCMA, voice[Codec.PCMA])[:SNIPPET], channels[-1])
        yield Step("recording_voice", beginning.likeness >= ALIKE, "its right channel has the voice")
        if expected.talks:
            left, spoken = find(_speech("callee"), channels[0]), find(_speech("agent"), channels[-1])
            both = left.likeness >= ALIKE and spoken.likeness >= ALIKE
            detail = f"likeness {left.likeness:.2f} and {spoken.likeness:.2f}"
            yield Step("recording_talk", both, "its left channel has the callee, its right one the agent", detail)

    def _wait_for_recording(self) -> Path | None:
        name = str(self.record["payload"].get("recordfilename") or "")
        deadline = time.monotonic() + RECORDING_WAIT
        while name and time.monotonic() < deadline:
            found = next((self.world.directory / "data").rglob(name), None)
            if found is not None:
                return found
            time.sleep(0.05)
        return None


_FINALS = {
    "answered": "the callee answered",
    "rejected": "the call was refused by the far end",
    "cancel": "the server cancelled after waittime",
}
_ENDS = {"hung_up": "the callee hung up", "bye": "the server ended the callee's leg by BYE"}


def _leg(line: Line) -> str:
    return str(line["payload"].get("buuid"))


def _codec_of(line: Line | None) -> Codec:
    return Codec[line["codec"]] if line is not None else Codec.PCMA


def _speech(speaker: str) -> Samples:
    """A second and a half out of the middle of what one of the two says."""
    samples = decode(Codec.PCMA, load(ASSETS / f"{speaker}.mp3")[Codec.PCMA])
    return samples[SNIPPET : 3 * SNIPPET]
