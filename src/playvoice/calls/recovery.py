"""What a crash leaves, ended and reported at the next start.

An INVITE without an answer gets CANCEL, a dialog gets BYE with its CSeq raised by 1000; a late or repeated 2xx of a
Call-ID that is known from then gets ACK and BYE. An agent's missing `hangup` is written, then the record: cause
10007, its end the last heartbeat.
"""

from datetime import datetime
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection, Row, select

from playvoice.calls.ledger import AgentLeg, End, Reports, StoredCall
from playvoice.calls.ports import Settings, Sip
from playvoice.calls.tables import SERVER_ID, CallState, LegKind, LegState, calls, legs, servers
from playvoice.codes import HangupCause as Cause
from playvoice.companies import Company
from playvoice.sip import DialogState, InviteState
from playvoice.store import Store, upsert

log = structlog.get_logger(__name__)

CSEQ_RAISED = 1_000
"""Nobody knows which numbers the earlier process used."""

_OPEN_CALLS = (
    select(calls).where(calls.c.state.in_([CallState.DIALLED.value, CallState.ANSWERED.value])).order_by(calls.c.id)
)
_OPEN_LEGS = select(legs).where(legs.c.state != LegState.ENDED.value)
_AGENT_LEGS = select(legs).where(legs.c.call_uuid.in_(select(calls.c.uuid).where(calls.c.state != "ended")))
_HEARTBEAT = select(servers.c.heartbeat_at).where(servers.c.server_id == SERVER_ID)


class FindsCompanies(Protocol):
    def get(self, code: str) -> Company | None: ...


def heartbeat(conn: Connection, at: datetime) -> None:
    """Note that the server lives."""
    upsert(conn, servers, ["server_id"], {"server_id": SERVER_ID, "heartbeat_at": at})


class Recovery:
    """Ends and reports what an earlier process left."""

    def __init__(self, store: Store, settings: Settings, companies: FindsCompanies) -> None:
        self._store = store
        self._settings = settings
        self._companies = companies
        self._orphans: set[str] = set()

    def is_orphan(self, call_id: str) -> bool:
        return call_id in self._orphans

    async def run(self, sip: Sip, now: float) -> None:
        """End the legs on the wire, then write the records."""
        left = await self._store.read(lambda conn: list(conn.execute(_OPEN_LEGS)))
        for leg in left:
            self._end_leg(leg, sip, now)
        sip.flush()
        await self._store.write(self._report)
        if left:
            log.warning("crash_cleared", legs=len(left))

    def _end_leg(self, leg: Row[Any], sip: Sip, now: float) -> None:
        invite = InviteState.from_json(leg.invite)
        self._orphans.add(invite.call_id)
        if leg.dialog:
            sip.agent.resume_dialog(DialogState.from_json(leg.dialog).raised(CSEQ_RAISED), now)
        else:
            sip.agent.resume_invite(invite, now).cancel(now)

    def _report(self, conn: Connection) -> None:
        last = conn.execute(_HEARTBEAT).scalar_one_or_none()
        agents: dict[str, list[Row[Any]]] = {}
        for leg in conn.execute(_AGENT_LEGS):
            agents.setdefault(leg.call_uuid, []).append(leg)
        for call in conn.execute(_OPEN_CALLS).all():
            company = self._companies.get(call.company_code)
            if company is None:
                log.error("company_missing", uuid=call.uuid, company=call.company_code)
                continue
            self._report_call(conn, call, company, agents.get(call.uuid, []), last)

    def _report_call(
        self, conn: Connection, call: Row[Any], company: Company, all_legs: list[Row[Any]], last: datetime | None
    ) -> None:
        stored = StoredCall(*(getattr(call, name) for name in StoredCall.__dataclass_fields__))
        reports = Reports(stored, company, self._settings)
        known = [call.started_at, call.answered_at, *(leg.rang_at for leg in all_legs)]
        known += [leg.answered_at for leg in all_legs]
        ended_at = max(at for at in (*known, last) if at is not None)
        spoke = ""
        for leg in all_legs:
            if leg.kind == LegKind.AGENT.value and leg.answered_at is not None:
                spoke = leg.extension
            if leg.state != LegState.ENDED.value:
                agent = AgentLeg(leg.uuid, leg.extension, leg.started_at)
                rang = leg.kind == LegKind.AGENT.value and leg.rang_at is not None
                reports.agent_ended(conn, agent, ended_at, rang=rang)
        direction = Cause.HUNG_UP_BY_SERVER if call.answered_at is None else Cause.CALLER_HUNG_UP
        end = End(call.started_at, call.answered_at, ended_at, Cause.HUNG_UP_BY_SERVER, direction, extension=spoke)
        reports.ended(conn, end)
