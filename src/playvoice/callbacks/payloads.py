"""The two payloads, to the letter: names, order and JSON types are those of the samples in the contract.

In an extension state every value is a string; in a call record the ids, codes and seconds are numbers, `companycode`
among them. Instants are cut to whole seconds first, and durations are differences of those.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from urllib.parse import quote_plus

RECORDURL = "recordurl"
FURTHER_FIELDS = ("direction", "userid", "ext", RECORDURL)
"""The fields that a company can switch on; they follow `destnumber` in this order."""

_NONE = "0"


class ExtensionState(StrEnum):
    """What an agent's leg has just come to."""

    RING = "ring"
    ANSWER = "answer"
    HANGUP = "hangup"


def extension_state(
    *,
    buuid: str,
    callee: str,
    extnumber: str,
    company_code: str,
    disnumber: str,
    started_at: datetime,
    status: ExtensionState,
    uuid: str,
    ip: str,
) -> dict[str, object]:
    """Return the extension-state callback of a leg of PlayVoice.

    `callee` is the customer's number, `started_at` when this leg began, `ip` the server's public address.
    """
    return {
        "buuid": buuid,
        "callee": callee,
        "caller": extnumber,
        "companycode": company_code,
        "direction": "callout",
        "disnumber": disnumber,
        "extnumber": extnumber,
        "isbleg": "true",
        "method": "3",
        "starttime": str(_seconds(started_at)),
        "status": status.value,
        "uuid": uuid,
        "ip": ip,
    }


def call_record(
    *,
    id: int,  # noqa: A002  (the contract's name)
    uuid: str,
    company_code: str,
    destnumber: str,
    disnumber: str,
    started_at: datetime,
    answered_at: datetime | None,
    ended_at: datetime,
    hangupcause: int,
    hangupdirection: int,
    extnumber: str,
    crmid: str,
    userkey: str,
    customuuid: str,
    chengshudu: str,
    memberid: str,
    recordfilename: str,
    downloadip: str,
    zone: tzinfo,
    fields: Sequence[str] = (),
    userid: str = "",
    ext: str = "",
    recordurl: str = "",
) -> dict[str, object]:
    """Return the call-record callback of a call of PlayVoice.

    `started_at` is the first INVITE, or the end where nothing was dialled. `fields` are those of `FURTHER_FIELDS`
    that the company has switched on. An empty `chengshudu`, `memberid`, `ext` or `crmid` is told as `"0"`.
    """
    start, end = _seconds(started_at), _seconds(ended_at)
    answer = None if answered_at is None else _seconds(answered_at)
    record: dict[str, object] = {
        "answertime": "" if answered_at is None else _local(answered_at, zone),
        "hangupcause": int(hangupcause),
        "duration": (end if answer is None else answer) - start,
        "id": id,
        "extnumber": extnumber,
        "uuid": uuid,
        "downloadip": downloadip,
        "customuuid": customuuid,
        "chengshudu": chengshudu or _NONE,
        "callmethod": 6,
        "recordfilename": recordfilename,
        "companycode": int(company_code),
        "memberid": memberid or _NONE,
        "hangupdirection": int(hangupdirection),
        "billsec": 0 if answer is None else end - answer,
        "endtime": _local(ended_at, zone),
        "starttime": _local(started_at, zone),
        "type": "callout",
        "disnumber": disnumber,
        "crmid": crmid or _NONE,
        "userkey": userkey,
        "destnumber": destnumber,
    }
    further = {"direction": "callout", "userid": userid, "ext": ext or _NONE, RECORDURL: recordurl}
    record.update((name, further[name]) for name in FURTHER_FIELDS if name in fields)
    return record


def to_text(payload: Mapping[str, object]) -> str:
    """Return the JSON text that is stored, signed and sent, without spaces and in the payload's order."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def to_body(text: str, format: str) -> tuple[bytes, str]:  # noqa: A002  (the setting's name)
    """Return the body of a callback, as the company wants it written, and its content type."""
    if format == "form":
        return f"detail={quote_plus(text)}".encode("ascii"), "application/x-www-form-urlencoded"
    return text.encode(), "application/json"


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp() // 1)


def _local(instant: datetime, zone: tzinfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
