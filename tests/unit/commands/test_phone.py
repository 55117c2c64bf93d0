"""The command line of `playvoice phone`: what is understood, and what is refused with which words."""

import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from playvoice import logs
from playvoice.cli import cli
from playvoice.commands.phone import with_values
from playvoice.media.g711 import Codec
from playvoice.simulator.softphone import softphone
from playvoice.simulator.softphone.presses import Press
from playvoice.simulator.softphone.softphone import Options
from playvoice.sip import Transport

LISTEN = ("--listen", "udp:127.0.0.1:0")


@pytest.fixture
def understood(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The options with which a phone was started, which does nothing."""
    found: list[Options] = []

    class Still:
        def __init__(self, options: Options, _notebook: object) -> None:
            found.append(options)

        async def run(self) -> None:
            pass

        def leave(self) -> None:
            pass

    monkeypatch.setattr(softphone, "Softphone", Still)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # it is the test session's
    return found


def phone(*arguments: str, **options: Any) -> tuple[int, str]:
    """Status and output, as one line of words."""
    ran = CliRunner().invoke(cli, ["phone", *arguments], **options)
    return ran.exit_code, " ".join(ran.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "filled"),
    [
        (["--auto-answer"], ["--auto-answer", "0"]),
        (["--auto-answer", "--once"], ["--auto-answer", "0", "--once"]),
        (["--auto-answer", "1.5"], ["--auto-answer", "1.5"]),
        (["--reject", "--json"], ["--reject", "486", "--json"]),
        (["--reject=603", "--play", "-"], ["--reject=603", "--play", "-"]),
        ([], []),
    ],
)
def test_a_value_may_be_left_out(arguments: list[str], filled: list[str]) -> None:
    assert with_values(arguments) == filled


def test_all_of_it_is_understood(understood: list[Options]) -> None:
    account = ("--register", "20280003@127.0.0.1:5062;transport=tcp", "--password", "-", "--user", "x")
    manners = ("--auto-answer", "--press", "2s:1", "--codecs", "pcmu", "--hang-up-after", "3")
    status, output = phone(*account, "--call", "100", "--listen", "tcp:127.0.0.1:5070", *manners, input="secret\n")
    assert status == 0, output
    (options,) = understood
    assert str(options.account) == "sip:20280003@127.0.0.1:5062;transport=tcp"
    assert options.credentials is not None
    assert (options.credentials.username, options.credentials.password) == ("x", "secret")
    assert "secret" not in output
    assert str(options.target) == "sip:100@127.0.0.1:5062;transport=tcp"
    assert options.listen == (Transport.TCP, "127.0.0.1", 5070)
    manner = options.manner
    assert (manner.auto_answer, manner.presses, manner.codecs) == (0.0, (Press(2.0, "1"),), (Codec.PCMU,))
    assert manner.hang_up_after == 3.0


def test_the_password_comes_from_the_environment(understood: list[Options]) -> None:
    assert phone("--register", "sip:1@127.0.0.1", env={"PLAYVOICE_PHONE_PASSWORD": "secret"})[0] == 0
    credentials = understood[0].credentials
    assert credentials is not None
    assert (credentials.username, credentials.password) == ("1", "secret")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "say what to do: --register URI, --listen ADDRESS or --call URI"),
        (("--call", "sip:127.0.0.1"), "--call: 'sip:127.0.0.1' is not of the form sip:USER@HOST:PORT"),
        (("--call", "1@["), "--call: '1@[' is no SIP address"),
        (("--call", "sip:1@h;transport=tls"), "over udp or tcp"),
        (("--listen", "udp:localhost:5060"), "is not of the form udp:IP-ADDRESS:PORT"),
        (("--listen", "udp:127.0.0.1:65536"), "is not of the form udp:IP-ADDRESS:PORT"),
        (("--register", "1@h", "--password", "-"), "standard input has no password"),
        ((*LISTEN, "--press", "1"), "'1' is no step to press"),
        ((*LISTEN, "--codecs", "G729"), "'G729' is none that is spoken here: expected PCMA, PCMU or both"),
        ((*LISTEN, "--auto-answer", "--reject"), "--auto-answer and --reject exclude each other"),
        ((*LISTEN, "--tone", "1000", "--sound"), "--play, --tone and --sound exclude each other"),
        ((*LISTEN, "--record", "/nowhere/a.wav"), "--record: there is no folder /nowhere"),
        ((*LISTEN, "--record", f"/{'x' * 300}/a.wav"), "--record: there is no folder /xxx"),
        ((*LISTEN, "--play", "/nowhere/a.wav"), "does not exist"),
        ((*LISTEN, "--play", __file__), "is no audio that can be read"),
        ((*LISTEN, "--reject", "200"), "'--reject'"),
    ],
)
def test_what_can_not_be_done_is_a_usage_error_that_says_why(arguments: tuple[str, ...], complaint: str) -> None:
    status, output = phone(*arguments, env={"COLUMNS": "200"})
    assert status == 2
    assert complaint in output


def test_a_failure_is_told_without_a_traceback() -> None:
    command = [sys.executable, "-m", "playvoice.cli", "phone", "--listen", "udp:192.0.2.9:5060"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == ("playvoice phone: udp:192.0.2.9:5060 can't be listened on: Cannot assign requested address\n")
