from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.codes import Text
from playvoice.gateway.errors import RequestRefused
from playvoice.gateway.registry import Parameter
from playvoice.gateway.rules import Between, FileOf, Free, KeysToGroups, Listed, LocalTime, YesNo, local_time, shown
from playvoice.gateway.services.play_voice import DESTNUMBER, PARAMETERS


@pytest.mark.parametrize("text", ["123", "+123", " 13333333333 ", "1" * 32, "+" + "1" * 32])
def test_a_destnumber_is_3_to_32_digits_after_an_optional_plus(text: str) -> None:
    assert DESTNUMBER.rule.read(text) == text.strip()


@pytest.mark.parametrize(
    "text", ["12", "1" * 33, "++123", "12 34", "12-34", "abc", "１２３", "+", "123\n456", "sip:1@x"]
)
def test_anything_else_is_no_destnumber(text: str) -> None:
    with pytest.raises(ValueError):
        DESTNUMBER.rule.read(text)


@pytest.mark.parametrize(("text", "number"), [("5", 5), ("120", 120), (" 60\n", 60), ("007", 7)])
def test_a_number_of_a_range_is_read(text: str, number: int) -> None:
    assert Between(5, 120).read(text) == number


@pytest.mark.parametrize("text", ["4", "121", "-5", "5.0", "1e1", "", "٦", "9" * 5000, "0x10", "6_0"])
def test_a_number_out_of_its_range_or_none_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Between(5, 120).read(text)


@pytest.mark.parametrize(("text", "items"), [("a", "a"), (" a , b,,c ", "a,b,c"), (",", ""), ("座席,b", "座席,b")])
def test_a_list_is_read_without_the_white_space_and_the_empty_items(text: str, items: str) -> None:
    assert Listed(3, 32).read(text) == items


def test_the_longest_list_of_all_is_read() -> None:
    assert Listed(3, 32).read(", ".join(["a" * 32] * 3)) == ",".join(["a" * 32] * 3)


@pytest.mark.parametrize("text", ["1,2,3,4", "a" * 33, "a,b\x00", "a\nb", "," * 103])
def test_a_list_beyond_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Listed(3, 32).read(text)


def test_a_time_is_read_as_the_clock_on_the_wall_shows_it() -> None:
    assert LocalTime().read(" 2026-01-02 03:04:05 ") == datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04",
        "2026-01-02 03:04:05Z",
        "2026-02-30 00:00:00",
        "2026-01-02 24:00:00",
        "1969-12-31 23:59:59",
        "9999-12-31 23:59:59",
        "２０２６-01-02 03:04:05",
        "2026-1-2 3:4:5",
    ],
)
def test_what_is_no_time_of_the_contract_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        LocalTime().read(text)


def test_an_instant_is_told_as_a_time_is_read() -> None:
    told = local_time(datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))
    assert told == "2026-01-02 11:04:05"
    assert LocalTime().read(told) == datetime(2026, 1, 2, 11, 4, 5)  # noqa: DTZ001


@pytest.mark.parametrize(("text", "read"), [("yes", "yes"), (" No ", "no"), ("YES", "yes")])
def test_yes_and_no_are_read_in_whatever_case(text: str, read: str) -> None:
    assert YesNo().read(text) == read


@pytest.mark.parametrize("text", ["", "y", "1", "true", "是"])
def test_anything_else_is_neither_yes_nor_no(text: str) -> None:
    with pytest.raises(ValueError):
        YesNo().read(text)


def test_a_text_is_no_file_and_the_rule_names_the_bound() -> None:
    with pytest.raises(ValueError):
        FileOf(5).read("text")
    assert "5 octets" in FileOf(5).text.en
    assert "5字节" in FileOf(5).text.zh


def test_a_free_text_has_at_most_255_characters_and_no_control_characters() -> None:
    assert Free(255).read("中" * 255) == "中" * 255
    for broken in ("a" * 256, "a\x00", "a\nb", "\x7f", "\x9f", "\x1f"):
        with pytest.raises(ValueError):
            Free(255).read(broken)
    assert Free(255).read("\xa0 ok ") == "\xa0 ok "


def test_keys_lead_to_groups() -> None:
    assert KeysToGroups().read("1@sales, @support") == (("1", "sales"), ("", "support"))
    with pytest.raises(ValueError):
        KeysToGroups().read("sales")


def test_a_value_is_shown_short_and_without_what_breaks_a_line() -> None:
    assert shown("a\r\nb\x1b[2J") == "a\\x0d\\x0ab\\x1b[2J"
    assert shown("x" * 65) == "x" * 64 + "…"


@given(st.text(max_size=300))
def test_whatever_text_a_parameter_gets_it_is_read_or_refused_in_words(text: str) -> None:
    for parameter in PARAMETERS:
        detail = refusal(parameter, text)
        assert detail is None or (parameter.name in detail.zh and parameter.name in detail.en)


def refusal(parameter: Parameter[Any], text: str) -> Text | None:
    try:
        parameter.read(text)
    except RequestRefused as refused:
        return refused.detail
    return None
