"""The documentation names what is there: files, tests, scenarios, pages, commands, settings."""

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer

from playvoice.cli import cli
from playvoice.config import TrunkConfig

ROOT = Path(__file__).parents[2]
PAGES = sorted(chain(ROOT.glob("*.md"), ROOT.glob("docs/**/*.md")))
SOURCES = ROOT / "src" / "playvoice"
PLACES = ("", "tests", "tests/unit/media", "tests/unit/sip", "src/playvoice", "src/playvoice/*")
"""Where a page's file may be: pages name them from the folder that they are about."""
SCENARIOS = ROOT / "tests" / "acceptance"

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def text(page: Path) -> str:
    """A page without its examples."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_there_are_pages() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/architecture.md"} <= {name(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_each_file_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"`([\w./-]+\.(?:py|md|toml))`", text(page))) - {"playvoice.toml"}
    missing = [
        file for file in sorted(named) if not any(any(ROOT.glob(f"{place}/{file}".lstrip("/"))) for place in PLACES)
    ]
    assert not missing


def test_each_file_of_the_table_of_rooms_is_in_its_room() -> None:
    table = text(ROOT / "docs" / "architecture.md").partition("| room | question | files |")[2].partition("\n\n")[0]
    room, seen = "", set()
    for first, _, files in (line.strip("|").split(" | ") for line in table.splitlines()[2:]):
        room = first.strip(" `/") or room
        seen.add(room)
        assert not [file for file in re.findall("`([^`]+)`", files) if not (SOURCES / room / file).exists()]
    assert seen >= {"gateway", "calls", "lines", "sip", "media", "voices"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_each_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        led_to = page.parent / file if file else page
        assert led_to.exists(), target
        assert not anchor or anchor in anchors(led_to), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_each_scenario_that_a_page_names_is_there(page: Path) -> None:
    """They stand in brackets behind the test that runs them."""
    for file, scenarios in re.findall(r"`(acceptance/test_sipp_\w+\.py)` \(((?:`\w+`(?:, )?)+)\)", text(page)):
        for scenario in re.findall(r"`(\w+)`", scenarios):
            assert (SCENARIOS / "sipp" / f"{scenario}.xml").is_file(), scenario
            assert scenario in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{file} runs no {scenario}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_each_command_of_make_that_a_page_names_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text(page))) <= targets


COMMANDS = typer.main.get_command(cli)
WALK = [page for page in PAGES if page.parent.name == "carriers" or page.name.startswith(("operations.", "agents."))]


def command_of(words: list[str]) -> Any:
    """The command that words begin with, after the name of the program; AssertionError if there is none."""
    command: Any = COMMANDS
    for word in words:
        if not (named := getattr(command, "commands", None)):
            break
        if word not in named and "place" in named:  # a number, not a command's name
            return named["place"]
        assert word in named, f"playvoice has no command {' '.join(words)}"
        command = named[word]
    return command


@pytest.mark.parametrize("page", WALK, ids=name)
def test_each_command_and_option_of_the_operators_pages_is_there(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    typed = re.findall(r"^\$ (playvoice .*)$", written, re.MULTILINE) + re.findall(r"`(playvoice [^`]*)`", written)
    for line in typed:
        words = [word for word in line.split()[1:] if word not in {"COMMAND", "--help"}]
        options = {word for word in words if word.startswith("--")}
        names = [word for word in words if re.fullmatch("[a-z]+|[0-9]+|NUMBER", word)]
        known = {option for parameter in command_of(names).params for option in parameter.opts}
        assert options <= known, line


@pytest.mark.parametrize("page", WALK, ids=name)
def test_each_example_of_the_operators_pages_can_be_read(page: Path) -> None:
    for language, example in re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        if language == "xml":
            ElementTree.fromstring(f"<files>{example}</files>")
        if language == "toml":
            for trunk in tomllib.loads(example).get("trunk", []):
                TrunkConfig(**trunk)


CARRIERS = [page for page in WALK if page.parent.name == "carriers"]


@pytest.mark.parametrize("page", CARRIERS, ids=name)
def test_each_setting_that_a_carriers_page_advises_can_be_set(page: Path) -> None:
    for setting in re.findall(r"`(\w+ = [^`]+)`", text(page)):
        TrunkConfig(**{"name": "carrier", "address": "sip:192.0.2.1"} | tomllib.loads(setting))


@pytest.mark.parametrize("page", [page for page in WALK if not page.name.endswith(".zh-CN.md")], ids=name)
def test_both_languages_have_the_same_examples_and_sections(page: Path) -> None:
    chinese = page.with_name(page.name.replace(".md", ".zh-CN.md")).read_text(encoding="utf-8")
    english = page.read_text(encoding="utf-8")
    assert _FENCED.findall(chinese) == _FENCED.findall(english)
    assert [line.count("#") for line in re.findall("^#+ ", _FENCED.sub("", chinese), re.M)] == [
        line.count("#") for line in re.findall("^#+ ", _FENCED.sub("", english), re.M)
    ]
    rows = [len(re.findall(r"^\|", _FENCED.sub("", each), re.M)) for each in (english, chinese)]
    assert rows[0] == rows[1]


def test_the_pages_of_carriers_and_phones_are_reached_from_the_walk() -> None:
    links = set(re.findall(r"\]\(([^)\s]+)\)", text(ROOT / "docs" / "operations.md")))
    expected = {str(page.relative_to(ROOT / "docs")) for page in WALK if not page.name.endswith(".zh-CN.md")}
    assert expected - {"operations.md"} <= links


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_each_command_of_playvoice_that_a_page_names_is_there(page: Path) -> None:
    """With its options, where they stand behind it."""
    missing = []
    for words in re.findall(r"`playvoice ([a-z]+(?: [^`]*)?)`", text(page)):
        command: Any = typer.main.get_command(cli)
        for word in words.split():
            commands = getattr(command, "commands", {})
            if not commands or not (word.isalpha() and word.islower()):
                break
            if word not in commands:
                missing.append(words)
                break
            command = commands[word]
        known = {"--help"} | {option for parameter in command.params for option in parameter.opts}
        if command.name == "call":
            known |= {option for parameter in command.commands["place"].params for option in parameter.opts}
        missing += sorted(set(re.findall(r"(?<= )--[a-z-]+", words)) - known)
    assert not missing


TROUBLES = [*sorted(ROOT.glob("docs/troubleshooting*.md")), *sorted(ROOT.glob("docs/faults*.md"))]


@pytest.mark.parametrize("page", TROUBLES, ids=name)
def test_each_word_of_the_log_and_each_key_that_a_page_of_troubles_names_is_there(page: Path) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    named = set(re.findall(r"`(?:[^`]* )?([a-z]+(?:_[a-z]+)+)(?=[ =`)])", text(page)))
    built = {"registration_expired"}  # its second word is what has become of it
    assert len(named) > 15
    assert not sorted(each for each in named - built if not re.search(rf"\b{each}\b", sources))


def test_the_readme_leads_to_each_page() -> None:
    links = set(re.findall(r"\]\(([^)\s]+)\)", text(ROOT / "README.md")))
    pages = {name(page) for page in PAGES if page not in WALK or page.name == "operations.md"}
    assert {page for page in pages if not page.endswith(".zh-CN.md")} - {"README.md"} <= links


def test_no_picture_loads_anything_from_elsewhere() -> None:
    drawings = [file.read_text(encoding="utf-8") for file in ROOT.glob("docs/images/*.svg")]
    assert drawings
    for drawing in drawings:
        assert not re.search(r"@font-face|@import|url\((?!#)|href=", drawing)
