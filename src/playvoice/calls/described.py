"""What we and the far end of a leg have said of its stream, first and later, and what follows for it (RFC 3264)."""

from playvoice.config import Dtmf
from playvoice.media import sdp
from playvoice.media.client import Stream

TELEPHONE_EVENT = 101
"""The payload type of telephone-events in our offers."""


class DescribedStream:
    """A stream with the descriptions of its leg; a description that can't be used changes nothing."""

    def __init__(
        self, stream: Stream, address: str, codecs: tuple[sdp.Codec, ...], dtmf: Dtmf, session_id: int
    ) -> None:
        """Make the first offer: `address` is where the stream receives, `codecs` are all that it takes.

        Telephone-events are no part of it where keys are to come another way: a gateway that agrees on them takes the
        tones out of the audio.
        """
        self.stream = stream
        self._dtmf = dtmf
        self._events = dtmf in (Dtmf.AUTO, Dtmf.RFC4733)
        self._address = address
        self._codecs = codecs
        event = TELEPHONE_EVENT if self._events else None
        self._fresh = sdp.offer(address, stream.port, codecs, telephone_event=event, session_id=session_id)
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

    @property
    def sends_telephone_events(self) -> bool:
        """Whether the far end takes keys as telephone-events."""
        return self.negotiated is not None and self.negotiated.telephone_event is not None

    @property
    def takes_info(self) -> bool:
        """Whether keys may come by INFO; where telephone-events were agreed on, each press comes as one."""
        return self._dtmf is Dtmf.INFO or (self._dtmf is Dtmf.AUTO and not self.takes_telephone_events)

    @property
    def takes_tones(self) -> bool:
        """Whether keys may come as tones in the audio."""
        return self._dtmf is Dtmf.INBAND or (self._dtmf is Dtmf.AUTO and not self.takes_telephone_events)

    @property
    def keys(self) -> str:
        """How keys come, in words for a person."""
        if self.takes_telephone_events:
            return "telephone-events"
        ways = ["INFO"] * self.takes_info + ["tones"] * self.takes_tones
        return " or ".join(ways) or "nothing that both sides have"

    def accept(self, answer: bytes, ours: bytes, sip_source: str) -> sdp.Negotiated:
        """Take the answer to `ours`; SdpError if it can't be used.

        That may be none of the last: another early dialog, whose phone was not the one that answered, had its own.
        """
        described = sdp.parse(ours)
        negotiated = sdp.accept(described, answer)
        self._last = described
        self._connect(negotiated, sip_source)
        return negotiated

    def answer(self, offer: bytes, sip_source: str) -> bytes:
        """Take an offer, and give our answer: the same session in its next version; SdpError if it can't be used."""
        fresh, negotiated = sdp.answer(
            offer, self._address, self.stream.port, self._codecs, telephone_events=self._events, session_id=0
        )
        self._last = sdp.revise(self._last, fresh)
        self._connect(negotiated, sip_source)
        return self.last

    def offer_again(self) -> bytes:
        """All that we take once more, for a far end that asks for it (RFC 3261 section 14.2)."""
        self._last = sdp.revise(self._last, self._fresh)
        return self.last

    def _connect(self, negotiated: sdp.Negotiated, sip_source: str) -> None:
        self.negotiated = negotiated
        self.stream.connect(negotiated, sip_source=sip_source, tones=self.takes_tones)
