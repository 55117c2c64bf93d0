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
    assert not re.search(r"(src|href)=\"(?!/\?lang=|#)|url\(|@import", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_every_link_within_the_page_leads_somewhere(world: World) -> None:
    page = (await world.request("GET")).text
    links = re.findall(r'href="#([^"]+)"', page)
    assert "App.Sip_Call.PlayVoice" in links
    assert set(links) <= set(re.findall(r'id="([^"]+)"', page))


async def test_the_request_that_the_page_shows_is_one_that_its_rules_take() -> None:
    for parameter in PARAMETERS:
        assert parameter.example or not parameter.required, f"{parameter.name} is required and has no example"
        if parameter.example:
            parameter.read(parameter.example)


async def test_every_tag_of_the_page_is_closed(world: World) -> None:
    page = (await world.request("GET")).text
    for tag in ("html", "body", "table", "tr", "td", "th", "h1", "h2", "h3", "nav", "p", "code", "pre", "a"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
