"""A registrar's bindings: RFC 3261 section 10.3, with Path (RFC 3327) and the source as in RFC 3581.

The owner has authenticated the request and says whose bindings it is about (the address of record, here any text);
:meth:`Registrar.handle` answers with a status, headers and what changed. A request changes all that it asks for or
nothing::

    no binding ──REGISTER──> ADDED ──REGISTER, a higher CSeq or another Call-ID──> REFRESHED
        ^                      │                                                     │
        └── REMOVED (expires=0, `*`, replaced, pushed out) · EXPIRED ────────────────┘

Two rules beyond the RFC keep a phone that was switched off and on from ringing twice. A contact that comes from the
very address and port of another one, without Path and with another Call-ID, replaces it: it is the same phone. And
where an address of record has its full number of bindings, the one that would expire first makes room.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sipmessage import URI, Address, Request

from playvoice.sip import grammar
from playvoice.sip.errors import SipError
from playvoice.sip.flow import Flow
from playvoice.sip.message import cseq_of
from playvoice.sip.seconds import delta_seconds

MAX_BINDINGS = 10
"""Bindings of one address of record, and contacts of one request."""
MAX_PATH = 10
MAX_TEXT = 512
"""Characters of a contact, of a Path value and of a Call-ID."""
DEFAULT_EXPIRY = 3_600
"""Seconds where a request names none, or none that can be read (section 10.3, point 7)."""

_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of an address of record: where a phone can be reached."""

    aor: str
    contact: URI
    flow: Flow
    """Over which the REGISTER came, and over which requests to the phone go."""
    source: tuple[str, int]
    """The phone's address and port as the server sees them, or as an edge that it believes told."""
    path: tuple[str, ...]
    """The Route of requests to the phone, the first hop first."""
    expires_at: datetime
    call_id: str
    cseq: int
    preference: float = 1.0
    """The `q` of the contact, 0 to 1: the highest is the first to ring (section 10.2.1.2)."""


class ChangeKind(Enum):
    """What happened to a binding."""

    ADDED = auto()
    REFRESHED = auto()
    REMOVED = auto()
    EXPIRED = auto()


@dataclass(frozen=True, slots=True)
class Change:
    """A binding that is new, other than before, or gone."""

    kind: ChangeKind
    binding: Binding
    left: tuple[Binding, ...] = ()
    """Where the same phone was reached before, over another flow: this contact of it, and others that it registered in
    the same row of requests (their Call-ID, section 10.2.4)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The response to a REGISTER, and what it changed."""

    status: int
    headers: Headers = ()
    reason: str = ""
    """Empty: the usual phrase."""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpiryBounds:
    """How long a binding may live, in seconds: below the least a request gets 423, above the most it gets the most."""

    least: int = 60
    most: int = 3_600


class RegisterError(SipError):
    """A REGISTER that changes nothing; it tells the response."""

    def __init__(self, status: int, reason: str = "", headers: Headers = ()) -> None:
        super().__init__(f"{status} {reason}")
        self.outcome = Outcome(status, headers, reason)


@dataclass(frozen=True, slots=True)
class _Contact:
    uri: URI
    expiry: int
    preference: float


class Registrar:
    """All bindings, by address of record and by source."""

    def __init__(self, bounds: ExpiryBounds | None = None, *, max_bindings: int = MAX_BINDINGS) -> None:
        self._bounds = bounds or ExpiryBounds()
        self._max_bindings = max_bindings
        self._bindings: dict[str, list[Binding]] = {}
        self._sources: dict[tuple[str, int], set[str]] = {}

    def __repr__(self) -> str:
        return f"<Registrar {sum(map(len, self._bindings.values()))} bindings of {len(self._bindings)}>"

    def restore(self, bindings: Iterable[Binding]) -> None:
        """Take up bindings of an earlier process, but for those that a phone has renewed meanwhile."""
        for binding in bindings:
            if self._find(binding.aor, binding.contact) is None:
                self._put(binding)

    def bindings(self, aor: str, at: datetime) -> list[Binding]:
        """The bindings of an address of record that have not expired: by `q`, and the freshest first among equals."""
        alive = [binding for binding in self._bindings.get(aor, ()) if binding.expires_at > at]
        return sorted(alive, key=lambda binding: (binding.preference, binding.expires_at), reverse=True)

    def of(self, aor: str) -> list[Binding]:
        """All bindings of an address of record, those that have expired and are not dropped yet as well."""
        return list(self._bindings.get(aor, ()))

    def aors_at(self, source: tuple[str, int], at: datetime) -> list[str]:
        """The addresses of record that are registered from this address and port."""
        return [
            aor
            for aor in sorted(self._sources.get(source, ()))
            if any(binding.source == source for binding in self.bindings(aor, at))
        ]

    def expire(self, at: datetime) -> list[Change]:
        """Drop the bindings whose time is over."""
        over = [binding for binding in self if binding.expires_at <= at]
        for binding in over:
            self._drop(binding)
        return [Change(ChangeKind.EXPIRED, binding) for binding in over]

    def remove(self, aor: str) -> list[Change]:
        """Drop an address of record with all its bindings."""
        return [self._remove(binding) for binding in self.of(aor)]

    def __iter__(self) -> Iterator[Binding]:
        return (binding for aor in list(self._bindings) for binding in self.of(aor))

    def handle(
        self,
        aor: str,
        request: Request,
        flow: Flow,
        at: datetime,
        *,
        source: tuple[str, int] | None = None,
        believe_path: bool = True,
    ) -> Outcome:
        """Do what a REGISTER for `aor` asks, or nothing.

        `at` is the wall clock; `source` the phone's address where that is not the flow's. A Path that is not believed
        counts as none: who may write one can lead our requests anywhere.
        """
        path: tuple[str, ...] = ()
        try:
            if len(request.call_id) > MAX_TEXT:
                raise RegisterError(400, "Call-ID Too Long")
            if _is_wildcard(request):
                changes = self._remove_all(aor, request)
            else:
                path = _read_path(request) if believe_path else ()
                changes = self._update(aor, request, flow, source or flow.remote, path, at)
        except RegisterError as error:
            return error.outcome
        return Outcome(200, self._response_headers(aor, path, at), changes=tuple(changes))

    def _remove_all(self, aor: str, request: Request) -> list[Change]:
        for binding in self._bindings.get(aor, ()):
            _check_order(binding, request)
        return self.remove(aor)

    def _update(
        self,
        aor: str,
        request: Request,
        flow: Flow,
        source: tuple[str, int],
        path: tuple[str, ...],
        at: datetime,
    ) -> list[Change]:
        contacts = list(self._read_contacts(request))
        for contact in contacts:
            if (known := self._find(aor, contact.uri)) is not None:
                _check_order(known, request)
        changes: list[Change] = []
        for contact in contacts:
            known = self._find(aor, contact.uri)
            if contact.expiry == 0:
                if known is not None:
                    changes.append(self._remove(known))
                continue
            binding = Binding(
                aor=aor,
                contact=contact.uri,
                flow=flow,
                source=source,
                path=path,
                expires_at=at + timedelta(seconds=contact.expiry),
                call_id=request.call_id,
                cseq=cseq_of(request).sequence,
                preference=contact.preference,
            )
            changes += self._add(binding, known)
        return changes

    def _add(self, binding: Binding, known: Binding | None) -> Iterator[Change]:
        left = tuple(
            other
            for other in self.of(binding.aor)
            if (other is known or other.call_id == binding.call_id) and _is_on_another_flow(other, binding)
        )
        if known is not None:
            self._drop(known)
        for other in self.of(binding.aor):
            same_phone = other.source == binding.source and not other.path and not binding.path
            if same_phone and other.call_id != binding.call_id:
                yield self._remove(other)
        if len(bindings := self._bindings.get(binding.aor, [])) >= self._max_bindings:
            yield self._remove(min(bindings, key=lambda other: other.expires_at))
        self._put(binding)
        yield Change(ChangeKind.ADDED if known is None else ChangeKind.REFRESHED, binding, left)

    def _read_contacts(self, request: Request) -> Iterator[_Contact]:
        default = _expiry(request.headers.get("Expires"))
        for address in _read_addresses(request, "Contact", self._max_bindings, headers=False):
            if address.uri.scheme not in ("sip", "sips"):
                raise RegisterError(400, "Contact Is No SIP URI")
            parameters = address.parameters
            asked = _expiry(parameters["expires"]) if "expires" in parameters else default
            if 0 < asked < self._bounds.least:
                raise RegisterError(423, headers=(("Min-Expires", str(self._bounds.least)),))
            yield _Contact(address.uri, min(asked, self._bounds.most), _preference(parameters.get("q")))

    def _response_headers(self, aor: str, path: tuple[str, ...], at: datetime) -> Headers:
        contacts = tuple(
            ("Contact", f"{contact_value(binding)};expires={_whole_seconds(binding.expires_at - at)}")
            for binding in self.bindings(aor, at)
        )
        return contacts + tuple(("Path", value) for value in path)

    def _find(self, aor: str, contact: URI) -> Binding | None:
        """The binding of this contact."""
        return next((each for each in self._bindings.get(aor, ()) if is_same(each.contact, contact)), None)

    def _remove(self, binding: Binding) -> Change:
        self._drop(binding)
        return Change(ChangeKind.REMOVED, binding)

    def _put(self, binding: Binding) -> None:
        self._bindings.setdefault(binding.aor, []).append(binding)
        self._sources.setdefault(binding.source, set()).add(binding.aor)

    def _drop(self, binding: Binding) -> None:
        remaining = self._bindings[binding.aor]
        remaining.remove(binding)
        if not any(other.source == binding.source for other in remaining):
            aors = self._sources[binding.source]
            aors.discard(binding.aor)
            if not aors:
                del self._sources[binding.source]
        if not remaining:
            del self._bindings[binding.aor]


def contact_value(binding: Binding) -> str:
    """The contact as it stands in a Contact header, with a `q` that is not 1."""
    q = "" if binding.preference == 1 else f";q={binding.preference:g}"
    return f"<{binding.contact}>{q}"


def _is_on_another_flow(other: Binding, binding: Binding) -> bool:
    """Whether a phone, or the same edge before it, is now at the end of another flow."""
    one, another = other.flow, binding.flow
    return one.far_end != another.far_end and one.transport == another.transport and other.path == binding.path


_TELLING = frozenset({"transport", "user", "ttl", "method", "maddr"})
"""Parameters that make two URIs differ also where only one of them has them."""


def is_same(one: URI, other: URI) -> bool:
    """Whether two contacts are the same: RFC 3261 section 19.1.4. A port that is not named is not 5060."""
    if (one.scheme, one.user, one.password, one.port) != (other.scheme, other.user, other.password, other.port):
        return False
    if one.host.lower() != other.host.lower():
        return False
    mine, theirs = _folded(one), _folded(other)
    return all(mine.get(name) == theirs.get(name) for name in (mine.keys() & theirs.keys()) | _TELLING)


def _folded(uri: URI) -> dict[str, str]:
    """The parameters, in which case does not count; one without a value is there all the same."""
    return {name: (value or "").lower() for name, value in uri.parameters.items()}


def _is_wildcard(request: Request) -> bool:
    """Whether the request removes everything: a Contact of `*` alone, with Expires 0 (section 10.3, point 6)."""
    values = [value.strip() for value in request.headers.getlist("Contact")]
    if "*" not in values:
        return False
    if len(values) > 1 or _expiry(request.headers.get("Expires")) != 0:
        raise RegisterError(400, "Contact * Needs Expires 0 And Nothing Beside It")
    return True


def _check_order(binding: Binding, request: Request) -> None:
    """A request of the same Call-ID must have a higher CSeq than the one that made the binding."""
    if binding.call_id == request.call_id and cseq_of(request).sequence <= binding.cseq:
        raise RegisterError(500, "CSeq Out Of Order")


def _read_path(request: Request) -> tuple[str, ...]:
    return tuple(str(address) for address in _read_addresses(request, "Path", MAX_PATH))


def _read_addresses(request: Request, name: str, most: int, *, headers: bool = True) -> list[Address]:
    try:
        addresses = grammar.parse_all(request.headers.getlist(name), most, headers=headers)
    except ValueError:
        raise RegisterError(400, f"{name} Can Not Be Read, Or More Than {most}") from None
    if any(len(str(address)) > MAX_TEXT for address in addresses):
        raise RegisterError(400, f"{name} Too Long")
    return addresses


def _expiry(text: str | None) -> int:
    """The seconds that a contact asks for; none, and what can't be read, is the default."""
    seconds = delta_seconds(text)
    return DEFAULT_EXPIRY if seconds is None else seconds


def _preference(text: str | None) -> float:
    """The qvalue of section 25.1; none, and what can't be read, is 1."""
    return float(text) if text is not None and _QVALUE.fullmatch(text) else 1.0


def _whole_seconds(remaining: timedelta) -> int:
    return max(0, -(-remaining // timedelta(seconds=1)))
