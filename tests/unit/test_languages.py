"""The pages that stand in two languages say the same: the same tables, numbers and names."""

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHINESE = [*ROOT.glob("*.zh-CN.md"), *sorted(ROOT.glob("docs/*.zh-CN.md"))]
PAIRS = [(page.with_name(page.name.replace(".zh-CN", "")), page) for page in CHINESE]

_FENCED = re.compile(r"^```.*?^```|^    .*?$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\d+(?:,\d{3})*(?:\.\d+)?")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def tables(page: Path) -> list[list[list[str]]]:
    """Each table of a page, its rows as cells, without its head."""
    found = re.findall(r"(?:^\|.*\n)+", text(page), re.MULTILINE)
    return [[re.split(r" *\| *", row.strip("| ")) for row in table.splitlines()[2:]] for table in found]


def names(page: Path) -> set[str]:
    """What stands between backticks, but pages, of which a page names those of its own language."""
    return {name for name in re.findall("`([^`]+)`", _FENCED.sub("", text(page))) if not name.endswith(".md")}


def examples(page: Path) -> list[str]:
    """The examples of configuration and shell, without what is said in them."""
    return [
        re.sub(r" *#.*$", "", each, flags=re.MULTILINE)
        for each in re.findall(r"^```\w+\n.*?^```", text(page), re.M | re.S)
    ]


def identify(pair: tuple[Path, Path]) -> str:
    return str(pair[0].relative_to(ROOT))


def test_the_pages_for_customers_stand_in_both_languages() -> None:
    assert {identify(pair) for pair in PAIRS} >= {"README.md", "docs/limits.md", "docs/trunks.md", "docs/voices.md"}


@pytest.mark.parametrize("pair", PAIRS, ids=identify)
def test_the_languages_lead_to_each_other(pair: tuple[Path, Path]) -> None:
    english, chinese = pair
    assert f"({chinese.name})" in text(english)
    assert f"({english.name})" in text(chinese)


@pytest.mark.parametrize("pair", PAIRS, ids=identify)
def test_the_tables_have_the_same_numbers_and_names(pair: tuple[Path, Path]) -> None:
    english, chinese = map(tables, pair)
    assert [len(table) for table in english] == [len(table) for table in chinese]
    for row, translated in zip(chain(*english), chain(*chinese), strict=True):
        assert len(row) == len(translated), translated
        for cell, other in zip(row, translated, strict=True):
            assert sorted(_NUMBER.findall(cell)) == sorted(_NUMBER.findall(other)), (cell, other)
            assert sorted(re.findall("`([^`]+)`", cell)) == sorted(re.findall("`([^`]+)`", other)), (cell, other)


@pytest.mark.parametrize("pair", PAIRS, ids=identify)
def test_the_pages_name_the_same_things_and_have_the_same_sections(pair: tuple[Path, Path]) -> None:
    english, chinese = pair
    assert names(english) == names(chinese)
    assert examples(english) == examples(chinese)
    levels = [re.findall(r"^(#+) ", _FENCED.sub("", text(page)), re.MULTILINE) for page in pair]
    assert levels[0] == levels[1]
