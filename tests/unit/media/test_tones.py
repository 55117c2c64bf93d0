"""Keys as tones in the audio. The material is made from seeds; `make bench PART=tones` looks at much more of it."""

import struct
from itertools import pairwise

import numpy as np
import pytest
from benchmarks.voices import babble
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from playvoice.media.g711 import SAMPLE_RATE, Codec, encode
from playvoice.media.rtp import FRAME, Packet
from playvoice.media.tones import HITS, KEYPAD, MISSES, ToneListener, ToneReceiver, listen
from playvoice.simulator.sound import key_tones, rms_of
from playvoice.voices.hold_music import hold_music

Sound = NDArray[np.float64]
SSRC = 7


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * SAMPLE_RATE))


def noise(samples: int, level: float, seed: int = 1) -> Sound:
    return np.random.default_rng(seed).normal(scale=rms_of(level), size=samples)


def presses(keys: str, seconds: float = 0.08, pause: float = 0.06) -> Sound:
    """These keys one after the other, with silence around each."""
    parts = [silence(pause)]
    for key in keys:
        parts += [key_tones(key, seconds), silence(pause)]
    return np.concatenate([*parts, silence(0.1)])


def packets(sound: Sound, codec: Codec = Codec.PCMA, *, size: int = FRAME, first: int = 0) -> list[Packet]:
    """A sound as RTP, so many samples in a packet; `first` is a sequence number, and the samples before it."""
    octets = encode(codec, np.rint(np.clip(sound, -32_768, 32_767)).astype(np.int16))
    return [
        Packet(
            int(codec),
            start == 0,
            (first + start // size) & 0xFFFF,
            (first * FRAME + start) & 0xFFFFFFFF,
            SSRC,
            octets[start : start + size],
        )
        for start in range(0, len(octets) - size + 1, size)
    ]


def heard(stream: list[Packet], listener: ToneListener | None = None) -> str:
    """The keys of a leg's packets, which arrive one in a tick."""
    leg = (0, listener or ToneListener())
    keys = ""
    for packet in stream:
        leg[1].hear(packet, Codec(packet.payload_type))
        keys += "".join(new for _, new in listen([leg]))
    return keys


def found(sounds: list[Sound], codec: Codec = Codec.PCMA) -> list[str]:
    """The keys in each of these sounds of one length, as legs that are looked at together."""
    legs = [(number, ToneListener()) for number in range(len(sounds))]
    keys = ["" for _ in sounds]
    for arrived in zip(*(packets(sound, codec) for sound in sounds), strict=True):
        for (_, listener), packet in zip(legs, arrived, strict=True):
            listener.hear(packet, codec)
        for number, new in listen(legs):
            keys[number] += new
    return keys


# --- what is a key ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", list(Codec))
def test_all_sixteen_keys_are_heard_each_once(codec: Codec) -> None:
    assert heard(packets(presses(KEYPAD), codec)) == KEYPAD


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("below", [30, 20, 15, 10])
def test_keys_are_heard_in_noise(codec: Codec, below: int) -> None:
    sounds = [presses(key) for key in KEYPAD * 4]
    noisy = [sound + noise(sound.size, -10 - below, seed) for seed, sound in enumerate(sounds)]
    assert found(noisy, codec) == list(KEYPAD * 4)


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("level", [-3.0, -6.0, -20.0, -36.0])
def test_keys_are_heard_however_loud_they_are(codec: Codec, level: float) -> None:
    sounds = [np.concatenate([silence(0.06), key_tones(key, 0.08, level=level), silence(0.1)]) for key in KEYPAD]
    assert found(sounds, codec) == list(KEYPAD)


def test_what_is_as_soft_as_a_neighbouring_line_is_no_key() -> None:
    assert found([np.concatenate([key_tones(key, 0.2, level=-52.0), silence(0.1)]) for key in KEYPAD]) == [""] * 16


@pytest.mark.parametrize(("twist", "is_key"), [(-12, False), (-8, True), (0, True), (4, True), (8, False)])
def test_the_upper_tone_may_be_8_db_softer_to_4_db_louder_than_the_lower_one(twist: float, is_key: bool) -> None:
    sounds = [np.concatenate([silence(0.06), key_tones(key, 0.08, twist=twist), silence(0.1)]) for key in KEYPAD]
    sounds = [sound + noise(sound.size, -30.0, seed) for seed, sound in enumerate(sounds)]
    assert found(sounds) == [key if is_key else "" for key in KEYPAD]


@pytest.mark.parametrize("off", [-0.06, -0.035, -0.015, 0.0, 0.015, 0.035, 0.06])
def test_tones_are_taken_that_are_1_5_percent_off_and_not_3_5(off: float) -> None:
    sounds = [np.concatenate([silence(0.06), key_tones(key, 0.08, off=off), silence(0.1)]) for key in KEYPAD]
    sounds = [sound + noise(sound.size, -30.0, seed) for seed, sound in enumerate(sounds)]
    assert found(sounds) == [key if abs(off) <= 0.015 else "" for key in KEYPAD]


def test_40_ms_are_a_key_and_23_ms_are_none_wherever_in_a_packet_they_begin() -> None:
    for milliseconds in (23, 40):
        for key in "1#":
            sounds = [
                np.concatenate([silence(0.06), np.zeros(offset), key_tones(key, milliseconds / 1000), silence(0.2)])[
                    :2000
                ]
                for offset in range(0, FRAME, 7)
            ]
            assert set(found(sounds)) == {key if milliseconds == 40 else ""}


@pytest.mark.parametrize("frequency", [350, 425, 697, 941, 1100, 1209, 1400, 1633, 2100])
def test_one_tone_alone_is_no_key(frequency: int) -> None:
    tone = rms_of(-7) * np.sin(2 * np.pi * frequency * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert heard(packets(tone)) == ""


def test_a_key_with_a_third_tone_is_none() -> None:
    tone = key_tones("5", 0.5) + rms_of(-22) * np.sqrt(2) * np.sin(2 * np.pi * 2540 * np.arange(4000) / SAMPLE_RATE)
    assert heard(packets(tone)) == "", "a line 12 dB below is a harmonic, and the two are a voice's"


# --- what is one press --------------------------------------------------------------------------------------------


def test_a_key_counts_when_it_is_sure_and_not_when_it_is_let_go() -> None:
    stream = packets(np.concatenate([silence(0.06), key_tones("7", 2.0)]))
    assert heard(stream[:3]) == ""
    assert heard(stream[:6]) == "7", "after 60 ms of tone at the latest"
    assert heard(stream) == "7"


def test_a_pause_of_40_ms_makes_two_presses_and_one_of_10_ms_makes_none() -> None:
    assert heard(packets(presses("5566", 0.05, 0.04))) == "5566"
    assert heard(packets(presses("5", 0.05, 0.01)[:-800])) == "5"
    broken = [silence(0.05), *[part for _ in range(5) for part in (key_tones("5", 0.05), silence(0.01))], silence(0.1)]
    assert heard(packets(np.concatenate(broken))) == "5"


def test_the_next_key_needs_no_pause() -> None:
    assert heard(packets(presses("123", 0.06, 0.0))) == "123"


@given(st.lists(st.integers(-1, 15), max_size=60))
def test_a_press_has_its_hits_in_a_row_and_the_same_one_comes_again_only_after_misses(keys: list[int]) -> None:
    receiver = ToneReceiver()
    told = [(number, key) for number, one in enumerate(keys) if (key := receiver.take(one))]
    for number, key in told:
        assert [KEYPAD[one] if one >= 0 else "" for one in keys[number - HITS + 1 : number + 1]] == [key] * HITS
    for (earlier, one), (later, other) in pairwise(told):
        between = "".join(KEYPAD[key] if key >= 0 else "-" for key in keys[earlier + 1 : later - HITS + 1])
        assert one != other or max(map(len, between.split(one))) >= MISSES - HITS + 1


# --- what packets bring -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [40, 80, 160, 240, 320, 480, 1600])
def test_packets_of_any_length_will_do(size: int) -> None:
    assert heard(packets(np.concatenate([presses("159D"), silence(0.4)]), size=size)) == "159D"


@pytest.mark.parametrize("lost", range(12))
def test_a_press_that_loses_a_packet_counts_once(lost: int) -> None:
    stream = packets(presses("8", 0.16), first=0xFFFF - 3)
    assert heard(stream[:lost] + stream[lost + 1 :]) == "8"


def test_a_press_that_loses_every_third_packet_counts_once() -> None:
    stream = packets(presses("8", 0.2))
    for first in range(3):
        assert heard([packet for number, packet in enumerate(stream) if number % 3 != first]) == "8"


def test_a_press_that_loses_every_other_packet_counts_once_if_it_is_long() -> None:
    stream = packets(presses("8", 0.25))
    for first in range(2):
        assert heard(stream[first::2]) == "8"


def test_loss_does_not_join_two_presses() -> None:
    stream = packets(
        np.concatenate([silence(0.06), key_tones("8", 0.08), silence(0.2), key_tones("8", 0.08), silence(0.1)])
    )
    assert heard([packet for number, packet in enumerate(stream) if number != 10]) == "88"


def test_packets_that_come_twice_or_late_change_nothing() -> None:
    stream = packets(presses("42", 0.12))
    twice = [packet for packet in stream for _ in range(2)]
    assert heard(twice) == "42"
    late = [*stream[:5], stream[6], stream[5], *stream[7:]]
    assert heard(late) == "42"


def test_packets_of_a_press_that_come_when_it_is_long_over_are_no_second_one() -> None:
    stream = packets(np.concatenate([silence(0.06), key_tones("8", 0.2), silence(0.4)]), first=0xFFFF - 5)
    during, after = stream[:12], stream[12:]
    for late in (during[6:10], during[9:12], during):
        assert heard([*during, *after[:8], *late, *after[8:]]) == "8"
    without = [packet for number, packet in enumerate(during) if number not in (6, 7, 8)]
    assert heard([*without, *after[:8], *during[6:9], *after[8:]]) == "8"


def test_who_sends_nothing_while_it_is_silent_presses_as_often() -> None:
    one, other = packets(key_tones("3", 0.1)), packets(key_tones("3", 0.1))
    later = [
        packet._replace(sequence=len(one) + number, timestamp=packet.timestamp + 1600)
        for number, packet in enumerate(other)
    ]
    assert heard(one + later) == "33", "sequence numbers go on, so that what was not sent was silence"


def test_another_source_and_a_source_that_begins_anew_are_heard() -> None:
    stream = packets(presses("1"))
    listener = ToneListener()
    assert heard(stream, listener) == "1"
    assert heard([packet._replace(ssrc=8) for packet in stream], listener) == "1"
    again = packets(presses("1"), first=30_000)
    assert heard([packet._replace(ssrc=8) for packet in again], listener) == "1"


def test_a_change_of_the_law_goes_unnoticed() -> None:
    sound = presses("6", 0.2)
    alaw, ulaw = packets(sound, Codec.PCMA), packets(sound, Codec.PCMU)
    assert heard([*alaw[:6], *ulaw[6:]]) == "6"


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=700)), max_size=12))
def test_any_packets_are_keys_or_nothing(stream: list[tuple[int, int, bytes]]) -> None:
    listener = ToneListener()
    for sequence, timestamp, payload in stream:
        listener.hear(Packet(8, False, sequence, timestamp, SSRC, payload), Codec.PCMA)
        for _, keys in listen([(0, listener)]):
            assert set(keys) <= set(KEYPAD)


def test_legs_are_looked_at_together_and_told_apart() -> None:
    sounds = [presses(keys) for keys in ("12", "34", "##", "0D")]
    sounds[2:2] = [noise(sounds[0].size, -15.0)]
    assert found(sounds) == ["12", "34", "", "##", "0D"]


# --- what is no key -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", list(Codec))
def test_nobody_who_talks_presses_a_key(codec: Codec) -> None:
    assert found([babble(6.0, seed) for seed in range(10)], codec) == [""] * 10


def test_keys_are_heard_through_the_echo_of_the_voice_that_is_played() -> None:
    sounds = [presses(key) for key in KEYPAD * 4]
    echoes = [babble(sound.size / SAMPLE_RATE, seed, level=-37.0) for seed, sound in enumerate(sounds)]
    assert found([sound + echo for sound, echo in zip(sounds, echoes, strict=True)]) == list(KEYPAD * 4)


def test_hold_music_and_noise_press_nothing() -> None:
    assert set(found(np.split(hold_music().astype(np.float64), 24))) == {""}
    assert found([noise(SAMPLE_RATE, -15.0, seed) for seed in range(10)]) == [""] * 10


def test_a_busy_tone_and_its_like_press_nothing() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for low, high in ((350, 440), (480, 620), (425, 425), (941, 1336 * 1.04), (620, 1209), (1400, 2060)):
        tone = rms_of(-10) * (np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time))
        assert heard(packets(tone)) == "", (low, high)


def test_octets_that_are_no_audio_press_nothing() -> None:
    event = struct.pack("!BBH", 5, 10, 160) * 40
    assert heard([Packet(8, False, number, number * FRAME, SSRC, event) for number in range(50)]) == ""
