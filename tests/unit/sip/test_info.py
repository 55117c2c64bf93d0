"""Keys in INFO requests, as phones write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sipmessage import URI, Request

from playvoice.sip.info import DTMF_TYPES, answer_to, body_of, duration_of, is_dtmf, key_of


def info(kind: str, body: bytes) -> Request:
    request = Request("INFO", URI.parse("sip:a@192.0.2.1"))
    request.headers.set("Content-Type", kind)
    request.body = body
    return request


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=1\r\nDuration=160\r\n", "1"),
        ("application/dtmf-relay", b"Signal= 5\r\nDuration= 250\r\n", "5"),
        ("Application/DTMF-Relay;charset=utf-8", b"Duration=160\r\nsignal=#", "#"),
        ("application/dtmf-relay", b"Signal=10\nDuration=100\n", "*"),
        ("application/dtmf-relay", b"Signal=11\n", "#"),
        ("application/dtmf", b"7", "7"),
        ("application/dtmf", b" *\r\n", "*"),
        ("application/dtmf", b"d", "D"),
        ("application/dtmf", b"", None),
        ("application/dtmf", b"12345", None),
        ("application/dtmf", b"16", None),
        ("application/dtmf-relay", b"Signal=\r\nDuration=160\r\n", None),
        ("application/dtmf-relay", b"Signal=1" + b"\n" * 300, None),
        ("text/plain", b"1", None),
    ],
)
def test_a_key_is_read_from_either_body(kind: str, body: bytes, key: str | None) -> None:
    assert key_of(info(kind, body)) == key


@pytest.mark.parametrize(
    ("kind", "body", "seconds"),
    [
        ("application/dtmf-relay", b"Signal=1\r\nDuration=160\r\n", 0.16),
        ("application/dtmf-relay", b"duration = 2500\nSignal=5", 2.5),
        ("application/dtmf-relay", b"Signal=1\r\n", 0.0),
        ("application/dtmf-relay", b"Signal=1\r\nDuration=-5\r\n", 0.0),
        ("application/dtmf-relay", b"Signal=1\r\nDuration=1234567\r\n", 0.0),
        ("application/dtmf", b"1", 0.0),
    ],
)
def test_the_duration_of_a_press_is_read_where_there_is_one(kind: str, body: bytes, seconds: float) -> None:
    assert duration_of(info(kind, body)) == seconds


def test_an_info_without_a_content_type_is_about_nothing() -> None:
    request = Request("INFO", URI.parse("sip:a@192.0.2.1"))
    assert not is_dtmf(request)
    assert key_of(request) is None


@given(kind=st.sampled_from(DTMF_TYPES), body=st.binary(max_size=300))
def test_any_body_is_one_key_or_none(kind: str, body: bytes) -> None:
    assert key_of(info(kind, body)) in {None, *"0123456789*#ABCD"}
    assert 0.0 <= duration_of(info(kind, body)) < 100.0


def test_what_an_info_is_answered_with_tells_what_we_take() -> None:
    assert answer_to(info("application/dtmf-relay", b"Signal=1")) == (200, ())
    assert answer_to(info("", b"")) == (200, ()), "somebody looks whether the call lives"
    assert answer_to(info("application/media_control+xml", b"<x/>")) == (
        415,
        (("Accept", "application/dtmf-relay, application/dtmf"),),
    )


def test_a_package_that_we_have_not_asked_for_is_refused_unless_it_brings_keys() -> None:
    foreign = info("application/x", b"body")
    foreign.headers.set("Info-Package", "conference")
    keys = info("application/dtmf", b"5")
    keys.headers.set("Info-Package", "infoDtmf")
    assert (answer_to(foreign), answer_to(keys)) == ((469, (("Recv-Info", ""),)), (200, ()))


@given(st.sampled_from("0123456789*#ABCD"), st.integers(1, 99_999))
def test_what_is_written_reads_back(key: str, milliseconds: int) -> None:
    request = info(DTMF_TYPES[0], body_of(key, milliseconds))
    assert (key_of(request), duration_of(request)) == (key, milliseconds / 1000)
