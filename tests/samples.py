"""A company and a request as tests of several rooms want them; `dataclasses.replace` makes others of them."""

from datetime import UTC, datetime

from playvoice.calls.request import PlayVoice
from playvoice.calls.userid import parse_userid
from playvoice.companies import Company
from playvoice.config import CallbackFormat, RecordFormat, RecordPolicy
from playvoice.voices import VoiceKind, VoiceRef

COMPANY = Company(
    code="2028",
    name="Demo",
    appid="demo",
    enabled=True,
    licensed_until=None,
    ipwhite=(),
    cdr_callback="http://127.0.0.1/cdr",
    status_callback="http://127.0.0.1/status",
    callback_format=CallbackFormat.JSON,
    callback_fields=(),
    signing_secret="",
    record=RecordPolicy.ALWAYS,
    record_format=RecordFormat.WAV,
    expire_after=3600,
    key_time=5,
    trunks=None,
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
)
REQUEST = PlayVoice(
    company_code="2028",
    destnumber="13333333333",
    voice=VoiceRef(VoiceKind.LIBRARY, "notice.wav"),
    key_groups=parse_userid("1@sales"),
    userid="1@sales",
    disnumber="2120280001",
    chengshudu="1",
    customuuid="c1",
    memberid="",
    ext="",
    waittime=60,
    conntime=3600,
)
