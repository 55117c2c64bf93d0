"""The page of `playvoice top`."""

import socket
from datetime import UTC, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from rich.console import Console
from tests.acceptance.terminal import Terminal

from playvoice.commands.top import follow, page
from playvoice.control.place import reachable
from playvoice.control.protocol import Told, write_answer

LOOK: dict[str, Any] = {
    "version": "0.1.0",
    "at": "2026-11-28T04:00:10.500+00:00",
    "started_at": "2026-11-27T03:59:00+00:00",
    "calls": {
        "running": 2,
        "by_state": {"playing": 1, "talking": 1},
        "latest": [
            {
                "uuid": "3418035c-4af5-41ea-afb2-fbc8753285b6",
                "company_code": "2028",
                "destnumber": "13333333333",
                "state": "talking",
                "trunk": "carrier",
                "key": "1",
                "agents": ["20280003"],
            }
        ],
    },
    "waiting": {"2028": 3, "9017": 4},
    "waiting_for": {"2028": "trunk 'carrier' has all of its 30 calls (max_calls)"},
    "trunks": [
        {
            "name": "carrier",
            "calls": 2,
            "max_calls": 30,
            "state": "up",
            "registered": True,
            "usable": True,
            "addresses": ["192.0.2.1:5060"],
            "begun": 12,
            "failed": 1,
        }
    ],
    "agents": [
        {"extension": f"2028{n:04}", "company_code": "2028", "state": "idle", "phones": 1, "call": ""}
        for n in range(25)
    ],
    "agents_in_all": 25,
    "customers_waiting_for_agents": [{"company": "2028", "group": "sales", "customers": 2}],
    "callbacks": {"owed": {"2028": 10_000, "9017": 0}, "counted_up_to": 10_000, "under_way": 5},
    "media": {"streams": 3, "capacity": 4000, "tick_ms": 0.42, "late_ticks": 0},
}


def text(look: dict[str, Any], width: int = 140, zone: tzinfo = UTC) -> str:
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(page(look, zone))
    return captured.get()


def test_a_look_is_a_page() -> None:
    lines = [line.rstrip() for line in text(LOOK).splitlines()]
    assert "up 1 day, 0:01:10" in lines[0]
    assert lines[1:7] == [
        "calls      2 running:  dialling 0  ringing 0  playing 1  waiting 0  transferring 0  talking 1",
        "queue      7 wait to be dialled  (9017: 4, 2028: 3)",
        "           the next one of 2028 waits: trunk 'carrier' has all of its 30 calls (max_calls)",
        "           2 customers wait for group sales of 2028",
        "callbacks  10000+ owed, 5 under way  (2028: 10000)",
        "media      3 of 4000 streams, tick 0.4 of 5 ms",
    ]
    assert "carrier  2/30   up       yes         12     1       192.0.2.1:5060" in lines
    assert any(line.startswith("5 more") for line in lines)
    assert any("talking  carrier  1    20280003" in line for line in lines)


def test_the_time_of_day_is_the_zones_of_the_server() -> None:
    assert "  12:00:10  up" in text(LOOK, zone=timezone(timedelta(hours=8)))


def test_a_narrow_terminal_cuts_no_uuid() -> None:
    uuid = "53485301-b730-450b-a770-5f6d8c174399"
    look = LOOK | {"calls": LOOK["calls"] | {"latest": [LOOK["calls"]["latest"][0] | {"uuid": uuid}]}}
    assert uuid in text(look, 60)


def test_why_a_page_ends_is_said_when_it_is_gone(tmp_path: Path) -> None:
    (tmp_path / "playvoice.toml").write_text("[server]\n")
    (tmp_path / "data").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        with reachable(tmp_path / "data") as path:
            server.bind(path)
        server.listen()
        with Terminal("top", cwd=tmp_path) as terminal:
            connection, _ = server.accept()
            assert connection.recv(1024).startswith(b'{"command":"top"')
            connection.sendall(write_answer(Told(LOOK)))
            terminal.wait_for("2 running")
            connection.close()
            assert terminal.wait() == 1
            _, _, after = terminal.drawn.rpartition("\x1b[?1049l")
            assert "the server left without an answer" in after


def test_an_idle_server_says_so() -> None:
    idle = LOOK | {
        "calls": {"running": 0, "by_state": {}, "latest": []},
        "trunks": [],
        "agents": [],
        "agents_in_all": 0,
        "media": {"streams": 0, "capacity": 4000, "tick_ms": None, "late_ticks": None},
    }
    shown = text(idle)
    for words in ("no trunk", "no agent", "no call runs", "0 of 4000 streams, no stream"):
        assert words in shown


def test_without_a_terminal_the_looks_follow_each_other(capsys: Any) -> None:
    follow(iter([LOOK, LOOK]), UTC)
    assert capsys.readouterr().out.count("playvoice 0.1.0") == 2
