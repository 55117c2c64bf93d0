"""What server and media worker say to each other: frozen dataclasses over a stream, length first.

A frame is four octets of length and a JSON array: the message's type and its fields in order. Many go out in one write.
The first message of the worker is Hello with the version; the two ends are of one installation, so that another
version is a fault and not a case.
"""

import json
import struct
from dataclasses import dataclass, fields
from typing import Any

VERSION = 3
MAX_FRAME = 65_536
_LENGTH = struct.Struct("!I")


class ProtocolError(Exception):
    """Bytes that are no message of this protocol."""


# --- to the worker --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reserve:
    """Bind an RTP port; Reserved or Refused with the same `request` follows."""

    request: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Who the far end is, by its session description."""

    stream: int
    host: str
    port: int
    rtcp_host: str
    rtcp_port: int
    """Where the far end wants RTCP, 0 if it wants none."""
    sip_source: str
    """The address that its SIP came from, `""` if it is the same."""
    codec: int
    """Static payload type of the codec that we send: 8 PCMA, 0 PCMU."""
    payload_type: int
    telephone_event: int
    """Payload type of keys that we send, -1 for none."""
    receive: dict[str, int]
    """Payload type (as text) to codec, of what we receive."""
    receive_telephone_event: int
    sends: bool
    """We may send (the far end does not hold us)."""
    receives: bool
    """The far end may send."""
    tones: bool
    """Keys may come as tones in the audio."""


@dataclass(frozen=True, slots=True)
class Load:
    """Have a voice at hand, which a Play on this stream is soon to name: what the disk takes delays no packet then."""

    stream: int
    paths: dict[str, str]
    """As those of Play; all of them, since the codec may not be known yet."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play from the next tick on."""

    stream: int
    paths: dict[str, str]
    """Files of raw G.711 by codec number (as text): the worker takes the one of the stream's codec."""
    loop: bool


@dataclass(frozen=True, slots=True)
class StopPlaying:
    stream: int


@dataclass(frozen=True, slots=True)
class Bridge:
    """Relay between two streams, both ways; neither is played to any more."""

    stream: int
    other: int


@dataclass(frozen=True, slots=True)
class Unbridge:
    stream: int


@dataclass(frozen=True, slots=True)
class Record:
    stream: int
    path: str


@dataclass(frozen=True, slots=True)
class StopRecording:
    """RecordingDone with the same `request` follows."""

    request: int
    stream: int


@dataclass(frozen=True, slots=True)
class SendKeys:
    """Send telephone-events, one press after the other."""

    stream: int
    keys: str


@dataclass(frozen=True, slots=True)
class Release:
    """Close the stream; Released with the same `request` follows."""

    request: int
    stream: int


# --- from the worker ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    version: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Reserved:
    request: int
    stream: int
    port: int


@dataclass(frozen=True, slots=True)
class Refused:
    request: int
    reason: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The far end pressed a key; each press once."""

    stream: int
    key: str


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """The last packet of the voice has left, and its 20 ms are over."""

    stream: int


@dataclass(frozen=True, slots=True)
class PlaybackFailed:
    """The voice could not be mapped."""

    stream: int
    reason: str


@dataclass(frozen=True, slots=True)
class Silent:
    """A bridged stream got no RTP and no RTCP for a minute."""

    stream: int


@dataclass(frozen=True, slots=True)
class RecordingDone:
    request: int
    samples: int
    """Of each channel; -1 if there is no recording."""
    problem: str
    """Why there is none."""


@dataclass(frozen=True, slots=True)
class Released:
    request: int
    sent: int
    received: int
    lost: int
    """Packets, from sequence numbers."""
    jitter_us: int
    """Interarrival jitter, microseconds."""
    sampled: bool
    """The last three are in part an estimate from one packet in 64."""
    ignored: int
    """Datagrams that were no RTP or RTCP of this stream's far end."""
    unsent: int
    """Packets that the kernel did not take, because the far end's port is closed for example."""
    far_lost: int = -1
    """Packets of ours that did not reach the far end, by its last report; -1 if none came, as in the next two."""
    far_jitter_us: int = -1
    round_trip_us: int = -1


@dataclass(frozen=True, slots=True)
class ClockPace:
    """How the worker's clock kept its time in the last second in which there were streams."""

    ticks: int
    longest_us: int
    """What the longest of them took."""
    late: int
    """Ticks of 5 ms that began more than 5 ms late."""
    skipped: int
    """Ticks that were given up."""
    worst_us: int


ToWorker = (
    Reserve | Connect | Load | Play | StopPlaying | Bridge | Unbridge | Record | StopRecording | SendKeys | Release
)
FromWorker = (
    Hello
    | Reserved
    | Refused
    | KeyPressed
    | PlaybackEnded
    | PlaybackFailed
    | Silent
    | RecordingDone
    | Released
    | ClockPace
)
Message = ToWorker | FromWorker

_TYPES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Reserve, Connect, Load, Play, StopPlaying, Bridge, Unbridge, Record, StopRecording, SendKeys, Release,
        Hello, Reserved, Refused, KeyPressed, PlaybackEnded, PlaybackFailed, Silent, RecordingDone, Released,
        ClockPace,
    )
}  # fmt: skip
_JSON = json.JSONEncoder(separators=(",", ":")).encode
_CHECKED = {"int": int, "str": str, "bool": bool, "dict": dict}


def _checks(kind: type[Any]) -> tuple[tuple[str, type[Any]], ...]:
    """The fields of a message in their order, and what each has to be."""
    names = (
        (field.name, field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type)))
        for field in fields(kind)
    )
    return tuple((name, _CHECKED[declared]) for name, declared in names)


_FIELDS = {name: _checks(kind) for name, kind in _TYPES.items()}


def encode(message: Message) -> bytes:
    """Write one message as a frame; ProtocolError for one that no frame holds."""
    kind = type(message).__name__
    body = _JSON([kind, *(getattr(message, name) for name, _ in _FIELDS[kind])]).encode()
    if len(body) > MAX_FRAME:
        raise ProtocolError(f"a {type(message).__name__} of {len(body)} octets, more than {MAX_FRAME}")
    return _LENGTH.pack(len(body)) + body


def decode(body: bytes) -> Message:
    """Read the body of one frame; ProtocolError for anything that `encode` did not write."""
    try:
        name, *values = json.loads(body.decode())
        kind, expected = _TYPES[name], _FIELDS[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ProtocolError(f"not a message: {body[:80]!r}") from None
    if len(values) != len(expected):
        raise ProtocolError(f"{name} has {len(values)} fields, not {len(expected)}")
    for (field, wanted), value in zip(expected, values, strict=True):
        if type(value) is not wanted:
            raise ProtocolError(f"{name}.{field} is {value!r}")
    message: Message = kind(*values)
    return message


class Framer:
    """Cuts a stream into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Take what came and give the messages that are whole; ProtocolError ends the stream."""
        self._buffer += data
        messages: list[Message] = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise ProtocolError(f"a frame of {length} octets")
            if len(self._buffer) < _LENGTH.size + length:
                break
            messages.append(decode(bytes(self._buffer[_LENGTH.size : _LENGTH.size + length])))
            del self._buffer[: _LENGTH.size + length]
        return messages
