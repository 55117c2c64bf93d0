"""`App.Sip_Cdr`: bills, which is what the API calls call records here, and links to recordings."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from playvoice.calls.bills import MAX_BILLS, BillPage, BillQuery, Sync
from playvoice.calls.errors import BillsBusy, RecordingUnknown, TooManyBills
from playvoice.calls.links import LIFETIME, Link
from playvoice.codes import BusinessCode, Text
from playvoice.gateway.errors import OperationFailed, bad_request
from playvoice.gateway.registry import TOKEN, Done, Parameter, Request, Service, Values
from playvoice.gateway.rules import Between, Free, Listed, LocalTime, Trimmed, local_time

RETRY_AFTER = 2
"""Seconds after which a client may ask again where others are answered first."""
MAX_PAGE_SIZE = 1_000
MAX_EXTNUMBERS = 100
OUTGOING = 2
EVERY_DIRECTION = 3
EVERY_METHOD = 0
VOICE_NOTIFICATION = 6


class Bills(Protocol):
    """Knows the call records."""

    async def fetch(self, query: BillQuery, at: datetime) -> BillPage: ...


class RecordingLinks(Protocol):
    """Makes links to recordings."""

    async def link(self, company_code: str, name: str, at: datetime) -> Link: ...


_EXACT = Free(255)
STARTTIME = Parameter(
    "starttime",
    LocalTime(),
    Text("通话开始时间的起点（含）", "calls that began then or later"),
    required=True,
    example="2026-01-02 00:00:00",
)
ENDTIME = Parameter(
    "endtime",
    LocalTime(),
    Text("通话开始时间的终点（含）", "calls that began then or earlier"),
    required=True,
    example="2026-01-02 23:59:59",
)
SYNCFLAG = Parameter(
    "syncflag",
    Between(1, 3),
    Text(
        "1未获取过的话单，2已获取过的，3全部；话单被本接口返回后即为已获取",
        "1 bills not fetched yet, 2 fetched ones, 3 all; a bill is fetched once this service has returned it",
    ),
    default=int(Sync.UNFETCHED),
    example="1",
)
DIRECTION = Parameter(
    "direction", Between(1, 3), Text("1呼入，2呼出，3全部", "1 incoming, 2 outgoing, 3 all"), default=EVERY_DIRECTION
)
CALLMETHOD = Parameter(
    "callmethod",
    Between(0, 6),
    Text(
        "0全部，1分机互拨，2座席拨打，3接口呼叫，4接口双呼，5预测式外呼，6语音通知",
        "0 all, 1 extension to extension, 2 dialled by an agent, 3 API call, 4 API double call, 5 predictive, "
        "6 voice notification",
    ),
    default=EVERY_METHOD,
)
CURRENTPAGE = Parameter(
    "currentpage",
    Between(1, MAX_BILLS),
    Text(
        "第几页；syncflag为1时每页都从最早的未获取话单开始",
        "which page; with syncflag 1 each begins at the earliest bill that is not fetched yet",
    ),
    default=1,
    example="1",
)
ITEMSPERPAGE = Parameter(
    "itemsperpage", Between(1, MAX_PAGE_SIZE), Text("每页条数", "bills on a page"), default=10, example="100"
)
EXTNUMBER = Parameter(
    "extnumber",
    Listed(MAX_EXTNUMBERS, 32),
    Text("通话的分机号，多个用逗号分隔；为空不限", "the agent's extension, several by commas; empty: any"),
    default="",
)
DESTNUMBER = Parameter("destnumber", _EXACT, Text("被叫号码；为空不限", "the called number; empty: any"), default="")
USERID = Parameter(
    "userid",
    _EXACT,
    Text("座席ID，即话单推送中的crmid；为空不限", "the agent's id, crmid in the callback; empty: any"),
    default="",
)
MEMBERID = Parameter(
    "memberid", _EXACT, Text("呼叫时的memberid；为空不限", "memberid of the request; empty: any"), default=""
)
CHENGSHUDU = Parameter(
    "chengshudu", _EXACT, Text("呼叫时的chengshudu；为空不限", "chengshudu of the request; empty: any"), default=""
)
CUSTOMUUID = Parameter(
    "customuuid", _EXACT, Text("呼叫时的customuuid；为空不限", "customuuid of the request; empty: any"), default=""
)
BILL_PARAMETERS = (
    TOKEN,
    STARTTIME,
    ENDTIME,
    SYNCFLAG,
    DIRECTION,
    CALLMETHOD,
    CURRENTPAGE,
    ITEMSPERPAGE,
    EXTNUMBER,
    DESTNUMBER,
    USERID,
    MEMBERID,
    CHENGSHUDU,
    CUSTOMUUID,
)
FILENAME = Parameter(
    "filename",
    Trimmed(Text("为话单中的recordfilename", "is recordfilename of a call record")),
    Text("录音文件名，即话单中的recordfilename", "the recording's name, recordfilename of a call record"),
    required=True,
    example="3418035c-4af5-41ea-afb2-fbc8753285b6.mp3",
)

_BILL_ANSWERS = (
    (
        "totalitems",
        Text(
            "符合条件的总条数；syncflag为1时为剩余未获取条数加上前面各页的条数",
            "how many bills there are on all pages; with syncflag 1 those that are left and those of the pages before",
        ),
    ),
    ("currentpage", Text("第几页", "which page this is")),
    ("itemsperpage", Text("每页条数", "bills on a page")),
    ("bills", Text("话单数组，按开始时间从早到晚；没有时为[]", "the bills, the earliest start first; [] without any")),
    ("bills[].id", Text("话单编号，数字，与话单推送相同", "its number, as in the callback")),
    ("bills[].extnumber", Text("接听的分机，没有时为空", "the agent who spoke, else empty")),
    ("bills[].destnumber", Text("被叫号码", "the called number")),
    ("bills[].displaynumber", Text("外显号码", "the caller number shown")),
    ("bills[].starttime", Text("开始拨打的时间", "when it was dialled")),
    ("bills[].answertime", Text("接听时间，未接听为空", "when it was answered, empty if never")),
    ("bills[].endtime", Text("结束时间", "when it ended")),
    ("bills[].duration", Text("拨打到接听（未接听则到结束）的秒数，数字", "seconds to the answer, or else to the end")),
    (
        "bills[].billsec",
        Text("接听到结束的秒数，未接听为0，数字", "seconds from the answer to the end, 0 if never answered"),
    ),
    ("bills[].direction", Text("callin或callout", "callin or callout")),
    ("bills[].callmethod", Text("呼叫方式，数字，取值同参数", "how it was made, a number as in the parameter")),
    ("bills[].userid", Text('座席ID，没有时为"0"', 'the agent\'s id, else "0"')),
    ("bills[].memberid", Text('呼叫时的memberid，没有时为"0"', 'memberid of the request, else "0"')),
    ("bills[].chengshudu", Text("呼叫时的chengshudu", "chengshudu of the request")),
    ("bills[].customuuid", Text("呼叫时的customuuid，没有时为空", "customuuid of the request, else empty")),
    ("bills[].recordfilename", Text("录音文件名，没有录音为空", "the recording's name, empty without one")),
    ("bills[].downloadip", Text("服务器的公网地址", "the server's public address")),
    ("bills[].hangupdirection", Text("挂断方，数字，见代码表", "who hung up, a number of the table")),
    ("bills[].hangupcause", Text("挂断原因，数字，见代码表", "why it ended, a number of the table")),
)
_LINK_ANSWERS = (
    (
        "downurl",
        Text(
            "下载链接，已签名，无需token；支持HEAD和Range。录音编码期间为HTTP 503及Retry-After",
            "the link, signed, to be used without a token; HEAD and Range are understood. "
            "HTTP status 503 with Retry-After while the recording is being encoded",
        ),
    ),
    (
        "expiredtime",
        Text(
            f"链接失效时间，YYYY-MM-DD HH:MM:SS，自申请起{LIFETIME.days}天",
            f"when the link expires, YYYY-MM-DD HH:MM:SS, {LIFETIME.days} days from now",
        ),
    ),
)


def cdr_services(bills: Bills, links: RecordingLinks, zone: tzinfo) -> tuple[Service, ...]:
    """Return GetBill and GetRecodeFile; `zone` is where times are told."""

    async def get_bill(request: Request, values: Values) -> Done:
        query = _query(request, values, zone)
        page = BillPage(0, ())
        if _has_any(values):
            try:
                page = await bills.fetch(query, request.at)
            except TooManyBills:
                raise bad_request(
                    f"starttime到endtime之间的话单超过{MAX_BILLS}条，请缩短时间范围",
                    f"more than {MAX_BILLS} bills lie between starttime and endtime, ask for a shorter time",
                ) from None
            except BillsBusy as error:
                raise OperationFailed(BusinessCode.FAILED, str(error), retry_after=RETRY_AFTER) from None
        return Done(
            {
                "totalitems": page.total,
                "currentpage": query.page,
                "itemsperpage": query.page_size,
                "bills": list(page.bills),
            }
        )

    async def get_recording(request: Request, values: Values) -> Done:
        try:
            link = await links.link(request.company.code, values[FILENAME], request.at)
        except RecordingUnknown as error:
            raise OperationFailed(BusinessCode.FILE_UNKNOWN, str(error)) from None
        return Done({"downurl": link.url, "expiredtime": local_time(link.expires_at, zone)})

    return (
        Service(
            name="App.Sip_Cdr.GetBill",
            about=Text(
                "查询话单：按通话开始时间分页返回已结束通话的话单。逐页取完syncflag为1的话单，每条恰好返回一次；"
                "若应答未收到，可用syncflag为2或3再取",
                "call records of calls that have ended, in pages, by the time at which they began. Whoever turns the "
                "pages with syncflag 1 gets each bill once; one whose answer was lost comes again with syncflag 2 or 3",
            ),
            parameters=BILL_PARAMETERS,
            done=Text("获取话单成功", "the bills were fetched"),
            failed=Text("获取话单失败", "the bills were not fetched"),
            handler=get_bill,
            failures=(BusinessCode.FAILED,),
            answers=_BILL_ANSWERS,
            headers=(
                (
                    "Retry-After",
                    Text("应答头，错误码1003时：多少秒后可重试", "of the answer, with code 1003: seconds to wait"),
                ),
            ),
        ),
        Service(
            name="App.Sip_Cdr.GetRecodeFile",
            about=Text("取得录音的下载链接", "get a link to a recording"),
            parameters=(TOKEN, FILENAME),
            done=Text("获取录音成功", "the link was made"),
            failed=Text("获取录音失败", "the link was not made"),
            handler=get_recording,
            failures=(BusinessCode.FILE_UNKNOWN,),
            answers=_LINK_ANSWERS,
        ),
    )


def _query(request: Request, values: Values, zone: tzinfo) -> BillQuery:
    first, last = values[STARTTIME], values[ENDTIME]
    if last < first:
        raise bad_request("endtime早于starttime", "endtime is before starttime")
    return BillQuery(
        company_code=request.company.code,
        since=first.replace(tzinfo=zone).astimezone(UTC),
        until=_latest(last, zone) + timedelta(seconds=1),
        sync=Sync(values[SYNCFLAG]),
        page=values[CURRENTPAGE],
        page_size=values[ITEMSPERPAGE],
        extnumbers=tuple(filter(None, values[EXTNUMBER].split(","))),
        destnumber=values[DESTNUMBER].strip(),
        userid=values[USERID],
        memberid=values[MEMBERID],
        chengshudu=values[CHENGSHUDU],
        customuuid=values[CUSTOMUUID],
    )


def _latest(wall: datetime, zone: tzinfo) -> datetime:
    """The later instant of an hour that comes twice; of one that is left out, that of clocks that are not put on."""
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _has_any(values: Values) -> bool:
    """Whether calls are asked for of the one kind that there is."""
    return values[DIRECTION] in (OUTGOING, EVERY_DIRECTION) and values[CALLMETHOD] in (EVERY_METHOD, VOICE_NOTIFICATION)
