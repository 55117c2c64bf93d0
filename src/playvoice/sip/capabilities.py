"""What we can do, as it is told to the far end: methods (Allow) and extensions (Supported, Require)."""

from sipmessage import Request

from playvoice.sip import session_timer

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"
"""The methods that a call takes (RFC 3261 section 20.5)."""
KNOWN_METHODS = frozenset({*ALLOW.split(", "), "REGISTER"})
SUPPORTED = frozenset({"path", session_timer.OPTION})
"""The extensions that a request may require (RFC 3261 section 8.2.2.3): Path is the registrar's (RFC 3327)."""


def unsupported_by_us(request: Request) -> str:
    """The extensions that a request requires and we don't have, as Unsupported names them; empty if there are none."""
    return ", ".join(tag for tag in request.require if tag.lower() not in SUPPORTED)
