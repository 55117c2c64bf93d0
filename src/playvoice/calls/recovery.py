"""What a crash leaves, ended and reported at the next start.

An INVITE without an answer gets CANCEL, a dialog gets BYE with its CSeq raised by 1000; a late or repeated 2xx of a
Call-ID that is known from then gets ACK and BYE. A leg stays open in the store until its far end has confirmed, so that
another crash forgets none; once no answer can come any more, its far end may as well say that it knows no such call. An
agent's missing `hangup` is written, then the record: cause 10007, its end the last heartbeat. Recordings that were cut
are kept as far as they go.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Row, bindparam, select, union_all

from playvoice.calls.journal import Fact, Journal
from playvoice.calls.ledger import AgentOffer, End, Reports, StoredCall, leg_ended
from playvoice.calls.legs import Parts
from playvoice.calls.owners import Ending
from playvoice.calls.ports import FindsCompanies, Sip
from playvoice.calls.recordings import Recordings
from playvoice.calls.tables import IS_OPEN, IS_OPEN_LEG, CallState, LegKind, LegState, calls, legs
from playvoice.calls.traces import CallLog
from playvoice.clock import Clock
from playvoice.codes import HangupCause as Cause
from playvoice.sip import DialogState, Flow, InviteState, SipError
from playvoice.store import Store

log = structlog.get_logger(__name__)

LATE = timedelta(minutes=5)
"""How long after its INVITE an answer may still come: longer than `waittime` and Timer B."""

AT_ONCE = 500
"""Recordings that are asked for in one statement."""

_OPEN_CALLS = (
    select(calls)
    .where(IS_OPEN, calls.c.state.in_([CallState.DIALLED.value, CallState.ANSWERED.value]))
    .order_by(calls.c.id)
)
_LEGS = union_all(
    select(legs).where(IS_OPEN_LEG),
    select(legs).where(legs.c.state == LegState.ENDED.value, legs.c.started_at > bindparam("since")),
)
_LEGS_OF_OPEN_CALLS = select(legs).where(legs.c.call_uuid.in_(select(_OPEN_CALLS.subquery().c.uuid)))
_RECORDINGS = select(calls.c.uuid, calls.c.state, calls.c.recordfilename, calls.c.answered_at).where(
    calls.c.uuid.in_(bindparam("uuids", expanding=True))
)


class Recovery:
    """Ends and reports what an earlier process left."""

    def __init__(self, store: Store, companies: FindsCompanies) -> None:
        """Read what was left, which blocks for a moment: late answers are known before anything listens."""
        self._companies = companies
        since = datetime.now(UTC) - LATE
        self._orphans: set[str] = set()
        self._left: list[tuple[Row[Any], InviteState]] = []
        for leg in store.read_now(lambda conn: conn.execute(_LEGS, {"since": since}).all()):
            try:
                self._know(leg)
            except Exception:  # the others are not to be left ringing by it
                log.exception("leg_not_read", uuid=leg.call_uuid, leg=leg.uuid)

    def _know(self, leg: Row[Any]) -> None:
        invite = InviteState.from_json(leg.invite)
        self._orphans.add(invite.call_id)
        if leg.state != LegState.ENDED.value:
            self._left.append((leg, invite))

    def __repr__(self) -> str:
        return f"<Recovery knows {len(self._orphans)} Call-IDs>"

    def is_orphan(self, call_id: str) -> bool:
        """Whether a Call-ID is that of a leg which an earlier process left, or had shortly before."""
        return call_id in self._orphans

    async def run(self, parts: Parts) -> None:
        """End the legs on the wire, and write the records."""
        clock = Clock()
        journal = Journal(parts.store, lambda error: log.error("crash_not_cleared", exc_info=error))
        for fact in await parts.store.read(partial(self._reports, parts=parts)):
            journal.add(fact)
        left, self._left = self._left, []
        for leg, invite in left:
            try:
                self._end_leg(leg, invite, parts, journal, clock)
            except Exception:  # likewise
                log.exception("leg_not_ended", uuid=leg.call_uuid, leg=leg.uuid)
        await journal.written()
        parts.wake_sender()
        await _take_up_recordings(parts)
        if left:
            log.warning("crash_cleared", legs=len(left))

    @staticmethod
    def _end_leg(leg: Row[Any], invite: InviteState, parts: Parts, journal: Journal, clock: Clock) -> None:
        trace = parts.owners.traces.begin(leg.call_uuid, clock)
        trace.follow(invite.call_id)
        CallLog(log.bind(uuid=leg.call_uuid), trace).info(
            "leg_ended_after_crash", leg=leg.uuid, by="BYE" if leg.dialog else "CANCEL"
        )
        trace.end()
        invite = replace(invite, flow=_flow_now(parts.sip, invite.flow))
        credentials = parts.routes.credentials(leg.trunk)
        if leg.dialog:
            dialog = DialogState.from_json(leg.dialog).raised()
            dialog = replace(dialog, flow=_flow_now(parts.sip, dialog.flow))
            sip = parts.sip.agent.resume_dialog(invite, dialog, credentials)
        else:
            is_old = leg.started_at < datetime.now(UTC) - LATE
            sip = parts.sip.agent.resume_invite(invite, clock.now(), credentials, is_old=is_old)
        Ending(parts.owners, journal, clock, parts.sip, leg=leg.uuid, then=lambda: None).begin(sip)

    # --- the records ----------------------------------------------------------------------------------------------

    def _reports(self, conn: Connection, parts: Parts) -> list[Fact]:
        """A fact for each call that was cut, so that a fault in one costs no other its record."""
        last = parts.heartbeat.last(conn)
        legs_of: dict[str, list[Row[Any]]] = {}
        for leg in conn.execute(_LEGS_OF_OPEN_CALLS):
            legs_of.setdefault(leg.call_uuid, []).append(leg)
        return [
            partial(self._report, call=call, all_legs=legs_of.get(call.uuid, []), parts=parts, last=last)
            for call in conn.execute(_OPEN_CALLS).all()
        ]

    def _report(
        self, conn: Connection, call: Row[Any], all_legs: list[Row[Any]], parts: Parts, last: datetime | None
    ) -> None:
        company = self._companies.get(call.company_code)
        if company is None:
            log.warning("call_without_company", uuid=call.uuid, company=call.company_code)
        stored = StoredCall(*(getattr(call, name) for name in StoredCall.__dataclass_fields__))
        reports = Reports(stored, company, parts.settings)
        ended_at = _last_known(call, all_legs, last)
        agents = [leg for leg in all_legs if leg.kind == LegKind.AGENT.value]
        for offer, phones in _offers(agents).items():
            rang = any(leg.rang_at is not None for leg in phones)
            reports.agent_ended(conn, offer, [leg.uuid for leg in phones], ended_at, rang=rang, confirmed=False)
        for leg in all_legs:
            leg_ended(conn, leg.uuid, ended_at, confirmed=False)  # nothing changes for those that have ended
        spoke = next((leg.extension for leg in agents if leg.answered_at is not None), "")
        answered = call.answered_at is not None
        name = ""
        if answered and company is not None:
            name = parts.recordings.name(call.uuid, company, transferred=bool(spoke))
        reports.ended(
            conn,
            End(
                started_at=call.started_at,
                answered_at=call.answered_at,
                ended_at=ended_at,
                cause=Cause.HUNG_UP_BY_SERVER,
                direction=Cause.CALLER_HUNG_UP if answered else Cause.HUNG_UP_BY_SERVER,
                userkey=call.userkey,
                extension=spoke,
                recordfilename=name,
            ),
        )


def _offers(agents: list[Row[Any]]) -> dict[AgentOffer, list[Row[Any]]]:
    """The legs of each offer to an agent."""
    found: dict[AgentOffer, list[Row[Any]]] = {}
    for leg in agents:
        found.setdefault(AgentOffer(leg.offer_uuid, leg.extension, leg.started_at), []).append(leg)
    return found


def _last_known(call: Row[Any], all_legs: list[Row[Any]], heartbeat_at: datetime | None) -> datetime:
    """When the server was last known to live, as far as the call can have lived: a clock may have been set forward."""
    known: list[datetime | None] = [call.started_at, call.answered_at]
    known += [at for leg in all_legs for at in (leg.started_at, leg.rang_at, leg.answered_at, leg.ended_at)]
    last: datetime = max(at for at in known if at is not None)
    began, seconds = (call.started_at, call.waittime) if call.answered_at is None else (call.answered_at, call.conntime)
    longest: datetime = began + timedelta(seconds=seconds)
    return last if heartbeat_at is None else max(last, min(heartbeat_at, longest))


def _flow_now(sip: Sip, flow: Flow) -> Flow:
    """The same far end from where we listen now."""
    try:
        return sip.flow_to(flow.transport, *flow.remote)
    except SipError:
        return flow


async def _take_up_recordings(parts: Parts) -> None:
    """Make recordings of the raw ones that are left, and remove those that no record names or will name."""
    recordings: Recordings = parts.recordings
    left = list(recordings.left())
    for some in (left[first : first + AT_ONCE] for first in range(0, len(left), AT_ONCE)):
        rows = await parts.store.read(partial(_read_recordings, uuids=some))
        found = {row.uuid: row for row in rows}
        for uuid in some:
            if uuid not in found:
                recordings.discard(uuid)
            elif found[uuid].state == CallState.ENDED.value:  # a fault has kept the others from their records
                recordings.finish(uuid, found[uuid].recordfilename, found[uuid].answered_at)


def _read_recordings(conn: Connection, uuids: list[str]) -> list[Row[Any]]:
    return list(conn.execute(_RECORDINGS, {"uuids": uuids}))
