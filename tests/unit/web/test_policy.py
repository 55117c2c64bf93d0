"""Where a URL may lead, in every notation that a resolver understands."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.web import AddressRefused, NetworkPolicy

NONE_OPEN = NetworkPolicy()
LOOPBACK_OPEN = NetworkPolicy([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")])


def test_a_url_is_taken_apart() -> None:
    address = NONE_OPEN.check_url("http://wwww.baidu.com/test.mp3")
    assert (address.scheme, address.host, address.port) == ("http", "wwww.baidu.com", 80)
    assert (address.target, address.authority) == ("/test.mp3", "wwww.baidu.com")


def test_names_and_paths_in_chinese_are_encoded() -> None:
    address = NONE_OPEN.check_url("https://例子.com:8443/语音 1.mp3?v=二#part")
    assert address.host == "xn--fsqu00a.com"
    assert address.authority == "xn--fsqu00a.com:8443"
    assert address.target == "/%E8%AF%AD%E9%9F%B3%201.mp3?v=%E4%BA%8C"


def test_user_and_password_become_a_header_and_stand_in_no_text() -> None:
    address = NONE_OPEN.check_url("http://bob:p%40ss@example.com/a.wav?token=secret")
    assert address.authorization == "Basic Ym9iOnBAc3M="
    assert str(address) == "http://example.com/a.wav"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0x7f.0.0.0x1",
        "0",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[ff02::1]",
        "[fec0::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[2001:0:1::]",
        "[100::1]",
    ],
)
def test_an_address_that_is_not_global_is_refused_in_every_notation(host: str) -> None:
    with pytest.raises(AddressRefused, match=r"not allowed|can't be read"):
        NONE_OPEN.check_url(f"http://{host}/a.wav")


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "134744072", "0x08080808", "[2400:3200::1]", "[::ffff:8.8.8.8]", "[64:ff9b::808:808]"]
)
def test_a_global_address_passes_in_every_notation(host: str) -> None:
    NONE_OPEN.check_url(f"http://{host}/a.wav")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_an_opened_network_passes_in_every_notation(host: str) -> None:
    LOOPBACK_OPEN.check_url(f"http://{host}:8080/a.wav")


def test_an_opened_network_opens_no_other() -> None:
    with pytest.raises(AddressRefused):
        LOOPBACK_OPEN.check_url("http://10.0.0.1/a.wav")


def test_an_address_is_written_in_its_usual_form_before_it_is_connected_to() -> None:
    assert LOOPBACK_OPEN.check_url("http://0x7f.1/").host == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http:///a.wav",
        "example.com/a.wav",
        "ftp://example.com/a.wav",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http://exa mple.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://example..com/",
        "http://1.2.3.4.5/",
        "http://1.2.3.256/",
        "http://example.1/",
        "http://0x/",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://%31%32%37.0.0.1/",
        "http://evil.com\\@127.0.0.1/",
        "http://example.com\x00.evil.com/",
        "http://example.com/\r\nHost: x",
        "http://" + "a" * 64 + ".com/",
        "http://example.com/" + "a" * 2048,
    ],
)
def test_a_malformed_url_or_another_scheme_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        LOOPBACK_OPEN.check_url(url)


@given(st.text(max_size=60).map(lambda text: "http://" + text))
def test_any_text_passes_or_is_refused_by_the_one_error(url: str) -> None:
    try:
        address = NONE_OPEN.check_url(url)
    except AddressRefused:
        return
    assert address.host
    assert address.target.startswith("/")
    assert address.target.isascii()
    assert "\n" not in address.target + address.authority


@given(st.ip_addresses(v=4))
def test_no_notation_changes_the_verdict_on_an_ipv4_address(address: ipaddress.IPv4Address) -> None:
    def passes(host: str) -> bool:
        try:
            NONE_OPEN.check_url(f"http://{host}/")
        except AddressRefused:
            return False
        return True

    number = int(address)
    forms = [str(address), str(number), hex(number), f"0{number:o}", f"[::ffff:{address}]"]
    assert len({passes(form) for form in forms}) == 1
