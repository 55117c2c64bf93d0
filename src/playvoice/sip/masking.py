"""Messages without what nobody else should see: pure functions of octets, which keep the length of a body.

What proves a password, or is one, and keys of media are secrets: `response` and `rspauth` of digest authentication (RFC
7616 sections 3.4 and 3.5), all that other schemes send, the password of a URI (RFC 3261 section 19.1.1), `crypto`
and `k=` of session descriptions (RFC 4568, RFC 8866 section 5.12), `ice-pwd` (RFC 8839). A nonce is none.
"""

import re

HIDDEN = 4
"""Digits of a number that are hidden at the least."""
SHORTEST_NUMBER = 7
"""Digits from which on a number is somebody's; shorter ones are of services and extensions."""

_VALUE = rb"(?:[^\r\n]|\r\n(?=[ \t]))*"
_AUTHORIZATION = re.compile(
    rb"([\r\n](?:proxy-)?auth(?:orization|entication-info)[ \t]*:[ \t]*)(" + _VALUE + rb")", re.IGNORECASE
)
_PROOF = re.compile(rb"(\b(?:response|rspauth)\s*=\s*)(\"[^\"]*\"?|[^\s,]*)", re.IGNORECASE)
_DIGEST = re.compile(rb"digest\s|[a-z]+\s*=", re.IGNORECASE)
"""What the value of such a header begins with where `response` and `rspauth` are all that is secret in it."""
_SCHEME = re.compile(rb"(\S+\s+)(.*)", re.DOTALL)
_URI_PASSWORD = re.compile(rb"(\bsips?:[^\s@:;<>?\"]+:)([^\s@<>\"]+)(?=@)", re.IGNORECASE)
_HAS_URI_PASSWORD = re.compile(rb"sips?:[^\s@:;<>?\"]+:[^\s@<>\"]+@")
_SIGNS_OF_KEYS = (b"k=", b"a=ice-pwd", b"a=key-mgmt", b"a=crypto")
_KEY = re.compile(
    rb"([\r\n](?:k=[a-z0-9]+:|a=(?:ice-pwd|key-mgmt):|a=crypto:[^\r\n]*?inline:))([^\r\n]*)", re.IGNORECASE
)
_NUMBER = re.compile(rb"\b(?:sips?|tel):\+?([0-9]{7,})", re.IGNORECASE)


def mask_secrets(message: bytes) -> bytes:
    """The message with its secrets as asterisks."""
    small = message.lower()  # most messages have no secret, and to see so costs a tenth
    if b"auth" in small:
        message = _AUTHORIZATION.sub(lambda found: found[1] + _mask_credentials(found[2]), message)
    if _HAS_URI_PASSWORD.search(small):
        message = _URI_PASSWORD.sub(_mask_second, message)
    return _KEY.sub(_mask_second, message) if any(sign in small for sign in _SIGNS_OF_KEYS) else message


def mask_numbers(message: bytes) -> bytes:
    """The message with the middle of each number hidden that is the user of a URI, wherever else it stands in it."""
    for number in sorted(set(_NUMBER.findall(message)), key=len, reverse=True):
        hidden = mask_number(number.decode()).encode()
        message = re.sub(rb"(?<![0-9])" + number + rb"(?![0-9])", hidden, message)
    return message


def mask_number(number: str) -> str:
    """A number with its middle hidden: 13812345678 becomes 138****5678; one that is short stays as it is."""
    digits = len(number.removeprefix("+"))
    if digits < SHORTEST_NUMBER:
        return number
    hidden = max(HIDDEN, digits - 7)
    first = len(number) - digits + min(3, (digits - hidden) // 2)
    return number[:first] + "*" * hidden + number[first + hidden :]


def _mask_credentials(value: bytes) -> bytes:
    if _DIGEST.match(value):
        return _PROOF.sub(_mask_second, value)
    scheme = _SCHEME.fullmatch(value)
    return b"*" * len(value) if scheme is None else scheme[1] + b"*" * len(scheme[2])


def _mask_second(found: re.Match[bytes]) -> bytes:
    return found[1] + re.sub(rb"[^\"\s]", b"*", found[2])
