"""The grammar of URIs, addresses and Via, where that of `sipmessage` is too narrow or too wide: RFC 3261 section 25.1.

The values are `sipmessage`'s own classes. Read here they take white space wherever the grammar has it, names of
parameters in any case, IPv6 addresses in all their forms (RFC 5118), and display names beyond ASCII without quotes,
which phones send; ports and addresses that no socket takes are refused. And what was read is written as it was: a
branch with a `%` in it, or a quoted parameter, would come back as another one.

Everything here raises `ValueError` for what is not valid, and takes time in proportion to the text.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Self
from urllib.parse import unquote

import sipmessage
from sipmessage import URI, Address, Via

MAX_HOST = 255
"""Characters of a name (RFC 1035 section 2.3.4)."""
READ_HOSTS = 512
"""Hosts that are kept as read: a server hears of the same ones all day."""
TOKEN = r"[A-Za-z0-9.!%*_+`'~-]+"

_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PIECES = {end: re.compile(rf'(?:[^"<{end}]+|{_QUOTED}|<[^>]*>)*+', re.DOTALL) for end in ",;"}
_PARAMETER = re.compile(rf'({TOKEN})(?:\s*=\s*({_QUOTED}|[^\x00-\x20\x7f",;<>]+))?', re.DOTALL)

_HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*"
_UNRESERVED = r"A-Za-z0-9_.!~*'()\-"
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_URI_PARAMETER = rf"(?:[{_UNRESERVED}\[\]/:&+$]|{_ESCAPED})+"
_SIP_URI = re.compile(
    rf"(?P<scheme>sips?):(?:(?P<user>(?:[{_UNRESERVED}&=+$,;?/]|{_ESCAPED})+)"
    rf"(?::(?P<password>(?:[{_UNRESERVED}&=+$,]|{_ESCAPED})*))?@)?(?P<host>{_HOST})(?::(?P<port>[0-9]+))?"
    rf"(?P<parameters>(?:;{_URI_PARAMETER}(?:={_URI_PARAMETER})?)*)(?P<headers>\?[!-~]*)?",
    re.IGNORECASE,
)
_NAME_ADDR = re.compile(
    rf"(?:(?P<quoted>{_QUOTED})\s*+|(?P<tokens>(?:[A-Za-z0-9.!%*_+`'~ \t-]|[^\x00-\x7f])*+))<(?P<uri>[^<>]*)>"
    r"\s*(?P<parameters>(?:;.*)?)",
    re.DOTALL,
)
_ADDR_SPEC = re.compile(r'(?P<uri>[^\s;?<>"]+)\s*(?P<parameters>(?:;.*)?)', re.DOTALL)
_VIA = re.compile(
    rf"SIP\s*/\s*[0-9]+\.[0-9]+\s*/\s*({TOKEN})\s+({_HOST})(?:\s*:\s*([0-9]+))?\s*((?:;.*)?)", re.IGNORECASE | re.DOTALL
)
_TOP_LABEL = re.compile(r"(?:.*\.)?[A-Za-z][A-Za-z0-9-]*\.?")
_ESCAPED_CHARACTER = re.compile(r"\\(.)", re.DOTALL)


class Parameters(sipmessage.Parameters):
    """Parameters that are written as they were read; their names are in lower case for whoever asks."""

    def __init__(self, values: Mapping[str, str | None], text: str) -> None:
        super().__init__(**values)
        self._text = text

    def replace(self, **changes: str | None) -> Self:
        """A copy with these parameters added, or in place of others of their names."""
        text = replace_parameters(self._text, changes)
        return type(self)({**self, **changes}, text)

    def __str__(self) -> str:
        return self._text


def split_values(text: str, separator: str = ",") -> list[str]:
    """Cut a header value at the commas (or semicolons) outside of quotes and angle brackets."""
    if separator not in text and '"' not in text and "<" not in text:
        return [text.strip()]
    pieces: list[str] = []
    position = 0
    while True:
        found = _PIECES[separator].match(text, position)
        assert found is not None  # it matches nothing at all as well
        pieces.append(found[0].strip())
        position = found.end()
        if position == len(text):
            return pieces
        if text[position] != separator:
            raise ValueError("a quote or an angle bracket is not closed")
        position += 1


def replace_parameters(text: str, changes: Mapping[str, str | None]) -> str:
    """The text of a value and its parameters with these at its end, whatever they were before."""
    head, *pieces = split_values(text, ";")
    kept = [piece for piece in pieces if piece.partition("=")[0].rstrip().lower() not in changes]
    return ";".join([head, *kept, *(name if value is None else f"{name}={value}" for name, value in changes.items())])


def parse_uri(text: str, *, headers: bool = True) -> URI:
    """Read a SIP, SIPS or TEL URI, in any case of the scheme.

    The URI headers (after `?`, section 19.1.1) mean nothing to us and are dropped; `headers` says whether there may
    be any.
    """
    scheme, colon, rest = text.partition(":")
    if scheme.lower() == "tel":
        return URI.parse(f"tel{colon}{rest}")
    found = _SIP_URI.fullmatch(text)
    if found is None or (found["headers"] is not None and not headers):
        raise ValueError("URI is not valid")
    return URI(
        scheme=found["scheme"].lower(),
        host=_host(found["host"]),
        port=_port(found["port"]),
        user=unquote(found["user"]) if found["user"] else None,
        password=unquote(found["password"]) if found["password"] else None,
        parameters=_uri_parameters(found["parameters"]),
    )


def parse_address(text: str, *, headers: bool = True) -> Address:
    """Read one `name-addr` or `addr-spec` with the parameters of its header; `headers` as in `parse_uri`."""
    found = _NAME_ADDR.fullmatch(text) or _ADDR_SPEC.fullmatch(text)
    if found is None:
        raise ValueError("Address is not valid")
    groups = found.groupdict()
    quoted = groups.get("quoted")
    name = (groups.get("tokens") or "").strip() if quoted is None else _ESCAPED_CHARACTER.sub(r"\1", quoted[1:-1])
    return Address(parse_uri(found["uri"], headers=headers), name, _header_parameters(found["parameters"]))


def parse_via(text: str) -> Via:
    """Read one value of Via, of any version of SIP."""
    found = _VIA.fullmatch(text)
    if found is None:
        raise ValueError("Via is not valid")
    transport, host, port, parameters = found.groups()
    return Via(transport, _host(host), _port(port), _header_parameters(parameters))


def _header_parameters(text: str) -> Parameters:
    values: dict[str, str | None] = {}
    for piece in split_values(text, ";")[1:]:
        found = _PARAMETER.fullmatch(piece)
        if found is None:
            raise ValueError(f"not a parameter: {piece[:80]!r}")
        values.setdefault(found[1].lower(), found[2])
    return Parameters(values, text)


def _uri_parameters(text: str) -> Parameters:
    values: dict[str, str | None] = {}
    for piece in text.split(";")[1:]:
        name, equals, value = piece.partition("=")
        values.setdefault(unquote(name).lower(), unquote(value) if equals else None)
    return Parameters(values, text)


@lru_cache(READ_HOSTS)
def _host(text: str) -> str:
    """A name, an IPv4 address, or an IPv6 address in brackets, in which RFC 3261's grammar has a colon too many."""
    text = text.replace(":::", "::")
    if text.startswith("["):
        IPv6Address(text[1:-1])
    elif ".." in text or len(text) > MAX_HOST:
        raise ValueError(f"no name of a host: {text[:80]!r}")
    elif not _TOP_LABEL.fullmatch(text):
        IPv4Address(text)
    return text


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if len(text) > 5 or not 0 < int(text) < 65_536:
        raise ValueError(f"no port: {text[:20]}")
    return int(text)


def parse_all(texts: Iterable[str], most: int, *, headers: bool = True) -> list[Address]:
    """Read the addresses of a header that may have several, in one line or in several; not more than `most`."""
    values = [value for text in texts for value in split_values(text)]
    if len(values) > most:
        raise ValueError(f"{len(values)} values, more than {most}")
    return [parse_address(value, headers=headers) for value in values]
