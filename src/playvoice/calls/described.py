"""What we and the far end of a leg have said of its stream, first and later, and what follows for it (RFC 3264)."""

from playvoice.media import sdp
from playvoice.media.client import Stream


class DescribedStream:
    """A stream with the descriptions of its leg; a description that can't be used changes nothing."""

    def __init__(self, stream: Stream, address: str, codecs: tuple[sdp.Codec, ...], session_id: int) -> None:
        """Make the first offer: `address` is where the stream receives, `codecs` are all that it takes."""
        self.stream = stream
        self._address = address
        self._codecs = codecs
        self._fresh = sdp.offer(address, stream.port, codecs, session_id=session_id)
        self._last = self._fresh
        self.negotiated: sdp.Negotiated | None = None
        """What both agreed on last."""

    def __repr__(self) -> str:
        return f"<DescribedStream {self.stream!r}: {self.negotiated}>"

    @property
    def last(self) -> bytes:
        """Our description as the far end knows it."""
        return bytes(self._last)

    @property
    def takes_telephone_events(self) -> bool:
        """Whether keys come as telephone-events."""
        return self.negotiated is not None and self.negotiated.receive_telephone_event is not None

    def accept(self, answer: bytes, sip_source: str) -> sdp.Negotiated:
        """Take the answer to what we offered last; SdpError if it can't be used."""
        negotiated = sdp.accept(self._last, answer)
        self._connect(negotiated, sip_source)
        return negotiated

    def answer(self, offer: bytes, sip_source: str) -> bytes:
        """Take an offer, and give our answer: the same session in its next version; SdpError if it can't be used."""
        fresh, negotiated = sdp.answer(offer, self._address, self.stream.port, self._codecs, session_id=0)
        self._last = sdp.revise(self._last, fresh)
        self._connect(negotiated, sip_source)
        return self.last

    def offer_again(self) -> bytes:
        """All that we take once more, for a far end that asks for it (RFC 3261 section 14.2)."""
        self._last = sdp.revise(self._last, self._fresh)
        return self.last

    def _connect(self, negotiated: sdp.Negotiated, sip_source: str) -> None:
        self.negotiated = negotiated
        self.stream.connect(negotiated, sip_source=sip_source)
