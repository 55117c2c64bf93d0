import pytest

from playvoice.sip.tap import call_id_of, printable


@pytest.mark.parametrize(
    ("message", "call_id"),
    [
        (b"BYE x SIP/2.0\r\nCall-ID: a@b\r\n\r\n", "a@b"),
        (b"BYE x SIP/2.0\r\ni:a \r\n\r\n", "a"),
        (b"BYE x SIP/2.0\r\nCALL-ID \t:\ta\r\n\r\n", "a"),
        (b"BYE x SIP/2.0\r\nCall-ID: \xe4\r\n\r\n", "\xe4"),
        (b"BYE x SIP/2.0\r\nX: Call-ID: a\r\n\r\n", None),
        (b"BYE x SIP/2.0\r\ni: a\r\n\r\n\r\nCall-ID: b\r\n\r\n", "a"),
        (b"\r\n\r\n", None),
    ],
)
def test_the_call_id_is_found_however_it_is_written(message: bytes, call_id: str | None) -> None:
    assert call_id_of(message) == call_id


def test_what_a_stranger_sends_can_not_move_a_terminals_cursor() -> None:
    assert printable(b"a\r\n\x1b[2J\xff\r\n") == "a\n\\x1b[2J\\xff\n"
