"""SDP (RFC 8866, formerly 4566): the text and what it says. Sans-IO.

A description is parsed into :class:`SessionDescription` and written by ``bytes(description)``; lines that nobody here
asks about (times, keys) are dropped. Parsing is lenient where telephones are known to be sloppy (bare LF, a
missing ``s=`` or ``t=``, broken attributes) and strict where a guess would send audio to the wrong place.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache

from playvoice.media.g711 import SAMPLE_RATE, Codec

MAX_OCTETS = 16_384
MAX_LINES = 512
MAX_MEDIA = 16
MAX_FORMATS = 64
READ_HOSTS = 256
"""Addresses that are kept as read: those of carriers and phones come again and again."""
TELEPHONE_EVENT = "telephone-event"

_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
_RTPMAP = re.compile(r"([0-9]{1,3})\s+([^/\s]+)/([0-9]{1,6})(?:/([0-9]{1,2}))?\s*", re.ASCII)


class SdpError(Exception):
    """A description that can't be read, or, as :class:`NotAcceptable`, that can't be used."""


class NotAcceptable(SdpError):
    """The description is sound but has no audio stream that we can use: refused (port 0), or no common
    codec.
    """


class Direction(StrEnum):
    """Which way the writer of a description wants the stream to run (RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> "Direction":
        """The same stream as the far end sees it (RFC 3264 section 6.1)."""
        return direction_of(sends=self.receives, receives=self.sends)


def direction_of(*, sends: bool, receives: bool) -> Direction:
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


_DIRECTIONS = frozenset(direction.value for direction in Direction)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A line ``a=name`` or ``a=name:value``."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True)
class Media:
    """One ``m=`` section. Without slots, so that what is read from its lines is read once."""

    kind: str
    """``audio``, ``video``, …"""
    port: int
    """Where its writer wants to receive; 0: refused."""
    protocol: str
    """``RTP/AVP``, …"""
    formats: tuple[str, ...]
    """Payload types in order of preference, as text."""
    connection: str | None = None
    """The address of its own ``c=`` line."""
    attributes: tuple[Attribute, ...] = ()
    bandwidths: tuple[str, ...] = ()
    """The values of its ``b=`` lines."""

    def values(self, name: str) -> list[str]:
        """The values of all attributes of a name, in order."""
        return [attribute.value or "" for attribute in self.attributes if attribute.name == name]

    @cached_property
    def encodings(self) -> dict[int, str]:
        """Payload type to encoding in capitals, in order of preference: those of 8 kHz and one channel
        only.
        """
        known = {int(codec): codec.name for codec in Codec}
        for line in self.values("rtpmap"):
            if match := _RTPMAP.fullmatch(line):
                fits = int(match[3]) == SAMPLE_RATE and int(match[4] or 1) == 1
                known[int(match[1])] = match[2].upper() if fits else ""
        wanted = [int(text) for text in self.formats if DIGITS.fullmatch(text)]
        return {number: known[number] for number in wanted if number < 128 and known.get(number)}

    @cached_property
    def codecs(self) -> dict[int, Codec]:
        """Payload type to G.711 law, in order of preference."""
        return {number: Codec[name] for number, name in self.encodings.items() if name in Codec.__members__}

    @property
    def telephone_event(self) -> int | None:
        """The payload type of telephone-event at 8 kHz (RFC 4733), if there is one."""
        return next((number for number, name in self.encodings.items() if name == TELEPHONE_EVENT.upper()), None)


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """One description: who wrote it, in which version, and the streams that it offers or answers."""

    username: str
    session_id: str
    version: str
    """Grows by one with each change (RFC 3264 section 8)."""
    address: str
    """The origin's address."""
    name: str = "-"
    connection: str | None = None
    attributes: tuple[Attribute, ...] = ()
    media: tuple[Media, ...] = ()
    bandwidths: tuple[str, ...] = ()

    def direction(self, media: Media) -> Direction:
        """The direction of a stream of this description: its own, else the session's, else both ways."""
        for attributes in (media.attributes, self.attributes):
            for attribute in attributes:
                if attribute.value is None and attribute.name in _DIRECTIONS:
                    return Direction(attribute.name)
        return Direction.SENDRECV

    def remote(self, media: Media) -> tuple[str, int]:
        """Where the writer receives a stream of this description.

        :raises SdpError: no address is given, or it is a name, or one that nobody should be sent audio to.
        """
        text = media.connection or self.connection
        if text is None:
            raise SdpError("no c= line says where the audio goes")
        return _host(text), media.port

    def wants_rtcp(self, media: Media) -> bool:
        """Whether the writer wants reports of a stream: both its bandwidths for RTCP are not 0 (RFC 3556)."""
        without = {value.replace(" ", "").upper() for value in media.bandwidths or self.bandwidths}
        return not {"RS:0", "RR:0"} <= without

    def __bytes__(self) -> bytes:
        return "".join(f"{line}\r\n" for line in self._lines()).encode()

    def _lines(self) -> Iterable[str]:
        yield "v=0"
        yield f"o={self.username} {self.session_id} {self.version} {_network(self.address)}"
        yield f"s={self.name}"
        if self.connection is not None:
            yield f"c={_network(self.connection)}"
        yield from (f"b={value}" for value in self.bandwidths)
        yield "t=0 0"
        for attribute in self.attributes:
            yield f"a={attribute}"
        for media in self.media:
            yield f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}"
            if media.connection is not None:
                yield f"c={_network(media.connection)}"
            yield from (f"b={value}" for value in media.bandwidths)
            for attribute in media.attributes:
                yield f"a={attribute}"


@lru_cache(READ_HOSTS)
def _host(text: str) -> str:
    """The IP address of one host in its usual form; SdpError for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise SdpError(f"c= has {text!r} where an IP address was expected") from None
    if not is_one_host(text):
        raise SdpError(f"c= has {text}, which is not the address of one host")
    return str(address)


def parse(data: bytes) -> SessionDescription:
    """Read a description.

    :raises SdpError: what was wrong, with the line.
    """
    if len(data) > MAX_OCTETS:
        raise SdpError(f"a description of {len(data)} octets, more than {MAX_OCTETS}")
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in text.split("\n") if line]
    if len(lines) > MAX_LINES:
        raise SdpError(f"a description of {len(lines)} lines, more than {MAX_LINES}")
    if not lines or lines[0].strip() != "v=0":
        raise SdpError("a description starts with v=0")
    origin: tuple[str, str, str, str] | None = None
    name, connection = "-", None
    bandwidths: list[str] = []
    attributes: list[Attribute] = []
    streams: list[_Section] = []
    for number, line in enumerate(lines[1:], start=2):
        kind, separator, value = line[:1], line[1:2], line[2:].strip()
        if separator != "=":
            raise SdpError(f"line {number} is not of the form x=value: {line[:40]!r}")
        match kind:
            case "o":
                origin = _origin(value)
            case "s" if value:
                name = value
            case "c" if streams:
                streams[-1].connection = _connection(value)
            case "c":
                connection = _connection(value)
            case "b":
                (streams[-1].bandwidths if streams else bandwidths).append(value)
            case "m":
                if len(streams) == MAX_MEDIA:
                    raise SdpError(f"a description of more than {MAX_MEDIA} streams")
                streams.append(_section(value))
            case "a" if value:
                attribute = Attribute(*value.split(":", 1))
                (streams[-1].attributes if streams else attributes).append(attribute)
            case _:
                pass
    if origin is None:
        raise SdpError("a description has an o= line")
    return SessionDescription(
        *origin,
        name=name,
        connection=connection,
        bandwidths=tuple(bandwidths),
        attributes=tuple(attributes),
        media=tuple(stream.media() for stream in streams),
    )


@dataclass(slots=True)
class _Section:
    """An ``m=`` section whose lines are being read."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: str | None = None
    bandwidths: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)

    def media(self) -> Media:
        return Media(
            self.kind,
            self.port,
            self.protocol,
            self.formats,
            connection=self.connection,
            bandwidths=tuple(self.bandwidths),
            attributes=tuple(self.attributes),
        )


def _origin(value: str) -> tuple[str, str, str, str]:
    """User name, session id, version and address."""
    fields = value.split()
    if len(fields) != 6:
        raise SdpError(f"o= has {len(fields)} fields instead of 6: {value[:80]!r}")
    return fields[0], fields[1], fields[2], fields[5]


def _connection(value: str) -> str:
    fields = value.split()
    if len(fields) != 3 or fields[0].upper() != "IN" or fields[1].upper() not in ("IP4", "IP6"):
        raise SdpError(f"c= is not of the form IN IP4 ADDRESS: {value[:80]!r}")
    return fields[2].partition("/")[0]


def _section(value: str) -> _Section:
    fields = value.split()
    if len(fields) < 4 or not _TOKEN.fullmatch(fields[0]):
        raise SdpError(f"m= is not of the form KIND PORT PROTOCOL FORMAT…: {value[:80]!r}")
    port = fields[1].partition("/")[0]
    if not DIGITS.fullmatch(port) or int(port) > 65535:
        raise SdpError(f"m= has the port {fields[1][:40]!r}, which is none")
    if len(fields) - 3 > MAX_FORMATS:
        raise SdpError(f"m= has {len(fields) - 3} formats, more than {MAX_FORMATS}")
    return _Section(fields[0].lower(), int(port), fields[2], tuple(fields[3:]))


def is_one_host(text: str) -> bool:
    """Whether this is an IP address, and neither a group's nor everybody's."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not address.is_multicast and text != "255.255.255.255"


def _network(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"
