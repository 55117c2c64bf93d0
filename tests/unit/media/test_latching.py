"""Whom the worker's streams listen to, and until when, with its sockets; the rules alone are in `test_latch`."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.media.bench import EVENT, Bench, Phone, connect
from tests.unit.media.workers import speech

from playvoice.media import protocol as p
from playvoice.media.latch import LATCH_AGAIN, SETTLED_PACKETS
from playvoice.media.quality import SAMPLED
from playvoice.media.rtp import FRAME

ELSEWHERE = "127.0.0.9"
"""A host that neither a description nor SIP names."""


def another(bench: Bench, host: str = "127.0.0.1") -> Phone:
    """A phone that no description names."""
    phone = Phone(host)
    bench.phones.append(phone)
    return phone


def bridged(bench: Bench) -> tuple[p.Reserved, Phone, Phone]:
    """A stream, its phone, and the phone that hears it."""
    reserved, phone = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    return reserved, phone, agent


def talk(bench: Bench, reserved: p.Reserved, phone: Phone, packets: int) -> None:
    for _ in range(packets):
        phone.says(reserved.port)
        bench.run(0.02)


def press(bench: Bench, reserved: p.Reserved, phone: Phone, timestamp: int) -> bool:
    """Whether a key that is pressed there is heard."""
    phone.says(reserved.port, b"\5\x8a\0\240", payload_type=EVENT, timestamp=timestamp)
    return p.KeyPressed(reserved.stream, "5") in bench.run(0.02)


def released(bench: Bench, reserved: p.Reserved) -> p.Released:
    bench.do(p.Release(5, reserved.stream))
    (message,) = [each for each in bench.engine.take_reports() if isinstance(each, p.Released)]
    return message


def test_a_host_that_nobody_named_is_never_heard_not_even_before_the_phone(bench: Bench) -> None:
    reserved, phone, agent = bridged(bench)
    stranger = another(bench, ELSEWHERE)
    talk(bench, reserved, stranger, 10)
    assert agent.heard() == []
    talk(bench, reserved, phone, 10)
    talk(bench, reserved, stranger, 10)
    assert len(agent.heard()) == 10
    assert released(bench, reserved).ignored == 10, "once the socket is connected the kernel drops them"


def test_the_host_that_sip_came_from_is_heard_and_sent_to(bench: Bench) -> None:
    reserved, phone, agent = bridged(bench)
    behind_nat = another(bench, ELSEWHERE)
    bench.do(replace(connect(reserved, phone), sip_source=ELSEWHERE))
    talk(bench, reserved, behind_nat, 5)
    assert len(agent.heard()) == 5
    stream = bench.engine._streams[reserved.stream]
    assert stream.latch.target == (ELSEWHERE, behind_nat.port)


def test_the_described_port_wins_while_another_has_not_settled(bench: Bench) -> None:
    reserved, phone, agent = bridged(bench)
    other = another(bench)
    other.ssrc = 9
    talk(bench, reserved, other, SETTLED_PACKETS - 1)
    talk(bench, reserved, phone, 5)
    talk(bench, reserved, other, 5)
    assert len(agent.heard()) == SETTLED_PACKETS - 1 + 5


def test_what_a_stranger_left_in_the_socket_before_it_was_connected_is_not_heard(bench: Bench) -> None:
    reserved, phone, agent = bridged(bench)
    stranger = another(bench, ELSEWHERE)
    for _ in range(3):  # all are there before the first is read
        phone.says(reserved.port)
        stranger.says(reserved.port)
    bench.run(0.1)
    assert len(agent.heard()) == 3
    assert released(bench, reserved).ignored == 3


@pytest.mark.parametrize("listened", ["bridged", "filtered"])
def test_after_five_seconds_without_a_packet_another_port_may_speak_and_not_before(bench: Bench, listened: str) -> None:
    if listened == "bridged":
        reserved, phone, _ = bridged(bench)
    else:
        reserved, phone = bench.phone()
    moved = another(bench)
    talk(bench, reserved, phone, 5)
    bench.run(LATCH_AGAIN - 1.0)
    assert not press(bench, reserved, moved, 1)
    bench.run(2.1)
    assert press(bench, reserved, moved, 2)


def test_a_phone_that_speaks_is_not_taken_for_silent_because_the_kernel_drops_what_it_says(bench: Bench) -> None:
    reserved, phone = bench.phone()
    moved = another(bench)
    talk(bench, reserved, phone, 2 * 50 * round(LATCH_AGAIN))
    assert not press(bench, reserved, moved, 1)
    assert press(bench, reserved, phone, 2)
    figures = released(bench, reserved)
    assert figures.sampled
    assert figures.received == pytest.approx(2 * 50 * LATCH_AGAIN, abs=SAMPLED)


def test_a_leg_whose_keys_come_as_tones_is_not_filtered(bench: Bench) -> None:
    reserved, phone = bench.phone()
    bench.do(connect(reserved, phone, event=-1, tones=True))
    talk(bench, reserved, phone, 100)
    figures = released(bench, reserved)
    assert (figures.received, figures.sampled) == (100, False)


def test_a_recording_hears_all_and_when_it_is_over_the_kernel_drops_again(bench: Bench, tmp_path: Path) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Record(reserved.stream, str(tmp_path / "raw")))
    talk(bench, reserved, phone, 100)
    stream = bench.engine._streams[reserved.stream]
    assert (stream._reception.received, stream._reception.sampled) == (100, False)
    bench.do(p.StopRecording(1, reserved.stream))
    talk(bench, reserved, phone, 2 * SAMPLED)
    figures = released(bench, reserved)
    assert (figures.received, figures.sampled) == (100 + 2 * SAMPLED, True)


def test_a_new_description_lets_go_of_the_old_phone_at_once(bench: Bench) -> None:
    reserved, phone, agent = bridged(bench)
    talk(bench, reserved, phone, 5)
    moved = another(bench, ELSEWHERE)
    moved.ssrc = 9
    bench.do(replace(connect(reserved, moved), host=ELSEWHERE))
    agent.heard()
    talk(bench, reserved, phone, 5)
    assert agent.heard() == []
    talk(bench, reserved, moved, 5)
    assert len(agent.heard()) == 5


def test_what_was_not_agreed_on_latches_nothing(bench: Bench) -> None:
    reserved, _, _ = bridged(bench)
    other = another(bench)
    for _ in range(5):
        other.says(reserved.port, b"noise", payload_type=13)
        bench.run(0.02)
    assert bench.engine._streams[reserved.stream].latch.latched is None


def silence_told(bench: Bench, seconds: float) -> bool:
    return any(isinstance(report, p.Silent) for report in bench.run(seconds))


def test_a_phone_that_is_played_to_may_be_silent_as_long_as_it_likes(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "voice").write_bytes(speech(2.0, 1))
    reserved, phone = bench.phone()
    phone.says(reserved.port)
    bench.do(p.Play(reserved.stream, {"8": str(tmp_path / "voice")}, True))
    assert not silence_told(bench, 200.0)


def test_the_silence_that_counts_begins_with_the_bridge(bench: Bench) -> None:
    reserved, _ = bench.phone()
    bench.run(100.0)
    other, _ = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    assert not silence_told(bench, 59.0)
    assert silence_told(bench, 3.0)


def test_a_phone_that_suppresses_silence_lives_by_its_comfort_noise(bench: Bench) -> None:
    reserved, phone, agent = bridged(bench)
    (other,) = [number for number in bench.engine._streams if number != reserved.stream]
    port = bench.engine._streams[other].port
    talk(bench, reserved, phone, 1)
    for number in range(13):
        agent.says(port)
        phone.says(reserved.port, b"noise", payload_type=13, timestamp=number * 10 * 50 * FRAME)
        assert not silence_told(bench, 10.0)
