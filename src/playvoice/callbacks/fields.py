"""What each field of both payloads means, for the documentation of the API; a test holds them to the payloads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from playvoice.callbacks.payloads import ExtensionState, call_record, extension_state
from playvoice.codes import Text


class JsonType(StrEnum):
    """What a value is in the JSON."""

    STRING = "string"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a payload."""

    name: str
    type: JsonType
    about: Text
    further: bool = False
    """It is there only where the company has switched it on."""


def _text(name: str, zh: str, en: str) -> Field:
    return Field(name, JsonType.STRING, Text(zh, en))


def _further(name: str, zh: str, en: str) -> Field:
    return Field(name, JsonType.STRING, Text(zh, en), further=True)


def _number(name: str, zh: str, en: str) -> Field:
    return Field(name, JsonType.NUMBER, Text(zh, en))


EXTENSION_STATE_FIELDS = (
    _text("buuid", "坐席这一侧（B leg）的标识", "id of the agent's leg (B leg)"),
    _text("callee", "客户的号码", "the customer's number"),
    _text("caller", "分机号，与`extnumber`相同", "the extension, the same as `extnumber`"),
    _text("companycode", "公司编号", "the company's code"),
    _text("direction", "`callin`或`callout`；语音通知为`callout`", "`callin` or `callout`; for PlayVoice `callout`"),
    _text("disnumber", "外显号码", "the caller number that is shown"),
    _text("extnumber", "分机号", "the extension"),
    _text("isbleg", "固定为`true`：这是B leg", "always `true`: this is the B leg"),
    _text(
        "method",
        "1分机互拨，2手动外呼，3接口呼叫，4双呼，5预测外呼；语音通知为`3`",
        "1 extension, 2 manual, 3 interface, 4 double call, 5 predictive; for PlayVoice `3`",
    ),
    _text(
        "starttime",
        "这一侧开始的时间，unix秒；三个状态都相同",
        "when this leg began, in unix seconds; the same in all three states",
    ),
    _text("status", "`ring`振铃，`answer`接听，`hangup`挂断", "`ring`, `answer` or `hangup`"),
    _text("uuid", "通话的标识，与应答头`X-Call-UUID`相同", "id of the call, the same as in the header `X-Call-UUID`"),
    _text("ip", "服务器的公网地址", "the server's public address"),
)

CALL_RECORD_FIELDS = (
    _text("answertime", "客户接听的时间；未接听为空", "when the customer answered; empty if never"),
    _number("hangupcause", "挂断原因，见代码表", "why the call ended, see the table of codes"),
    _number(
        "duration",
        "从拨号到接听的秒数；未接听则到结束",
        "seconds from dialling to the answer, or to the end if there was none",
    ),
    _number("id", "话单编号，递增且不重复使用", "number of the record; it grows and is never reused"),
    _text("extnumber", "与客户通话的坐席分机；没有则为空", "extension of the agent who spoke; empty if none did"),
    _text("uuid", "通话的标识，与应答头`X-Call-UUID`相同", "id of the call, the same as in the header `X-Call-UUID`"),
    _text("downloadip", "服务器的公网地址", "the server's public address"),
    _text("customuuid", "请求中的值，原样返回；没有则为空", "the request's value, echoed; empty if it had none"),
    _text("chengshudu", "请求中的值，原样返回", "the request's value, echoed"),
    _number("callmethod", "固定为6：语音通知", "always 6: voice notification"),
    _text("recordfilename", "录音文件名；没有录音则为空", "name of the recording; empty if there is none"),
    _number("companycode", "公司编号", "the company's code"),
    _text("memberid", '请求中的值，原样返回；没有则为`"0"`', 'the request\'s value, echoed; `"0"` if it had none'),
    _number(
        "hangupdirection",
        "10040主叫侧（服务器或坐席）挂断，10041被叫侧（客户）挂断；没有人挂断时与`hangupcause`相同",
        "10040 our side (server or agent) hung up, 10041 the customer did; the same as `hangupcause` where nobody did",
    ),
    _number("billsec", "从接听到结束的秒数；未接听为0", "seconds from the answer to the end; 0 if there was no answer"),
    _text("endtime", "结束的时间", "when the call ended"),
    _text(
        "starttime",
        "第一个INVITE的时间，不含排队；没有拨号则与`endtime`相同",
        "when the first INVITE went out, without the time in the queue; the same as `endtime` if nothing was dialled",
    ),
    _text("type", "`callin`或`callout`；语音通知为`callout`", "`callin` or `callout`; for PlayVoice `callout`"),
    _text("disnumber", "外显号码", "the caller number that was shown"),
    _text(
        "crmid",
        '坐席签入时的编号，没有则为分机号；没有坐席为`"0"`',
        'the id that the agent signed in with, else the extension; `"0"` without an agent',
    ),
    _text(
        "userkey",
        "决定这次通话的按键，只会是`userid`中的按键；没有则为空",
        "the key that decided the call, one of those of `userid`; empty if there was none",
    ),
    _text("destnumber", "被叫号码", "the number that was called"),
    _further("direction", "`callin`或`callout`", "`callin` or `callout`"),
    _further("userid", "请求中的`userid`", "the request's `userid`"),
    _further("ext", '请求中的值，原样返回；没有则为`"0"`', 'the request\'s value, echoed; `"0"` if it had none'),
    _further(
        "recordurl",
        "录音的下载链接，带签名，会过期；没有录音则为空",
        "a signed link to the recording, which expires; empty if there is none",
    ),
)

_START = datetime(2020, 2, 9, 4, 32, 38, tzinfo=UTC)


def sample_extension_state() -> Mapping[str, object]:
    """Return the extension state that the documentation shows."""
    return extension_state(
        buuid="f4ffad68-4a0f-41ea-812d-fbc8753285b6",
        callee="85322888486",
        extnumber="20280003",
        company_code="2028",
        disnumber="2120280001",
        started_at=datetime.fromtimestamp(1_581_124_302, UTC),
        status=ExtensionState.RING,
        uuid="f4ee8e7a-4a0f-41ea-8126-fbc8753285b6",
        ip="192.0.2.10",
    )


def sample_call_record() -> Mapping[str, object]:
    """Return the call record that the documentation shows: the fields that every company gets."""
    return call_record(
        id=220_739,
        uuid="3418035c-4af5-41ea-afb2-fbc8753285b6",
        company_code="2028",
        destnumber="85322888486",
        disnumber="2120280001",
        started_at=_START,
        answered_at=_START + timedelta(seconds=13),
        ended_at=_START + timedelta(seconds=48),
        hangupcause=10001,
        hangupdirection=10041,
        extnumber="20280003",
        crmid="20280003",
        userkey="1",
        customuuid="110001168",
        chengshudu="1",
        memberid="",
        recordfilename="3418035c-4af5-41ea-afb2-fbc8753285b6.mp3",
        downloadip="192.0.2.10",
        zone=ZoneInfo("Asia/Shanghai"),
    )
