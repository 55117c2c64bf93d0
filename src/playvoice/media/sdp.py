"""The offer and answer of one audio stream (RFC 3264). Sans-IO.

    offerer                                                        answerer
    offer() ── INVITE ──────────────────────────────────────────>  answer() -> its Negotiated
    accept() -> its Negotiated  <──────────────────── 200, 183 ──

Payload types are each side's own (RFC 3264 section 5.1): the numbers in a description are those with which its writer
wants to *receive*. So :class:`Negotiated` holds both: the far end's numbers for what is sent, our own for what is
received. The text itself is read and written by :mod:`playvoice.media.description`, whose names stand here too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from types import MappingProxyType

from playvoice.media.description import (
    DIGITS,
    TELEPHONE_EVENT,
    Attribute,
    Direction,
    Media,
    NotAcceptable,
    SdpError,
    SessionDescription,
    direction_of,
    is_one_host,
    parse,
)
from playvoice.media.g711 import SAMPLE_RATE, Codec

__all__ = [
    "Attribute",
    "Codec",
    "Direction",
    "Media",
    "Negotiated",
    "NotAcceptable",
    "SdpError",
    "SessionDescription",
    "accept",
    "answer",
    "offer",
    "parse",
    "revise",
]

PTIME = 20
"""Milliseconds of audio in a packet of ours, whatever a far end asks for: up to 200 should be taken (RFC 3551, 4.2)."""


ZEROS = ("0.0.0.0", "::")
"""What stood in c= for hold before there were directions (RFC 3264 section 8.4)."""


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What an offer and its answer agree on, seen from our side."""

    remote: tuple[str, int]
    """Where the far end receives RTP."""
    codec: Codec
    """What we send."""
    payload_type: int
    """The number that our packets of ``codec`` carry (the far end's choice)."""
    telephone_event: int | None
    """The number that telephone-events which we send carry; None: the far end takes none."""
    direction: Direction
    """What we do: a stream that the far end only wants to send is ``recvonly`` here."""
    receive_payload_types: Mapping[int, Codec]
    """Our own numbers: what the far end's packets may carry."""
    receive_telephone_event: int | None
    """The number that telephone-events of the far end carry; None: none will come."""
    remote_rtcp: tuple[str, int]
    """Where the far end receives RTCP: the next port, unless ``a=rtcp`` (RFC 3605) says otherwise; port 0: it
    wants none (RFC 3556).
    """


def _audio(port: int, codecs: Mapping[int, Codec], telephone_event: int | None, direction: Direction) -> Media:
    """An audio section of ours."""
    formats = [str(number) for number in codecs]
    attributes = [Attribute("rtpmap", f"{number} {codec.name}/{SAMPLE_RATE}") for number, codec in codecs.items()]
    if telephone_event is not None:
        formats.append(str(telephone_event))
        attributes.append(Attribute("rtpmap", f"{telephone_event} {TELEPHONE_EVENT}/{SAMPLE_RATE}"))
        attributes.append(Attribute("fmtp", f"{telephone_event} 0-15"))
    attributes.append(Attribute("ptime", str(PTIME)))
    attributes.append(Attribute(direction.value))
    return Media("audio", port, "RTP/AVP", tuple(formats), attributes=tuple(attributes))


def _ours(address: str, session_id: int, version: int, media: Iterable[Media]) -> SessionDescription:
    return SessionDescription(
        username="-",
        session_id=str(session_id),
        version=str(version),
        address=address,
        connection=address,
        media=tuple(media),
    )


def offer(
    address: str,
    port: int,
    codecs: Sequence[Codec] = (Codec.PCMA, Codec.PCMU),
    *,
    telephone_event: int | None = 101,
    session_id: int,
    version: int = 1,
    direction: Direction = Direction.SENDRECV,
) -> SessionDescription:
    """An offer of one audio stream.

    :param address: where we receive, an IP address.
    :param port: where we receive RTP; RTCP is at the next one.
    :param codecs: in order of preference.
    :param telephone_event: the payload type that keys shall come with; None: not offered.
    :param session_id: unlikely to be had by another session of this host; the same for each offer of a
        dialog.
    """
    numbers = {int(codec): codec for codec in codecs}
    media = _audio(port, numbers, telephone_event, direction)
    return _ours(address, session_id, version, [media])


def answer(
    offered: SessionDescription | bytes,
    address: str,
    port: int,
    codecs: Sequence[Codec] = (Codec.PCMA, Codec.PCMU),
    *,
    telephone_events: bool = True,
    session_id: int,
    version: int = 1,
) -> tuple[bytes, Negotiated]:
    """Answer an offer with one audio stream; all its other streams are refused (port 0).

    Of the codecs the first of the offer that is one of ours is taken, and only it, so that the far end has
    no reason to change it while it talks. Payload types are those of the offer. Its telephone-events are taken,
    if `telephone_events` says so.

    :raises SdpError: the offer can't be read.
    :raises NotAcceptable: it has no audio stream that we can use.
    """
    description = parse(offered) if isinstance(offered, bytes) else offered
    chosen = _choose(description, codecs, address)
    media = description.media[chosen]
    number, codec = next((n, c) for n, c in media.codecs.items() if c in codecs)
    direction = _our_direction(description, media)
    event = media.telephone_event if telephone_events else None
    ours = _audio(port, {number: codec}, event, direction)
    sections = [
        ours if index == chosen else Media(other.kind, 0, other.protocol, other.formats)
        for index, other in enumerate(description.media)
    ]
    negotiated = _negotiated(description, media, number, codec, direction, {number: codec}, (event, event))
    return bytes(_ours(address, session_id, version, sections)), negotiated


def accept(our_offer: SessionDescription | bytes, their_answer: SessionDescription | bytes) -> Negotiated:
    """What an answer to our offer means, or an offer of theirs that we answered so.

    :raises SdpError: the answer can't be read.
    :raises NotAcceptable: the stream was refused, or the answer names no codec of the offer.
    """
    offered = parse(our_offer) if isinstance(our_offer, bytes) else our_offer
    answered = parse(their_answer) if isinstance(their_answer, bytes) else their_answer
    ours = next(media for media in offered.media if media.port)  # we refuse all streams but one
    media = answered.media[_choose(answered, list(ours.codecs.values()), offered.address)]
    number, codec = next((n, c) for n, c in media.codecs.items() if c in ours.codecs.values())
    allowed = offered.direction(ours)
    wanted = _our_direction(answered, media)
    direction = direction_of(sends=wanted.sends and allowed.sends, receives=wanted.receives and allowed.receives)
    events = (media.telephone_event, ours.telephone_event)
    return _negotiated(
        answered, media, number, codec, direction, ours.codecs, (None, None) if None in events else events
    )


def revise(previous: SessionDescription, fresh: SessionDescription | bytes) -> SessionDescription:
    """A further description of a dialog: the session id of the previous one, and its version, raised by one
    where anything differs (RFC 3264 section 8).
    """
    new = parse(fresh) if isinstance(fresh, bytes) else fresh
    same = replace(new, session_id=previous.session_id, version=previous.version)
    return previous if same == previous else replace(same, version=str(int(previous.version) + 1))


def _choose(description: SessionDescription, codecs: Sequence[Codec], address: str) -> int:
    """The index of the first audio stream that can be used from `address`."""
    audio = [media for media in description.media if media.kind == "audio"]
    unreached: list[str] = []
    if not audio:
        raise NotAcceptable("the description has no audio stream")
    for index, media in enumerate(description.media):
        usable = media.kind == "audio" and media.port > 0 and media.protocol.upper() == "RTP/AVP"
        if usable and any(codec in codecs for codec in media.codecs.values()):
            host = description.remote(media)[0]
            if host in ZEROS or (":" in host) == (":" in address):
                return index
            unreached.append(host)
    if all(media.port == 0 for media in audio):
        raise NotAcceptable("the audio stream is refused: its port is 0")
    if unreached:
        raise NotAcceptable(f"audio can't be sent from {address} to {unreached[0]}: they are of different families")
    offered = "; ".join(f"{media.protocol} {' '.join(media.formats)}"[:80] for media in audio)
    raise NotAcceptable(f"no common codec: we have {', '.join(c.name for c in codecs)}, they have {offered}")


def _our_direction(description: SessionDescription, media: Media) -> Direction:
    """What we do with a stream of the far end's."""
    direction = description.direction(media).reversed
    if description.remote(media)[0] in ZEROS:
        return direction_of(sends=False, receives=direction.receives)
    return direction


def _negotiated(
    description: SessionDescription,
    media: Media,
    number: int,
    codec: Codec,
    direction: Direction,
    receive: Mapping[int, Codec],
    events: tuple[int | None, int | None],
) -> Negotiated:
    remote = description.remote(media)
    return Negotiated(
        remote=remote,
        codec=codec,
        payload_type=number,
        telephone_event=events[0],
        direction=direction,
        receive_payload_types=MappingProxyType(dict(receive)),
        receive_telephone_event=events[1],
        remote_rtcp=_rtcp(media, remote) if description.wants_rtcp(media) else (remote[0], 0),
    )


def _rtcp(media: Media, remote: tuple[str, int]) -> tuple[str, int]:
    """The port after RTP's, or what ``a=rtcp`` names (RFC 3605).

    RFC 5761 is not offered, so that a far end that says ``rtcp-mux`` still gets it on its own port.
    """
    for value in media.values("rtcp"):
        port, *rest = value.split() or [""]
        if DIGITS.fullmatch(port) and 0 < int(port) <= 65535:
            named = rest[2] if len(rest) == 3 else ""
            return (str(ip_address(named)) if is_one_host(named) else remote[0]), int(port)
    return remote[0], min(remote[1] + 1, 65535)
