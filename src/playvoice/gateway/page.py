"""The page at `GET /`, made from the registry: services, parameters, rules and codes, in both languages.

Plain HTML, with nothing from anywhere else.
"""

from collections.abc import Iterable
from html import escape

from playvoice.codes import BUSINESS_TEXTS, CAUSE_TEXTS, RET_TEXTS, Language, Ret, Text
from playvoice.gateway.registry import Registry, Service, language_name

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 66rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 0 1.5rem; }
h2 { margin: 3rem 0 .5rem; padding-top: .5rem; border-top: 2px solid #8886; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
th, td:first-child { white-space: nowrap; }
.pairs td:first-child, .pairs th:first-child { width: 9rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { margin: 0; padding: .8rem; white-space: pre-wrap; border: 1px solid #8884; border-radius: .3rem; }
@media (max-width: 45rem) {
  .parameters tr:first-child { display: none; }
  .parameters tr { display: block; padding: .5rem 0; border-bottom: 1px solid #8884; }
  .parameters td { display: block; padding: .1rem 0; border: 0; }
  .parameters td:empty { display: none; }
  .parameters td + td::before { content: attr(title) ": "; opacity: .7; }
  .pairs td:first-child, .pairs th:first-child { width: 6.5rem; }
}
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
_REQUEST = Text("请求示例", "a request")
_ANSWER = Text("成功时的应答", "the answer to a success")
_HEADERS = Text("请求头与应答头", "headers")
_PARAMETERS = Text("参数", "parameters")
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
_RETS = Text("ret：异常", "ret: exceptions")
_BUSINESS = Text("业务错误码 errors.code", "business codes, errors.code")
_CAUSES = Text("挂断原因 hangupcause、hangupdirection", "hangupcause and hangupdirection")
_SERVICE = Text("接口名", "the name of the operation")
_SERVICE_RULE = Text("不区分大小写；别名 s", "without regard to case; its alias is s")


def render_page(registry: Registry, language: Language) -> str:
    """Return the whole page in one language, with a link to the other."""
    other = Language.EN if language is Language.ZH else Language.ZH
    tables: tuple[tuple[str, Text, Iterable[tuple[int, Text]]], ...] = (
        ("ret", _RETS, ((ret, RET_TEXTS[ret]) for ret in Ret if ret is not Ret.OK)),
        ("codes", _BUSINESS, BUSINESS_TEXTS.items()),
        ("causes", _CAUSES, CAUSE_TEXTS.items()),
    )
    links = (
        *((service.name, escape(service.name)) for service in registry),
        *((name, _say(title, language)) for name, title, _ in tables),
    )
    parts = [
        "<!doctype html>",
        f'<html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_say(_TITLE, language)}</title><style>{_STYLE}</style></head><body>",
        f'<p><a href="/?lang={other}" hreflang="{other}" lang="{other}">{language_name(other)}</a></p>',
        f"<h1>{_say(_TITLE, language)}</h1>",
        f"<p>{_say(_INTRODUCTION, language)}</p><p>{_say(_EXCEPTION, language)}</p>",
        "<nav>" + "".join(f'<a href="#{escape(name)}">{text}</a>' for name, text in links) + "</nav>",
        *(_service(service, language) for service in registry),
        *(_codes(name, title, texts, language) for name, title, texts in tables),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _service(service: Service, language: Language) -> str:
    parts = [
        f'<h2 id="{escape(service.name)}"><code>{escape(service.name)}</code></h2>',
        f"<p>{_say(service.about, language)}</p>",
        f"<h3>{_say(_PARAMETERS, language)}</h3>{_parameters(service, language)}",
        f"<h3>{_say(_REQUEST, language)}</h3><pre>{escape(_request(service))}</pre>",
        f"<h3>{_say(_ANSWER, language)}</h3><pre>{escape(_answer(service, language))}</pre>",
    ]
    if service.answers:
        parts.append(_pairs(_RESULT, ((_code(name), about) for name, about in service.answers), language))
    if service.headers:
        parts.append(_pairs(_HEADERS, ((_code(name), about) for name, about in service.headers), language))
    if service.failures:
        codes = ((str(int(code)), BUSINESS_TEXTS[code]) for code in service.failures)
        parts.append(_pairs(_FAILURES, codes, language))
    return "\n".join(parts)


def _parameters(service: Service, language: Language) -> str:
    titles = [_say(text, language) for text in (_PARAMETER, _REQUIRED, _MEANING, _RULE, _DEFAULT)]
    yes, no = _say(_YES, language), _say(_NO, language)
    rows = [
        (_code("service"), yes, _say(_SERVICE, language), _say(_SERVICE_RULE, language), ""),
        *(
            (
                _code(parameter.name),
                yes if parameter.required else no,
                _say(parameter.about, language),
                _say(parameter.rule.text, language),
                "" if parameter.required else escape(str(parameter.default)),
            )
            for parameter in service.parameters
        ),
    ]
    body = "".join(
        "<tr>" + "".join(f'<td title="{title}">{cell}</td>' for title, cell in zip(titles, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<table class="parameters">{_row(titles, "th")}{body}</table>'


def _request(service: Service) -> str:
    """The request by curl, with the parameters that have an example."""
    fields = [("service", service.name), *((item.name, item.example) for item in service.parameters if item.example)]
    return "curl http://HOST:PORT/" + "".join(f" \\\n  -F {name}={example}" for name, example in fields)


def _answer(service: Service, language: Language) -> str:
    desc = service.done(language)
    result = ',"result":{…}' if service.answers else ""
    return f'{{"ret":200,"data":{{"status":0,"desc":"{desc}"{result},"reqtime":N,"rsptime":N}},"msg":""}}'


def _pairs(title: Text, pairs: Iterable[tuple[str, Text]], language: Language) -> str:
    rows = "".join(_row((name, _say(about, language))) for name, about in pairs)
    return f'<h3>{_say(title, language)}</h3><table class="pairs">{rows}</table>'


def _codes(name: str, title: Text, texts: Iterable[tuple[int, Text]], language: Language) -> str:
    head = _row((_say(_CODE, language), _say(_MEANING, language)), "th")
    rows = "".join(_row((str(int(code)), _say(text, language))) for code, text in texts)
    return f'<h2 id="{name}">{_say(title, language)}</h2><table class="pairs">{head}{rows}</table>'


def _code(name: str) -> str:
    return f"<code>{escape(name)}</code>"


def _row(cells: Iterable[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _say(text: Text, language: Language) -> str:
    return escape(text(language))
