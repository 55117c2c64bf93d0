"""What options say is not asked, and --yes asks nothing at all."""

from collections.abc import Callable

import pytest
import typer

from playvoice.commands.init.answers import Account
from playvoice.commands.init.questions import Dialogue, Unusable, ask_all


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lets somebody type these answers; gives the questions that he was asked."""

    def let(*lines: str) -> list[str]:
        asked: list[str] = []
        answers = iter(lines)

        def prompt(question: str, *, default: str, **_: object) -> str:
            asked.append(question.strip())
            return next(answers) or default

        monkeypatch.setattr(typer, "prompt", prompt)
        return asked

    return let


def test_with_yes_the_defaults_are_taken_and_nobody_is_asked(typed: Callable[..., list[str]]) -> None:
    asked = typed()
    made = ask_all(Dialogue({}, yes=True), "Asia/Shanghai")
    assert asked == []
    assert (made.trunk, made.account, made.listen) == ("sip:127.0.0.1:5080", None, "127.0.0.1")
    assert (made.code, made.numbers, made.extensions, made.group) == (
        "2028",
        ("2120280001",),
        ("20280003",),
        "extGroup-1",
    )
    assert (made.timezone, made.external_address, made.cdr_callback) == ("Asia/Shanghai", None, None)


def test_options_win_over_defaults() -> None:
    given = {
        "trunk": "sip.example.com",
        "username": "8610",
        "password": "secret",
        "listen": "10.0.0.5",
        "external-address": "203.0.113.7",
        "company": "77",
        "extension": "1001,1002",
    }
    made = ask_all(Dialogue(given, yes=True), "UTC")
    assert made.account == Account("8610", "secret"), "a user name says that it registers"
    assert made.external_address == "203.0.113.7"
    assert (made.code, made.numbers, made.extensions) == ("77", ("21770001",), ("1001", "1002"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"company": "0"}, "--company: '0' can't be used; expected 1 to 9 digits"),
        ({"by": "magic"}, "--by: 'magic' can't be used"),
        ({"by": "registration"}, "--username: it is needed"),
        ({"username": "8610"}, "--password: it is needed"),
        ({"listen": "10.0.0.5", "external-address": "2001:db8::1"}, "--external-address: '2001:db8::1' can't be used"),
        ({"voice-dir": ""}, "--voice-dir"),
    ],
)
def test_an_option_that_can_not_be_used_says_so(given: dict[str, str], words: str) -> None:
    with pytest.raises(Unusable) as raised:
        ask_all(Dialogue(given, yes=True), "UTC")
    assert words in str(raised.value)


def test_what_no_option_says_is_asked_until_it_can_be_used(
    typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    options = (
        "trunk",
        "sip-port",
        "rtp-ports",
        "http",
        "timezone",
        "name",
        "number",
        "extension",
        "group",
        "voice-dir",
    )
    defaults = {"trunk": "127.0.0.1", "sip-port": "5060", "rtp-ports": "10000-10999", "http": "127.0.0.1:8080"}
    given = {
        **dict.fromkeys(options, "x1"),
        **defaults,
        "timezone": "UTC",
        "number": "2120280001",
        "extension": "1001",
        "cdr-callback": "",
        "status-callback": "",
    }
    asked = typed("", "10.0.0.5", "here", "203.0.113.7", "12345678901", "77")
    made = ask_all(Dialogue(given, yes=False), "UTC")
    assert [question.partition(" ")[0] for question in asked] == ["It", "Its", "Public", "Public", "Its", "Its"]
    assert (made.account, made.listen, made.external_address, made.code) == (None, "10.0.0.5", "203.0.113.7", "77")
    shown = capsys.readouterr().out
    assert "  'here' can't be used; expected the IP address at which the outside reaches this server" in shown
    assert "expected 1 to 9 digits" in shown
