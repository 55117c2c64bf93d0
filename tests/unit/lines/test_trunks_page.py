"""The identity table of docs/trunks.md: each line that it shows is the one that goes out."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.lines.configs import config, trunk

from playvoice.lines import apply
from playvoice.lines.trunks import read_trunks
from playvoice.store import Store

PAGE = Path(__file__).parents[3] / "docs" / "trunks.md"
CALLER, DIALLED = "2120280001", "+8613333333333"


def rows() -> list[tuple[str, list[str]]]:
    """What the trunk has, as TOML, and the lines that the INVITE has."""
    table = PAGE.read_text().partition("| the trunk has | the INVITE has |\n| --- | --- |\n")[2].partition("\n\n")[0]
    cells = [row.strip("|").split(" | ") for row in table.splitlines()]
    return [("\n".join(re.findall("`([^`]+)`", left)), re.findall("`([^`]+)`", right)) for left, right in cells]


def test_the_page_has_its_table() -> None:
    assert len(rows()) == 6
    assert all(lines for _, lines in rows())


@pytest.mark.parametrize(("settings", "lines"), rows())
def test_the_invite_has_what_the_page_says(lines_store: Store, settings: str, lines: list[str]) -> None:
    account = {"username": "us", "password": "secret"}
    text = config(trunks=[trunk(address="sip:itsp.example.com", **account, **tomllib.loads(settings))])
    lines_store.write_now(lambda conn: apply(conn, text, datetime(2026, 1, 1, tzinfo=UTC)))
    (read,) = lines_store.read_now(lambda conn: read_trunks(conn, "pbx.example.org"))
    sent = {f"INVITE {read.request_uri(DIALLED)} SIP/2.0", f"From: {read.from_address(CALLER)}"}
    sent |= {f"{name}: {value}" for name, value in read.headers(CALLER)}
    assert set(lines) <= sent
