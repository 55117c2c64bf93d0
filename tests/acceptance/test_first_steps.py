"""From an empty folder to the first call, typed in a terminal: init, doctor, serve, and the command that init shows."""

import re
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.terminal import CTRL_C, Terminal

from playvoice.config import load
from playvoice.simulator import program
from playvoice.simulator.configuration import free_ports
from playvoice.simulator.program import Program

CTRL_D = "\x04"
WIDTH = 100


class Person(Terminal):
    """Somebody who reads what is shown, answers, and reads on."""

    def __init__(self, folder: Path, *words: str) -> None:
        super().__init__(*words, cwd=folder, columns=WIDTH)
        self._read_up_to = 0

    def answer(self, question: str, typed: str = "") -> None:
        """Wait for a question and type an answer; Enter alone takes what is offered."""
        self.read_to(question)
        self.type(f"{typed}\r")

    def read_to(self, words: str, seconds: float = 30.0) -> str:
        """Read on until these words are shown; gives what came before them."""
        deadline = time.monotonic() + seconds
        while (at := self.text.find(words, self._read_up_to)) < 0:
            assert self._read(deadline - time.monotonic()), f"{words!r} did not come:\n{self.text}"
        came, self._read_up_to = self.text[self._read_up_to : at], at + len(words)
        return came

    @property
    def shown(self) -> str:
        """What is left on the screen: lines that were written over are gone."""
        return re.sub(r"[^\n]*\r", "", self.text)


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Program]:
    """The simulated carrier, whose callees answer and hang up."""
    behaviour = '{"": {"answer_after": 0.1, "hang_up_after": 0.5}}'
    with program.far_end("carrier", "--behaviour", behaviour, log=tmp_path / "carrier.log") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "empty folder"
    path.mkdir()
    return path


def address(carrier: Program) -> str:
    """HOST:PORT of its UDP."""
    listens = dict(each.split(":", 1) for each in carrier.wait_for("ready", 20)["sip"])
    return str(listens["udp"])


def outcomes(shown: str) -> dict[str, str]:
    """Check to outcome, as doctor shows them."""
    lines = re.findall(r"^(ok|warning|failure) +(.+?)(?:: |:$)", shown, re.MULTILINE)
    return {check: outcome for outcome, check in lines}


ASKED = (
    "secrets",
    "clock",
    "descriptors",
    "disk",
    "processors",
    "memory",
    "socket buffers",
    "RTP ports in use",
    "RTP ports and the system's",
)
"""Checks whose outcome is the machine's."""


@pytest.mark.peer("curl")
def test_from_an_empty_folder_to_the_first_call(carrier: Program, folder: Path, tmp_path: Path) -> None:
    sip, http, receiver = free_ports(3)
    with Person(folder, "init") as terminal:
        terminal.answer("HOST or HOST:PORT", "not an address")
        assert "expected a SIP URI" in terminal.read_to("HOST or HOST:PORT"), "a wrong answer is asked for again"
        terminal.type(f"{address(carrier)}\r")
        terminal.answer("1 by your IP address")
        terminal.answer("[127.0.0.1]")
        terminal.answer("The port for SIP", str(sip))
        terminal.answer("[10000-29999]")
        terminal.answer("Where the API listens", f"127.0.0.1:{http}")
        terminal.answer("Time zone", "Moon/Tranquility")
        assert "expected the name of a time zone" in terminal.read_to("Time zone")
        terminal.type("Europe/Berlin\r")
        terminal.answer("Its code")
        terminal.answer("Its name", "Ärzte & Söhne")
        terminal.answer("Caller numbers", "2120280001, 2120280002")
        terminal.answer("extensions", "20280003 20280004")
        terminal.answer("The group")
        terminal.answer("record of each call", f"http://127.0.0.1:{receiver}/cdr")
        terminal.answer("agents' states", f"http://127.0.0.1:{receiver}/status")
        terminal.answer("Folder of its voice files")
        assert terminal.wait(60) == 0
        shown = terminal.shown
    path = folder / "playvoice.toml"
    config = load(path, {})
    (company,) = config.companies
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [company.name, company.numbers, len(company.extensions)] == [
        "Ärzte & Söhne",
        ("2120280001", "2120280002"),
        2,
    ]
    assert company.accesskey not in shown, "a secret is not left in the terminal's history"

    with Person(folder, "doctor") as terminal:
        assert terminal.wait(60) == 1, "nobody takes the callbacks yet"
    found = outcomes(terminal.shown)
    assert {check: outcome for check, outcome in found.items() if check not in ASKED} == {
        "configuration": "ok",
        "set-up": "ok",
        "file permissions": "ok",
        "server": "ok",
        "port of HTTP": "ok",
        "port of SIP over UDP": "ok",
        "port of SIP over TCP": "ok",
        "RTP ports": "ok",
        "firewall": "ok",
        "NAT address": "ok",
        "trunk carrier": "ok",
        "agents": "ok",
        "cdr_callback of company 2028": "failure",
        "status_callback of company 2028": "failure",
        "database": "ok",
        "voices of company 2028": "ok",
    }
    assert re.search(rf"OPTIONS: udp:{address(carrier)} answered 200 OK in \d+ ms", terminal.shown)
    assert "checks done; looking at" in terminal.text, "who waits sees what for"

    secret = company.signing_secret
    assert secret is not None
    listen = ("--listen", f"127.0.0.1:{receiver}", "--secret", secret)
    with (
        program.far_end("receiver", *listen, log=tmp_path / "receiver.log") as crm,
        Person(folder, "serve") as server,
    ):
        crm.wait_for("ready", 20)
        server.read_to('"event": "ready"')
        with Person(folder, "doctor", "--deliver") as terminal:
            assert terminal.wait(60) == 0, terminal.shown
        assert "is held by the running server" in terminal.shown
        assert set(outcomes(terminal.shown).values()) <= {"ok", "warning"}
        tests = [crm.wait_for("callback", 5, path=path) for path in ("/cdr", "/status")]
        assert [test["signature"] for test in tests] == ["valid", "valid"]
        assert all(test["payload"]["uuid"] == "00000000-0000-0000-0000-000000000000" for test in tests)

        commands = shown[shown.index("  token=") :]
        ran = subprocess.run(
            ["sh", "-c", commands], cwd=folder, capture_output=True, text=True, timeout=30, check=False
        )
        assert '"ret":200' in ran.stdout, ran
        assert carrier.wait_for("invite", 20)["number"] == "13333333333"
        record = crm.wait_for("callback", 20, path="/cdr", attempt=1, webhook_id=AnyBut(tests[0]["webhook_id"]))
        assert record["signature"] == "valid"
        assert record["payload"]["hangupcause"] == 10001
        server.type(CTRL_C)
        assert server.wait(60) == 0


class AnyBut:
    """Equal to whatever is not this."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return other != self._value

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("keys", [CTRL_C, CTRL_D])
def test_who_breaks_off_finds_nothing_written(folder: Path, keys: str) -> None:
    with Person(folder, "init") as terminal:
        terminal.answer("HOST or HOST:PORT")
        terminal.read_to("1 by your IP address")
        terminal.type(keys)
        assert terminal.wait(60) == 1
    assert "nothing was written" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert list(folder.iterdir()) == []


def test_a_registration_behind_a_nat_is_asked_for_and_its_password_is_not_shown(folder: Path) -> None:
    with Person(folder, "init") as terminal:
        terminal.answer("HOST or HOST:PORT", "sip.example.com;transport=tcp")
        terminal.answer("1 by your IP address", "2")
        terminal.answer("User name")
        assert "it is needed" in terminal.read_to("User name")
        terminal.type("861012345678\r")
        terminal.answer("password (not shown): ", "very secret")
        terminal.answer("IP address towards", "10.1.2.3")
        terminal.answer("port for SIP")
        terminal.answer("Public address of the NAT", "2001:db8::1")
        assert "same family" in terminal.read_to("Public address of the NAT")
        terminal.type("203.0.113.7\r")
        for question in ("audio", "API listens", "Time zone", "Its code", "Its name", "Caller numbers", "extensions"):
            terminal.answer(question)
        for question in ("The group", "record of each call", "agents' states", "Folder"):
            terminal.answer(question)
        assert terminal.wait(60) == 0
    assert "very secret" not in terminal.shown
    config = load(folder / "playvoice.toml", {})
    (trunk,) = config.trunks
    assert (trunk.register_, trunk.username, trunk.password) == (True, "861012345678", "very secret")
    assert trunk.address == "sip:sip.example.com;transport=tcp"
    assert config.sip.external_address == config.sip.domain == "203.0.113.7"


def test_a_file_that_is_there_stays_as_it_is_without_force(folder: Path) -> None:
    path = folder / "playvoice.toml"
    path.write_text("mine")
    with Person(folder, "init", "--yes") as terminal:
        assert terminal.wait(60) == 1
    assert "give --force" in terminal.shown
    assert path.read_text() == "mine"
    with Person(folder, "init", "--yes", "--force", "--listen", "127.0.0.1") as terminal:
        assert terminal.wait(60) == 0
    assert load(path, {}).companies[0].code == "2028"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_doctor_says_all_problems_of_a_file_and_ends_with_2(folder: Path) -> None:
    (folder / "playvoice.toml").write_text('[server]\nhttp = "nowhere"\n[rtp]\nports = "9-8"\n')
    with Person(folder, "doctor") as terminal:
        assert terminal.wait(60) == 2
    assert "line 2, server.http" in terminal.shown
    assert "line 4, rtp.ports" in terminal.shown
    assert "2 failures" in terminal.shown


def test_who_breaks_doctor_off_sees_no_traceback(folder: Path) -> None:
    with Person(folder, "init", "--yes", "--listen", "127.0.0.1") as terminal:
        assert terminal.wait(60) == 0
    with Person(folder, "doctor") as terminal:
        terminal.read_to("file permissions")
        terminal.type(CTRL_C)
        assert terminal.wait(60) != 0
    assert "Traceback" not in terminal.text
