"""The story of a call: all that the store knows of it, as one value, for a terminal, a page or a program.

It reads; whoever shows it decides how. A call that still runs has no messages yet: they are stored as it ends.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from playvoice.callbacks.history import PastCallback, of_call
from playvoice.calls import trace_store
from playvoice.calls.tables import CallState, LegKind, LegState, calls, legs
from playvoice.calls.trace_parts import Message, Note
from playvoice.codes import HangupCause
from playvoice.sip import InviteState
from playvoice.sip.masking import mask_number, mask_numbers
from playvoice.sip.tap import call_id_of, printable

MAX_FOUND = 20
"""Calls that a search by number gives, the newest first."""
LOOKED_AT = 200_000
"""The newest calls, among which a number is searched: there is no index of numbers."""

_ONE = select(calls).where(calls.c.uuid == bindparam("uuid"))
_LEGS = select(legs).where(legs.c.call_uuid == bindparam("uuid")).order_by(legs.c.started_at, legs.c.kind, legs.c.uuid)
_FOUND = (calls.c.id, calls.c.uuid, calls.c.company_code, calls.c.accepted_at, calls.c.destnumber, calls.c.state)
_BY_ID = select(*_FOUND, calls.c.hangupcause).where(calls.c.id == bindparam("id"))
_BY_UUID = select(*_FOUND, calls.c.hangupcause).where(calls.c.uuid == bindparam("uuid"))
_LAST_ID = select(func.coalesce(func.max(calls.c.id), 0))
_BY_NUMBER = (
    select(*_FOUND, calls.c.hangupcause)
    .where(calls.c.id > bindparam("after"), calls.c.destnumber == bindparam("number"))
    .order_by(calls.c.id.desc())
    .limit(MAX_FOUND)
)


@dataclass(frozen=True, slots=True)
class Found:
    """A call that was searched for."""

    id: int
    uuid: str
    company_code: str
    accepted_at: datetime
    destnumber: str
    state: CallState
    cause: HangupCause | None


@dataclass(frozen=True, slots=True)
class Media:
    """What the stream of a leg did: packets, and times in milliseconds."""

    sent: int
    received: int
    lost: int
    jitter: int
    sampled: bool
    """The three before are in part an estimate."""
    far_lost: int | None
    """As in the next two: None where no RTCP came."""
    far_jitter: int | None
    round_trip: int | None


@dataclass(frozen=True, slots=True)
class StoryLeg:
    """A leg, with the last address that it was sent to."""

    uuid: str
    kind: LegKind
    state: LegState
    trunk: str
    extension: str
    offer_uuid: str | None
    call_id: str
    address: str
    started_at: datetime
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    media: Media | None


@dataclass(frozen=True, slots=True)
class StoryMessage:
    """A SIP message of a leg."""

    leg: str
    """Its uuid; empty if it is of no leg that the store knows."""
    message: Message


@dataclass(frozen=True, slots=True)
class Story:
    """A call from its request to its last callback."""

    id: int
    uuid: str
    company_code: str
    state: CallState
    accepted_at: datetime
    destnumber: str
    disnumber: str
    voice_kind: int
    voice_name: str
    userid: str
    waittime: int
    conntime: int
    customuuid: str
    memberid: str
    ext: str
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    cause: HangupCause | None
    direction: HangupCause | None
    userkey: str
    extension: str
    recordfilename: str
    legs: tuple[StoryLeg, ...]
    """In the order of their INVITEs."""
    messages: tuple[StoryMessage, ...]
    """In the order in which they passed by."""
    notes: tuple[Note, ...]
    left_out: int
    """Messages that were not kept, since there were too many."""
    callbacks: tuple[PastCallback, ...]

    @property
    def queued(self) -> timedelta | None:
        """How long it waited before it was dialled; None: it was not, or waits."""
        return None if self.started_at is None or not self.legs else self.started_at - self.accepted_at


def find(conn: Connection, what: str) -> list[Found]:
    """The calls that are meant by a uuid, the id of a record or a number: at most 20 by a number, the newest first."""
    rows: list[Any] = list(conn.execute(_BY_UUID, {"uuid": what}))
    if not rows and what.removeprefix("+").isdecimal():
        if len(what) < 19:
            rows = list(conn.execute(_BY_ID, {"id": int(what)}))
        after = conn.execute(_LAST_ID).scalar_one() - LOOKED_AT
        rows += conn.execute(_BY_NUMBER, {"after": after, "number": what}).all()
    return [_found(row) for row in rows]


def read_story(conn: Connection, uuid: str, *, mask: bool = False) -> Story | None:
    """All that is known of a call; None if there is no such call. `mask` hides the middle of numbers."""
    row = conn.execute(_ONE, {"uuid": uuid}).one_or_none()
    if row is None:
        return None
    all_legs = tuple(_leg(leg) for leg in conn.execute(_LEGS, {"uuid": uuid}))
    parts = trace_store.read(conn, uuid)
    uuids = {leg.call_id: leg.uuid for leg in all_legs}
    messages = sorted((message for part in parts for message in part.messages), key=lambda message: message.at)
    names = [field.name for field in dataclasses.fields(Story)]
    story = Story(
        **{name: getattr(row, name) for name in names if name in calls.c and name not in ("state", "voice_name")},
        state=CallState(row.state),
        voice_name=_without_secrets(row.voice_name),
        cause=None if row.hangupcause is None else HangupCause(row.hangupcause),
        direction=None if row.hangupdirection is None else HangupCause(row.hangupdirection),
        extension=row.extnumber,
        legs=all_legs,
        messages=tuple(StoryMessage(uuids.get(call_id_of(each.data) or "", ""), each) for each in messages),
        notes=tuple(sorted((note for part in parts for note in part.notes), key=lambda note: note.at)),
        left_out=sum(part.left_out for part in parts),
        callbacks=of_call(conn, uuid),
    )
    return _masked(story) if mask else story


def to_json(value: object) -> Any:
    """A story as JSON has it: instants by ISO 8601, messages as text."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): to_json(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return printable(value)
    return value.value if isinstance(value, Enum) else value


def _found(row: Any) -> Found:
    cause = None if row.hangupcause is None else HangupCause(row.hangupcause)
    return Found(row.id, row.uuid, row.company_code, row.accepted_at, row.destnumber, CallState(row.state), cause)


def _leg(row: Row[Any]) -> StoryLeg:
    invite = InviteState.from_json(row.invite)
    media = None
    if row.packets_sent is not None:
        media = Media(
            sent=row.packets_sent,
            received=row.packets_received,
            lost=row.packets_lost,
            jitter=row.jitter_ms,
            sampled=row.sampled,
            far_lost=row.far_packets_lost,
            far_jitter=row.far_jitter_ms,
            round_trip=row.round_trip_ms,
        )
    return StoryLeg(
        uuid=row.uuid,
        kind=LegKind(row.kind),
        state=LegState(row.state),
        trunk=row.trunk,
        extension=row.extension,
        offer_uuid=row.offer_uuid,
        call_id=invite.call_id,
        address=str(invite.flow),
        started_at=row.started_at,
        rang_at=row.rang_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        media=media,
    )


def _without_secrets(voice: str) -> str:
    """A voice's URL without its query and user, in which a token or password may stand; a file's name as it is."""
    if "://" not in voice:
        return voice
    path, mark, _ = voice.partition("?")
    return re.sub(r"://[^/@]*@", "://***@", path) + ("?…" if mark else "")


def _masked(story: Story) -> Story:
    """The story of a call that may have been kept before numbers were to be hidden."""
    hidden = {number: mask_number(number) for number in (story.destnumber, story.disnumber) if number}

    def hide(text: str) -> str:
        for number, masked in hidden.items():
            text = text.replace(number, masked)
        return text

    return replace(
        story,
        destnumber=mask_number(story.destnumber),
        disnumber=mask_number(story.disnumber),
        voice_name=hide(story.voice_name),
        customuuid=hide(story.customuuid),
        memberid=hide(story.memberid),
        ext=hide(story.ext),
        messages=tuple(
            replace(each, message=replace(each.message, data=mask_numbers(each.message.data)))
            for each in story.messages
        ),
        notes=tuple(
            replace(note, values={k: hide(v) if isinstance(v, str) else v for k, v in note.values.items()})
            for note in story.notes
        ),
        callbacks=tuple(replace(each, payload=hide(each.payload)) for each in story.callbacks),
    )
