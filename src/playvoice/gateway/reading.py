"""A request's parameters, from whichever of four encodings it chose: form, multipart, JSON, query string.

What can be understood without a guess is accepted: spaces that are not percent-encoded, JSON sent as a form, a body
without a type, a field that stands twice with one value. What can't is refused with 400, and nothing here ever
raises anything else. Garbage in a field that the service does not know is no reason to refuse.

Reading takes processor time and memory in proportion to the body, whatever stands in it: a parser that is given
millions of tiny pieces holds up the calls of everybody else.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

from playvoice.gateway.errors import RequestRefused, bad_request
from playvoice.gateway.multipart import FilePart, parse_multipart, parse_options

MAX_FIELDS = 1000
MAX_JSON_VALUES = 100_000
"""Commas and brackets of a JSON body, wherever they stand; so many take about 20 ms to read."""
SLICE = 65_536
"""Octets that are percent-decoded at once: the library's function takes 70 times as much memory meanwhile."""

Pairs = list[tuple[str, str | None]]
"""Names and values; None is a value that is not a text (JSON true, array, object)."""


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that came with a request."""

    name: str
    """Of its field."""
    filename: str
    """What its sender calls it."""
    content: bytes | Path = field(repr=False)
    """In memory, or in a file of ours that goes with the answer."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a body says."""

    pairs: Pairs
    files: tuple[ReceivedFile, ...] = ()


class Parameters:
    """What a request says, the body before the query string."""

    def __init__(self, query: Pairs, body: Pairs, files: Iterable[ReceivedFile] = ()) -> None:
        self._files = tuple(files)
        self._values: dict[str, list[str | None]] = {}
        in_body = {name for name, _ in body}
        for name, value in [*body, *(pair for pair in query if pair[0] not in in_body)]:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> str:
        """Return the value of a parameter, empty where there is none.

        Raises `RequestRefused` (400) where it stands there with two values, or is not a text.
        """
        values = self._values.get(name)
        if values is None:
            return ""
        first = values[0]
        if first is None:
            raise bad_request(f"参数{name}应为文本", f"parameter {name} must be a text")
        if any(value != first for value in values):
            raise bad_request(f"参数{name}重复且取值不同", f"parameter {name} is given twice with different values")
        return first

    def file(self, name: str) -> ReceivedFile | None:
        """Return the file of a field, None where there is none.

        Raises `RequestRefused` (400) where there are two, or its own name is not UTF-8.
        """
        files = [file for file in self._files if file.name == name]
        if len(files) > 1:
            raise bad_request(f"文件{name}重复", f"the file {name} is given twice")
        if not files:
            return None
        _refuse_surrogates(files[0].filename)
        return files[0]


def read_query(query: bytes) -> Pairs:
    """Read a query string; raises `RequestRefused` (400)."""
    return _decode(_parse_form(query))


def read_form(content_type: str, body: bytes) -> Form:
    """Read a body, with the files of a multipart form; raises `RequestRefused` (400)."""
    boundary = boundary_of(content_type)
    if boundary is None or not body.strip():
        return Form(read_body(content_type, body))
    fields, files = parse_multipart(body, boundary)
    return Form(_decode(fields), tuple(map(_received, files)))


def boundary_of(content_type: str) -> bytes | None:
    """Return the boundary of a multipart form, empty where it names none; None of anything else."""
    media_type, options = parse_options(content_type)
    return options.get(b"boundary", b"") if media_type == b"multipart/form-data" else None


def read_body(content_type: str, body: bytes) -> Pairs:
    """Read the parameters of a body as its type says, or, without a usable one, as what it evidently is.

    Raises `RequestRefused` (400).
    """
    if not body.strip():
        return []
    media_type, options = parse_options(content_type)
    if media_type == b"multipart/form-data":
        return _decode(parse_multipart(body, options.get(b"boundary"))[0])
    if media_type == b"application/json" or media_type.endswith(b"+json"):
        return _parse_json(body)
    if media_type in (b"", b"application/x-www-form-urlencoded", b"text/plain"):
        if body.lstrip().startswith(b"{"):
            try:
                return _parse_json(body)
            except RequestRefused:
                pass  # A form may begin with a brace as well.
        return _decode(_parse_form(body))
    shown = media_type.decode("latin-1")[:80]
    raise bad_request(f"不支持的Content-Type“{shown}”", f"the Content-Type {shown!r} is not supported")


def _parse_form(body: bytes) -> list[tuple[bytes, bytes]]:
    if body.count(b"&") > MAX_FIELDS:  # so that no more are taken apart
        raise _too_many()
    fields: list[tuple[bytes, bytes]] = []
    for piece in body.replace(b"+", b" ").split(b"&"):
        if piece.strip():
            name, _, value = piece.partition(b"=")
            fields.append((_unquote(name).strip(), _unquote(value)))
    if len(fields) > MAX_FIELDS:
        raise _too_many()
    return fields


def _unquote(text: bytes) -> bytes:
    pieces: list[bytes] = []
    start = 0
    while start < len(text):
        end = start + SLICE
        within = text.rfind(b"%", end - 2, end)  # the beginning of an escape that the slice would cut
        end = end if within == -1 else within
        pieces.append(unquote_to_bytes(text[start:end]))
        start = end
    return b"".join(pieces)


def _decode(fields: Iterable[tuple[bytes, bytes]]) -> Pairs:
    try:
        return [(name.decode(), value.decode()) for name, value in fields]
    except UnicodeDecodeError:
        raise _not_utf_8() from None


def _received(part: FilePart) -> ReceivedFile:
    """What is not UTF-8 comes out as surrogates: it counts only where the file is asked for."""
    name, filename = (octets.decode("utf-8", "surrogateescape") for octets in (part.name, part.filename))
    return ReceivedFile(name, filename, part.content)


def _parse_json(body: bytes) -> Pairs:
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MAX_JSON_VALUES:
        raise bad_request(f"JSON超过{MAX_JSON_VALUES}个值", f"the JSON body has more than {MAX_JSON_VALUES} values")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf_8() from None
    # An object comes as a tuple of pairs, so that a member that stands twice is seen, and an array as a list; numbers
    # stay the text that they are.
    try:
        value = json.loads(
            text,
            object_pairs_hook=tuple,
            parse_int=str,
            parse_float=str,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        raise bad_request("JSON格式错误", "the JSON body is malformed") from None
    if not isinstance(value, tuple):
        raise bad_request("JSON请求应为对象", "the JSON body must be an object")
    if len(value) > MAX_FIELDS:
        raise _too_many()
    pairs = [(name, item if isinstance(item, str) else None) for name, item in value if item is not None]
    for name, item in pairs:
        _refuse_surrogates(name)
        _refuse_surrogates(item or "")
    return pairs


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _not_utf_8() from None


def _not_utf_8() -> RequestRefused:
    return bad_request("参数不是有效的UTF-8编码", "the parameters are not UTF-8")


def _too_many() -> RequestRefused:
    return bad_request(f"参数超过{MAX_FIELDS}个", f"there are more than {MAX_FIELDS} fields")
