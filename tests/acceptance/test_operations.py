"""`docs/operations.md` walked through, with Asterisk set up by `docs/carriers/asterisk.md`.

What is typed, answered and written is read from the pages, and what they show is what comes. Only addresses, ports
and the secrets that were made at random are this machine's.
"""

import os
import re
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest
from tests.acceptance.asterisk_peer import ACCEPTED, Asterisk
from tests.acceptance.terminal import Terminal

from playvoice.simulator.configuration import LOOPBACK, free_ports

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BY_ADDRESS, BY_REGISTRATION = "It knows PlayVoice by its address", "It knows PlayVoice by a registration"
PROMPT = r"\[(\d+)\]> "
PATIENCE = 60.0
NEW_PASSWORD = "another-long-password"
GLOBAL, LOGGED = "[global]\ntype = global\n", "debug = yes\n\n"
"""What makes Asterisk write every SIP message into its log."""
DESK = """
[desk-3]
type = endpoint
context = none
disallow = all
allow = alaw
auth = desk-3
aors = desk-3

[desk-3]
type = auth
auth_type = userpass
username = desk-3
password = {password}

[desk-3]
type = aor
max_contacts = 1
"""
"""The agent's own phone at Asterisk, which the page takes for granted."""
ANY = {
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}": r"[0-9a-f-]{36}",
    r"[0-9a-f]{16}": "[0-9a-f]{16}",
    r"\d+": r"\d+",
}
"""What differs from run to run: UUIDs, secrets, numbers."""
GIVES_WAY = re.compile("|".join(f"({pattern})" for pattern in ANY) + r"|(…)|( +)")


def blocks(page: str, title: str, language: str) -> list[str]:
    """The examples in a language that a section of a page has, or without a title the page."""
    whole = (DOCS / page).read_text(encoding="utf-8")
    section = whole.partition(f"\n## {title}\n")[2].partition("\n## ")[0] if title else whole
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def shown(line: str) -> str:
    """A pattern of what a line of a page stands for."""

    def give_way(match: re.Match[str]) -> str:
        *others, dots, spaces = match.groups()
        if dots or spaces:
            return ".*" if dots else " +"
        return next(way for way, found in zip(ANY.values(), others, strict=True) if found)

    pieces, end = [], 0
    for match in GIVES_WAY.finditer(line.rstrip()):
        pieces += [re.escape(line[end : match.start()]), give_way(match)]
        end = match.end()
    return "".join(pieces) + re.escape(line.rstrip()[end:])


class Shell(Terminal):
    """A shell in a terminal of its own, at which somebody sits who reads what comes."""

    def __init__(self, folder: Path, programs: Path) -> None:
        path = f"PATH={programs}:/usr/local/bin:/usr/bin:/bin"
        words = ("--norc", "--noprofile", "-i")
        super().__init__(*words, cwd=folder, columns=250, env=(path, "PS1=[$?]> "), program=("bash",))
        self._read_up_to = 0
        self.read_to(PROMPT)

    def read_to(self, pattern: str) -> str:
        """Read on until this is shown; gives all that came, up to its end."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.text[self._read_up_to :])):
            assert self._read(deadline - time.monotonic()), f"{pattern!r} did not come:\n{self.text}"
        came = self.text[self._read_up_to :][: found.end()]
        self._read_up_to += found.end()
        return came

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if (foreground := os.tcgetpgrp(self._master)) != self.process.pid:
            os.killpg(foreground, signal.SIGKILL)  # a server takes the terminal's end for a wish to read its file anew
        super().__exit__(kind, error, trace)

    def begin(self, command: str) -> None:
        """Type a command."""
        self.type(f"{command}\n")
        self.read_to(re.escape(command) + "\n")

    def succeed(self) -> str:
        """Wait for the command's end; gives what it showed."""
        came = self.read_to(PROMPT)
        assert came.endswith("[0]> "), self.text
        return came


@dataclass(frozen=True, slots=True)
class Place:
    """This machine's addresses instead of the page's."""

    folder: Path
    programs: Path
    asterisk: int
    sip: int
    http: int
    receiver: int

    def here(self, text: str) -> str:
        """What a page says, with the addresses of this machine."""
        for theirs, ours in {
            "192.0.2.20:5060": f"{LOOPBACK}:{self.asterisk}",
            "0.0.0.0:5060": f"{LOOPBACK}:{self.asterisk}",
            "192.0.2.5:5060": f"{LOOPBACK}:{self.sip}",
            "192.0.2.5": LOOPBACK,
            "TCP [5060]: 5060": f"TCP [5060]: {self.sip}",
            "[127.0.0.1:8080]: 127.0.0.1:8080": f"[127.0.0.1:8080]: {LOOPBACK}:{self.http}",
            "http://127.0.0.1:8080": f"http://{LOOPBACK}:{self.http}",
            "127.0.0.1:9000": f"{LOOPBACK}:{self.receiver}",
            "127.0.0.1 port 9000": f"{LOOPBACK} port {self.receiver}",
        }.items():
            text = text.replace(theirs, ours)
        return text

    def examples(self, title: str, page: str = "operations.md") -> list[list[str]]:
        """What a section of the walk types and shows: lines, by commands; the first of each begins with `$`."""
        lines = self.here("".join(blocks(page, title, "console"))).splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]

    def shell(self) -> Shell:
        return Shell(self.folder, self.programs)


def follow(shell: Shell, example: list[str], *, ends: bool = True, status: int = 0) -> str:
    """Type a command as the page does, and see each line that the page shows, in its order."""
    shell.begin(example[0].removeprefix("$ "))
    came = shell.read_to(PROMPT) if ends else shell.read_to(shown(next(line for line in example[1:] if line != "…")))
    assert not ends or came.endswith(f"[{status}]> "), came
    at = 0
    for line in example[1:]:
        found = re.compile(shown(line)).search(came, at)
        assert found, f"the page shows {line!r}, which did not come:\n{came[at:]}"
        at = found.end()
    return came


def answer(shell: Shell, dialogue: list[str]) -> None:
    """Type the answers that stand behind the questions of a page, and read on to the end of the command."""
    shell.begin(dialogue[0].removeprefix("$ "))
    for line in dialogue[1 : dialogue.index("")]:
        asked = re.fullmatch(r"  (.+\[.*\]):(.*)", line) or re.fullmatch(r"  (.+):( \S+)", line)
        if asked is None:
            shell.read_to(re.escape(line))
            continue
        question = re.sub(r"\[.*\]$", "", asked[1])
        shell.read_to(f"{re.escape(question)}.*: ")
        shell.type(f"{asked[2].strip()}\n")
        if asked[2] == " 2":
            yours = dict(re.findall('(?m)^(.+) = "(.*)"', blocks("carriers/asterisk.md", BY_REGISTRATION, "toml")[0]))
            shell.read_to("User name of the registration: ")
            shell.type(f"{yours['username']}\n")
            shell.read_to(r"password \(not shown\): ")
            shell.type(f"{yours['password']}\n")
    came = shell.succeed()
    assert all(re.search(shown(line), came) for line in dialogue[dialogue.index("") :]), came


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder `playvoice` with what a clone has, and a command `playvoice` in the PATH."""
    clone, programs = tmp_path / "playvoice", tmp_path / "programs"
    shutil.copytree(DOCS, clone / "docs")
    programs.mkdir()
    command = programs / "playvoice"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m playvoice.cli "$@"\n')
    command.chmod(0o755)
    return Place(clone, programs, *free_ports(4))


def asterisk(place: Place, way: str, password: str) -> Asterisk:
    """Asterisk with the files of the page: as the carrier, and with a registration as the agents' PBX, too."""
    page, agents = "carriers/asterisk.md", blocks("carriers/asterisk.md", "Agents behind Asterisk", "ini")
    pjsip, extensions = blocks(page, way, "ini")[0], blocks(page, "Where its calls go", "ini")[0]
    if way == BY_REGISTRATION:
        registration, identified, dial = agents
        pjsip += registration.replace("password-of-the-extension", password) + identified
        pjsip += DESK.format(password=password)
        extensions += dial
    pjsip = GLOBAL + LOGGED + pjsip if GLOBAL not in pjsip else pjsip.replace(GLOBAL, GLOBAL + LOGGED.strip() + "\n")
    files = {"pjsip.conf": place.here(pjsip), "extensions.conf": place.here(extensions)}
    return Asterisk("", files=files, port=place.asterisk)


@pytest.mark.peer("asterisk")
@pytest.mark.parametrize("way", [BY_ADDRESS, BY_REGISTRATION])
def test_the_page_leads_to_a_call_over_asterisk(place: Place, way: str) -> None:
    registers = way == BY_REGISTRATION
    with ExitStack() as stack:
        first, server, crm, phone = (stack.enter_context(place.shell()) for _ in range(4))
        enter, init = place.examples("Describe it")
        follow(first, enter)
        for other in (server, crm, phone):
            follow(other, [enter[0].replace("mkdir ../voice && ", "")])
        answer(first, [line.replace("[1]: 1", "[1]: 2") if registers else line for line in init])
        file = place.folder.parent / "voice" / "playvoice.toml"
        written = file.read_text()
        password = re.findall(r'(?m)^password = "(\w+)"', written)[-1]
        carrier = stack.enter_context(asterisk(place, way, password))
        (described,) = blocks("carriers/asterisk.md", way, "toml")
        add = [line for line in place.here(described).splitlines() if line not in written]
        assert all(re.search(rf"(?m)^{re.escape(line)}", written) for line in place.here(described).splitlines()[:2])
        if registers:
            assert [line.partition(" ")[0] for line in add] == ["from_user", "caller_id"]
            file.write_text(written.replace("[[trunk]]", "[[trunk]]" + "".join(f"\n{line}" for line in add) + "\n", 1))
        else:
            assert add == []
            (doctor,) = place.examples("Look whether it works")
            follow(first, doctor, status=1)

        (serve,) = place.examples("Run it")
        follow(server, serve, ends=False)
        secret, receiver, deliver = place.examples("Take the callbacks")
        follow(crm, secret)
        follow(crm, receiver, ends=False)
        if registers:
            carrier.wait_for("Added contact .*'playvoice'")
            carrier.wait_for(ACCEPTED)
            (doctor,) = place.examples("", "carriers/registration.md")
            follow(first, doctor)
        else:
            follow(first, deliver)

        grep, register = place.examples("Register a phone")
        assert f'"{password}"' in follow(first, grep)
        if registers:
            register = [
                line.replace("20280003", "desk-3").replace(f":{place.sip}", f":{place.asterisk}") for line in register
            ]
        phone.begin(register[0].removeprefix("$ "))
        phone.read_to(f"{shown(register[1])} ")
        phone.type(f"{password}\n")
        phone.read_to(shown(register[2]))

        (call,) = place.examples("Make the first call")
        first.begin(call[0].removeprefix("$ "))
        first.read_to("the customer are connected")
        phone.type("h")
        told = first.text[first.text.rindex(call[0].removeprefix("$ ")) :] + first.succeed()
        for line in call[1:]:
            assert re.search(shown(line), told), f"the page shows {line!r}, which did not come:\n{told}"
        carrier.wait_for(f"(?m)^{'P-Asserted-Identity' if registers else 'From'}: .*sip:2120280001@")

        if not registers:
            for example in place.examples("See what happens"):
                follow(first, example)
        else:
            number, extension, *others, reload = place.examples("Change it while it runs")
            follow(first, number)
            first.begin(extension[0].removeprefix("$ "))
            for line in extension[1:3]:
                first.read_to(f"{shown(line)} ")
                first.type(f"{NEW_PASSWORD}\n")
            assert re.search(shown(extension[3]), first.succeed())
            for example in (*others, reload):
                follow(first, example)
        server.type("\x03")
        server.succeed()
        kept = [path.name for path in (place.folder.parent / "voice" / "inbox").iterdir()]
        assert sum(name.endswith(".json") for name in kept) == (4 if registers else 6)


@pytest.mark.peer("sqlite3")
def test_what_the_page_backs_up_is_restored_as_it_says(place: Place) -> None:
    backup, restore = blocks("operations.md", "Back up and restore", "sh")
    (serve,) = place.examples("Run it")
    voice, restored = place.folder.parent / "voice", place.folder.parent / "restored"
    for folder in (voice, restored):
        folder.mkdir()
    options = f"--trunk {LOOPBACK}:{place.asterisk} --sip-port {place.sip} --http {LOOPBACK}:{place.http}"
    with Shell(voice, place.programs) as operator, Shell(voice, place.programs) as server:
        operator.begin(f"playvoice init --yes --listen {LOOPBACK} {options}")
        operator.succeed()
        follow(server, serve, ends=False)
        operator.begin("playvoice number add 2028 2120289999 && playvoice voice add voices/notice.mp3 --name mine.mp3")
        operator.succeed()
        for line in backup.splitlines():
            operator.begin(line)
            operator.succeed()
        server.type("\x03")
        server.succeed()
        operator.begin(restore.splitlines()[0].replace("/var/lib/playvoice/", f"{restored}/"))
        operator.succeed()
        server.begin(f"cd {restored}")
        server.succeed()
        follow(server, serve, ends=False)
        operator.begin(f"cd {restored} && playvoice number list && playvoice voice list")
        kept = operator.succeed()
        assert "2120289999" in kept
        assert re.search(r"mine\.mp3 +upload +mp3", kept)
        server.type("\x03")
        server.succeed()
