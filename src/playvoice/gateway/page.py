"""The page at `GET /`, made from the registry: services, parameters, rules and codes, in both languages.

Plain HTML, with nothing from anywhere else.
"""

from collections.abc import Iterable
from html import escape

from playvoice.codes import BUSINESS_TEXTS, CAUSE_TEXTS, RET_TEXTS, Language, Ret, Text
from playvoice.gateway.registry import Parameter, Registry, Service, language_name

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
code, pre { font: .9rem ui-monospace, monospace; }
pre { padding: .8rem; overflow-x: auto; border: 1px solid #8884; border-radius: .3rem; }
h2 { margin-top: 2.5rem; }
"""

_TITLE = Text("PlayVoice 语音通知接口", "PlayVoice: the voice notification API")
_INTRODUCTION = Text(
    "向 / 发送 POST，multipart/form-data、application/x-www-form-urlencoded 或 JSON 均可，用 service 选择接口。"
    "HTTP 状态总是 200，结果在 JSON 中。带请求头 Accept-Language: en 时返回英文。",
    "POST to / as multipart/form-data, application/x-www-form-urlencoded or JSON; service chooses the operation. "
    "The HTTP status is always 200, the JSON says the rest. Texts are English with Accept-Language: en.",
)
_EXCEPTION = Text(
    "ret 不是 200 时 data 为 []，msg 说明原因。ret 为 200 而 status 为 1 时，errors 中有错误码。",
    "Where ret is not 200, data is [] and msg says why. Where ret is 200 and status is 1, errors has the code.",
)
_PARAMETER = Text("参数", "parameter")
_REQUIRED = Text("必填", "required")
_MEANING = Text("含义", "meaning")
_RULE = Text("规则", "rule")
_DEFAULT = Text("默认值", "default")
_YES = Text("是", "yes")
_NO = Text("否", "no")
_RESULT = Text("result 字段", "fields of result")
_FAILURES = Text("可能的错误码", "codes it can fail with")
_CODE = Text("代码", "code")
_RETS = Text("ret", "ret")
_BUSINESS = Text("业务错误码 errors.code", "business codes, errors.code")
_CAUSES = Text("挂断原因 hangupcause、hangupdirection", "hangupcause and hangupdirection")
_SERVICE = Text("接口名", "the name of the operation")
_SERVICE_RULE = Text("不区分大小写；别名 s", "without regard to case; its alias is s")


def render_page(registry: Registry, language: Language) -> str:
    """Return the whole page in one language, with a link to the other."""
    other = Language.EN if language is Language.ZH else Language.ZH
    parts = [
        "<!doctype html>",
        f'<html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_say(_TITLE, language)}</title><style>{_STYLE}</style></head><body>",
        f'<p><a href="/?lang={other}" hreflang="{other}" lang="{other}">{language_name(other)}</a></p>',
        f"<h1>{_say(_TITLE, language)}</h1>",
        f"<p>{_say(_INTRODUCTION, language)}</p><p>{_say(_EXCEPTION, language)}</p>",
        *(_service(service, language) for service in registry),
        _codes(_RETS, ((ret, RET_TEXTS[ret]) for ret in Ret if ret is not Ret.OK), language),
        _codes(_BUSINESS, BUSINESS_TEXTS.items(), language),
        _codes(_CAUSES, CAUSE_TEXTS.items(), language),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _service(service: Service, language: Language) -> str:
    rows = [_service_row(language), *(_parameter(item, language) for item in service.parameters)]
    head = _row((_say(text, language) for text in (_PARAMETER, _REQUIRED, _MEANING, _RULE, _DEFAULT)), "th")
    parts = [
        f'<h2 id="{escape(service.name)}"><code>{escape(service.name)}</code></h2>',
        f"<p>{_say(service.about, language)}</p><table>{head}{''.join(rows)}</table>",
        f"<pre>{escape(_sample(service, language))}</pre>",
    ]
    if service.answers:
        fields = "".join(
            _row((f"<code>{escape(name)}</code>", _say(about, language))) for name, about in service.answers
        )
        parts.append(f"<h3>{_say(_RESULT, language)}</h3><table>{fields}</table>")
    if service.failures:
        codes = "".join(_row((str(int(code)), _say(BUSINESS_TEXTS[code], language))) for code in service.failures)
        parts.append(f"<h3>{_say(_FAILURES, language)}</h3><table>{codes}</table>")
    return "\n".join(parts)


def _service_row(language: Language) -> str:
    cells = ("<code>service</code>", _say(_YES, language), _say(_SERVICE, language), _say(_SERVICE_RULE, language), "")
    return _row(cells)


def _parameter(parameter: Parameter[object], language: Language) -> str:
    default = "" if parameter.required else escape(str(parameter.default))
    return _row(
        (
            f"<code>{escape(parameter.name)}</code>",
            _say(_YES if parameter.required else _NO, language),
            _say(parameter.about, language),
            _say(parameter.rule.text, language),
            default,
        )
    )


def _sample(service: Service, language: Language) -> str:
    desc = service.done(language)
    result = ',"result":{…}' if service.answers else ""
    return f'{{"ret":200,"data":{{"status":0,"desc":"{desc}"{result},"reqtime":N,"rsptime":N}},"msg":""}}'


def _codes(title: Text, texts: Iterable[tuple[int, Text]], language: Language) -> str:
    head = _row((_say(_CODE, language), _say(_MEANING, language)), "th")
    rows = "".join(_row((str(int(code)), _say(text, language))) for code, text in texts)
    return f"<h2>{_say(title, language)}</h2><table>{head}{rows}</table>"


def _row(cells: Iterable[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _say(text: Text, language: Language) -> str:
    return escape(text(language))
