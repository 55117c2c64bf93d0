"""How a phone takes calls and makes them: what is settled before the first one."""

from dataclasses import dataclass

from playvoice.media.g711 import Codec
from playvoice.simulator.softphone.key_way import KeyWay
from playvoice.simulator.softphone.presses import Press


@dataclass(frozen=True, slots=True)
class Manner:
    """Times are seconds; None means never."""

    auto_answer: float | None = None
    """From the INVITE to the answer."""
    reject: int | None = None
    """The status that every call is refused with."""
    presses: tuple[Press, ...] = ()
    hang_up_after: float | None = None
    """From the answer to BYE."""
    keys: KeyWay = KeyWay.AUTO
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
    """In order of preference."""
