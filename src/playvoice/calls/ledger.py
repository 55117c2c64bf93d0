"""What a call writes into the store: each function is one fact, together with the callback that reports it.

A fact is a function of a connection, as the store wants it. It may run again after it was committed, where nobody knows
whether a commit held, and then changes nothing: each step of a leg is taken by the row that is still before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, or_, select, update

from playvoice.callbacks import RECORDURL, CallbackKind, ExtensionState, call_record, end_of_call, extension_state, owe
from playvoice.calls.ports import Settings
from playvoice.calls.tables import IS_OPEN, CallState, LegKind, LegState, calls, legs
from playvoice.codes import HangupCause
from playvoice.companies import Company
from playvoice.media.client import StreamStats
from playvoice.store import Prepared, upsert


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call's request as it stands in the store."""

    id: int
    uuid: str
    company_code: str
    accepted_at: datetime
    destnumber: str
    voice_kind: int
    voice_name: str
    userid: str
    disnumber: str
    chengshudu: str
    customuuid: str
    memberid: str
    ext: str
    waittime: int
    conntime: int


@dataclass(frozen=True, slots=True)
class AgentOffer:
    """An offer to an agent as its callbacks tell of it, however many of his phones ring."""

    uuid: str
    """Their `buuid`."""
    extension: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class End:
    """How a call ended."""

    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    cause: HangupCause
    direction: HangupCause
    userkey: str = ""
    extension: str = ""
    recordfilename: str = ""


_REQUEST = select(*(calls.c[name] for name in StoredCall.__dataclass_fields__))
_ONE = _REQUEST.where(calls.c.uuid == bindparam("uuid"))
_WAITING = _REQUEST.where(IS_OPEN, calls.c.state == CallState.WAITING.value).order_by(calls.c.id)
_OLDEST_WAITING = (
    select(calls.c.accepted_at).where(IS_OPEN, calls.c.state == CallState.WAITING.value).order_by(calls.c.id).limit(1)
)
_CLAIM = Prepared(
    update(calls)
    .where(calls.c.uuid == bindparam("the_call"), calls.c.state == CallState.WAITING.value)
    .values(state=CallState.DIALLED.value, started_at=bindparam("at"))
)
_ANSWERED = Prepared(
    update(calls)
    .where(calls.c.uuid == bindparam("the_call"), calls.c.state == CallState.DIALLED.value)
    .values(state=CallState.ANSWERED.value, answered_at=bindparam("at"))
)
_ENDED = Prepared(
    update(calls)
    .where(calls.c.uuid == bindparam("the_call"), calls.c.state != CallState.ENDED.value)
    .values(
        {
            "state": CallState.ENDED.value,
            **{
                name: bindparam(f"new_{name}")
                for name in (
                    "started_at", "answered_at", "ended_at", "hangupcause", "hangupdirection", "userkey",
                    "extnumber", "crmid", "recordfilename",
                )
            },
        }
    )
)  # fmt: skip
_KEY = update(calls).where(calls.c.uuid == bindparam("the_call")).values(userkey=bindparam("key"))
_CLAIMED_BEFORE = (
    update(calls)
    .where(
        calls.c.uuid == bindparam("the_call"),
        calls.c.state == CallState.DIALLED.value,
        select(legs.c.uuid).where(legs.c.uuid == bindparam("leg")).exists(),
    )
    .values(started_at=bindparam("at"))
)
_LEG = update(legs).where(legs.c.uuid == bindparam("leg"))
_INVITE_AGAIN = _LEG.values(invite=bindparam("new_invite"))
_LEG_RANG = _LEG.where(legs.c.rang_at.is_(None)).values(rang_at=bindparam("at"))
_DIALOG = _LEG.values(dialog=bindparam("new_dialog"))
_LEG_ANSWERED = Prepared(
    _LEG.where(legs.c.state == LegState.DIALLED.value).values(
        state=LegState.ANSWERED.value, dialog=bindparam("new_dialog"), answered_at=bindparam("at")
    )
)
_LEG_ENDED = Prepared(
    _LEG.where(or_(legs.c.state == LegState.DIALLED.value, legs.c.state == LegState.ANSWERED.value)).values(
        state=bindparam("new_state"), ended_at=bindparam("at")
    )
)
_LEGS_CONFIRMED = (
    update(legs).where(legs.c.uuid.in_(bindparam("legs", expanding=True))).values(state=LegState.ENDED.value)
)


_LEG_STREAMED = Prepared(
    _LEG.values(
        packets_sent=bindparam("sent"),
        packets_received=bindparam("received"),
        packets_lost=bindparam("lost"),
        jitter_ms=bindparam("jitter"),
        sampled=bindparam("is_sampled"),
        far_packets_lost=bindparam("far_lost"),
        far_jitter_ms=bindparam("far_jitter"),
        round_trip_ms=bindparam("round_trip"),
    )
)


def read_call(conn: Connection, uuid: str) -> StoredCall | None:
    """One call's request."""
    row = conn.execute(_ONE, {"uuid": uuid}).one_or_none()
    return None if row is None else StoredCall(*row)


def open_calls_of(conn: Connection, company_code: str) -> int:
    """How many calls of a company wait or run."""
    wanted = select(func.count()).select_from(calls).where(IS_OPEN, calls.c.company_code == company_code)
    return int(conn.execute(wanted).scalar_one())


def read_waiting(conn: Connection) -> list[StoredCall]:
    """What waits to be dialled, in the order of acceptance."""
    return [StoredCall(*row) for row in conn.execute(_WAITING)]


def oldest_waiting(conn: Connection) -> datetime | None:
    """When the call that has waited longest to be dialled was accepted; None where none waits."""
    return conn.execute(_OLDEST_WAITING).scalar_one_or_none()


def claim(conn: Connection, uuid: str, leg: str, trunk: str, invite: str, at: datetime) -> bool:
    """The first INVITE of a call: nobody else dials it, and it is never dialled after a restart.

    False if somebody else dials it. `at` is now: the INVITE follows the commit that holds, which may be a later one.
    """
    if _CLAIM.change(conn, {"the_call": uuid, "at": at}) == 1:
        add_leg(conn, uuid, leg, LegKind.CUSTOMER, invite, at, trunk=trunk)
        return True
    return conn.execute(_CLAIMED_BEFORE, {"the_call": uuid, "leg": leg, "at": at}).rowcount == 1


def add_leg(
    conn: Connection,
    call_uuid: str,
    leg: str,
    kind: LegKind,
    invite: str,
    at: datetime,
    *,
    trunk: str = "",
    offer: AgentOffer | None = None,
) -> None:
    """An INVITE that is about to be sent, to a phone of the agent in `offer` if it is not the customer's."""
    row = {
        "uuid": leg,
        "call_uuid": call_uuid,
        "kind": kind.value,
        "state": LegState.DIALLED.value,
        "trunk": trunk,
        "extension": "" if offer is None else offer.extension,
        "offer_uuid": None if offer is None else offer.uuid,
        "invite": invite,
        "dialog": "",
        "started_at": at,
    }
    upsert(conn, legs, ["uuid"], row, keep=tuple(row))


def replace_invite(conn: Connection, leg: str, invite: str) -> None:
    """The INVITE is sent again, with credentials, a longer interval or to another target."""
    conn.execute(_INVITE_AGAIN, {"leg": leg, "new_invite": invite})


def customer_answered(conn: Connection, call_uuid: str, leg: str, dialog: str, at: datetime) -> None:
    """The customer's dialog: after this commit the ACK may go out."""
    _LEG_ANSWERED.change(conn, {"leg": leg, "new_dialog": dialog, "at": at})
    _ANSWERED.change(conn, {"the_call": call_uuid, "at": at})


def key_decided(conn: Connection, call_uuid: str, key: str) -> None:
    """The key that decided a call: its record names it, whatever happens from here on."""
    conn.execute(_KEY, {"the_call": call_uuid, "key": key})


def keep_dialog(conn: Connection, leg: str, dialog: str) -> None:
    """The dialog of an answer that crossed our CANCEL: after this commit ACK and BYE may go out."""
    conn.execute(_DIALOG, {"leg": leg, "new_dialog": dialog})


def leg_ended(conn: Connection, leg: str, at: datetime, *, confirmed: bool) -> bool:
    """A leg has ended; `confirmed`: its far end knows. False if it had ended before."""
    state = LegState.ENDED if confirmed else LegState.ENDING
    return _LEG_ENDED.change(conn, {"leg": leg, "at": at, "new_state": state.value}) == 1


def legs_confirmed(conn: Connection, legs: Sequence[str]) -> None:
    """The far ends have confirmed the ends of these legs, or had their time: a restart has nothing to do for them."""
    conn.execute(_LEGS_CONFIRMED, {"legs": list(legs)})


def legs_streamed(conn: Connection, streams: Sequence[tuple[str, StreamStats]]) -> None:
    """What the streams of these legs did."""
    for leg, stats in streams:
        _LEG_STREAMED.change(
            conn,
            {
                "leg": leg,
                "sent": stats.sent,
                "received": stats.received,
                "lost": stats.lost,
                "jitter": _milliseconds(stats.jitter),
                "is_sampled": stats.sampled,
                "far_lost": stats.far_lost,
                "far_jitter": _milliseconds(stats.far_jitter),
                "round_trip": _milliseconds(stats.round_trip),
            },
        )


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


class Reports:
    """Facts of one call that a callback reports; a company that is gone is owed none of them."""

    def __init__(self, call: StoredCall, company: Company | None, settings: Settings) -> None:
        self._call = call
        self._company = company
        self._settings = settings

    def agent_rings(self, conn: Connection, offer: AgentOffer, leg: str, at: datetime) -> None:
        """The first 180 or 183 of any of an agent's phones, or the answer where none came."""
        if conn.execute(_LEG_RANG, {"leg": leg, "at": at}).rowcount == 1:
            self._state(conn, offer, ExtensionState.RING, at)

    def agent_answered(
        self, conn: Connection, offer: AgentOffer, leg: str, dialog: str, at: datetime, *, rang: bool
    ) -> None:
        """The agent's dialog: after this commit the ACK may go out. `rang`: so much was reported before."""
        if not rang:
            self.agent_rings(conn, offer, leg, at)
        if _LEG_ANSWERED.change(conn, {"leg": leg, "new_dialog": dialog, "at": at}) == 1:
            self._state(conn, offer, ExtensionState.ANSWER, at)

    def agent_ended(
        self, conn: Connection, offer: AgentOffer, legs: Sequence[str], at: datetime, *, rang: bool, confirmed: bool
    ) -> None:
        """The last legs of an offer have ended; one that never rang reports nothing."""
        ended = [leg_ended(conn, leg, at, confirmed=confirmed) for leg in legs]
        if rang and any(ended):
            self._state(conn, offer, ExtensionState.HANGUP, at)

    def ended(self, conn: Connection, end: End) -> bool:
        """The call record and its callback, together; False if the call had its record already."""
        call, company = self._call, self._company
        changed = _ENDED.change(
            conn,
            {
                "the_call": call.uuid,
                "new_started_at": end.started_at,
                "new_answered_at": end.answered_at,
                "new_ended_at": end.ended_at,
                "new_hangupcause": int(end.cause),
                "new_hangupdirection": int(end.direction),
                "new_userkey": end.userkey,
                "new_extnumber": end.extension,
                "new_crmid": end.extension,
                "new_recordfilename": end.recordfilename,
            },
        )
        if changed != 1:
            return False
        if company is None or company.cdr_callback is None:
            if company is None or company.status_callback is not None:
                end_of_call(conn, call_uuid=call.uuid, at=end.ended_at)
            return True
        record = call_record(
            id=call.id,
            uuid=call.uuid,
            company_code=call.company_code,
            destnumber=call.destnumber,
            disnumber=call.disnumber,
            started_at=end.started_at,
            answered_at=end.answered_at,
            ended_at=end.ended_at,
            hangupcause=int(end.cause),
            hangupdirection=int(end.direction),
            extnumber=end.extension,
            crmid=end.extension,
            userkey=end.userkey,
            customuuid=call.customuuid,
            chengshudu=call.chengshudu,
            memberid=call.memberid,
            recordfilename=end.recordfilename,
            downloadip=self._settings.public_ip,
            zone=self._settings.zone,
            fields=company.callback_fields,
            userid=call.userid,
            ext=call.ext,
            recordurl=self._recordurl(end, company),
        )
        owe(
            conn,
            company_code=call.company_code,
            call_uuid=call.uuid,
            kind=CallbackKind.CDR,
            payload=record,
            at=end.ended_at,
        )
        return True

    def _recordurl(self, end: End, company: Company) -> str:
        if not end.recordfilename or RECORDURL not in company.callback_fields:
            return ""
        return self._settings.links.link(end.recordfilename, end.ended_at).url

    def _state(self, conn: Connection, offer: AgentOffer, status: ExtensionState, at: datetime) -> None:
        if self._company is None or self._company.status_callback is None:
            return
        payload = extension_state(
            buuid=offer.uuid,
            callee=self._call.destnumber,
            extnumber=offer.extension,
            company_code=self._call.company_code,
            disnumber=self._call.disnumber,
            started_at=offer.started_at,
            status=status,
            uuid=self._call.uuid,
            ip=self._settings.public_ip,
        )
        owe(
            conn,
            company_code=self._call.company_code,
            call_uuid=self._call.uuid,
            kind=CallbackKind.STATUS,
            payload=payload,
            at=at,
        )
