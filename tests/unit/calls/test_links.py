"""Links to recordings: valid as they were made, and in no other form."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.callbacks import schedule
from playvoice.calls.errors import LinkExpired, LinkInvalid
from playvoice.calls.links import LIFETIME, RecordingLinks, signing_key
from playvoice.store import Store

LINKS = RecordingLinks("https://pv.example.com/voice", bytes(range(32)))
NAME = "3418035c-4af5-41ea-afb2-fbc8753285b6.mp3"
AT = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
JUST = timedelta(microseconds=1)


def parts(url: str) -> tuple[str, str, str]:
    """Name, expiry and signature of a link."""
    split = urlsplit(url)
    query = parse_qs(split.query)
    return split.path.rpartition("/")[2], query["expires"][0], query["signature"][0]


def test_a_link_stands_below_the_public_address_and_says_when_it_expires() -> None:
    link = LINKS.link(NAME, AT)
    assert link.url.startswith(f"https://pv.example.com/voice/recordings/{NAME}?expires=")
    assert link.expires_at == AT.replace(microsecond=0) + LIFETIME


def test_a_link_is_valid_until_it_expires() -> None:
    link = LINKS.link(NAME, AT)
    LINKS.check(*parts(link.url), AT)
    LINKS.check(*parts(link.url), link.expires_at - JUST)
    for at in (link.expires_at, link.expires_at + LIFETIME):
        with pytest.raises(LinkExpired, match="expired"):
            LINKS.check(*parts(link.url), at)


def test_a_link_outlives_the_delivery_of_the_record_that_holds_it() -> None:
    assert sum(schedule.DELAYS, timedelta()) * 1.5 < LIFETIME


@pytest.mark.parametrize(
    ("name", "expires", "signature"),
    [
        ("x" + NAME, "", ""),
        ("", "1", ""),
        ("", "", "0"),
        ("", "", "é"),
        ("", "", "\udc80"),
    ],
)
def test_a_link_of_which_anything_was_changed_is_invalid(name: str, expires: str, signature: str) -> None:
    its_name, its_expires, its_signature = parts(LINKS.link(NAME, AT).url)
    with pytest.raises(LinkInvalid):
        LINKS.check(name or its_name, its_expires + expires, its_signature + signature, AT)


def test_a_link_of_another_server_is_invalid() -> None:
    with pytest.raises(LinkInvalid):
        replace(LINKS, key=bytes(32)).check(*parts(LINKS.link(NAME, AT).url), AT)


@given(st.text(max_size=50), st.text(alphabet="0123456789-+ ", max_size=20), st.text(max_size=70))
def test_what_nobody_signed_is_invalid_and_nothing_else(name: str, expires: str, signature: str) -> None:
    with pytest.raises(LinkInvalid):
        LINKS.check(name, expires, signature, AT)


def test_the_key_stands_in_no_repr() -> None:
    assert LINKS.key.hex() not in repr(LINKS)
    assert repr(LINKS.key) not in repr(LINKS)


def test_the_key_of_a_server_is_made_once(store: Store) -> None:
    key = store.write_now(signing_key)
    assert len(key) == 32
    assert store.write_now(signing_key) == key
