"""The session description in a message's body: RFC 3261 sections 7.4 and 8.2.3, multipart as RFC 2046 and 5621 have it.

Carriers send it alone, with a charset, or as one part beside what their own networks add (ISUP, RFC 3204; location).
"""

import re
from collections.abc import Iterator

from sipmessage import Request, Response

SDP = "application/sdp"
MAX_PARTS = 16
"""Parts of one body that are looked at; a part that is multipart itself is not."""

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_PART_TYPE = re.compile(rb"^content-type\s*:\s*([^\s;]+)", re.IGNORECASE | re.MULTILINE)
_OPTIONAL = re.compile(r";\s*handling\s*=\s*optional\b", re.IGNORECASE)


def description_of(message: Request | Response) -> bytes:
    """The session description that a message brings, empty if there is none that can be read."""
    if not message.body or _is_encoded(message):
        return b""
    value, kind = message.headers.get("Content-Type") or "", media_type(message)
    if kind == SDP or (not kind and message.body.lstrip().startswith(b"v=0")):
        return message.body
    boundary = _BOUNDARY.search(value) if kind.startswith("multipart/") else None
    if boundary is None:
        return b""
    parts = _parts(message.body, (boundary[1] or boundary[2]).encode())
    return next((content for part, content in parts if part == SDP), b"")


def is_unsupported(request: Request) -> bool:
    """Whether a request is refused with 415: it wants a body understood that has no description."""
    if not request.body or description_of(request):
        return False
    return _OPTIONAL.search(request.headers.get("Content-Disposition") or "") is None


def media_type(message: Request | Response) -> str:
    """The Content-Type in lower case without its parameters, empty if there is none."""
    return (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    """Type and content of each part, with the lines' ends as they are."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--|(?=[ \t]*\r?\n))")
    pieces = delimiter.split(body, MAX_PARTS)[1:]
    for closing, piece in zip(pieces[::2], pieces[1::2], strict=True):
        if closing:
            return
        head, *content = _EMPTY_LINE.split(piece, maxsplit=1)
        found = _PART_TYPE.search(head)
        if found is not None and content:
            yield found[1].decode("ascii", "replace").lower(), content[0]


def _is_encoded(message: Request | Response) -> bool:
    return (message.headers.get("Content-Encoding") or "").strip().lower() not in ("", "identity")
