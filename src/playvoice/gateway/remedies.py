"""What a caller of the API can do about each code, in both languages, for its documentation and its page."""

from collections.abc import Mapping
from types import MappingProxyType

from playvoice.codes import BusinessCode, HangupCause, Ret, Text

_NO_CAUSE_YET = Text("目前不会出现在语音通知的话单中", "stands in no record of PlayVoice yet")
_CALL_AGAIN = Text("稍后再拨", "call again later")
_EXTENSION = Text("核对分机号", "check the extension's number")

RET_REMEDIES: Mapping[Ret, Text] = MappingProxyType(
    {
        Ret.BAD_REQUEST: Text(
            "按`msg`改正参数；重试同样的请求没有意义",
            "correct the parameter that `msg` names; the same request fails again",
        ),
        Ret.UNKNOWN_SERVICE: Text("核对`service`的拼写", "check the spelling of `service`"),
        Ret.SERVER_ERROR: Text(
            "稍后重试，带上同一个`Idempotency-Key`；若一直如此，请管理员查看服务器日志",
            "try again later with the same `Idempotency-Key`; if it stays, the operator finds the reason in the log",
        ),
        Ret.TOKEN: Text("重新登录，再用新的token重试", "log in again and repeat the request with the new token"),
        Ret.APPID: Text("请管理员启用该公司", "ask the operator to switch the company on"),
        Ret.APPID_EXPIRED: Text("请管理员延长授权日期", "ask the operator to extend the licence date"),
        Ret.MODULE: Text("请管理员授权该接口", "ask the operator to license the service"),
        Ret.ADDRESS: Text(
            "从`ipwhite`中的地址请求，或请管理员加入您的地址；经过代理时以代理的地址为准",
            "ask from an address of `ipwhite`, or have yours added; behind a proxy it is the proxy's that counts",
        ),
    }
)

BUSINESS_REMEDIES: Mapping[BusinessCode, Text] = MappingProxyType(
    {
        BusinessCode.SERVER_UNREACHABLE: Text("稍后重试", "try again later"),
        BusinessCode.ABNORMAL: Text(
            "请求中有不可用的值。URL：只允许http和https，不允许私有地址（管理员可用`allow_networks`放行）",
            "a value can't be used; a URL has http or https, and no private address but those of `allow_networks`",
        ),
        BusinessCode.FAILED: Text(
            "登录：核对`appid`和`accesskey`。有应答头`Retry-After`：按其秒数等待后重试。其他：原因见`desc`",
            "at Login: check `appid` and `accesskey`; with `Retry-After`: wait so many seconds; else see `desc`",
        ),
        BusinessCode.EXTENSION_ABNORMAL: _EXTENSION,
        BusinessCode.EXTENSION_FOREIGN: Text("使用本公司的分机", "use an extension of your own company"),
        BusinessCode.EXTENSION_UNKNOWN: _EXTENSION,
        BusinessCode.EXTENSION_DISABLED: Text("请管理员启用该分机", "ask the operator to enable the extension"),
        BusinessCode.EXTENSION_NOT_REGISTERED: Text(
            "让坐席的话机登录后重试", "have the agent's phone registered, then try again"
        ),
        BusinessCode.EXTENSION_NOT_IN_CALL: Text("只在分机通话时请求", "ask only while the extension is in a call"),
        BusinessCode.EXTENSION_ENABLED: Text("这是状态，不是错误", "a state, not an error"),
        BusinessCode.EXTENSION_REGISTERED: Text("这是状态，不是错误", "a state, not an error"),
        BusinessCode.NUMBER_ENABLED: Text("这是状态，不是错误", "a state, not an error"),
        BusinessCode.NUMBER_DISABLED: Text(
            "使用另一个号码，或请管理员启用它", "use another number, or ask the operator to enable it"
        ),
        BusinessCode.NUMBER_UNKNOWN: Text(
            "核对`disnumber`，或留空随机使用一个", "check `disnumber`, or leave it empty to have one chosen"
        ),
        BusinessCode.NUMBER_FOREIGN: Text("使用本公司的号码", "use a number of your own company"),
        BusinessCode.TASK_UNKNOWN: Text("核对`taskid`", "check `taskid`"),
        BusinessCode.TASK_NOT_STARTED: Text("先开启任务", "open the task first"),
        BusinessCode.TASK_RUNNING: Text("先暂停或结束任务", "pause or end the task first"),
        BusinessCode.TASK_PAUSED: Text("重新开启任务", "open the task again"),
        BusinessCode.TASK_ENDED: Text("新建一个任务", "create a new task"),
        BusinessCode.FILE_UNKNOWN: Text(
            "核对文件名，区分大小写，含扩展名", "check the file's name, with its extension and in its case"
        ),
        BusinessCode.STRATEGY_ABNORMAL: Text("核对策略名称", "check the strategy's name"),
        BusinessCode.STRATEGY_VIOLATED: Text("请管理员查看限制", "ask the operator which rule forbids it"),
        BusinessCode.STRATEGY_NO_RESOURCE: Text("稍后重试", "try again later"),
        BusinessCode.NO_CALL_TO_SCORE: Text("只在通话时评分", "give a score only during a call"),
        BusinessCode.QUEUE_ABNORMAL: Text(
            "核对技能组名称，区分大小写；名称须是本公司的技能组",
            "check the group's name, in its case; it has to be a group of your own company",
        ),
        BusinessCode.QUEUE_FOREIGN: Text("使用本公司的技能组", "use a group of your own company"),
    }
)

CAUSE_REMEDIES: Mapping[HangupCause, Text] = MappingProxyType(
    {
        HangupCause.NORMAL: Text("无需处理", "nothing: the call was answered and ended as usual"),
        HangupCause.CANCELLED: _NO_CAUSE_YET,
        HangupCause.REJECTED: Text(
            "客户拒接；多次如此应停止拨打", "the customer refused; stop calling if it happens again"
        ),
        HangupCause.LINE_FAILURE: Text(
            "稍后再拨；经常出现时请管理员检查中继",
            "call again later; if it happens often, the operator looks at the trunk",
        ),
        HangupCause.NOT_ANSWERED: Text(
            "客户按了键而没有坐席接听：回拨客户，或增加坐席、延长`max_wait`",
            "the customer pressed a key and no agent took the call: call back, have more agents or a longer `max_wait`",
        ),
        HangupCause.BUSY: _CALL_AGAIN,
        HangupCause.HUNG_UP_BY_SERVER: Text(
            "服务器停止或故障，或管理员结束了呼叫；`billsec`为0时可再拨",
            "the server stopped or failed, or the operator ended the call; call again if `billsec` is 0",
        ),
        HangupCause.EXTENSION_NOT_REGISTERED: Text(
            "技能组没有话机登录：让坐席登录后回拨客户",
            "no phone of the group was registered: have the agents register, then call the customer back",
        ),
        HangupCause.UNREACHABLE: Text("手机关机或不在服务区：稍后再拨", "switched off or out of reach: call later"),
        HangupCause.TIMER_EXPIRED: Text(
            "`billsec`大于0：达到`conntime`。否则是排队超过`expire_after`而未拨号：放慢提交，或请管理员增加线路",
            "`billsec` above 0: `conntime` was reached; else it waited longer than `expire_after` and nothing was "
            "dialled: send more slowly, or have more lines",
        ),
        HangupCause.INBOUND_CALLBACK_ERROR: _NO_CAUSE_YET,
        HangupCause.EXTENSION_UNKNOWN: _NO_CAUSE_YET,
        HangupCause.NOT_FOUND: Text("空号：从名单中删除", "the number does not exist: take it off your list"),
        HangupCause.REQUEST_TIMEOUT: Text(
            "运营商没有及时应答：稍后再拨", "the carrier's side did not answer in time: call again later"
        ),
        HangupCause.NO_ANSWER: Text(
            "换个时间再拨，或延长`waittime`", "call at another time, or with a longer `waittime`"
        ),
        HangupCause.CALL_INVALID: Text(
            "号码不完整或格式不对：核对`destnumber`",
            "the number is incomplete or in a wrong format: check `destnumber`",
        ),
        HangupCause.UNKNOWN_LOCATION: _NO_CAUSE_YET,
        HangupCause.OTHER: Text(
            "没有拨号（`duration`为0）：语音文件不可用，用浏览器核对URL和格式；否则请管理员查看日志",
            "nothing dialled (`duration` 0): the voice could not be had: check its URL and format; else see the log",
        ),
        HangupCause.BAD_REQUEST: Text(
            "运营商不接受呼叫：请管理员检查中继的号码格式",
            "the carrier did not take the call: the operator checks the trunk's number format",
        ),
        HangupCause.FORBIDDEN: Text(
            "运营商不允许：检查外显号码，请管理员检查中继的账号和余额",
            "the carrier forbids it: check the caller number; the operator checks the trunk's account",
        ),
        HangupCause.NUMBER_CHANGED: Text("更新客户的号码", "update the customer's number"),
        HangupCause.INTERCEPTED: _NO_CAUSE_YET,
        HangupCause.UNKNOWN: _NO_CAUSE_YET,
        HangupCause.CALLER_HUNG_UP: Text(
            "仅用于`hangupdirection`：服务器或坐席挂断", "of `hangupdirection` alone: the server or the agent hung up"
        ),
        HangupCause.CALLEE_HUNG_UP: Text(
            "仅用于`hangupdirection`：客户挂断", "of `hangupdirection` alone: the customer hung up"
        ),
    }
)
