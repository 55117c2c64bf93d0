"""Nothing secret is left, and nothing else is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.sip.masking import mask_number, mask_numbers, mask_secrets

DIGEST = b'Digest username="bob", realm="example.com", nonce="abc", uri="sip:x", response="%s", algorithm=MD5'


def message(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join((b"REGISTER sip:example.com SIP/2.0", b"Via: SIP/2.0/UDP h", *lines, b"", body))


@pytest.mark.parametrize(
    "name", [b"Authorization: ", b"Proxy-Authorization: ", b"AUTHORIZATION :", b"authorization:\t"]
)
def test_the_response_to_a_challenge_is_hidden_and_all_else_of_it_stays(name: bytes) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    masked = mask_secrets(message(name + DIGEST % secret, b"Expires: 60"))
    assert masked == message(name + DIGEST % (b"*" * 32), b"Expires: 60")


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        (b"Authorization: Digest nonce=abc,\r\n response=0123,\r\n nc=1", b"response=****"),
        (b'Authorization: Digest response = "0123", nc=1', b'response = "****"'),
        (b'Authorization: Digest nc=1, response="0123', b'response="****'),
        (b'Authentication-Info: rspauth="0123", nc=1', b'rspauth="****"'),
        (b"Authorization: Basic Ym9iOjAxMjM=", b"Basic ************"),
        (b"Proxy-Authorization: Bearer 0123", b"Bearer ****"),
        (b"Authorization: 0123", b"Authorization: ****"),
        (b"Contact: <sip:bob:0123@example.com>", b"<sip:bob:****@example.com>"),
    ],
)
def test_secrets_are_hidden_however_they_are_written(written: bytes, masked: bytes) -> None:
    found = mask_secrets(message(written))
    assert masked in found
    assert b"0123" not in found
    assert len(found) == len(message(written))


@pytest.mark.parametrize(
    "line",
    [
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5|2^20|1:32",
        b"k=clear:MTIzNDU2Nzg5",
        b"a=ice-pwd:MTIzNDU2Nzg5",
        b"a=key-mgmt:mikey MTIzNDU2Nzg5",
    ],
)
def test_keys_of_media_are_hidden_and_the_body_keeps_its_length(line: bytes) -> None:
    whole = message(body=b"v=0\r\n" + line + b"\r\na=sendrecv\r\n")
    masked = mask_secrets(whole)
    assert b"MTIz" not in masked
    assert masked.endswith(b"*\r\na=sendrecv\r\n")
    assert len(masked) == len(whole)


def test_a_challenge_and_addresses_with_ports_are_no_secrets() -> None:
    whole = message(
        b'WWW-Authenticate: Digest realm="r", nonce="0123"', b"Contact: <sip:192.0.2.1:5060>;x=a@b", b"X: response=1"
    )
    assert mask_secrets(whole) == whole


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+861******5678"),
        ("2120280001", "212****001"),
        ("1234567", "1****67"),
        ("123456", "123456"),
    ],
)
def test_a_number_keeps_its_begin_and_its_end(number: str, masked: str) -> None:
    assert mask_number(number) == masked


def test_a_number_is_hidden_wherever_it_stands_once_it_is_the_user_of_a_uri() -> None:
    whole = message(b'From: "13812345678" <sip:+8613812345678@h>', b"To: <tel:13812345678>;tag=2028000113")
    masked = mask_numbers(whole)
    assert b"13812345678" not in masked
    assert b'"138****5678" <sip:+861******5678@h>' in masked
    assert b"tag=2028000113" in masked


@given(st.binary(max_size=300))
def test_whatever_comes_is_taken_and_keeps_its_length(data: bytes) -> None:
    assert len(mask_numbers(mask_secrets(b"\r\nAuthorization: " + data))) == len(data) + 17
