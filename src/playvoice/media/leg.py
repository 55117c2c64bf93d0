"""One leg's RTP, as the server sees it: what it is told to do, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from playvoice.media import protocol as p
from playvoice.media.g711 import Codec
from playvoice.media.sdp import Negotiated
from playvoice.media.telephone_event import is_key

log = structlog.get_logger(__name__)

RECORDING_TIMEOUT = 30.0
"""Seconds in which a recording is on the disk; it is the disk that is slow then, and the worker is not to blame."""

MediaEvent = p.KeyPressed | p.PlaybackEnded | p.PlaybackFailed | p.Silent


class Worker(Protocol):
    """The way to the worker that has the stream: a `MediaClient`."""

    def command(self, message: p.ToWorker) -> None: ...

    async def ask(self, make: Callable[[int], p.ToWorker]) -> p.Message: ...

    async def ask_within(self, seconds: float, make: Callable[[int], p.ToWorker]) -> p.Message | None: ...

    def load_once(self, command: p.Load) -> None: ...

    def forget(self, stream: int) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamStats:
    """What a stream did, in packets."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    jitter: float = 0.0
    """Interarrival jitter of what was received, in seconds; the clock's own 5 ms are in it."""
    sampled: bool = False
    """The three before are in part an estimate: nobody needed the audio, and one packet in 64 was looked at."""
    ignored: int = 0
    """Datagrams that were no RTP or RTCP of the far end."""
    unsent: int = 0
    """Packets that could not be sent."""
    far_lost: int | None = None
    """Packets of ours that did not reach the far end, by its last RTCP report; None, as in the next two: none came."""
    far_jitter: float | None = None
    """Interarrival jitter at the far end, in seconds."""
    round_trip: float | None = None
    """Seconds, to 5 ms."""


class Stream:
    """One leg's RTP, as the server sees it. Commands take effect in the order in which they are given."""

    def __init__(self, client: Worker, number: int, port: int, on_event: Callable[[MediaEvent], None]) -> None:
        self._client = client
        self.number = number
        self.port = port
        """Where this leg receives RTP."""
        self.on_event = on_event
        self.codec = Codec.PCMA
        self._whose: dict[str, object] = {"stream": number}
        """What stands in log lines about it."""

    def __repr__(self) -> str:
        return f"<Stream {self.number} at port {self.port}>"

    def tell_of(self, **whose: str) -> None:
        """Have log lines about the stream say whose it is."""
        self._whose.update(whose)

    def tell_fault(self, event: str, **values: object) -> None:
        """Write the fault that is being handled into the log, with its traceback."""
        log.exception(event, **values, **self._whose)

    def connect(self, negotiated: Negotiated, *, sip_source: str = "", tones: bool = False) -> None:
        """Take the far end of a session description; it may also send from where its SIP came.

        `tones` has its audio searched for keys, while it is bridged to nobody.
        """
        self.codec = negotiated.codec
        self._client.command(
            p.Connect(
                stream=self.number,
                host=negotiated.remote[0],
                port=negotiated.remote[1],
                rtcp_host=negotiated.remote_rtcp[0],
                rtcp_port=negotiated.remote_rtcp[1],
                sip_source=sip_source,
                codec=int(negotiated.codec),
                payload_type=negotiated.payload_type,
                telephone_event=_number(negotiated.telephone_event),
                receive={str(number): int(codec) for number, codec in negotiated.receive_payload_types.items()},
                receive_telephone_event=_number(negotiated.receive_telephone_event),
                sends=negotiated.direction.sends,
                receives=negotiated.direction.receives,
                tones=tones,
            )
        )

    def load(self, voice: Mapping[Codec, Path]) -> None:
        """Have a decoded voice at hand that is going to be played: its files are read before anybody waits for them."""
        self._client.load_once(p.Load(self.number, _paths(voice)))

    def play(self, voice: Mapping[Codec, Path], *, loop: bool = False) -> None:
        """Play a decoded voice from the next tick on, in place of what is played; PlaybackEnded tells its end.

        On a bridged stream the far end hears the voice and then the other leg again.
        """
        self._client.command(p.Play(self.number, _paths(voice), loop))

    def stop_playing(self) -> None:
        self._client.command(p.StopPlaying(self.number))

    def bridge(self, other: "Stream") -> None:
        """Let the two far ends hear each other, and each other's keys; what they were played ends."""
        self._client.command(p.Bridge(self.number, other.number))

    def unbridge(self) -> None:
        self._client.command(p.Unbridge(self.number))

    def record(self, path: Path) -> None:
        """Record raw two-channel A-law from now on: left what comes, right what is sent."""
        self._client.command(p.Record(self.number, str(path)))

    async def stop_recording(self) -> int:
        """Finish the recording and have it on the disk; its length in samples of 8 kHz, -1 if there is none."""
        done = await self._client.ask_within(RECORDING_TIMEOUT, lambda number: p.StopRecording(number, self.number))
        if done is None:
            log.error("recording_failed", reason=f"not on the disk after {RECORDING_TIMEOUT:g} s", **self._whose)
            return -1
        assert isinstance(done, p.RecordingDone)
        if done.samples < 0:
            log.warning("recording_failed", reason=done.problem, **self._whose)
        return done.samples

    def send_keys(self, keys: str) -> None:
        """Press keys: telephone-events, as a phone sends them. ValueError for what is no key."""
        if not all(map(is_key, keys)):
            raise ValueError(f"not all of these are keys of a telephone: {keys!r}")
        self._client.command(p.SendKeys(self.number, keys))

    async def release(self) -> StreamStats:
        """Close the stream; no event comes after it."""
        self._client.forget(self.number)
        self.on_event = _ignore  # which lets go of who has heard them
        done = await self._client.ask(lambda number: p.Release(number, self.number))
        assert isinstance(done, p.Released)
        if done.ignored:
            log.info("rtp_ignored", port=self.port, packets=done.ignored, **self._whose)
        return StreamStats(
            sent=done.sent,
            received=done.received,
            lost=done.lost,
            jitter=done.jitter_us / 1e6,
            sampled=done.sampled,
            ignored=done.ignored,
            unsent=done.unsent,
            far_lost=None if done.far_lost < 0 else done.far_lost,
            far_jitter=_seconds(done.far_jitter_us),
            round_trip=_seconds(done.round_trip_us),
        )


def _ignore(_event: MediaEvent) -> None:
    """Nobody hears any more."""


def _seconds(microseconds: int) -> float | None:
    return None if microseconds < 0 else microseconds / 1e6


def _number(payload_type: int | None) -> int:
    return -1 if payload_type is None else payload_type


def _paths(voice: Mapping[Codec, Path]) -> dict[str, str]:
    return {str(int(codec)): str(path) for codec, path in voice.items()}
