"""What is packed is what is read, without its secrets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.calls.trace_parts import Passed, Raw, pack, unpack
from playvoice.sip import Flow, Transport

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FLOW = Flow(Transport.UDP, ("192.0.2.9", 5080), ("192.0.2.1", 5060))
INVITE = b"INVITE sip:13812345678@192.0.2.9 SIP/2.0\r\nCall-ID: a\r\n\r\n"


def raw(*messages: tuple[float, bytes], ended: float | None = None, mask: bool = False) -> Raw:
    return Raw(
        "uuid",
        lambda now: START + timedelta(seconds=now),
        mask,
        messages=[Passed(now, True, FLOW, data) for now, data in messages],
        ended=ended,
    )


def test_a_message_is_read_as_it_passed_by() -> None:
    (message,) = unpack(pack(raw((1.5, INVITE))).body).messages
    assert (message.at, message.sent, message.data) == (START + timedelta(seconds=1.5), True, INVITE)
    assert (message.transport, message.remote, message.local) == ("udp", FLOW.remote, FLOW.local)
    assert not message.repeated
    assert not message.late


def test_what_goes_again_to_the_octet_is_a_retransmission_and_costs_next_to_nothing() -> None:
    body = bytes(range(256)) * 20
    once, twice = pack(raw((0, body))).body, pack(raw((0, body), (0.5, body))).body
    assert [message.repeated for message in unpack(twice).messages] == [False, True]
    assert len(twice) - len(once) < 50


def test_what_comes_back_the_same_is_no_retransmission() -> None:
    part = raw((0, INVITE))
    part.messages.append(Passed(1, False, FLOW, INVITE))
    assert [message.repeated for message in unpack(pack(part).body).messages] == [False, False]


def test_what_passes_by_after_the_end_is_late() -> None:
    part = unpack(pack(raw((1, INVITE), (3, INVITE), ended=2)).body)
    assert [message.late for message in part.messages] == [False, True]


def test_secrets_are_not_stored() -> None:
    secret = b'BYE x SIP/2.0\r\nProxy-Authorization: Digest nonce="n", response="0123"\r\n\r\n'
    (message,) = unpack(pack(raw((0, secret))).body).messages
    assert message.data == secret.replace(b"0123", b"****")


@pytest.mark.parametrize(("mask", "number"), [(False, "13812345678"), (True, "138****5678")])
def test_numbers_are_stored_as_it_is_wanted(mask: bool, number: str) -> None:
    part = raw((0, INVITE), mask=mask)
    part.notes.append((0, "invite_sent", {"destnumber": "13812345678", "extension": "20280003"}))
    part.notes.append((0, "redirected", {"target": "sip:13812345678@192.0.2.9", "status": 302}))
    part.notes.append((0, "customer_refused", {"reason": "13812345678 is barred", "status": 403}))
    read = unpack(pack(part).body)
    assert number.encode() in read.messages[0].data
    assert [dict(note.values) for note in read.notes] == [
        {"destnumber": number, "extension": "20280003"},
        {"target": f"sip:{number}@192.0.2.9", "status": 302},
        {"reason": f"{number} is barred", "status": 403},
    ]


def test_a_part_without_a_message_is_as_old_as_its_first_note() -> None:
    part = raw(ended=9)
    part.notes.append((4, "call_abandoned", {"reason": "so"}))
    assert pack(part).at == START + timedelta(seconds=4)


def test_what_is_no_text_in_a_note_costs_nothing_but_itself() -> None:
    part = raw((0, INVITE))
    part.notes.append((0, "recording_failed", {"reason": "no file caf\udce9"}))
    read = unpack(pack(part).body)
    assert (read.notes[0].values, len(read.messages)) == ({"reason": "no file caf?"}, 1)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_whatever_octets_a_message_has_are_read_again(bodies: list[bytes]) -> None:
    part = unpack(pack(raw(*enumerate(bodies))).body)
    assert [message.data for message in part.messages] == bodies


@given(st.binary(max_size=80))
def test_what_was_not_written_by_us_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="can't be read"):
        unpack(body)
