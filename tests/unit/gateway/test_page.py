import base64
import hashlib
import json
import re

import pytest
from tests.unit.gateway.world import World

from playvoice.codes import BusinessCode, HangupCause, Ret
from playvoice.gateway.services.play_voice import PARAMETERS


@pytest.mark.parametrize(
    ("headers", "query", "language"),
    [
        ({}, b"", "zh"),
        ({"accept-language": "en"}, b"", "en"),
        ({"accept-language": "en"}, b"lang=zh", "zh"),
        ({}, b"lang=en", "en"),
        ({}, b"lang=fr", "zh"),
        ({}, b"lang=%ff", "zh"),
    ],
)
async def test_the_page_speaks_the_language_that_is_asked_for(
    world: World, headers: dict[str, str], query: bytes, language: str
) -> None:
    answer = await world.request("GET", query=query, headers=headers)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f'<html lang="{language}">' in answer.text
    assert ("缺少" in answer.text or "必填" in answer.text) == (language == "zh")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_page_names_every_service_parameter_and_code(world: World, language: str) -> None:
    page = (await world.request("GET", query=f"lang={language}".encode())).text
    for name in ("App.Sip_Auth.Login", "App.Sip_Auth.Logout", "App.Sip_Call.PlayVoice"):
        assert f"<code>{name}</code>" in page
    for parameter in PARAMETERS:
        assert f"<code>{parameter.name}</code>" in page
    for code in (*BusinessCode, *HangupCause, *(ret for ret in Ret if ret is not Ret.OK)):
        assert f"<td>{int(code)}</td>" in page


async def test_the_page_loads_nothing_from_anywhere(world: World) -> None:
    answer = await world.request("GET")
    assert not re.search(r"(src|href)=\"(?!/\?lang=|#|data:image/svg)|\burl\(|@import|src=|import\(", answer.text)
    policy = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy


async def test_only_the_pages_own_script_and_styles_are_allowed(world: World) -> None:
    answer = await world.request("GET")
    policy = dict(each.split(" ", 1) for each in answer.headers["content-security-policy"].split("; "))
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert not re.search(r" (style|on[a-z]+)=", answer.text)


async def test_every_link_within_the_page_leads_somewhere(world: World) -> None:
    page = (await world.request("GET")).text
    links = re.findall(r'href="#([^"]+)"', page)
    assert "App.Sip_Call.PlayVoice" in links
    assert set(links) <= set(re.findall(r'id="([^"]+)"', page))


async def test_each_input_has_a_label_and_a_hint(world: World) -> None:
    page = (await world.request("GET")).text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    inputs = re.findall(r'<input id="([^"]+)" name="([^"]+)"[^>]* aria-describedby="([^"]+)"', page)
    assert len(inputs) == len(re.findall("<input ", page)) - len(re.findall('<input type="hidden"', page))
    for identifier, name, hint in inputs:
        assert f'<label for="{identifier}"><code>{name}</code></label>' in page
        assert hint in ids


async def test_secrets_are_typed_unseen_and_no_form_puts_anything_into_an_address(world: World) -> None:
    page = (await world.request("GET")).text
    inputs = dict(re.findall(r'<input id="[^"]+" name="([^"]+)" type="([^"]+)"', page))
    assert [name for name, kind in inputs.items() if kind == "password"] == ["accesskey"]
    forms = re.findall(r"<form [^>]+>", page)
    assert len(forms) == page.count("<article ") >= 3
    assert all('method="post" action="/"' in form for form in forms)


async def test_without_the_script_a_form_sends_what_the_service_takes(world: World) -> None:
    page = (await world.request("GET")).text
    form = re.findall(r'<form [^>]*data-service="App.Sip_Call.PlayVoice".*?</form>', page, re.DOTALL)[0]
    assert dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', form)) == {
        "service": "App.Sip_Call.PlayVoice"
    }
    assert re.findall(r'<input id="[^"]+" name="([^"]+)"', form) == [each.name for each in PARAMETERS]


async def test_the_pages_text_for_the_script_can_not_end_it(world: World) -> None:
    page = (await world.request("GET", query=b"lang=en")).text
    (data,) = re.findall(r'<script type="application/json" id="words">(.*?)</script>', page, re.DOTALL)
    assert "<" not in data
    words = json.loads(data)
    assert words["language"] == "en"
    assert set(words["remedies"]) == {str(int(code)) for code in (*(set(Ret) - {Ret.OK}), *BusinessCode)}


async def test_every_tag_of_the_page_is_closed(world: World) -> None:
    page = (await world.request("GET")).text
    page = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    for tag in set(re.findall(r"<([a-z][a-z0-9]*)", page)) - {"meta", "link", "input"}:
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
