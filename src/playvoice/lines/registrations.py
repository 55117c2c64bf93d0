"""Which phones are registered: the registrar's bindings in memory, written through to the store.

Memory decides. Where the store is away, phones register all the same, and what could not be written is written when
it is back: a server whose disk is full should not lose its agents as well.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from playvoice.lines.resolving import literal
from playvoice.lines.tables import SERVER_ID, registrations
from playvoice.sip import URI, Address, Flow, Request, SipError, Transport
from playvoice.sip.message import read_address
from playvoice.sip.registrar import (
    Binding,
    Change,
    ChangeKind,
    ExpiryBounds,
    Outcome,
    Registrar,
    contact_value,
    is_same,
)
from playvoice.store import Store, StoreUnavailable

FlowTo = Callable[[str, str, int], Flow]
"""The flow to a transport, IP address and port from where we listen now."""

_r = registrations.c
_ALL = select(registrations).where(_r.server_id == SERVER_ID).order_by(_r.id)
_DELETE = delete(registrations).where(_r.number == bindparam("aor"), _r.server_id == SERVER_ID)
_INSERT = insert(registrations)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ContactBinding:
    """Where a phone of an extension is reached."""

    uri: URI
    """The request URI."""
    flow: Flow
    """Over which to send: where the REGISTER came from, since a phone behind NAT is reached no other way."""
    path: tuple[str, ...]
    expires_at: datetime

    @property
    def route(self) -> tuple[Address, ...]:
        """The Route of requests to the phone (RFC 3327)."""
        return tuple(read_address(value) for value in self.path)


def reconnecting(uri: URI, path: tuple[str, ...], flow: Flow, flow_to: FlowTo) -> Flow | None:
    """The flow to a phone whose TCP connection is gone: to its Contact, if that is the address it registered from.

    Behind an edge likewise to the first Path. None where it can't be reached until it registers anew. Anywhere else a
    Contact would let a phone choose to whom our requests go.
    """
    target = literal(read_address(path[0]).uri if path else uri)
    if target is not None and target.host == flow.remote[0]:
        return flow_to(flow.transport, target.host, target.port)
    return flow_to(flow.transport, *flow.remote) if path else None


class Registrations:
    """The bindings of all extensions."""

    def __init__(
        self, store: Store, registrar: Registrar, *, set_by: Callable[[], timedelta] = lambda: timedelta()
    ) -> None:
        """`set_by` tells how far the wall clock was set since the start: what is stored is told by it."""
        self._store = store
        self._registrar = registrar
        self._set_by = set_by
        self._unsaved: set[str] = set()
        self._earlier: list[Binding] = []
        """Over connections of an earlier process, of phones that have not registered since."""

    def __repr__(self) -> str:
        return f"<Registrations {self._registrar!r} unsaved={len(self._unsaved)}>"

    async def restore(self, flow_to: FlowTo, at: datetime) -> None:
        """Take up what an earlier process stored, from where we listen now."""
        stored = await self._store.read(read_bindings)
        alive = [_no_longer_than_granted(binding, at) for binding in stored if binding.expires_at > at]
        bindings = [(binding, _here(binding, flow_to)) for binding in alive]
        self._registrar.restore(here for _, here in bindings if here is not None)
        self._earlier = [
            binding for binding, here in bindings if here is None or here.flow.far_end != binding.flow.far_end
        ]
        self._unsaved |= {binding.aor for binding in stored if binding.expires_at <= at}
        log.info("registrations_restored", bindings=len(list(self._registrar)))

    def handle(
        self,
        number: str,
        request: Request,
        flow: Flow,
        at: datetime,
        *,
        source: tuple[str, int],
        believe_path: bool,
    ) -> Outcome:
        """Do what an authenticated REGISTER asks, in memory; `save` follows where something changed.

        `source` is where the phone is, which is not the end of the flow behind an edge.
        """
        outcome = self._registrar.handle(number, request, flow, at, source=source, believe_path=believe_path)
        for change in outcome.changes:
            _log_change(change.kind.name.lower(), change.binding)
        return outcome

    def left(self, change: Change) -> list[Binding]:
        """Where a phone that has registered was reached before, over another flow, be it by an earlier process."""
        binding = change.binding
        if change.kind is ChangeKind.REMOVED:
            return []
        earlier = [
            each
            for each in self._earlier
            if each.aor == binding.aor and (each.call_id == binding.call_id or is_same(each.contact, binding.contact))
        ]
        self._earlier = [each for each in self._earlier if each not in earlier]
        return [*change.left, *earlier]

    def contacts(self, number: str, at: datetime) -> list[ContactBinding]:
        """Where the phones of an extension are reached, the one to be rung first at the beginning."""
        return [
            ContactBinding(binding.contact, binding.flow, binding.path, binding.expires_at)
            for binding in self._registrar.bindings(number, at)
        ]

    def numbers_at(self, source: tuple[str, int], at: datetime) -> list[str]:
        """The extensions that are registered from this address and port."""
        return self._registrar.aors_at(source, at)

    def expire(self, at: datetime) -> None:
        """Drop what has expired; `save_unsaved` writes it down."""
        for change in self._registrar.expire(at):
            _log_change("expired", change.binding)
            self._unsaved.add(change.binding.aor)

    def keep_only(self, numbers: Iterable[str]) -> None:
        """Drop the phones of extensions that are gone or switched off."""
        kept = set(numbers)
        for number in {binding.aor for binding in self._registrar} - kept:
            for change in self._registrar.remove(number):
                _log_change("removed", change.binding)
            self._unsaved.add(number)

    async def save(self, number: str) -> None:
        """Write an extension's bindings as they are now; later if the store is away."""
        set_by = self._set_by()
        bindings = [replace(each, expires_at=each.expires_at + set_by) for each in self._registrar.of(number)]
        self._unsaved.discard(number)
        try:
            await self._store.write(lambda conn: write_bindings(conn, number, bindings))
        except StoreUnavailable as error:
            self._unsaved.add(number)
            log.warning("registration_not_stored", extension=number, reason=str(error))

    async def save_unsaved(self) -> None:
        """Write what has expired and what could not be written before; ends at the first that can't."""
        for number in list(self._unsaved):
            await self.save(number)
            if number in self._unsaved:
                return


def read_bindings(conn: Connection) -> list[Binding]:
    """All stored bindings."""
    return [_from_row(row) for row in conn.execute(_ALL)]


def write_bindings(conn: Connection, number: str, bindings: Iterable[Binding]) -> None:
    """Store these as all the bindings of an extension."""
    conn.execute(_DELETE, {"aor": number})
    if rows := [_to_row(binding) for binding in bindings]:
        conn.execute(_INSERT, rows)


def _no_longer_than_granted(binding: Binding, at: datetime) -> Binding:
    """What would last for longer than any is granted for was stored before the wall clock was set back."""
    return replace(binding, expires_at=min(binding.expires_at, at + timedelta(seconds=ExpiryBounds().most)))


def _here(binding: Binding, flow_to: FlowTo) -> Binding | None:
    """The binding as it can be used by this process, which may listen elsewhere and has no connection open."""
    try:
        flow: Flow | None
        if binding.flow.transport is Transport.UDP:
            flow = flow_to(binding.flow.transport, *binding.flow.remote)
        else:
            flow = reconnecting(binding.contact, binding.path, binding.flow, flow_to)
        reason = "its connection is gone"
    except SipError as error:
        flow, reason = None, str(error)
    if flow is None:
        log.warning("registration_unusable", extension=binding.aor, reason=reason)
        return None
    return replace(binding, flow=flow)


def _to_row(binding: Binding) -> dict[str, Any]:
    flow = binding.flow
    return {
        "server_id": SERVER_ID,
        "number": binding.aor,
        "contact": contact_value(binding),
        "transport": str(flow.transport),
        "remote_host": flow.remote[0],
        "remote_port": flow.remote[1],
        "local_host": flow.local[0],
        "local_port": flow.local[1],
        "source_host": binding.source[0],
        "source_port": binding.source[1],
        "path": json.dumps(binding.path),
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "expires_at": binding.expires_at,
    }


def _from_row(row: Row[Any]) -> Binding:
    flow = Flow(Transport(row.transport), (row.remote_host, row.remote_port), (row.local_host, row.local_port))
    contact = read_address(row.contact if row.contact.startswith("<") else f"<{row.contact}>")
    return Binding(
        aor=row.number,
        contact=contact.uri,
        flow=flow,
        source=(row.source_host, row.source_port),
        path=tuple(json.loads(row.path)),
        expires_at=row.expires_at,
        call_id=row.call_id,
        cseq=row.cseq,
        preference=float(contact.parameters.get("q") or 1),
    )


def _log_change(what: str, binding: Binding) -> None:
    level = log.debug if what == "refreshed" else log.info
    level(
        f"registration_{what}",
        extension=binding.aor,
        contact=str(binding.contact),
        source=f"{binding.source[0]}:{binding.source[1]}",
        transport=str(binding.flow.transport),
    )
