"""What a call's audio is to the phone: a port, a way to press keys, and figures."""

from collections.abc import Callable
from typing import Protocol

from playvoice.media.sdp import Negotiated
from playvoice.simulator.softphone.status import Figures


class Voice(Protocol):
    """One call's audio."""

    @property
    def address(self) -> str:
        """Where RTP is received."""

    @property
    def port(self) -> int: ...

    def start(self, negotiated: Negotiated) -> None:
        """Send and receive as agreed, from now on."""

    def begin(self) -> None:
        """The call is answered: say what is to be said, and record."""

    def press(self, keys: str) -> None:
        """Press keys by telephone-events."""

    def press_tones(self, keys: str) -> None:
        """Press keys as tones in the audio."""

    def figures(self, now: float) -> Figures: ...

    def end(self, now: float) -> str:
        """End it; gives the path of the recording, or what went wrong with it, empty where there is none."""


KeysHeard = Callable[[str, str], None]
"""Keys, and the way they came: `events`, `tones` or `info`."""
MakeVoice = Callable[[str, KeysHeard], Voice]
"""Makes the audio of a call that goes to this IP address. OSError where no port can be had."""
