"""Messages without what nobody else should see: pure functions of octets, which keep the length of a body.

What proves a password, or is one, and keys of media are secrets: `response` and `rspauth` of digest authentication (RFC
7616 sections 3.4 and 3.5), all that other schemes send, the password of a URI (RFC 3261 section 19.1.1), `crypto`
and `k=` of session descriptions (RFC 4568, RFC 8866 section 5.12), `ice-pwd` (RFC 8839). A nonce is none.

Strangers' messages are masked too, so each expression here takes what it has begun with: none looks twice at an octet.
"""

import re

HIDDEN = 4
"""Digits of a number that are hidden at the least."""
SHORTEST_NUMBER = 7
"""Digits from which on a number is somebody's; shorter ones are of services and extensions."""
_LONGEST_NAME = 256
"""Octets of a display name."""

_VALUE = rb"(?:[^\r\n]|\r?\n(?=[ \t]))*"
_AUTHORIZATION = re.compile(
    rb"([\r\n](?:proxy-)?auth(?:orization|entication-info)[ \t]*:[ \t]*)(" + _VALUE + rb")", re.IGNORECASE
)
_PROOF = re.compile(rb"(\b(?:response|rspauth)\s*=\s*)(\"[^\"]*\"?|[^\s,]*)", re.IGNORECASE)
_DIGEST = re.compile(rb"digest\s|[a-z]+\s*=", re.IGNORECASE)
"""What the value of such a header begins with where `response` and `rspauth` are all that is secret in it."""
_SCHEME = re.compile(rb"(\S+\s+)(.*)", re.DOTALL)
_URI = re.compile(rb"(\b(?:sips?|tel):)([^\s<>\"]*)", re.IGNORECASE)
_NAMED_URI = re.compile(rb"<(?:sips?|tel):", re.IGNORECASE)
_SIGNS_OF_KEYS = (b"k=", b"a=ice-pwd", b"a=key-mgmt", b"a=crypto")
_KEY = re.compile(
    rb"([\r\n](?:k=[a-z0-9]+:|a=(?:ice-pwd|key-mgmt):|a=crypto:[^\r\n]*?inline:))([^\r\n]*)", re.IGNORECASE
)
_NUMBER = re.compile(rb"[0-9](?:[-.()]{0,2}[0-9]){6,}")
"""Digits, with the visual separators of RFC 3966 section 5.1.1 or without."""
_DIGITS = re.compile(rb"[0-9]{7,}")


def mask_secrets(message: bytes) -> bytes:
    """The message with its secrets as asterisks."""
    small = message.lower()  # most messages have no secret, and to see so costs a tenth
    if b"auth" in small:
        message = _AUTHORIZATION.sub(lambda found: found[1] + _mask_credentials(found[2]), message)
    if b"@" in small:
        message = _URI.sub(_without_password, message)
    return _KEY.sub(_mask_second, message) if any(sign in small for sign in _SIGNS_OF_KEYS) else message


def mask_numbers(message: bytes) -> bytes:
    """The message with the middle of each number hidden that is in the user or the name of an address.

    It is hidden wherever else it stands, also with another prefix: a number is known by its last seven digits.
    """
    ends = {_end(found) for text in _users_and_names(message) for found in _NUMBER.findall(text)}
    if not ends:
        return message

    def hide_digits(found: re.Match[bytes]) -> bytes:
        return _hide(found[0]) if _end(found[0]) in ends else found[0]

    def hide(found: re.Match[bytes]) -> bytes:
        return _hide(found[0]) if _end(found[0]) in ends else _DIGITS.sub(hide_digits, found[0])

    return _NUMBER.sub(hide, message)


def mask_number(number: str) -> str:
    """A number with its middle hidden: 13812345678 becomes 138****5678; one that is short stays as it is."""
    digits = [place for place, character in enumerate(number) if character in "0123456789"]
    if len(digits) < SHORTEST_NUMBER:
        return number
    hidden = max(HIDDEN, len(digits) - 7)
    first = min(3, (len(digits) - hidden) // 2)
    places = frozenset(digits[first : first + hidden])
    return "".join("*" if place in places else character for place, character in enumerate(number))


def mask_text(text: str) -> str:
    """A sentence with the middle of each number in it hidden."""
    return re.sub(r"[0-9]{7,}", lambda found: mask_number(found[0]), text)


def _users_and_names(message: bytes) -> list[bytes]:
    """Where numbers are somebody's: the users of SIP URIs, tel URIs, and what stands before `<` and a URI."""
    texts = [
        found[2] if found[1].lower() == b"tel:" else found[2].partition(b"@")[0]
        for found in _URI.finditer(message)
        if found[1].lower() == b"tel:" or b"@" in found[2]
    ]
    for found in _NAMED_URI.finditer(message):
        before = message[max(0, found.start() - _LONGEST_NAME) : found.start()]
        texts.append(re.split(rb"[\r\n>,]", before)[-1])
    return texts


def _end(number: bytes) -> bytes:
    return re.sub(rb"[^0-9]", b"", number)[-SHORTEST_NUMBER:]


def _hide(number: bytes) -> bytes:
    return mask_number(number.decode()).encode()


def _without_password(found: re.Match[bytes]) -> bytes:
    user, at, rest = found[2].partition(b"@")
    name, colon, password = user.partition(b":")
    return found[1] + name + colon + b"*" * len(password) + at + rest if at and colon else found[0]


def _mask_credentials(value: bytes) -> bytes:
    if _DIGEST.match(value):
        return _PROOF.sub(_mask_second, value)
    scheme = _SCHEME.fullmatch(value)
    return b"*" * len(value) if scheme is None else scheme[1] + b"*" * len(scheme[2])


def _mask_second(found: re.Match[bytes]) -> bytes:
    return found[1] + re.sub(rb"[^\"\s]", b"*", found[2])
