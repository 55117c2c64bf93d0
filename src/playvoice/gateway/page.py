"""The page at `GET /`, made from the registry: each service with a form that sends a request, callbacks, and codes.

One answer holds all of it: markup, styles and script, the last two named by their hashes in the content security
policy, so that nothing else runs and nothing comes from elsewhere. Without the script the forms still send, and the
page still says everything. The script is `assets/snippets.js` and `assets/page.js`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.responses import Response

from playvoice.callbacks.fields import CALL_RECORD_FIELDS, EXTENSION_STATE_FIELDS, Field
from playvoice.codes import BUSINESS_TEXTS, CAUSE_TEXTS, RET_TEXTS, Language, Ret, Text
from playvoice.gateway import page_texts as texts
from playvoice.gateway.registry import Parameter, Registry, Service, language_name
from playvoice.gateway.remedies import BUSINESS_REMEDIES, CAUSE_REMEDIES, RET_REMEDIES
from playvoice.gateway.rules import Between, Trimmed
from playvoice.gateway.snippets import SNIPPETS, curl, fields_of

_ASSETS = Path(__file__).with_name("assets")
_STYLE = (_ASSETS / "page.css").read_text(encoding="utf-8")
_SCRIPT = "".join((_ASSETS / name).read_text(encoding="utf-8") for name in ("snippets.js", "page.js"))
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' "
    "rx='4' fill='%230f766e'/%3E%3Cpath d='M5 4.5v7M8 2.5v11M11 5.5v5' stroke='white' stroke-width='1.6' "
    "stroke-linecap='round'/%3E%3C/svg%3E"
)
_FEW = 3
"""Optional parameters that are shown at once."""
_ADDRESS = "http://HOST:PORT/"
"""Stands in the request until the script knows the page's own."""


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY = (
    "default-src 'none'",
    f"script-src {_source(_SCRIPT)}",
    f"style-src {_source(_STYLE)}",
    "img-src data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "; ".join(_POLICY),
    "referrer-policy": "no-referrer",
    "vary": "accept-language",
    "x-content-type-options": "nosniff",
}


def render_page(registry: Registry, language: Language) -> Response:
    """Return the whole page in one language, with a switch to the other."""
    return Response(_page(registry, language), media_type="text/html", headers=_HEADERS)


@lru_cache(maxsize=4)
def _page(registry: Registry, language: Language) -> str:
    say = _Words(language)
    tables: tuple[tuple[str, Text, str], ...] = (
        ("status-callback", texts.STATES, _fields(EXTENSION_STATE_FIELDS, say)),
        ("cdr-callback", texts.RECORDS, _fields(CALL_RECORD_FIELDS, say)),
        ("ret", texts.RETS, _codes((ret for ret in Ret if ret is not Ret.OK), RET_TEXTS, RET_REMEDIES, say)),
        ("codes", texts.BUSINESS, _codes(BUSINESS_TEXTS, BUSINESS_TEXTS, BUSINESS_REMEDIES, say)),
        ("causes", texts.CAUSES, _codes(CAUSE_TEXTS, CAUSE_TEXTS, CAUSE_REMEDIES, say)),
    )
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="{language}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<link rel="icon" href="{_ICON}">',
            f"<title>{say(texts.TITLE)}</title><style>{_STYLE}</style></head><body>",
            f'<a class="skip" href="#services">{say(texts.SKIP)}</a>',
            _top(say),
            f'<div class="layout">{_contents(registry, tables, say)}',
            f'<main id="services"><header class="intro"><h1>{say(texts.TITLE)}</h1>',
            f"<p>{say(texts.INTRODUCTION)}</p><p>{say(texts.TRY)}</p></header>",
            *(_service(service, say) for service in registry),
            *(
                f'<section class="table" id="{name}"><h2>{say(title)}</h2>{table}</section>'
                for name, title, table in tables
            ),
            "</main></div>",
            f'<script type="application/json" id="words">{_for_script(language)}</script>',
            f"<script>{_SCRIPT}</script></body></html>\n",
        )
    )


class _Words:
    """Texts of one language as HTML: what stands in backticks is code."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, text: Text) -> str:
        return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text(self.language)))


def _top(say: _Words) -> str:
    links = "".join(
        f'<a href="/?lang={each}" hreflang="{each}" lang="{each}"{_current(each is say.language)}>'
        f"{language_name(each)}</a>"
        for each in Language
    )
    return (
        f'<header class="top"><a class="brand" href="/?lang={say.language}">PlayVoice</a>'
        f'<p class="session" id="session" hidden><span>{say(texts.LOGGED_IN)}</span> '
        f'<button type="button" id="forget">{say(texts.FORGET)}</button></p>'
        f'<nav class="languages" aria-label="{say(texts.LANGUAGE)}">{links}</nav></header>'
    )


def _current(is_current: bool) -> str:
    return ' aria-current="true"' if is_current else ""


def _contents(registry: Registry, tables: Iterable[tuple[str, Text, str]], say: _Words) -> str:
    services = "".join(f'<li><a href="#{escape(each.name)}">{escape(_short(each))}</a></li>' for each in registry)
    others = "".join(f'<li><a href="#{name}">{say(title)}</a></li>' for name, title, _ in tables)
    return (
        f'<nav class="contents" aria-label="{say(texts.CONTENTS)}"><details open>'
        f"<summary>{say(texts.CONTENTS)}</summary><h2>{say(texts.SERVICES)}</h2><ul>{services}</ul>"
        f"<h2>{say(texts.TABLES)}</h2><ul>{others}</ul></details></nav>"
    )


def _short(service: Service) -> str:
    return service.name.rpartition(".")[2]


def _service(service: Service, say: _Words) -> str:
    return "\n".join(
        (
            f'<article class="service" id="{escape(service.name)}">',
            f"<h2>{escape(_short(service))}</h2>",
            f'<p class="name"><code>{escape(service.name)}</code></p><p class="about">{say(service.about)}</p>',
            f'<div class="bench">{_form(service, say)}',
            f'<div class="far">{_request(service, say)}{_answer(say)}</div></div>',
            _details(service, say),
            "</article>",
        )
    )


def _form(service: Service, say: _Words) -> str:
    needed = [each for each in service.parameters if each.required]
    others = [each for each in service.parameters if not each.required]
    rest = "".join(_input(service, each, say) for each in others)
    if len(others) > _FEW:
        rest = f"<details><summary>{say(texts.OPTIONAL)} ({len(others)})</summary>{rest}</details>"
    return (
        f'<form method="post" action="/" enctype="multipart/form-data" data-service="{escape(service.name)}"'
        f' aria-label="{escape(service.name)}"><input type="hidden" name="service" value="{escape(service.name)}">'
        f"{''.join(_input(service, each, say) for each in needed)}{rest}"
        f'<p class="send"><button type="submit">{say(texts.SEND)}</button></p></form>'
    )


def _input(service: Service, parameter: Parameter[Any], say: _Words) -> str:
    name = f"{service.name}.{parameter.name}"
    is_hidden = parameter.secret and parameter.name != "token"
    is_file = parameter.example.startswith("@")
    kind = "password" if is_hidden else "file" if is_file else "text"
    example = parameter.example.removeprefix("@")
    default = "" if parameter.required else str(parameter.default)
    attributes = [
        f'id="{escape(name)}" name="{escape(parameter.name)}" type="{kind}" placeholder="{escape(example or default)}"',
        f'data-example="{escape(example or parameter.name.upper())}" aria-describedby="{escape(name)}.hint"',
        'autocomplete="off" autocapitalize="off" spellcheck="false"',
        *(["required"] if parameter.required else []),
        *(["data-secret"] if is_hidden else []),
        *(['inputmode="numeric"'] if isinstance(parameter.rule, Between) else []),
    ]
    mark = texts.REQUIRED if parameter.required else texts.MAY_BE_LEFT_OUT
    show = f'<button type="button" class="show" aria-pressed="false" hidden>{say(texts.SHOW)}</button>' * is_hidden
    rule = "" if isinstance(parameter.rule, Trimmed) else f' <span class="rule">{say(parameter.rule.text)}</span>'
    said = f' <span class="rule">{say(texts.DEFAULT)} {escape(default)}</span>' if default else ""
    return (
        f'<div class="field"><label for="{escape(name)}"><code>{escape(parameter.name)}</code></label>'
        f'<span class="mark{" needed" * parameter.required}">{say(mark)}</span>'
        f'<span class="box"><input {" ".join(attributes)}>{show}</span>'
        f'<p class="hint" id="{escape(name)}.hint">{say(parameter.about)}{rule}{said}</p></div>'
    )


def _request(service: Service, say: _Words) -> str:
    name = escape(service.name)
    tabs = "".join(
        f'<button type="button" role="tab" data-snippet="{each}" aria-controls="{name}.request"'
        f' aria-selected="{"true" if each == "curl" else "false"}">{each}</button>'
        for each in SNIPPETS
    )
    return (
        f'<section class="panel request"><h3>{say(texts.REQUEST)}</h3>'
        f'<div class="bar" hidden><div role="tablist" aria-label="{say(texts.REQUEST)}">{tabs}</div>'
        f'<button type="button" class="copy">{say(texts.COPY)}</button></div>'
        f'<pre id="{name}.request" role="tabpanel" aria-label="{say(texts.REQUEST)}" tabindex="0">'
        f"<code>{escape(curl(_ADDRESS, fields_of(service)))}</code></pre></section>"
    )


def _answer(say: _Words) -> str:
    return (
        f'<section class="panel answer" aria-live="polite" hidden><h3>{say(texts.ANSWER)}</h3>'
        '<p class="outcome"></p><p class="remedy"></p><pre tabindex="0"><code></code></pre></section>'
    )


def _details(service: Service, say: _Words) -> str:
    parts = []
    if service.answers:
        parts.append(_pairs(texts.RESULT, service.answers, say))
    if service.headers:
        parts.append(_pairs(texts.HEADERS, service.headers, say))
    if service.failures:
        table = _codes(service.failures, BUSINESS_TEXTS, BUSINESS_REMEDIES, say)
        parts.append(f"<h3>{say(texts.FAILURES)}</h3>{table}")
    if not parts:
        return ""
    return f'<details class="more"><summary>{say(texts.MORE)}</summary>{"".join(parts)}</details>'


def _pairs(title: Text, pairs: Iterable[tuple[str, Text]], say: _Words) -> str:
    return f"<h3>{say(title)}</h3>" + _table(
        (texts.NAME, texts.MEANING), ((f"<code>{escape(name)}</code>", say(about)) for name, about in pairs), say
    )


def _fields(fields: Iterable[Field], say: _Words) -> str:
    rows = (
        (
            f"<code>{escape(field.name)}</code>",
            field.type.value,
            say(field.about) + (f' <span class="rule">{say(texts.FURTHER)}</span>' if field.further else ""),
        )
        for field in fields
    )
    return _table((texts.NAME, texts.TYPE, texts.MEANING), rows, say)


def _codes(codes: Iterable[Any], meanings: Mapping[Any, Text], remedies: Mapping[Any, Text], say: _Words) -> str:
    rows = ((str(int(each)), say(meanings[each]).rstrip(":： "), say(remedies[each])) for each in codes)
    return _table((texts.CODE, texts.MEANING, texts.REMEDY), rows, say, "codes")


def _table(head: Iterable[Text], rows: Iterable[Iterable[str]], say: _Words, kind: str = "names") -> str:
    titles = "".join(f'<th scope="col">{say(title)}</th>' for title in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="{kind}"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'


def _for_script(language: Language) -> str:
    """What the script says, and what to do about each code."""
    remedies = {
        int(code): text(language).replace("`", "")
        for table in (RET_REMEDIES, BUSINESS_REMEDIES)
        for code, text in table.items()
    }
    words = {name: text(language) for name, text in texts.OF_SCRIPT.items()}
    data = {"language": language, "words": words, "remedies": remedies}
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
