"""The code tables of the HTTP API and of the callbacks, with their texts in two languages.

Chinese is the language of the contract, and customers' programs compare its texts; the English ones are for
people. A call record's ``hangupcause`` is a :class:`HangupCause`; its ``hangupdirection`` is one of the two
members that say who hung up, or the cause itself where nobody did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Language(StrEnum):
    """The two languages that every text is written in."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages; called with a language it gives the text in that language."""

    zh: str
    en: str

    def __call__(self, language: Language) -> str:
        return self.en if language is Language.EN else self.zh


class Ret(IntEnum):
    """``ret`` of the envelope: 200, or which kind of exception the request met."""

    OK = 200
    BAD_REQUEST = 400
    UNKNOWN_SERVICE = 404
    SERVER_ERROR = 500
    TOKEN = 600
    APPID = 601
    APPID_EXPIRED = 602
    MODULE = 603
    ADDRESS = 604


class BusinessCode(IntEnum):
    """``errors.code`` of an answer whose ``ret`` is 200 and whose ``status`` is 1."""

    SERVER_UNREACHABLE = 1001
    ABNORMAL = 1002
    FAILED = 1003
    EXTENSION_ABNORMAL = 1010
    EXTENSION_FOREIGN = 1011
    EXTENSION_UNKNOWN = 1012
    EXTENSION_DISABLED = 1013
    EXTENSION_NOT_REGISTERED = 1014
    EXTENSION_NOT_IN_CALL = 1015
    EXTENSION_ENABLED = 1016
    EXTENSION_REGISTERED = 1017
    NUMBER_ENABLED = 1018
    NUMBER_DISABLED = 1019
    NUMBER_UNKNOWN = 1020
    NUMBER_FOREIGN = 1021
    TASK_UNKNOWN = 1024
    TASK_NOT_STARTED = 1025
    TASK_RUNNING = 1026
    TASK_PAUSED = 1027
    TASK_ENDED = 1028
    FILE_UNKNOWN = 1029
    STRATEGY_ABNORMAL = 1031
    STRATEGY_VIOLATED = 1032
    STRATEGY_NO_RESOURCE = 1033
    NO_CALL_TO_SCORE = 1209
    QUEUE_ABNORMAL = 1210
    QUEUE_FOREIGN = 1211


class HangupCause(IntEnum):
    """Why a call ended; the last two also say who hung up."""

    NORMAL = 10001
    CANCELLED = 10002
    REJECTED = 10003
    LINE_FAILURE = 10004
    NOT_ANSWERED = 10005
    BUSY = 10006
    HUNG_UP_BY_SERVER = 10007
    EXTENSION_NOT_REGISTERED = 10008
    UNREACHABLE = 10009
    TIMER_EXPIRED = 10011
    INBOUND_CALLBACK_ERROR = 10012
    EXTENSION_UNKNOWN = 10013
    NOT_FOUND = 10014
    REQUEST_TIMEOUT = 10015
    NO_ANSWER = 10016
    CALL_INVALID = 10017
    UNKNOWN_LOCATION = 10019
    OTHER = 10020
    BAD_REQUEST = 10024
    FORBIDDEN = 10025
    NUMBER_CHANGED = 10027
    INTERCEPTED = 10028
    UNKNOWN = 10031
    CALLER_HUNG_UP = 10040
    CALLEE_HUNG_UP = 10041


class AgentState(IntEnum):
    """What an extension, or an agent in a queue, is doing."""

    OFFLINE = 1200
    IDLE = 1201
    RINGING = 1202
    OFF_HOOK = 1203
    TALKING = 1204
    OTHER = 1208
    NOT_ANSWERED = 1212
    WAITING = 1213
    RECEIVING = 1214
    ANSWERED = 1215
    REJECTED = 1216
    PAUSED = 1217


RET_TEXTS: Mapping[Ret, Text] = MappingProxyType(
    {
        Ret.OK: Text("", ""),
        Ret.BAD_REQUEST: Text("非法请求：", "Bad request: "),
        Ret.UNKNOWN_SERVICE: Text("接口服务不存在", "There is no such service"),
        Ret.SERVER_ERROR: Text("服务器运行错误", "The server failed"),
        Ret.TOKEN: Text("token无效或已过期", "The token is unknown or has expired"),
        Ret.APPID: Text("appid未授权", "The appid is not authorised"),
        Ret.APPID_EXPIRED: Text("appid授权已过期", "The authorisation of the appid has expired"),
        Ret.MODULE: Text("appid未授权该模块", "The appid is not licensed for this service"),
        Ret.ADDRESS: Text("IP地址未授权", "The source address is not allowed"),
    }
)
"""``msg`` of each exception; the text of 400 is the prefix of what was wrong."""

BUSINESS_TEXTS: Mapping[BusinessCode, Text] = MappingProxyType(
    {
        BusinessCode.SERVER_UNREACHABLE: Text("呼叫服务器无法连接", "The call server can't be reached"),
        BusinessCode.ABNORMAL: Text("操作异常", "The operation is abnormal"),
        BusinessCode.FAILED: Text("操作失败", "The operation failed"),
        BusinessCode.EXTENSION_ABNORMAL: Text("分机异常", "The extension is abnormal"),
        BusinessCode.EXTENSION_FOREIGN: Text("分机不属于该公司", "The extension belongs to another company"),
        BusinessCode.EXTENSION_UNKNOWN: Text("分机不存在", "The extension does not exist"),
        BusinessCode.EXTENSION_DISABLED: Text("分机已禁用", "The extension is disabled"),
        BusinessCode.EXTENSION_NOT_REGISTERED: Text("分机未注册", "The extension is not registered"),
        BusinessCode.EXTENSION_NOT_IN_CALL: Text("分机未在通话中", "The extension is not in a call"),
        BusinessCode.EXTENSION_ENABLED: Text("分机已启用", "The extension is enabled"),
        BusinessCode.EXTENSION_REGISTERED: Text("分机已注册", "The extension is registered"),
        BusinessCode.NUMBER_ENABLED: Text("号码已启用", "The number is enabled"),
        BusinessCode.NUMBER_DISABLED: Text("号码已禁用", "The number is disabled"),
        BusinessCode.NUMBER_UNKNOWN: Text("号码不存在", "The number does not exist"),
        BusinessCode.NUMBER_FOREIGN: Text("号码不属于该公司", "The number belongs to another company"),
        BusinessCode.TASK_UNKNOWN: Text("任务不存在", "The task does not exist"),
        BusinessCode.TASK_NOT_STARTED: Text("任务未开始", "The task has not started"),
        BusinessCode.TASK_RUNNING: Text("任务进行中", "The task is running"),
        BusinessCode.TASK_PAUSED: Text("任务已暂停", "The task is paused"),
        BusinessCode.TASK_ENDED: Text("任务已结束", "The task has ended"),
        BusinessCode.FILE_UNKNOWN: Text("文件不存在", "The file does not exist"),
        BusinessCode.STRATEGY_ABNORMAL: Text("策略异常", "The strategy is abnormal"),
        BusinessCode.STRATEGY_VIOLATED: Text("违反策略", "The strategy is violated"),
        BusinessCode.STRATEGY_NO_RESOURCE: Text("策略无可用资源", "The strategy has no resource available"),
        BusinessCode.NO_CALL_TO_SCORE: Text("非通话中无法评分", "A score can't be given outside a call"),
        BusinessCode.QUEUE_ABNORMAL: Text("队列异常", "The queue is abnormal"),
        BusinessCode.QUEUE_FOREIGN: Text("队列不属于该公司", "The queue belongs to another company"),
    }
)
"""``errors.codemsg`` of each business code."""

CAUSE_TEXTS: Mapping[HangupCause, Text] = MappingProxyType(
    {
        HangupCause.NORMAL: Text("正常", "normal"),
        HangupCause.CANCELLED: Text("取消", "cancelled"),
        HangupCause.REJECTED: Text("拒接", "rejected"),
        HangupCause.LINE_FAILURE: Text("线路或通道故障", "line or channel failure"),
        HangupCause.NOT_ANSWERED: Text("用户有操作，未接听", "the user acted, nobody answered"),
        HangupCause.BUSY: Text("忙线", "busy"),
        HangupCause.HUNG_UP_BY_SERVER: Text("服务器挂断", "hung up by the server"),
        HangupCause.EXTENSION_NOT_REGISTERED: Text("分机未注册", "extension not registered"),
        HangupCause.UNREACHABLE: Text("目标不可达", "destination unreachable"),
        HangupCause.TIMER_EXPIRED: Text("定时器超时", "timer expired"),
        HangupCause.INBOUND_CALLBACK_ERROR: Text("呼入回调接口错误", "inbound callback interface error"),
        HangupCause.EXTENSION_UNKNOWN: Text("分机不存在", "extension does not exist"),
        HangupCause.NOT_FOUND: Text("号码未找到", "not found"),
        HangupCause.REQUEST_TIMEOUT: Text("请求超时", "request timeout"),
        HangupCause.NO_ANSWER: Text("无应答", "no answer"),
        HangupCause.CALL_INVALID: Text("呼叫无效", "call invalid"),
        HangupCause.UNKNOWN_LOCATION: Text("未知位置", "unknown location"),
        HangupCause.OTHER: Text("其他", "other"),
        HangupCause.BAD_REQUEST: Text("错误请求", "bad request"),
        HangupCause.FORBIDDEN: Text("禁止呼叫", "forbidden"),
        HangupCause.NUMBER_CHANGED: Text("号码已变更", "number changed"),
        HangupCause.INTERCEPTED: Text("呼叫被拦截", "intercepted"),
        HangupCause.UNKNOWN: Text("未知", "unknown"),
        HangupCause.CALLER_HUNG_UP: Text("主叫挂断", "caller side hung up"),
        HangupCause.CALLEE_HUNG_UP: Text("被叫挂断", "callee side hung up"),
    }
)
"""What a page or a timeline says for each cause."""

AGENT_TEXTS: Mapping[AgentState, Text] = MappingProxyType(
    {
        AgentState.OFFLINE: Text("离线", "offline"),
        AgentState.IDLE: Text("空闲", "idle"),
        AgentState.RINGING: Text("振铃", "ringing"),
        AgentState.OFF_HOOK: Text("摘机", "off-hook"),
        AgentState.TALKING: Text("通话中", "talking"),
        AgentState.OTHER: Text("其他", "other"),
        AgentState.NOT_ANSWERED: Text("未接听", "not answered"),
        AgentState.WAITING: Text("等待中", "waiting"),
        AgentState.RECEIVING: Text("接入中", "receiving"),
        AgentState.ANSWERED: Text("已接听", "answered"),
        AgentState.REJECTED: Text("已拒接", "rejected"),
        AgentState.PAUSED: Text("已暂停", "paused"),
    }
)
"""What each state of an extension, or of an agent in a queue, is called."""
