"""What the page at `GET /` says of its own, in both languages."""

from collections.abc import Mapping
from types import MappingProxyType

from playvoice.codes import Text

TITLE = Text("PlayVoice 语音通知接口", "PlayVoice voice notification API")
INTRODUCTION = Text(
    "向`/`发送POST，`multipart/form-data`、`application/x-www-form-urlencoded`或JSON均可，用`service`选择接口。HTTP状态总是200："
    "`ret`不是200时原因见`msg`；`ret`为200而`status`为1时，`errors`中有错误码。",
    "POST to `/` as `multipart/form-data`, `application/x-www-form-urlencoded` or JSON; `service` chooses the service. "
    "The HTTP status is always 200: where `ret` is not 200, `msg` says why; where `ret` is 200 and `status` 1, "
    "`errors` has the code.",
)
TRY = Text(
    "下面的表单向本服务器发送真实的请求：语音通知会真的拨打号码。登录之后，token会自动填入。",
    "The forms below send real requests to this server: PlayVoice really calls the number. After a Login the token is "
    "filled in.",
)
SKIP = Text("跳到内容", "Skip to the services")
LANGUAGE = Text("语言", "Language")
CONTENTS = Text("目录", "Contents")
SERVICES = Text("接口", "Services")
TABLES = Text("回调与代码", "Callbacks and codes")
LOGGED_IN = Text("已登录", "Logged in")
FORGET = Text("清除token", "Forget the token")
REQUIRED = Text("必填", "required")
MAY_BE_LEFT_OUT = Text("选填", "optional")
OPTIONAL = Text("选填参数", "Optional parameters")
DEFAULT = Text("默认值", "Default")
SHOW = Text("显示", "show")
SEND = Text("发送请求", "Send the request")
REQUEST = Text("请求", "Request")
ANSWER = Text("应答", "Answer")
COPY = Text("复制", "Copy")
MORE = Text("应答字段、请求头与错误码", "Fields of the answer, headers and codes")
RESULT = Text("`result`的字段", "Fields of `result`")
HEADERS = Text("请求头与应答头", "Headers of request and answer")
FAILURES = Text("可能的业务错误码", "Business codes that it can fail with")
NAME = Text("名称", "name")
TYPE = Text("类型", "type")
CODE = Text("代码", "code")
MEANING = Text("含义", "meaning")
REMEDY = Text("怎么办", "what to do")
FURTHER = Text("启用后才有", "Only where switched on.")
STATES = Text("分机状态回调", "Extension-state callback")
RECORDS = Text("话单回调", "Call-record callback")
RETS = Text("ret：异常", "ret: exceptions")
BUSINESS = Text("业务错误码 errors.code", "errors.code: business codes")
CAUSES = Text("挂断原因 hangupcause", "hangupcause: why a call ended")

OF_SCRIPT: Mapping[str, Text] = MappingProxyType(
    {
        "sending": Text("发送中…", "Sending…"),
        "send": SEND,
        "copy": COPY,
        "copied": Text("已复制", "Copied"),
        "show": SHOW,
        "hide": Text("隐藏", "hide"),
        "done": Text("成功", "Done"),
        "failed": Text("失败", "Not done"),
        "refused": Text("被拒绝", "Refused"),
        "silent": Text("没有应答", "No answer"),
        "unreachable": Text("无法连接服务器，请稍后重试。", "The server can't be reached; try again later."),
    }
)
"""What the script puts into the page, by the name that it uses."""
