"""An answer is held to the configuration's own rules, and a wrong one hears what was expected."""

from collections.abc import Callable
from typing import Any

import pytest

from playvoice.commands.init import rules
from playvoice.config import CompanyConfig, ExtensionConfig, ServerConfig, TrunkConfig

ADDRESS = rules.sip_uri(rules.of(TrunkConfig, "address"))
NUMBERS = rules.several(CompanyConfig, "numbers")
EXTENSIONS = rules.each(ExtensionConfig, "number")


@pytest.mark.parametrize(
    ("read", "typed", "value"),
    [
        (ADDRESS, "sip.example.com", "sip:sip.example.com"),
        (ADDRESS, "192.0.2.1:5070;transport=tcp", "sip:192.0.2.1:5070;transport=tcp"),
        (ADDRESS, "SIP:a.example.com", None),
        (ADDRESS, "sip:[2001:db8::1]:5060", "sip:[2001:db8::1]:5060"),
        (NUMBERS, "2120280001, +442071838750", ("2120280001", "+442071838750")),
        (NUMBERS, "", ()),
        (EXTENSIONS, "1001 1002，1003、1004", ("1001", "1002", "1003", "1004")),
        (rules.of(ServerConfig, "http"), "[::1]:8080", "[::1]:8080"),
        (rules.or_nothing(rules.of(CompanyConfig, "cdr_callback")), "", None),
        (rules.or_nothing(rules.of(CompanyConfig, "cdr_callback")), "https://a.example/x", "https://a.example/x"),
        (rules.port, "5060", 5060),
        (rules.address, "10.0.0.5", "10.0.0.5"),
    ],
)
def test_a_right_answer_is_taken(read: Callable[[str], Any], typed: str, value: object) -> None:
    if value is None and typed:
        with pytest.raises(ValueError, match="expected a SIP URI"):
            read(typed)
    else:
        assert read(typed) == value


@pytest.mark.parametrize(
    ("read", "typed", "expected"),
    [
        (ADDRESS, "not an address", "a SIP URI"),
        (ADDRESS, "sip:a.example.com;transport=tls", "there is no TLS"),
        (NUMBERS, "12, 2120280001", "a list of caller numbers"),
        (EXTENSIONS, "", "at least one"),
        (EXTENSIONS, "1001,1001", "none twice"),
        (EXTENSIONS, "1001,x", "2 to 32 digits"),
        (rules.of(CompanyConfig, "code"), "0123", "1 to 9 digits"),
        (rules.of(ServerConfig, "timezone"), "Moon", "the name of a time zone"),
        (rules.or_nothing(rules.of(CompanyConfig, "cdr_callback")), "ftp://x", "an http or https URL"),
        (rules.port, "0", "a port from 1 to 65535"),
        (rules.port, "sip", "a port from 1 to 65535"),
        (rules.address, "0.0.0.0", "one IP address"),
        (rules.address, "localhost", "one IP address"),
    ],
)
def test_a_wrong_answer_hears_what_was_expected(read: Callable[[str], Any], typed: str, expected: str) -> None:
    with pytest.raises(ValueError, match="can't be used; expected") as raised:
        read(typed)
    assert expected in str(raised.value)


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="that can't be used") as raised:
        rules.of(TrunkConfig, "password")("s" * 256)
    assert "sss" not in str(raised.value)
