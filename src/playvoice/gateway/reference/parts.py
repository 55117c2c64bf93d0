"""The generated parts of the pages, each a function of the registry and the language."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from playvoice.callbacks.fields import (
    CALL_RECORD_FIELDS,
    EXTENSION_STATE_FIELDS,
    Field,
    sample_call_record,
    sample_extension_state,
)
from playvoice.callbacks.schedule import DELAYS
from playvoice.callbacks.signing import signed_headers
from playvoice.codes import (
    AGENT_TEXTS,
    BUSINESS_TEXTS,
    CAUSE_TEXTS,
    RET_TEXTS,
    BusinessCode,
    Language,
    Ret,
    Text,
)
from playvoice.gateway import envelope, snippets
from playvoice.gateway.reference.markdown import code, fence, table
from playvoice.gateway.registry import Parameter, Registry, Service
from playvoice.gateway.remedies import BUSINESS_REMEDIES, CAUSE_REMEDIES, RET_REMEDIES

URL = "http://127.0.0.1:8080/"
"""Where the server of the examples listens."""

_AT = 1_581_307_099
_NAME, _REQUIRED, _DEFAULT = Text("参数", "parameter"), Text("必填", "required"), Text("默认值", "default")
_RULE, _MEANING, _EXAMPLE = Text("规则", "rule"), Text("含义", "meaning"), Text("示例", "example")
_YES, _NO, _EMPTY = Text("是", "yes"), Text("否", "no"), Text("空", "empty")
_FIELD, _TYPE, _CODE = Text("字段", "field"), Text("类型", "type"), Text("代码", "code")
_CODEMSG, _REMEDY, _HEADER = Text("文本", "text"), Text("怎么办", "what to do"), Text("头", "header")
_RESULT = Text("`result`的字段：", "Fields of `result`:")
_HEADERS = Text("请求头与应答头：", "Headers of request and answer:")
_FAILURES = Text("可能的业务错误码：", "Business codes that it can fail with:")
_ANSWER = Text("成功时的应答：", "The answer to a success:")
_FURTHER = Text("（启用后才有）", " (only where switched on)")
_SERVICE = Text("接口", "service")
_ABOUT = Text("用途", "what for")


def service_list(registry: Registry, language: Language) -> str:
    """All services in one table."""
    rows = ((f"[{service.name}](#{_anchor(service.name)})", service.about(language)) for service in registry)
    return table(_say(language, _SERVICE, _ABOUT), rows)


def services(registry: Registry, language: Language) -> str:
    """A section for each service."""
    return "\n\n".join(_service(service, language) for service in registry)


def _service(service: Service, language: Language) -> str:
    parts = [
        f"### {service.name}",
        _sentence(service.about(language), language),
        table(
            _say(language, _NAME, _REQUIRED, _DEFAULT, _RULE, _MEANING, _EXAMPLE),
            (_parameter(parameter, language) for parameter in service.parameters),
        ),
        fence("sh", snippets.curl(URL, snippets.fields_of(service))),
        _ANSWER(language),
        fence("json", answer(service)),
    ]
    if service.answers:
        parts += [_RESULT(language), _pairs(_FIELD, service.answers, language)]
    if service.headers:
        parts += [_HEADERS(language), _pairs(_HEADER, service.headers, language)]
    if service.failures:
        parts += [_FAILURES(language), _codes(service.failures, BUSINESS_TEXTS, BUSINESS_REMEDIES, language)]
    return "\n\n".join(parts)


def answer(service: Service) -> str:
    """Return the answer to a success, in the API's own language."""
    result = {name: "…" for name, _ in service.answers if not set(".[") & set(name)} if service.answers else None
    return envelope.success(service.done, result, Language.ZH, reqtime=_AT, rsptime=_AT).decode()


def _parameter(parameter: Parameter[Any], language: Language) -> tuple[str, ...]:
    default = code(parameter.default) if str(parameter.default) else _EMPTY(language)
    return (
        code(parameter.name),
        (_YES if parameter.required else _NO)(language),
        "–" if parameter.required else default,
        parameter.rule.text(language),
        parameter.about(language),
        code(parameter.example) if parameter.example else "–",
    )


def _pairs(title: Text, pairs: Iterable[tuple[str, Text]], language: Language) -> str:
    return table(_say(language, title, _MEANING), ((code(name), about(language)) for name, about in pairs))


def _codes(codes: Iterable[Any], texts: Mapping[Any, Text], remedies: Mapping[Any, Text], language: Language) -> str:
    rows = ((str(int(each)), texts[each](language).rstrip("：: "), remedies[each](language)) for each in codes)
    return table(_say(language, _CODE, _CODEMSG, _REMEDY), rows)


def rets(_registry: Registry, language: Language) -> str:
    """The exceptions."""
    return _codes((ret for ret in Ret if ret is not Ret.OK), RET_TEXTS, RET_REMEDIES, language)


def business_codes(_registry: Registry, language: Language) -> str:
    """The business codes."""
    return _codes(BUSINESS_TEXTS, BUSINESS_TEXTS, BUSINESS_REMEDIES, language)


def causes(_registry: Registry, language: Language) -> str:
    """The causes of a call record."""
    return _codes(CAUSE_TEXTS, CAUSE_TEXTS, CAUSE_REMEDIES, language)


def agent_states(_registry: Registry, language: Language) -> str:
    """The states of extensions and agents."""
    rows = ((str(int(state)), text(language)) for state, text in AGENT_TEXTS.items())
    return table(_say(language, _CODE, _MEANING), rows)


def extension_state(_registry: Registry, language: Language) -> str:
    """The fields of an extension state, and one."""
    return _payload(EXTENSION_STATE_FIELDS, sample_extension_state(), language)


def call_record(_registry: Registry, language: Language) -> str:
    """The fields of a call record, and one."""
    return _payload(CALL_RECORD_FIELDS, sample_call_record(), language)


def _payload(fields: Iterable[Field], sample: Mapping[str, object], language: Language) -> str:
    rows = (
        (code(field.name), field.type.value, field.about(language) + (_FURTHER(language) if field.further else ""))
        for field in fields
    )
    shown = json.dumps(sample, ensure_ascii=False, indent=2)
    return table(_say(language, _FIELD, _TYPE, _MEANING), rows) + "\n\n" + fence("json", shown)


def failure(_registry: Registry, _language: Language) -> str:
    """The answer to a request that could not be done."""
    text = envelope.failure(
        Text("播放命令发送失败", ""), BusinessCode.QUEUE_ABNORMAL, Language.ZH, reqtime=_AT, rsptime=_AT
    )
    return fence("json", text.decode())


def exception(_registry: Registry, _language: Language) -> str:
    """The answer to a request that was not understood."""
    return fence("json", envelope.exception(Ret.BAD_REQUEST, Text("缺少必要参数destnumber", ""), Language.ZH).decode())


def delays(_registry: Registry, language: Language) -> str:
    """After how long a callback is tried again, each time."""
    return ("、" if language is Language.ZH else ", ").join(_span(delay, language) for delay in DELAYS)


def signature(_registry: Registry, _language: Language) -> str:
    """A signed callback, to try a receiver of one's own with."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}'
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body.encode())
    lines = [f"secret: {secret}", *(f"{name}: {value}" for name, value in headers.items()), f"body: {body}"]
    return fence("text", "\n".join(lines))


def _span(delay: timedelta, language: Language) -> str:
    seconds = int(delay.total_seconds())
    for unit, text in ((3600, Text("小时", " h")), (60, Text("分钟", " min")), (1, Text("秒", " s"))):
        if seconds % unit == 0:
            return f"{seconds // unit}{text(language)}"
    raise ValueError(f"a delay of {delay}")


def _say(language: Language, *texts: Text) -> list[str]:
    return [text(language) for text in texts]


def _sentence(text: str, language: Language) -> str:
    return f"{text}。" if language is Language.ZH else f"{text[0].upper()}{text[1:]}."


def _anchor(title: str) -> str:
    return "".join(each for each in title.lower() if each.isalnum() or each in "_-")


PARTS: Mapping[str, Callable[[Registry, Language], str]] = MappingProxyType(
    {
        "service-list": service_list,
        "services": services,
        "rets": rets,
        "business-codes": business_codes,
        "causes": causes,
        "agent-states": agent_states,
        "extension-state": extension_state,
        "call-record": call_record,
        "failure": failure,
        "exception": exception,
        "delays": delays,
        "signature": signature,
    }
)
"""What a template can name."""
