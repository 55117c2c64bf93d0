"""The queue of accepted calls: a request is stored here before its answer goes out.

At its bounds a request is refused. An idempotency key makes the second request with it the first one's repetition: it
gets the same answer and dials nothing, also while the first is still being stored.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from playvoice.calls.errors import IdempotencyMismatch, QueueClosed, QueueFull
from playvoice.calls.journal import Journal
from playvoice.calls.ledger import StoredCall
from playvoice.calls.refusals import RefusalFile
from playvoice.calls.request import PlayVoice
from playvoice.calls.tables import IS_OPEN, SERVER_ID, CallState, calls
from playvoice.store import OutcomeUnknown, Prepared, Store
from playvoice.voices import VoiceKind

MAX_WAITING_OF_COMPANY = 20_000
MAX_WAITING = 100_000
MAX_REFUSED = 1_000
"""Requests that commits of which nobody knows whether they hold may have stored: a commit has at most 256 facts, and
that of the first such commit may well hold, while the later ones find no database."""
IDEMPOTENCY_KEPT = timedelta(hours=24)

log = structlog.get_logger(__name__)

_LATER = frozenset({"id", "started_at", "answered_at", "ended_at", "hangupcause", "hangupdirection", "fetched_at"})
_INSERT = Prepared(
    insert(calls)
    .values({column.name: bindparam(column.name) for column in calls.columns if column.name not in _LATER})
    .returning(calls.c.id)
)
_WITHDRAW = delete(calls).where(
    calls.c.uuid.in_(bindparam("uuids", expanding=True)), calls.c.state == CallState.WAITING.value
)
_EARLIER = select(calls.c.uuid, calls.c.fingerprint, calls.c.accepted_at).where(
    calls.c.company_code == bindparam("company"), calls.c.idempotency_key == bindparam("key")
)
_FORGET_KEY = (
    update(calls)
    .where(calls.c.company_code == bindparam("company"), calls.c.idempotency_key == bindparam("key"))
    .values(idempotency_key=None)
)
_VOICES_OF_WAITING = (
    select(calls.c.voice_name)
    .distinct()
    .where(
        IS_OPEN,
        calls.c.state == CallState.WAITING.value,
        calls.c.company_code == bindparam("company"),
        calls.c.voice_kind == int(VoiceKind.LIBRARY),
    )
)
_WAITING = select(calls.c.company_code).where(IS_OPEN, calls.c.state == CallState.WAITING.value)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a request that is stored."""

    uuid: str
    repeated: bool
    """The request repeats an earlier one by its idempotency key; nothing new was stored."""
    at: datetime
    """When the call was accepted: for a repetition the first time."""
    id: int = 0
    """Its number, if it is new."""


class CallQueue:
    """Accepts calls and counts those that wait."""

    def __init__(
        self,
        store: Store,
        *,
        tell: Callable[[StoredCall], None] = lambda _call: None,
        refusals: RefusalFile | None = None,
        max_of_company: int = MAX_WAITING_OF_COMPANY,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Remove what an earlier process refused, and count what waits, which blocks for a moment.

        Raises `StoreUnavailable`.
        """
        self._store = store
        self._tell = tell
        self._max_of_company = max_of_company
        self._max_waiting = max_waiting
        self._refusals = refusals
        if refusals is not None:
            _remove_left(store, refusals)
        self._waiting: dict[str, int] = store.read_now(_count_waiting)
        self._closed = False
        self._refused: dict[str, None] = {}
        """Requests that were refused since they could not be stored, of which nobody knows whether they are."""
        self._forgotten = 0
        """How many of them are known to be in the store no more."""
        self._withdrawals = Journal(store, lambda error: log.error("refused_not_withdrawn", exc_info=error))

    def __repr__(self) -> str:
        return f"<CallQueue {sum(self._waiting.values())} waiting>"

    @property
    def waiting(self) -> Mapping[str, int]:
        """Calls that wait, by company."""
        return self._waiting

    def close(self) -> None:
        """Take no more calls; a request that repeats an accepted one still gets its answer."""
        self._closed = True

    async def accept(self, request: PlayVoice, at: datetime) -> Accepted:
        """Store `request` and return; raises `QueueFull`, `IdempotencyMismatch` or `StoreUnavailable`."""
        company, row = request.company_code, _row(request, str(uuid4()), at)
        try:
            self._take_place(company)
        except QueueFull:
            if request.idempotency_key is None:
                raise
            # A fact, and no query: it comes after the first request with this key, if that is still being stored.
            earlier = await self._store.write(lambda conn: _earlier_of(conn, row))
            if earlier is None or earlier.uuid in self._refused:
                raise
            return earlier
        try:
            accepted = await self._store_new(row)
        except BaseException as error:
            self.dequeued(company)
            if isinstance(error, OutcomeUnknown):
                self._refuse(row["uuid"])
                if self._refusals is not None:  # before the refusal goes out
                    await self._refusals.note(row["uuid"], self._refused)
            raise
        if accepted.repeated:
            self.dequeued(company)
        else:
            self._tell(_stored_call(accepted.id, row))
        return accepted

    async def _store_new(self, row: dict[str, Any]) -> Accepted:
        """Store a call, or find the one that it repeats: one that was refused, though its commit held, is none."""
        while True:
            refused = list(self._refused)
            accepted = await self._store.write(partial(_accept, row=row, refused=refused))
            self._forget(refused)
            if accepted.uuid not in self._refused:  # as it is where the refusal became known while this was stored
                return accepted

    def _take_place(self, company: str) -> None:
        """Count one more call that waits, before its commit: many may be on their way at once."""
        if self._closed:
            raise QueueClosed("the server is stopping, and takes no more calls")
        of_company = self._waiting.get(company, 0)
        if of_company >= self._max_of_company:
            raise QueueFull(f"{of_company} calls of company {company} wait, and no more may")
        if sum(self._waiting.values()) >= self._max_waiting:
            raise QueueFull(f"{self._max_waiting} calls wait, and no more may")
        self._waiting[company] = of_company + 1

    async def earlier(self, company_code: str, key: str, fingerprint: str, at: datetime) -> Accepted | None:
        """The call that this idempotency key made; None if there is none, `IdempotencyMismatch` for another request."""
        while True:
            forgotten = self._forgotten
            found = await self._store.read(lambda conn: _earlier(conn, company_code, key, fingerprint, at))
            if found is None or found.uuid in self._refused:
                return None
            if forgotten == self._forgotten:  # else it may be one of them
                return found

    def _refuse(self, uuid: str) -> None:
        """Have the row, if there is one, removed as soon as the store can be written: who was refused is not called."""
        if len(self._refused) < MAX_REFUSED:
            self._refused[uuid] = None
            if len(self._refused) == 1:
                self._withdraw()

    def _withdraw(self) -> None:
        self._withdrawals.add(lambda conn: _withdraw(conn, list(self._refused)), self._withdraw_rest)

    def _withdraw_rest(self, withdrawn: list[str]) -> None:
        self._forget(withdrawn)
        if self._refused:
            self._withdraw()

    def _forget(self, refused: list[str]) -> None:
        for uuid in refused:
            if uuid in self._refused:
                del self._refused[uuid]
                self._forgotten += 1

    def dequeued(self, company_code: str) -> None:
        """A call of this company waits no longer."""
        left = self._waiting.get(company_code, 0) - 1
        if left > 0:
            self._waiting[company_code] = left
        else:
            self._waiting.pop(company_code, None)


def _remove_left(store: Store, refusals: RefusalFile) -> None:
    if left := refusals.left():
        store.write_now(lambda conn: _withdraw(conn, left))
        refusals.remove()


def fingerprint(parameters: Mapping[str, str]) -> str:
    """Tell requests of one idempotency key apart: a digest of the parameters as text, in whatever order they came."""
    digest = hashlib.sha256()
    for name in sorted(parameters):
        for text in (name, parameters[name]):
            octets = text.encode()
            digest.update(len(octets).to_bytes(4, "big") + octets)
    return digest.hexdigest()


def voices_of_waiting(conn: Connection, company_code: str) -> set[str]:
    """The voice files of a company's library that its waiting calls are going to play, as the requests named them."""
    return set(conn.execute(_VOICES_OF_WAITING, {"company": company_code}).scalars())


def _row(request: PlayVoice, uuid: str, at: datetime) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "server_id": SERVER_ID,
        "company_code": request.company_code,
        "state": CallState.WAITING.value,
        "accepted_at": at,
        "destnumber": request.destnumber,
        "voice_kind": int(request.voice.kind),
        "voice_name": request.voice.name,
        "userid": request.userid,
        "disnumber": request.disnumber,
        "chengshudu": request.chengshudu,
        "customuuid": request.customuuid,
        "memberid": request.memberid,
        "ext": request.ext,
        "waittime": request.waittime,
        "conntime": request.conntime,
        "idempotency_key": request.idempotency_key,
        "fingerprint": request.fingerprint,
        "userkey": "",
        "extnumber": "",
        "crmid": "",
        "recordfilename": "",
    }


def _withdraw(conn: Connection, refused: list[str]) -> list[str]:
    if refused:
        conn.execute(_WITHDRAW, {"uuids": refused})
    return refused


def _accept(conn: Connection, row: dict[str, Any], refused: list[str]) -> Accepted:
    _withdraw(conn, refused)
    earlier = _earlier_of(conn, row)
    if earlier is not None:
        return earlier
    if row["idempotency_key"] is not None:
        conn.execute(_FORGET_KEY, {"company": row["company_code"], "key": row["idempotency_key"]})
    ((number,),) = _INSERT.rows(conn, row)
    return Accepted(row["uuid"], repeated=False, at=row["accepted_at"], id=number)


def _earlier_of(conn: Connection, row: dict[str, Any]) -> Accepted | None:
    """The call that the row's idempotency key made, if it has one."""
    key = row["idempotency_key"]
    if key is None:
        return None
    return _earlier(conn, row["company_code"], key, row["fingerprint"], row["accepted_at"])


def _stored_call(number: int, row: dict[str, Any]) -> StoredCall:
    return StoredCall(number, **{name: row[name] for name in StoredCall.__dataclass_fields__ if name != "id"})


def _earlier(conn: Connection, company: str, key: str, wanted: str, at: datetime) -> Accepted | None:
    found = conn.execute(_EARLIER, {"company": company, "key": key}).one_or_none()
    if found is None or at - found.accepted_at > IDEMPOTENCY_KEPT:
        return None
    if found.fingerprint != wanted:
        raise IdempotencyMismatch("the key was used with other parameters")
    return Accepted(found.uuid, repeated=True, at=found.accepted_at)


def _count_waiting(conn: Connection) -> dict[str, int]:
    return Counter(conn.execute(_WAITING).scalars())
