"""`App.Sip_Call.PlayVoice`: call a number, play a voice, and let a key lead to a group.

The order of the checks: the token, the parameters in the order of the table, a repeated `Idempotency-Key`, the
groups (1210), the caller number (1020, 1021, 1019), then the voice: a file of the library that does not exist (1029),
a URL that can't be allowed (1002); last the disk, for a company whose calls are recorded (1003). What passes is stored
before it is answered.
"""

import re
from datetime import datetime
from typing import Protocol

from playvoice.calls.errors import IdempotencyMismatch, QueueFull
from playvoice.calls.queue import Accepted, fingerprint
from playvoice.calls.request import PlayVoice
from playvoice.codes import BusinessCode, Text
from playvoice.companies import Company, NumberDisabled, NumberForeign, NumberUnknown
from playvoice.config import RecordPolicy
from playvoice.gateway.errors import OperationFailed, bad_request
from playvoice.gateway.registry import TOKEN, Done, Parameter, Request, Service, Values
from playvoice.gateway.rules import Between, Free, KeysToGroups, Matching, Trimmed
from playvoice.voices import VoiceKind, VoiceRef
from playvoice.web import AddressRefused

NAME = "App.Sip_Call.PlayVoice"
MAX_IDEMPOTENCY_KEY = 255
RETRY_AFTER = 10
"""Seconds after which a client may ask again where the queue was full."""


class CallerNumbers(Protocol):
    """Chooses and checks caller numbers."""

    async def caller_number(self, company: Company, disnumber: str) -> str: ...


class Groups(Protocol):
    """Knows the groups of companies."""

    def group(self, company_code: str, name: str) -> object | None: ...


class Library(Protocol):
    """Knows the voice files of companies, and which URLs may be downloaded."""

    async def exists(self, company_code: str, name: str) -> bool: ...

    def check_url(self, text: str) -> str:
        """Return the URL that is meant, of which nothing is looked up; raises `AddressRefused`."""
        ...


class Recordings(Protocol):
    """Knows whether there is room for recordings."""

    @property
    def disk_is_low(self) -> bool: ...


class Calls(Protocol):
    """Stores what is to be called."""

    async def earlier(self, company_code: str, key: str, fingerprint: str, at: datetime) -> Accepted | None: ...

    async def accept(self, request: PlayVoice, at: datetime) -> Accepted: ...


_FREE = Free(255)
DESTNUMBER = Parameter(
    "destnumber",
    Matching(
        re.compile(r"\+?[0-9]{3,32}"),
        Text("应为3到32位数字，可带前缀+", "must be 3 to 32 digits after an optional +"),
    ),
    Text("要拨打的号码", "the number to call"),
    required=True,
    example="13333333333",
)
VOICETYPE = Parameter(
    "voicetype",
    Between(1, 2),
    Text("1为公司语音库中的文件名，2为URL", "1 a voice file of the company's library by name, 2 a URL"),
    required=True,
    example="2",
)
VOICEFILE = Parameter(
    "voicefile",
    Free(2048),
    Text(
        "语音文件名或URL；URL没有://时自动加上http://；支持wav、mp3、ogg、flac、m4a",
        "that name or URL; a URL without :// gets http:// in front; wav, mp3, ogg, flac, m4a",
    ),
    required=True,
    example="www.example.com/notice.mp3",
)
CHENGSHUDU = Parameter(
    "chengshudu", _FREE, Text("自定义值（成熟度），原样返回", "a value of your own, echoed"), required=True, example="1"
)
USERID = Parameter(
    "userid",
    KeysToGroups(),
    Text(
        "按键转接：1@extGroup-1；多个用逗号分隔：1@sales,2@support；不带按键的一项用于无按键：1@sales,@support",
        "which key leads to which group: 1@extGroup-1; several by commas: 1@sales,2@support; "
        "one without a key is for no key: 1@sales,@support",
    ),
    required=True,
    example="1@extGroup-1",
)
DISNUMBER = Parameter(
    "disnumber",
    Trimmed(Text("为公司的主叫号码", "is a caller number of the company")),
    Text("外显号码；为空时随机使用公司的一个已启用号码", "the caller number; empty: an enabled one at random"),
    default="",
    example="2120280001",
)
CUSTOMUUID = Parameter("customuuid", _FREE, Text("自定义值，原样返回", "a value of your own, echoed"), default="")
MEMBERID = Parameter("memberid", _FREE, Text("自定义值，原样返回", "a value of your own, echoed"), default="")
EXT = Parameter("ext", _FREE, Text("自定义值，原样返回", "a value of your own, echoed"), default="")
WAITTIME = Parameter(
    "waittime",
    Between(5, 120),
    Text("等待接听的最长秒数", "seconds from the first INVITE, over all trunks, to the answer"),
    default=60,
)
CONNTIME = Parameter(
    "conntime",
    Between(1, 7200),
    Text("接通后的最长秒数", "longest time connected in seconds, from the customer's answer"),
    default=3600,
)
PARAMETERS = (
    TOKEN,
    DESTNUMBER,
    VOICETYPE,
    VOICEFILE,
    CHENGSHUDU,
    USERID,
    DISNUMBER,
    CUSTOMUUID,
    MEMBERID,
    EXT,
    WAITTIME,
    CONNTIME,
)


def play_voice_service(
    *, calls: Calls, numbers: CallerNumbers, groups: Groups, library: Library, recordings: Recordings
) -> Service:
    """Return the service PlayVoice over what it needs of the rooms below."""

    async def play_voice(request: Request, values: Values) -> Done:
        company, key = request.company, _idempotency_key(request)
        digest = None if key is None else fingerprint_of(values)
        try:
            accepted = None
            if key is not None and digest is not None:
                accepted = await calls.earlier(company.code, key, digest, request.at)
            if accepted is None:
                wanted = await _check(company, values)
                _check_disk(recordings, company)
                accepted = await calls.accept(_order(company, values, *wanted, key, digest), request.at)
        except IdempotencyMismatch:
            raise bad_request(
                "Idempotency-Key已用于参数不同的请求", "the Idempotency-Key was used with other parameters"
            ) from None
        except QueueFull as error:
            raise OperationFailed(BusinessCode.FAILED, str(error), retry_after=RETRY_AFTER) from None
        return Done(headers=(("x-call-uuid", accepted.uuid),), at=accepted.at)

    async def _check(company: Company, values: Values) -> tuple[str, VoiceRef]:
        for _, name in values[USERID]:
            if groups.group(company.code, name) is None:
                raise OperationFailed(BusinessCode.QUEUE_ABNORMAL, f"there is no group {name}")
        disnumber = await _caller_number(numbers, company, values[DISNUMBER])
        return disnumber, await _voice(library, company, values)

    return Service(
        name=NAME,
        about=Text(
            "语音通知：拨打号码，播放语音，按键转接到技能组",
            "call a number, play a voice, and connect to a group by key",
        ),
        parameters=PARAMETERS,
        done=Text("播放命令发送成功", "the play command was sent"),
        failed=Text("播放命令发送失败", "the play command was not sent"),
        handler=play_voice,
        headers=(
            (
                "Idempotency-Key",
                Text(
                    "可选请求头：24小时内相同的值得到相同的应答，不再拨号",
                    "optional, of the request: within 24 hours the same value gets the same answer and dials nothing",
                ),
            ),
            ("X-Call-UUID", Text("应答头：通话的uuid", "of the answer: the call's uuid")),
            (
                "Retry-After",
                Text("应答头，错误码1003时：多少秒后可重试", "of the answer, with code 1003: seconds to wait"),
            ),
        ),
        failures=(
            BusinessCode.QUEUE_ABNORMAL,
            BusinessCode.NUMBER_UNKNOWN,
            BusinessCode.NUMBER_FOREIGN,
            BusinessCode.NUMBER_DISABLED,
            BusinessCode.FILE_UNKNOWN,
            BusinessCode.ABNORMAL,
            BusinessCode.FAILED,
        ),
    )


def fingerprint_of(values: Values) -> str:
    """Return what tells requests of one `Idempotency-Key` apart: the parameters but the token, as text."""
    return fingerprint({name: text for name, text in values.texts.items() if name != TOKEN.name})


def _idempotency_key(request: Request) -> str | None:
    key = request.idempotency_key
    try:
        key.encode()
    except UnicodeEncodeError:
        raise bad_request("Idempotency-Key不是有效的UTF-8编码", "the Idempotency-Key is not UTF-8") from None
    try:
        return Free(MAX_IDEMPOTENCY_KEY).read(key) or None
    except ValueError:
        raise bad_request(
            f"Idempotency-Key最多{MAX_IDEMPOTENCY_KEY}个字符且不含控制字符",
            f"the Idempotency-Key has at most {MAX_IDEMPOTENCY_KEY} characters and no control characters",
        ) from None


async def _caller_number(numbers: CallerNumbers, company: Company, disnumber: str) -> str:
    try:
        return await numbers.caller_number(company, disnumber)
    except NumberUnknown as error:
        raise OperationFailed(BusinessCode.NUMBER_UNKNOWN, str(error)) from None
    except NumberForeign as error:
        raise OperationFailed(BusinessCode.NUMBER_FOREIGN, str(error)) from None
    except NumberDisabled as error:
        raise OperationFailed(BusinessCode.NUMBER_DISABLED, str(error)) from None


async def _voice(library: Library, company: Company, values: Values) -> VoiceRef:
    if values[VOICETYPE] == VoiceKind.LIBRARY:
        name = values[VOICEFILE].strip()
        if not await library.exists(company.code, name):
            raise OperationFailed(BusinessCode.FILE_UNKNOWN, f"there is no voice file {name}")
        return VoiceRef(VoiceKind.LIBRARY, name)
    try:
        url = library.check_url(values[VOICEFILE].strip())
    except AddressRefused as error:
        raise OperationFailed(BusinessCode.ABNORMAL, str(error)) from None
    return VoiceRef(VoiceKind.URL, url)


def _check_disk(recordings: Recordings, company: Company) -> None:
    """A company whose calls are recorded places none while a recording might find no room."""
    if company.record is not RecordPolicy.NEVER and recordings.disk_is_low:
        raise OperationFailed(BusinessCode.FAILED, "the disk is low", retry_after=RETRY_AFTER)


def _order(
    company: Company,
    values: Values,
    disnumber: str,
    voice: VoiceRef,
    key: str | None,
    digest: str | None,
) -> PlayVoice:
    return PlayVoice(
        company_code=company.code,
        destnumber=values[DESTNUMBER],
        voice=voice,
        key_groups=values[USERID],
        userid=values.texts[USERID.name].strip(),
        disnumber=disnumber,
        chengshudu=values[CHENGSHUDU],
        customuuid=values[CUSTOMUUID],
        memberid=values[MEMBERID],
        ext=values[EXT],
        waittime=values[WAITTIME],
        conntime=values[CONNTIME],
        idempotency_key=key,
        fingerprint=digest,
    )
