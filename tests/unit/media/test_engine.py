"""What the worker does with its streams, tick by tick, under a clock that the test sets; sockets are on loopback."""

import random
import socket
from pathlib import Path

import numpy as np
import pytest
from tests.unit.media.bench import EVENT, Bench, Phone, assert_one_talk, connect, recording_of
from tests.unit.media.workers import speech

from playvoice.media import protocol as p
from playvoice.media import udp
from playvoice.media.engine import MAX_REASON, TICKS_A_SECOND, Engine
from playvoice.media.g711 import linear_to_alaw
from playvoice.media.metronome import PHASES, TICK
from playvoice.media.rtp import FRAME, SAMPLE_RATE, Packet
from playvoice.media.stream import SILENT
from playvoice.media.tones import TONES_WEIGHT
from playvoice.simulator.sound import key_tones


@pytest.fixture
def voice(tmp_path: Path) -> dict[str, str]:
    """Two seconds."""
    (tmp_path / "voice").write_bytes(speech(2.0, 1))
    return {"8": str(tmp_path / "voice")}


def test_the_first_packet_leaves_within_20_ms_with_the_marker_and_one_follows_each_20_ms(
    bench: Bench, voice: dict[str, str]
) -> None:
    reserved, phone = bench.phone()
    bench.run(0.123)
    bench.do(p.Play(reserved.stream, voice, False))
    bench.run(0.02)
    (first,) = phone.heard()
    assert first.marker
    assert first.payload == Path(voice["8"]).read_bytes()[:FRAME]
    for number in range(1, 20):
        bench.run(0.02)
        (packet,) = phone.heard()
        assert not packet.marker
        assert (packet.timestamp - first.timestamp) & 0xFFFFFFFF == number * FRAME


def test_the_end_is_told_when_the_last_packet_is_20_ms_old(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, False))
    assert bench.run(2.0) == []
    assert len(phone.heard()) == 100
    assert bench.run(0.02) == [p.PlaybackEnded(reserved.stream)]
    assert phone.heard() == []


def test_voice_keys_hold_music_and_the_other_leg_are_one_talk_to_the_far_end(
    bench: Bench, voice: dict[str, str]
) -> None:
    reserved, phone = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Play(reserved.stream, voice, False))
    bench.run(0.2)
    bench.do(p.SendKeys(reserved.stream, "1"))
    bench.run(0.4)
    bench.do(p.Play(reserved.stream, voice, True))
    bench.run(0.2)
    bench.do(p.StopPlaying(reserved.stream))
    bench.run(1.0)
    bench.do(p.Bridge(reserved.stream, other.stream))
    for _ in range(10):
        agent.says(other.port)
        bench.run(0.02)
    bench.do(p.Play(reserved.stream, voice, False))
    bench.run(0.2)
    packets = phone.heard()
    assert_one_talk(packets)
    audio = [packet for packet in packets if packet.payload_type == 8]
    assert len(audio) == 10 + 12 + 10 + 10 + 10
    spoken = [(packet.timestamp - packets[0].timestamp) & 0xFFFFFFFF for packet in audio]
    assert spoken == sorted(spoken), "timestamps never go back"
    assert spoken[-1] / 8000 == pytest.approx(0.2 + 0.4 + 0.2 + 1.0 + 0.2 + 0.2, abs=0.06), "they count the time"
    starts = [index for index, packet in enumerate(audio) if packet.marker]
    assert starts == [0, 10, 22, 32, 42], "each talkspurt begins with the marker"


def test_sequence_numbers_run_on_over_a_hold(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, True))
    bench.run(0.2)
    for sends in (False, True):
        bench.do(connect(reserved, phone, sends=sends))
        bench.run(0.4)
    packets = phone.heard()
    assert len(packets) == 30
    assert_one_talk(packets)
    assert (packets[10].timestamp - packets[9].timestamp) & 0xFFFFFFFF == 21 * FRAME


def talk(bench: Bench, reserved: p.Reserved, phone: Phone, seconds: float) -> None:
    """The phone sends 20 ms each 20 ms."""
    for _ in range(round(seconds / 0.02)):
        phone.says(reserved.port)
        bench.run(0.02)


def test_who_was_held_while_he_talked_with_somebody_gets_a_marker_and_no_gap_when_he_hears_again(bench: Bench) -> None:
    (one, talking), (other, held) = bench.phone(), bench.phone()
    bench.do(p.Bridge(one.stream, other.stream))
    talk(bench, one, talking, 0.2)
    bench.do(connect(other, held, sends=False))
    talk(bench, one, talking, 0.5)
    before = held.heard()
    bench.do(connect(other, held))
    talk(bench, one, talking, 0.2)
    after = held.heard()
    assert_one_talk(before + after)
    assert [packet.marker for packet in after] == [True, *[False] * (len(after) - 1)]
    passed = (after[0].timestamp - before[-1].timestamp) & 0xFFFFFFFF
    assert passed == pytest.approx(0.52 * SAMPLE_RATE, abs=2 * FRAME)


@pytest.mark.parametrize("what", ["voice", "keys"])
def test_what_a_phone_that_held_was_to_be_played_leaves_no_gap_either(
    bench: Bench, voice: dict[str, str], what: str
) -> None:
    (one, talking), (other, held) = bench.phone(), bench.phone()
    bench.do(p.Bridge(one.stream, other.stream))
    talk(bench, one, talking, 0.2)
    bench.do(connect(other, held, sends=False))
    bench.do(p.Play(other.stream, voice, False) if what == "voice" else p.SendKeys(other.stream, "123"))
    talk(bench, one, talking, 2.4)
    bench.do(connect(other, held))
    talk(bench, one, talking, 0.2)
    packets = held.heard()
    assert len(packets) == 20
    assert_one_talk(packets)


def test_two_that_are_bridged_again_lose_nothing_of_what_was_said_meanwhile(bench: Bench) -> None:
    (one, talking), (other, listening) = bench.phone(), bench.phone()
    bench.do(p.Bridge(one.stream, other.stream))
    talk(bench, one, talking, 0.2)
    bench.do(p.Unbridge(one.stream))
    talk(bench, one, talking, 0.5)
    before = listening.heard()
    bench.do(p.Bridge(one.stream, other.stream))
    talk(bench, one, talking, 0.2)
    after = listening.heard()
    assert_one_talk(before + after)
    assert after[0].marker


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_with_two_legs_each_far_end_hears_one_talk(
    bench: Bench, voice: dict[str, str], seed: int
) -> None:
    chance = random.Random(seed)
    legs = [bench.phone(), bench.phone()]
    heard: list[list[Packet]] = [[], []]
    sends = [True, True]
    for _ in range(40):
        side = chance.randrange(2)
        (reserved, phone), (other, _phone) = legs[side], legs[1 - side]
        match chance.choice(
            ["play", "loop", "stop", "bridge", "unbridge", "keys", "hold", "resume", "keyless", "source"]
        ):
            case "play" | "loop" as how:
                bench.do(p.Play(reserved.stream, voice, how == "loop"))
            case "stop":
                bench.do(p.StopPlaying(reserved.stream))
            case "bridge":
                bench.do(p.Bridge(reserved.stream, other.stream))
            case "unbridge":
                bench.do(p.Unbridge(reserved.stream))
            case "keys":
                bench.do(p.SendKeys(reserved.stream, "12"))
            case "hold" | "resume" as how:
                sends[side] = how == "resume"
                bench.do(connect(reserved, phone, sends=sends[side]))
            case "keyless":
                bench.do(connect(reserved, phone, sends=sends[side], event=-1))
            case _:
                phone.ssrc, phone.sequence = chance.getrandbits(32), chance.getrandbits(16)
        for _ in range(chance.randrange(1, 25)):
            for reserved, phone in legs:
                phone.says(reserved.port, timestamp=round(bench.now * SAMPLE_RATE))
            bench.run(0.02)
            for packets, (_, phone) in zip(heard, legs, strict=True):
                packets += phone.heard()
    for packets, (reserved, phone) in zip(heard, legs, strict=True):
        bench.do(p.Release(1, reserved.stream))
        packets += phone.heard()
        (released,) = bench.engine.take_reports()
        assert isinstance(released, p.Released)
        assert released.sent == len(packets)
        assert_one_talk(packets)


@pytest.mark.parametrize("latched", [False, True])
def test_each_packet_that_left_is_counted_once_and_what_was_held_is_not(
    bench: Bench, voice: dict[str, str], latched: bool
) -> None:
    reserved, phone = bench.phone()
    if latched:
        phone.says(reserved.port)
        bench.run(0.02)
    bench.do(p.Play(reserved.stream, voice, True))
    for sends in (True, False, True):
        bench.do(connect(reserved, phone, sends=sends))
        bench.run(0.4)
        bench.do(p.SendKeys(reserved.stream, "1"))
        bench.run(0.5)
    bench.do(p.Release(5, reserved.stream))
    (released,) = bench.engine.take_reports()
    assert isinstance(released, p.Released)
    packets = phone.heard()
    assert (released.sent, released.unsent) == (len(packets), 0)
    assert_one_talk(packets)


def test_a_far_end_that_is_gone_costs_the_others_nothing(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    there, other = bench.phone()
    for each, stream in ((phone, reserved), (other, there)):
        each.says(stream.port)
        bench.do(p.Play(stream.stream, voice, True))
    bench.run(0.4)
    phone.close()
    bench.run(0.4)
    for stream in (reserved, there):
        bench.do(p.Release(5, stream.stream))
    gone, heard = bench.engine.take_reports()
    assert isinstance(gone, p.Released)
    assert isinstance(heard, p.Released)
    assert gone.sent + gone.unsent == 40
    assert (heard.sent, heard.unsent) == (len(other.heard()), 0) == (40, 0)


def test_a_voice_that_plays_follows_its_far_end_to_where_it_is_heard_from(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    behind_nat, moved = Phone(), Phone()
    bench.phones += [behind_nat, moved]
    bench.do(p.Play(reserved.stream, voice, True))
    bench.run(0.1)
    assert len(phone.heard()) == 5
    for _ in range(5):  # the first latches, the third connects the socket
        behind_nat.says(reserved.port)
        bench.run(TICK)  # the packet may have left in this tick, before it was read
        behind_nat.heard()
        phone.heard()
        bench.run(0.1 - TICK)
        assert len(behind_nat.heard()) >= 4
        assert phone.heard() == []
    bench.do(connect(reserved, moved))
    bench.run(0.1)
    assert len(moved.heard()) == 5
    assert behind_nat.heard() == []


def test_after_the_worker_stood_still_timestamps_have_passed_and_the_voice_has_not(
    bench: Bench, voice: dict[str, str]
) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, False))
    bench.run(0.2)
    bench.ticks += 50 * PHASES
    bench.run(0.2)
    packets = phone.heard()
    assert_one_talk(packets)
    assert packets[10].marker
    assert (packets[10].timestamp - packets[9].timestamp) & 0xFFFFFFFF == 51 * FRAME
    assert b"".join(packet.payload for packet in packets) == Path(voice["8"]).read_bytes()[: 20 * FRAME]


def test_a_description_that_takes_no_keys_ends_those_that_are_pressed_and_the_voice_goes_on(
    bench: Bench, voice: dict[str, str]
) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, False), p.SendKeys(reserved.stream, "123"))
    bench.run(0.1)
    bench.do(connect(reserved, phone, event=-1))
    bench.run(0.1)
    packets = phone.heard()
    assert [packet.payload_type for packet in packets] == [EVENT] * 5 + [8] * 5
    bench.do(connect(reserved, phone), p.SendKeys(reserved.stream, "4"))
    bench.run(0.16)
    assert {packet.payload[0] for packet in phone.heard() if packet.payload_type == EVENT} == {4}


def test_a_voice_that_cannot_be_mapped_is_told_and_the_stream_can_play_another(
    bench: Bench, voice: dict[str, str]
) -> None:
    reserved, phone = bench.phone()
    for paths, told in (({"8": "/nonexistent"}, "No such file"), ({"0": voice["8"]}, "no PCMA"), ({"8": "\0"}, "null")):
        bench.do(p.Play(reserved.stream, paths, False))
        (failed,) = bench.engine.take_reports()
        assert isinstance(failed, p.PlaybackFailed)
        assert told in failed.reason
    bench.do(p.Play(reserved.stream, {"8": "/" + "x" * 60_000}, False))
    (failed,) = bench.engine.take_reports()
    assert isinstance(failed, p.PlaybackFailed)
    assert len(failed.reason) <= MAX_REASON
    bench.do(p.Play(reserved.stream, voice, False))
    bench.run(0.02)
    assert len(phone.heard()) == 1


def silence_told(bench: Bench, seconds: float) -> list[p.Message]:
    return [report for report in bench.run(seconds) if isinstance(report, p.Silent)]


def test_a_minute_of_silence_of_two_that_talk_is_told_once(bench: Bench) -> None:
    one, _ = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(one.stream, other.stream))
    for _ in range(6):
        agent.says(other.port)
        assert silence_told(bench, 9.9) == []
    assert silence_told(bench, 70.0) == [p.Silent(one.stream), p.Silent(other.stream)]


@pytest.mark.parametrize(("sends", "receives"), [(False, True), (False, False), (True, False)])
def test_the_silence_of_a_phone_that_holds_is_not_told_until_it_talks_again(
    bench: Bench, sends: bool, receives: bool
) -> None:
    one, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Bridge(one.stream, other.stream), connect(other, agent, sends=sends, receives=receives))
    for _ in range(13):
        customer.says(one.port)
        assert silence_told(bench, 10.0) == []
    bench.do(connect(other, agent))
    for _ in range(6):
        customer.says(one.port)
        assert silence_told(bench, 9.9) == []
    customer.says(one.port)
    assert silence_told(bench, 3.0) == [p.Silent(other.stream)]


def test_keys_are_heard_with_and_without_the_filter(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(sock: socket.socket, telephone_event: int) -> None:
        raise OSError(12, "Cannot allocate memory")

    for number in range(2):
        reserved, phone = bench.phone()
        for _ in range(5):
            phone.says(reserved.port)
            bench.run(0.02)
        phone.says(reserved.port, b"\5\12\0\240", payload_type=EVENT, timestamp=number)
        assert bench.run(0.02) == [p.KeyPressed(reserved.stream, "5")]
        monkeypatch.setattr(udp, "attach_filter", no_memory)


def test_while_nobody_needs_it_audio_is_filtered_and_for_a_bridge_it_is_not(bench: Bench) -> None:
    reserved, phone = bench.phone()
    other, agent = bench.phone()
    for _ in range(200):
        phone.says(reserved.port)
        bench.run(0.02)
    bench.do(p.Bridge(reserved.stream, other.stream))
    for _ in range(5):
        phone.says(reserved.port)
        bench.run(0.02)
    assert len(agent.heard()) == 5
    bench.do(p.Release(9, reserved.stream))
    (released,) = bench.engine.take_reports()
    assert isinstance(released, p.Released)
    assert released.sampled
    assert released.ignored == 0
    assert released.received == pytest.approx(205, abs=64)


def test_a_key_that_comes_in_the_tick_in_which_the_voice_ends_is_told(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    lasted = []
    for _ in range(2):
        bench.do(p.Play(reserved.stream, voice, False))
        begun = bench.ticks
        lasted.append(next(bench.ticks - begun for _ in range(4_000) if bench.run(TICK)))
    bench.do(p.Play(reserved.stream, voice, False))
    assert bench.run((lasted[1] - 1) * TICK) == []
    phone.says(reserved.port, b"\5\12\0\240", payload_type=EVENT, timestamp=1)
    assert bench.run(TICK) == [p.PlaybackEnded(reserved.stream), p.KeyPressed(reserved.stream, "5")]


def test_redundant_audio_that_was_not_agreed_on_presses_nothing(bench: Bench) -> None:
    reserved, phone = bench.phone()
    primary = b"\5\12\0\240"
    phone.says(reserved.port, bytes([EVENT]) + primary, payload_type=121, timestamp=1)  # RFC 2198: no block before it
    phone.says(reserved.port)
    assert bench.run(0.02) == []
    phone.says(reserved.port, primary, payload_type=EVENT, timestamp=1)
    assert bench.run(0.02) == [p.KeyPressed(reserved.stream, "5")]


def test_a_telephone_event_that_was_not_agreed_on_presses_nothing(bench: Bench) -> None:
    reserved, phone = bench.phone()
    bench.do(connect(reserved, phone, event=-1))
    phone.says(reserved.port, b"\5\12\0\240", payload_type=EVENT, timestamp=1)
    assert bench.run(0.02) == []


def test_a_key_that_is_held_over_a_new_description_counts_once(bench: Bench) -> None:
    reserved, phone = bench.phone()
    phone.says(reserved.port, b"\5\12\0\240", payload_type=EVENT, timestamp=1)
    assert bench.run(0.02) == [p.KeyPressed(reserved.stream, "5")]
    bench.do(connect(reserved, phone, event=96))
    phone.says(reserved.port, b"\5\12\1\340", payload_type=96, timestamp=1)
    assert bench.run(0.02) == []
    phone.says(reserved.port, b"\5\12\0\240", payload_type=96, timestamp=4_000)
    assert bench.run(0.02) == [p.KeyPressed(reserved.stream, "5")]


def press_tones(bench: Bench, phone: Phone, port: int, key: str) -> list[p.Message]:
    """Say nothing for 0.2 s, then press the key for 0.1 s, then say nothing again; what is reported meanwhile."""
    sound = np.concatenate([np.zeros(1600), key_tones(key, 0.1), np.zeros(800)])
    octets = linear_to_alaw(np.rint(sound).astype(np.int16))
    reports = []
    for start in range(0, len(octets), FRAME):
        phone.says(port, octets[start : start + FRAME])
        reports += bench.run(0.02)
    return reports


def test_keys_as_tones_are_told_where_they_are_searched_for(bench: Bench) -> None:
    reserved, phone = bench.phone()
    bench.do(connect(reserved, phone, event=-1, tones=True))
    assert press_tones(bench, phone, reserved.port, "7") == [p.KeyPressed(reserved.stream, "7")]
    bench.do(connect(reserved, phone, event=-1, tones=True))
    assert press_tones(bench, phone, reserved.port, "#") == [p.KeyPressed(reserved.stream, "#")]


def test_a_tone_that_leaks_into_the_audio_of_telephone_events_is_no_press_of_its_own(bench: Bench) -> None:
    reserved, phone = bench.phone()
    phone.says(reserved.port, b"\7\12\0\240", payload_type=EVENT, timestamp=1)
    assert bench.run(0.02) == [p.KeyPressed(reserved.stream, "7")]
    assert press_tones(bench, phone, reserved.port, "7") == []


def test_who_talks_with_somebody_presses_no_tones(bench: Bench) -> None:
    reserved, phone = bench.phone()
    other, _ = bench.phone()
    bench.do(connect(reserved, phone, event=-1, tones=True), p.Bridge(reserved.stream, other.stream))
    assert press_tones(bench, phone, reserved.port, "7") == []
    bench.do(p.Unbridge(reserved.stream))
    assert press_tones(bench, phone, reserved.port, "7") == [p.KeyPressed(reserved.stream, "7")]


def test_several_legs_press_at_once(bench: Bench) -> None:
    legs = [bench.phone() for _ in range(2)]
    for reserved, phone in legs:
        bench.do(connect(reserved, phone, event=-1, tones=True))
    sounds = [linear_to_alaw(np.rint(key_tones(key, 0.1)).astype(np.int16)) for key in "4D"]
    reports = []
    for start in range(0, len(sounds[0]), FRAME):
        for (reserved, phone), octets in zip(legs, sounds, strict=True):
            phone.says(reserved.port, octets[start : start + FRAME])
        reports += bench.run(0.02)
    assert reports == [p.KeyPressed(reserved.stream, key) for (reserved, _), key in zip(legs, "4D", strict=True)]


def test_a_key_as_tones_costs_no_stream_its_turn_to_be_checked(bench: Bench) -> None:
    reserved, phone = bench.phone()
    other, _ = bench.phone()
    another, _ = bench.phone()
    bench.do(connect(reserved, phone, event=-1, tones=True))

    def press(key: str) -> list[p.Message]:
        """Until it is told; the reports of that tick."""
        phone.sequence += 100  # what was before is long ago
        octets = linear_to_alaw(np.rint(key_tones(key, 0.1)).astype(np.int16))
        for start in range(0, len(octets), FRAME):
            phone.says(reserved.port, octets[start : start + FRAME])
            for _ in range(PHASES):
                if p.KeyPressed(reserved.stream, key) in (reports := bench.run(TICK)):
                    return reports
        raise AssertionError("the key is not heard")

    began = bench.ticks
    press("7")
    takes = bench.ticks - began
    bench.do(p.Bridge(other.stream, another.stream))
    due = bench.ticks + round(SILENT / TICK) + 1
    due += (other.stream - due) % TICKS_A_SECOND
    bench.run((due + 1 - takes - bench.ticks) * TICK)
    assert p.Silent(other.stream) in press("8"), "told in the tick that is this stream's"


def test_only_a_leg_whose_audio_is_searched_is_read_whole(bench: Bench) -> None:
    legs = [bench.phone() for _ in range(3)]
    for (reserved, phone), (event, tones) in zip(legs, ((EVENT, False), (-1, False), (-1, True)), strict=True):
        bench.do(connect(reserved, phone, event=event, tones=tones))
    for _ in range(70):
        for reserved, phone in legs:
            phone.says(reserved.port)
        bench.run(0.02)
    sampled = []
    for reserved, _ in legs:
        bench.do(p.Release(9, reserved.stream))
        (released,) = bench.engine.take_reports()
        assert isinstance(released, p.Released)
        sampled.append(released.sampled)
    assert sampled == [True, True, False]


def test_a_leg_whose_audio_is_searched_counts_for_several() -> None:
    small = Bench(capacity=TONES_WEIGHT + 1)
    reserved, phone = small.phone()
    small.do(connect(reserved, phone, event=-1, tones=True))
    small.reserve()
    small.do(p.Reserve(9))
    (refused,) = small.engine.take_reports()
    assert isinstance(refused, p.Refused)
    small.do(connect(reserved, phone))
    for _ in range(TONES_WEIGHT - 1):
        small.reserve()
    small.do(p.Reserve(9))
    (refused,) = small.engine.take_reports()
    assert isinstance(refused, p.Refused)
    small.close()


def test_it_tells_what_each_stream_does(bench: Bench, voice: dict[str, str]) -> None:
    one, phone = bench.phone()
    other, _ = bench.phone()
    told = f"<Stream {one.stream} port {one.port}, {{}}, <Latch open, described ('127.0.0.1', {phone.port})>>"
    stream = bench.engine._streams[one.stream]
    assert repr(stream) == told.format("quiet")
    bench.do(p.Play(one.stream, voice, False))
    assert repr(stream) == told.format("playing")
    assert repr(bench.engine) == "<Engine 2 streams, 1 playing>"
    bench.do(p.Bridge(one.stream, other.stream))
    assert repr(stream) == told.format(f"bridged to {other.stream}")


def test_a_stranger_is_counted_and_changes_nothing(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    phone.says(reserved.port)
    bench.run(0.02)
    stranger = Phone()
    bench.phones.append(stranger)
    stranger.says(reserved.port, b"\1\12\0\240", payload_type=EVENT)
    assert bench.run(0.02) == []
    bench.do(p.Play(reserved.stream, voice, False))
    bench.run(0.02)
    assert len(phone.heard()) == 1
    assert stranger.heard() == []


def test_at_the_bound_it_refuses_and_a_released_stream_makes_room() -> None:
    bench = Bench(capacity=1)
    reserved = bench.reserve()
    bench.do(p.Reserve(5), p.Release(6, reserved.stream), p.Reserve(7))
    refused, released, again = bench.engine.take_reports()
    assert refused == p.Refused(5, "1 streams, and no more are carried")
    assert isinstance(released, p.Released)
    assert isinstance(again, p.Reserved)
    assert again.stream == reserved.stream + 1
    assert again.stream >> 32 == 3, "ids carry the worker's number"
    assert again.port != reserved.port
    bench.close()
    assert bench.engine.idle


def test_a_port_that_somebody_else_holds_is_skipped_and_without_any_it_refuses() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1] & ~1
        engine = Engine("127.0.0.1", (port, port + 1), 1, 5, random.Random())
        engine.handle(p.Reserve(1), 0.0)
        assert engine.take_reports() == [p.Refused(1, "no free RTP port")]


def test_commands_about_a_stream_that_is_gone_are_answered_where_an_answer_is_waited_for(bench: Bench) -> None:
    bench.do(p.Play(5, {}, False), p.Bridge(5, 6), p.StopRecording(1, 5), p.Release(2, 5))
    assert bench.engine.take_reports() == [
        p.RecordingDone(1, -1, "the stream is gone"),
        p.Released(2, 0, 0, 0, 0, False, 0, 0),
    ]


def test_both_channels_of_a_recording_are_where_they_were_heard_to_40_ms(
    bench: Bench, voice: dict[str, str], tmp_path: Path
) -> None:
    reserved, customer = bench.phone()
    other, agent = bench.phone()
    bench.do(p.Record(reserved.stream, str(tmp_path / "raw")))
    began = bench.now
    said: dict[str, list[tuple[float, bytes]]] = {"left": [], "right": []}
    generator = random.Random(1)

    def talk(seconds: float, *, agent_too: bool) -> None:
        for _ in range(round(seconds / 0.02)):
            said["left"].append((bench.now - began, generator.randbytes(FRAME)))
            customer.says(reserved.port, said["left"][-1][1])
            if agent_too:
                said["right"].append((bench.now - began, generator.randbytes(FRAME)))
                agent.says(other.port, said["right"][-1][1])
            bench.run(0.02)

    bench.run(0.33)
    said["right"].append((bench.now - began, Path(voice["8"]).read_bytes()[:FRAME]))
    bench.do(p.Play(reserved.stream, voice, True))
    talk(3.0, agent_too=False)
    bench.do(p.SendKeys(reserved.stream, "5"))
    talk(0.5, agent_too=False)
    bench.do(p.StopPlaying(reserved.stream))
    bench.run(1.5)
    bench.do(p.Bridge(reserved.stream, other.stream))
    talk(4.0, agent_too=True)
    bench.run(6.0)  # nobody says anything
    bench.ticks += 25 * PHASES  # the worker stood still
    talk(1.0, agent_too=True)
    passed = bench.now - began
    left, right = recording_of(bench, reserved.stream, tmp_path / "raw")
    assert len(left) == pytest.approx(passed * 8000, abs=FRAME)
    for name, channel in (("left", left), ("right", right)):
        for at, payload in said[name]:
            assert abs(channel.find(payload) / 8000 - at) <= 0.04, f"{name}, said {at:.2f} s after the beginning"
