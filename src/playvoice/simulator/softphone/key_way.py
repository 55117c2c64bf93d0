"""How keys are sent."""

from enum import StrEnum


class KeyWay(StrEnum):
    """How keys are sent."""

    AUTO = "auto"
    """By telephone-events where the answer has them, else as tones."""
    EVENTS = "events"
    """RFC 4733; a key is not sent where the answer has none."""
    INFO = "info"
    """SIP INFO, `application/dtmf-relay`."""
    TONES = "tones"
    """In the audio (ITU-T Q.23)."""
