"""A changed file is taken while the server runs."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.unit.control.conftest import FILE, Desk

from playvoice.config import Config, load
from playvoice.control import CommandFailed


async def test_a_changed_file_counts_at_once(desk: Desk) -> None:
    desk.file.write_text(FILE.replace('name = "Demo"', 'name = "New"').replace("max_calls = 30", "max_calls = 7"))
    result = await desk.run("reload")
    assert result == {"done": "the configuration file was taken", "notes": []}
    company = desk.rooms.companies.get("2028")
    assert company is not None
    assert company.name == "New"
    (trunk,) = desk.rooms.lines.trunks
    assert trunk.max_calls == 7


async def test_the_file_is_read_beside_the_event_loop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 400 companies with ten phones each takes half a second, in which SIP would stand still."""
    read_in: list[threading.Thread] = []

    def watched(path: Path, environ: Mapping[str, str]) -> Config:
        read_in.append(threading.current_thread())
        return load(path, environ)

    monkeypatch.setattr("playvoice.control.reloading.load", watched)
    await desk.run("reload")
    assert read_in
    assert threading.current_thread() not in read_in


async def test_networks_are_allowed_and_disallowed(desk: Desk) -> None:
    more = '\n[security]\nallow_networks = ["10.0.0.0/8"]\n[monitoring]\nallow = ["192.0.2.10"]\n'
    desk.file.write_text(FILE + more)
    await desk.run("reload")
    assert [str(network) for network in desk.allowed[-1].security.allow_networks] == ["10.0.0.0/8"]
    assert [str(network) for network in desk.configuration.current.monitoring.allow] == ["192.0.2.10/32"]


async def test_what_counts_only_from_the_next_start_on_is_named_until_then(desk: Desk) -> None:
    changed = FILE.replace("udp:127.0.0.1:5060", "udp:127.0.0.1:5070") + '\n[server]\ntimezone = "UTC"\n'
    changed += "[trace]\nmax_megabytes = 3\n"
    desk.file.write_text(changed)
    for _ in range(2):
        notes = (await desk.run("reload"))["notes"]
        keys = [note.partition(" was changed")[0] for note in notes]
        assert keys == ["[server] timezone", "[sip] listen", "[trace] max_megabytes"]
    assert desk.rooms.config().sip.listen[0].port == 5060


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("max_calls = 30", "max_calls = 0"), r"line 7, trunk.max_calls: can't be 0; expected how many"),
        ("[", "is no TOML"),
    ],
)
async def test_a_wrong_file_changes_nothing(desk: Desk, text: str, said: str) -> None:
    desk.file.write_text(text.replace('name = "Demo"', 'name = "New"'))
    with pytest.raises(CommandFailed, match=said):
        await desk.run("reload")
    company = desk.rooms.companies.get("2028")
    assert company is not None
    assert company.name == "Demo"
    assert desk.rooms.config().companies[0].name == "Demo"


async def test_what_the_store_refuses_leaves_the_old_file_in_force(desk: Desk) -> None:
    await desk.run("company.add", code="2029", fields={"name": "Second", "appid": "second", "accesskey": "k"})
    desk.file.write_text(FILE.replace('appid = "demo"', 'appid = "second"'))
    with pytest.raises(CommandFailed, match="belongs to company 2029"):
        await desk.run("reload")
    assert desk.rooms.config().companies[0].appid == "demo"
