"""The pages of the API are made from what the server has, and are not old."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from playvoice.callbacks import addresses, outbox, schedule, sender
from playvoice.calls import queue
from playvoice.codes import AgentState, BusinessCode, HangupCause, Language, Ret
from playvoice.companies import tokens
from playvoice.config import RetentionConfig
from playvoice.gateway.reference import PAGES, PageError, pages, render
from playvoice.gateway.reference.pages import application, registry_of
from playvoice.gateway.services import play_voice

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=Language)
def page(request: pytest.FixtureRequest) -> str:
    return (ROOT / PAGES[request.param]).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", Language)
def test_the_page_is_what_would_be_made_now(language: Language) -> None:
    made, written = render(language, ROOT), (ROOT / PAGES[language]).read_text(encoding="utf-8")
    assert made == written, f"{PAGES[language]} is old: run `make docs`"


def test_every_service_has_its_section_with_every_parameter_and_its_example(page: str) -> None:
    for service in registry_of(application().routes):
        section = page.partition(f"\n### {service.name}\n")[2].partition("\n##")[0]
        assert section, service.name
        for parameter in service.parameters:
            (row,) = re.findall(rf"^\| `{parameter.name}` \| .*", section.partition("```sh")[0], re.MULTILINE)
            assert f"`{parameter.example}`" in row or not parameter.example
            if parameter.example.startswith("@"):
                assert f"--form '{parameter.name}=@\"{parameter.example[1:]}\"'" in section
            elif parameter.example:
                assert f"--form-string '{parameter.name}={parameter.example}'" in section


def test_every_example_is_one_that_its_rule_takes() -> None:
    for service in registry_of(application().routes):
        for parameter in service.parameters:
            assert parameter.example or not parameter.required, f"{parameter.name} is required and has no example"
            if parameter.example and not parameter.example.startswith("@"):
                parameter.read(parameter.example)


def test_every_code_has_a_row(page: str) -> None:
    for code in (*(ret for ret in Ret if ret is not Ret.OK), *BusinessCode, *HangupCause, *AgentState):
        assert f"\n| {int(code)} | " in page, code


NUMBERS = [
    ("A token lives {} hours", "自登录起 {} 小时有效", tokens.LIFETIME.total_seconds() / 3600),
    ("may have {} tokens at once", "最多同时有\n{} 个 token", tokens.MOST_LIVE),
    ("a text of up to {}\ncharacters", "最多 {} 个字符", play_voice.MAX_IDEMPOTENCY_KEY),
    ("was answered within {} hours", "{} 小时内已应答过", queue.IDEMPOTENCY_KEPT.total_seconds() / 3600),
    ("within {} seconds is success", "{} 秒之内以", sender.ATTEMPT_TIMEOUT),
    (
        "lengthens the wait, up to {} hours",
        "可以延长等待，最长 {} 小时",
        schedule.MAX_RETRY_AFTER.total_seconds() / 3600,
    ),
    ("At most {} run at once", "最多同时进行 {} 个", addresses.MAX_AT_ONCE),
    ("after {} failures in a row", "连续失败 {} 次", addresses.FAILING_AT),
    ("are kept for {} days", "已送达的回调保留 {} 天", RetentionConfig().callbacks),
    ("given up ones for {} days", "放弃的保留 {} 天", outbox.KEEP_GIVEN_UP.days),
]


@pytest.mark.parametrize(("english", "chinese", "value"), NUMBERS)
def test_the_numbers_of_the_prose_are_those_of_the_code(english: str, chinese: str, value: float) -> None:
    for language, sentence in ((Language.EN, english), (Language.ZH, chinese)):
        assert sentence.format(f"{value:,g}") in (ROOT / PAGES[language]).read_text(encoding="utf-8")


def test_the_delays_are_those_of_the_schedule() -> None:
    text = (ROOT / PAGES[Language.EN]).read_text(encoding="utf-8")
    assert "after: 5 s, 1 min, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h;" in text


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PageError, match=r"there is no .*play_voice\.sh"):
        render(Language.EN, tmp_path)


def serve_also(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Let the server answer at another address, too."""
    plain = application()

    def more() -> Starlette:
        return Starlette(routes=[*plain.routes, Route(path, lambda request: Response())])

    monkeypatch.setattr(pages, "application", more)


@pytest.mark.parametrize(("language", "title"), [(Language.EN, "Recordings"), (Language.ZH, "录音")])
def test_an_address_beside_the_services_gets_its_section(
    monkeypatch: pytest.MonkeyPatch, language: Language, title: str
) -> None:
    serve_also(monkeypatch, "/recordings/{name}")
    assert f"\n## {title}\n" in render(language, ROOT)


def test_an_address_that_nobody_describes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_also(monkeypatch, "/elsewhere")
    with pytest.raises(PageError, match=r"/elsewhere is described nowhere: elsewhere\.md is missing"):
        render(Language.EN, ROOT)


def test_a_server_without_services_is_named() -> None:
    with pytest.raises(PageError, match="no address has services"):
        registry_of([Route("/", lambda request: Response())])


def test_a_part_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PARTS", {})
    with pytest.raises(PageError, match="the part failure, which is none"):
        render(Language.EN, ROOT)


def write(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "playvoice.gateway.reference", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_command_writes_both_pages(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for folder in ("examples", "receivers"):
        (tmp_path / "docs" / folder).symlink_to(ROOT / "docs" / folder)
    done = write(tmp_path)
    assert done.stdout.split() == [str(tmp_path / page) for page in PAGES.values()]
    for file in PAGES.values():
        assert (tmp_path / file).read_bytes() == (ROOT / file).read_bytes()


def test_the_command_says_in_a_line_what_is_missing(tmp_path: Path) -> None:
    done = write(tmp_path)
    assert done.returncode == 1
    assert re.fullmatch(r"the pages of the API can't be written: there is no .*\n", done.stderr)
