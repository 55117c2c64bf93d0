"""What the two ends of a call have agreed on, offer by offer (RFC 3264), and hold (section 8.4). Sans-IO."""

from collections.abc import Sequence
from dataclasses import replace

from playvoice.media import sdp
from playvoice.media.description import direction_of
from playvoice.media.sdp import Attribute, Direction, Negotiated, NotAcceptable, SessionDescription

TELEPHONE_EVENT = 101
"""The payload type that is offered for keys where the far end has named none."""


class Terms:
    """One audio stream of ours at `address` and `port`."""

    def __init__(
        self, address: str, port: int, codecs: Sequence[sdp.Codec], session_id: int, *, telephone_events: bool = True
    ) -> None:
        self._address = address
        self._port = port
        self._codecs = tuple(codecs)
        self._session_id = session_id
        self._telephone_events = telephone_events
        self._ours: SessionDescription | None = None
        self._offered: SessionDescription | None = None
        self.negotiated: Negotiated | None = None
        """None before the first answer."""
        self.holding = False
        """The far end shall send nothing."""

    def __repr__(self) -> str:
        return f"<Terms {self.negotiated or 'open'}{', holding' if self.holding else ''}>"

    @property
    def is_held(self) -> bool:
        """The far end wants nothing from us."""
        return self.negotiated is not None and not self.negotiated.direction.sends

    def offer(self) -> bytes:
        """Our description, to be answered."""
        number = self.negotiated.receive_telephone_event if self.negotiated is not None else None
        self._offered = self._revise(
            sdp.offer(
                self._address,
                self._port,
                self._codecs,
                telephone_event=(number or TELEPHONE_EVENT) if self._telephone_events else None,
                session_id=self._session_id,
                direction=Direction.SENDONLY if self.holding else Direction.SENDRECV,
            )
        )
        return bytes(self._offered)

    def answer(self, offered: bytes) -> bytes:
        """Our description in answer to theirs.

        :raises SdpError: it can't be read, or, as NotAcceptable, can't be used; all stays as it was.
        """
        answered, negotiated = sdp.answer(
            offered,
            self._address,
            self._port,
            self._codecs,
            telephone_events=self._telephone_events,
            session_id=self._session_id,
        )
        description = sdp.parse(answered)
        if self.holding:
            direction = direction_of(sends=negotiated.direction.sends, receives=False)
            negotiated = replace(negotiated, direction=direction)
            description = _with_direction(description, direction)
        self.negotiated = negotiated
        return bytes(self._revise(description))

    def accept(self, answered: bytes) -> Negotiated:
        """Take the answer to our last offer; the same one may come twice.

        :raises SdpError: it can't be read, or, as NotAcceptable, can't be used; all stays as it was.
        """
        if self._offered is None:
            raise NotAcceptable("an answer came, and nothing was offered")
        self.negotiated = sdp.accept(self._offered, answered)
        return self.negotiated

    def _revise(self, fresh: SessionDescription) -> SessionDescription:
        self._ours = fresh if self._ours is None else sdp.revise(self._ours, fresh)
        return self._ours


def _with_direction(description: SessionDescription, direction: Direction) -> SessionDescription:
    """The same with another direction of its stream."""
    media = tuple(
        replace(
            each,
            attributes=(
                *(attribute for attribute in each.attributes if attribute.name not in set(Direction)),
                Attribute(direction.value),
            ),
        )
        if each.port
        else each
        for each in description.media
    )
    return replace(description, media=media)
