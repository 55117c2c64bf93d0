"""Stories as small as a test needs them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from playvoice.calls.story import Story, StoryLeg, StoryMessage
from playvoice.calls.tables import CallState, LegKind, LegState
from playvoice.calls.trace_parts import Message, Note, Value
from playvoice.codes import HangupCause

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FLOW_OF_AGENT = "udp:192.0.2.20:5060"


def at(seconds: float) -> datetime:
    """So many seconds after the request."""
    return START + timedelta(seconds=seconds)


_PLAIN = Story(
    id=17,
    uuid="11111111-1111-4111-8111-111111111111",
    company_code="2028",
    state=CallState.ENDED,
    accepted_at=START,
    destnumber="13812345678",
    disnumber="2120280001",
    voice_kind=1,
    voice_name="notice.wav",
    userid="1@sales",
    waittime=60,
    conntime=600,
    customuuid="order-7",
    memberid="",
    ext="",
    started_at=at(0.5),
    answered_at=at(3.5),
    ended_at=at(20),
    cause=HangupCause.NORMAL,
    direction=HangupCause.CALLEE_HUNG_UP,
    userkey="1",
    extension="20280003",
    recordfilename="",
    legs=(),
    messages=(),
    notes=(),
    left_out=0,
    callbacks=(),
)


def story(**changes: Any) -> Story:
    """A call that was answered and transferred, with what a test changes."""
    return replace(_PLAIN, **changes)


def leg(
    uuid: str,
    kind: LegKind = LegKind.CUSTOMER,
    *,
    extension: str = "20280003",
    address: str = "udp:192.0.2.9:5080",
    **changes: Any,
) -> StoryLeg:
    """A leg of the trunk `carrier` or of an agent."""
    is_customer = kind is LegKind.CUSTOMER
    plain = StoryLeg(
        uuid=uuid,
        kind=kind,
        state=LegState.ENDED,
        trunk="carrier" if is_customer else "",
        extension="" if is_customer else extension,
        offer_uuid=None,
        call_id=uuid,
        address=address,
        started_at=START,
        rang_at=None,
        answered_at=None,
        ended_at=at(20),
        media=None,
    )
    return replace(plain, **changes)


def message(
    seconds: float, first: bytes, *headers: str, leg: str = "a", sent: bool = True, **changes: Any
) -> StoryMessage:
    """A message of a leg: its first line and headers."""
    data = b"\r\n".join((first, *(header.encode() for header in headers), b"", b""))
    plain = Message(
        at(seconds), sent, "udp", ("192.0.2.9", 5080), ("192.0.2.1", 5060), data, repeated=False, late=False
    )
    return StoryMessage(leg, replace(plain, **changes))


def note(seconds: float, event: str, **values: Value) -> Note:
    """What happened."""
    return Note(at(seconds), event, values)
