"""The page at `GET /` in Chromium, against the server: what a person does with it."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    ViewportSize,
    async_playwright,
)
from tests.acceptance.test_sample_request import Server, listening, run
from tests.peers import PEERS

from playvoice.store import Store

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.asyncio(loop_scope="module")]
CALL = {
    "destnumber": "13333333333",
    "voicetype": "2",
    "voicefile": "www.example.com/it's new.mp3",
    "chengshudu": "1",
    "userid": "1@extGroup-1",
}
TELEPHONE: ViewportSize = {"width": 375, "height": 740}


@dataclass
class Visit:
    """One person with the page open, and what the browser had to say."""

    server: Server
    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def form(self, service: str) -> Locator:
        return self.page.get_by_role("form", name=service)

    def bench(self, service: str) -> Locator:
        return self.page.locator(f'[id="{service}"] .bench')

    async def fill(self, service: str, **values: str) -> None:
        for name, value in values.items():
            await self.form(service).get_by_label(name, exact=True).fill(value)

    async def send(self, service: str) -> str:
        """Press the button; the answer as a person reads it."""
        answer = self.bench(service).locator(".answer")
        await self.form(service).locator("[type=submit]").click()
        await answer.and_(self.page.locator("[aria-busy=false]")).wait_for()
        return await answer.inner_text()

    async def log_in(self) -> str:
        await self.fill("App.Sip_Auth.Login", appid="demo-appid", accesskey="demo-accesskey")
        return await self.send("App.Sip_Auth.Login")

    async def request(self, service: str, language: str = "curl") -> str:
        """The request as code."""
        await self.bench(service).get_by_role("tab", name=language).click()
        return await self.bench(service).locator(".request pre").inner_text()


@pytest_asyncio.fixture(loop_scope="module")
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    store = Store.open(sqlite_url)
    async with listening(store, tmp_path) as running:
        yield running
    await store.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=str(PEERS["chromium"]()),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],  # the sandbox takes a user that is not root
        )
        yield chromium
        await chromium.close()


async def open_page(context: BrowserContext, server: Server, query: str = "") -> Visit:
    visit = Visit(server, await context.new_page())
    await visit.page.goto(server.url + query)
    return visit


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, server: Server) -> AsyncIterator[Visit]:
    """An English-speaking person at a desk; at the end nothing was complained of, and nobody else was asked."""
    context = await browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    opened = await open_page(context, server)
    yield opened
    assert opened.complaints == []
    assert {request.url for request in opened.requests if not request.url.startswith(("data:", server.url))} == set()
    await context.close()


async def test_a_login_from_the_page_fills_in_the_token_and_the_call_is_placed(visit: Visit) -> None:
    answer = await visit.log_in()
    (token,) = re.findall('"token": "([0-9a-f]{32})"', answer)
    assert answer.split()[:2] == ["Answer", "Done"]
    assert await visit.form("App.Sip_Call.PlayVoice").get_by_label("token").input_value() == token
    await visit.fill("App.Sip_Call.PlayVoice", **CALL)
    answer = await visit.send("App.Sip_Call.PlayVoice")
    assert re.search(r"Done\s+\d+ ms\s+X-Call-UUID: [0-9a-f-]{36}", answer)
    assert '"desc": "the play command was sent"' in answer
    assert await visit.server.accepted() == [("13333333333", "http://www.example.com/it's new.mp3", "waiting")]


async def test_a_failure_is_told_with_what_to_do_about_it(visit: Visit) -> None:
    await visit.log_in()
    await visit.fill("App.Sip_Call.PlayVoice", **CALL | {"userid": "1@nobody"})
    answer = await visit.send("App.Sip_Call.PlayVoice")
    assert "Not done · 1210 The queue is abnormal" in answer
    assert "heck the group's name" in answer
    await visit.fill("App.Sip_Call.PlayVoice", token="0" * 32)
    answer = await visit.send("App.Sip_Call.PlayVoice")
    assert "Refused · ret 600" in answer
    assert "og in again" in answer
    assert await visit.server.accepted() == []


async def test_what_the_rules_need_is_asked_for_before_anything_is_sent(visit: Visit) -> None:
    before = len(visit.requests)
    await visit.form("App.Sip_Call.PlayVoice").locator("[type=submit]").click()
    assert len(visit.requests) == before
    assert await visit.page.evaluate("document.activeElement.name") == "token"


@pytest.mark.peer("curl")
@pytest.mark.peer("php")
async def test_the_shown_request_is_the_typed_one_in_each_language_and_does_what_the_form_does(
    visit: Visit, tmp_path: Path
) -> None:
    await visit.log_in()
    await visit.fill("App.Sip_Call.PlayVoice", **CALL)
    await visit.form("App.Sip_Call.PlayVoice").get_by_text("Optional parameters").click()
    await visit.fill("App.Sip_Call.PlayVoice", customuuid='it\'s "x" $HOME \\ 东城')
    programs = {"curl": ("sh",), "PHP": ("php",), "Python": ("python3",)}
    for count, (language, command) in enumerate(programs.items(), 1):
        (tmp_path / language).write_text(await visit.request("App.Sip_Call.PlayVoice", language), encoding="utf-8")
        assert '"ret":200,"data":{"status":0,' in await run(*command, str(tmp_path / language))
        assert len(await visit.server.accepted()) == count


async def test_a_secret_is_shown_only_where_it_is_asked_for_and_never_in_an_address(visit: Visit) -> None:
    await visit.fill("App.Sip_Auth.Login", appid="demo-appid", accesskey="demo-accesskey")
    assert "accesskey=ACCESSKEY" in await visit.request("App.Sip_Auth.Login")
    await visit.form("App.Sip_Auth.Login").get_by_role("button", name="show").click()
    assert "accesskey=demo-accesskey" in await visit.request("App.Sip_Auth.Login")
    await visit.form("App.Sip_Auth.Login").get_by_role("button", name="hide").click()
    await visit.send("App.Sip_Auth.Login")
    assert all("demo-accesskey" not in request.url for request in visit.requests)
    assert "demo-accesskey" not in str(await visit.page.evaluate("JSON.stringify(sessionStorage)"))


async def test_the_languages_are_switched_and_what_was_typed_stays(visit: Visit) -> None:
    await visit.log_in()
    await visit.fill("App.Sip_Call.PlayVoice", **CALL)
    await visit.page.get_by_role("link", name="中文").click()
    await visit.page.wait_for_url("**/?lang=zh")
    assert await visit.page.locator("html").get_attribute("lang") == "zh"
    form = visit.form("App.Sip_Call.PlayVoice")
    assert await form.get_by_label("destnumber").input_value() == CALL["destnumber"]
    assert '"desc": "播放命令发送成功"' in await visit.send("App.Sip_Call.PlayVoice")


async def test_a_logout_and_the_button_forget_the_token(visit: Visit) -> None:
    token = visit.form("App.Sip_Call.PlayVoice").get_by_label("token")
    await visit.log_in()
    await visit.send("App.Sip_Auth.Logout")
    assert await token.input_value() == ""
    await visit.log_in()
    await token.and_(visit.page.locator(":not([value=''])")).wait_for()
    await visit.page.get_by_role("button", name="Forget the token").click()
    assert await token.input_value() == ""
    assert "token=TOKEN" in await visit.request("App.Sip_Call.PlayVoice")


async def test_the_tabs_and_the_form_are_worked_by_the_keyboard(visit: Visit) -> None:
    tab = visit.bench("App.Sip_Auth.Login").get_by_role("tab", name="curl")
    await tab.focus()
    await visit.page.keyboard.press("ArrowRight")
    assert await visit.page.evaluate("document.activeElement.textContent") == "PHP"
    assert (await visit.bench("App.Sip_Auth.Login").locator(".request pre").inner_text()).startswith("<?php")
    await visit.fill("App.Sip_Auth.Login", appid="demo-appid", accesskey="wrong")
    await visit.page.keyboard.press("Enter")
    await visit.bench("App.Sip_Auth.Login").get_by_text("Not done · 1003").wait_for()


async def test_a_copied_request_is_the_shown_one(visit: Visit) -> None:
    await visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    bench = visit.bench("App.Sip_Auth.Login")
    await bench.get_by_role("button", name="Copy").click()
    await bench.get_by_role("button", name="Copied").wait_for()
    shown = await bench.locator(".request pre").inner_text()
    assert await visit.page.evaluate("navigator.clipboard.readText()") == shown


async def test_a_server_that_has_gone_is_told(visit: Visit) -> None:
    await visit.page.context.set_offline(True)
    answer = await visit.log_in()
    assert "No answer" in answer
    assert "can't be reached" in answer
    assert [complaint for complaint in visit.complaints if "ERR_INTERNET_DISCONNECTED" not in complaint] == []
    visit.complaints.clear()


@pytest.mark.parametrize(("locale", "language"), [("zh-CN", "zh"), ("en-GB", "en"), ("fr-FR", "zh")])
async def test_on_a_telephone_the_page_speaks_the_browsers_language_and_is_not_wider_than_the_screen(
    browser: Browser, server: Server, locale: str, language: str
) -> None:
    context = await browser.new_context(locale=locale, viewport=TELEPHONE, has_touch=True, is_mobile=True)
    visit = await open_page(context, server)
    assert await visit.page.locator("html").get_attribute("lang") == language
    await visit.log_in()
    await visit.fill("App.Sip_Call.PlayVoice", **CALL | {"voicefile": "www.example.com/" + "long" * 60})
    await visit.send("App.Sip_Call.PlayVoice")
    await visit.page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == TELEPHONE["width"]
    for seen in (".brand", ".languages", "#forget"):
        box = await visit.page.locator(seen).bounding_box()
        assert box
        assert box["x"] + box["width"] <= TELEPHONE["width"]
        assert box["height"] < 48, f"{seen} stands on several lines"
    assert visit.complaints == []
    await context.close()


async def test_without_its_script_the_page_still_sends_a_form(browser: Browser, server: Server) -> None:
    context = await browser.new_context(locale="en-US", java_script_enabled=False)
    visit = await open_page(context, server)
    await visit.fill("App.Sip_Auth.Login", appid="demo-appid", accesskey="demo-accesskey")
    await visit.form("App.Sip_Auth.Login").locator("[type=submit]").click()
    await visit.page.get_by_text('"desc":"authorised"').wait_for()
    assert visit.page.url == server.url
    await context.close()
