"""The single values, and that garbage gives the one declared error."""

import base64
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.config import values
from playvoice.config.values import ListenAddress, PortRange, SipListen


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (values.listen_address, "127.0.0.1:80", ListenAddress("127.0.0.1", 80)),
        (values.listen_address, "localhost:0", ListenAddress("localhost", 0)),
        (values.listen_address, "[::1]:8080", ListenAddress("::1", 8080)),
        (values.sip_listen, "udp:192.0.2.1:5060", SipListen("udp", "192.0.2.1", 5060)),
        (values.sip_listen, "tcp:[2001:db8::1]:0", SipListen("tcp", "2001:db8::1", 0)),
        (values.port_range, "10000-29999", PortRange(10_000, 29_999)),
        (values.port_range, "1024 - 1025", PortRange(1_024, 1_025)),
        (values.time_zone, "UTC", ZoneInfo("UTC")),
        (values.web_url, "https://user@example.com:8443/a?b=c", "https://user@example.com:8443/a?b=c"),
        (values.public_url, "https://pv.example.com/voice/", "https://pv.example.com/voice"),
        (values.public_url, "http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        (values.sip_uri, "sip:gw@[2001:db8::1]:5070;transport=TCP;lr", "sip:gw@[2001:db8::1]:5070;transport=TCP;lr"),
        (values.sip_uri, "sip:carrier.example", "sip:carrier.example"),
        (values.sip_uri, "sip:+86(10)%20*1@192.0.2.1:5060", "sip:+86(10)%20*1@192.0.2.1:5060"),
        (values.sip_host, "pbx-1.example.com", "pbx-1.example.com"),
        (values.sip_host, "192.0.2.1", "192.0.2.1"),
        (values.sip_host, "2001:DB8::1", "[2001:db8::1]"),
        (values.sip_host, "[::1]", "[::1]"),
        (values.specific_address, "192.0.2.1", "192.0.2.1"),
    ],
)
def test_a_value_is_read_from_its_text(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (values.listen_address, "8080"),
        (values.listen_address, ":8080"),
        (values.listen_address, "a:65536"),
        (values.listen_address, "::1:80"),
        (values.listen_address, "a b:80"),
        (values.sip_listen, "127.0.0.1:5060"),
        (values.sip_listen, "udp:host:5060"),
        (values.port_range, "2000"),
        (values.port_range, "2000-1000"),
        (values.port_range, "1-2000"),
        (values.web_url, "example.com/x"),
        (values.web_url, "http://exa mple.com/"),
        (values.web_url, "http://example.com:99999/"),
        (values.public_url, "pv.example.com"),
        (values.public_url, "ftp://pv.example.com"),
        (values.public_url, "https://pv.example.com/?"),
        (values.public_url, "https://pv.example.com/#a"),
        (values.public_url, "https://user@pv.example.com/"),
        (values.public_url, "https://公司.example/"),
        (values.sip_uri, "sip:"),
        (values.sip_uri, "sip:host:0"),
        (values.sip_uri, "sip:ho st"),
        (values.sip_uri, "sip:host?Replaces=x"),
        (values.sip_uri, "sips:host"),
        (values.sip_uri, "sip:host;transport=tls"),
        (values.sip_uri, "sip:[1:2]"),
        (values.sip_uri, 'sip:"a"@host'),
        (values.sip_uri, "sip:a\r\nEvil:1@host"),
        (values.sip_uri, "sip:host;lr\r\nEvil:1"),
        (values.sip_uri, "sip:a\x00@host"),
        (values.sip_host, ""),
        (values.sip_host, "host:5060"),
        (values.sip_host, "[host]"),
        (values.sip_host, "-host"),
        (values.sip_host, "host\r\nEvil"),
        (values.signing_secret, "whsec_"),
        (values.signing_secret, base64.b64encode(bytes(32)).decode()),
        (values.signing_secret, "whsec_" + base64.b64encode(bytes(23)).decode()),
        (values.specific_address, "::"),
    ],
)
def test_what_can_not_be_meant_is_a_value_error(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


READERS = [
    values.listen_address,
    values.sip_listen,
    values.port_range,
    values.ip_text,
    values.network,
    values.specific_address,
    values.time_zone,
    values.web_url,
    values.public_url,
    values.sip_host,
    values.sip_uri,
    values.signing_secret,
]


@pytest.mark.parametrize("read", READERS)
@given(text=st.one_of(st.text(max_size=40), st.text(alphabet="sip:udp.0129[]@;=/-+wh_ ", max_size=40)))
def test_garbage_is_a_value_error_and_nothing_else(read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except ValueError:
        pass


@given(st.ip_addresses(), st.integers(0, 65_535), st.sampled_from(["udp", "tcp"]))
def test_any_address_to_listen_on_can_be_written_and_read(address: object, port: int, transport: str) -> None:
    host = f"[{address}]" if ":" in str(address) else str(address)
    assert values.sip_listen(f"{transport}:{host}:{port}") == SipListen(transport, str(address), port)


@given(st.binary(min_size=24, max_size=64))
def test_any_signing_secret_of_the_right_length_is_taken(octets: bytes) -> None:
    text = "whsec_" + base64.b64encode(octets).decode()
    assert values.signing_secret(text) == text
