"""What a voice file may be called."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.voices.names import checked, normal
from playvoice.voices.refusals import Refusal, VoiceRefused


@pytest.mark.parametrize("name", ["a", "欢迎.wav", "bye bye (2).mp3", "x" * 255, "a..b", "😀.ogg", "C:notice"])
def test_a_name_that_people_give_is_kept(name: str) -> None:
    assert checked(name) == name


def test_white_space_around_a_name_is_dropped_and_accents_have_one_form() -> None:
    assert checked("  Cafe\u0301.mp3\n") == "Caf\u00e9.mp3" == normal("Cafe\u0301.mp3")


def test_the_longest_name_is_known_with_its_accents_apart_and_no_longer_text_is_looked_at() -> None:
    assert normal("e\u0323\u0302" * 255) == "\u1ec7" * 255
    assert normal("\u1fb3\u0301\u0313" * 255) == unicodedata.normalize("NFC", "\u1fb3\u0301\u0313" * 255)
    marks = "e" + "\u0301\u0323" * 1_000_000
    assert normal(marks) is marks, "to put these in order takes hours"
    with pytest.raises(VoiceRefused, match="2000001 characters"):
        checked(marks)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "needs a name"),
        (" \t", "needs a name"),
        ("x" * 256, "256 characters"),
        ("../x.wav", "a / or"),
        ("a/b", "a / or"),
        ("a\\b", "a / or"),
        ("..", "full stop"),
        (".hidden", "full stop"),
        ("a\x00b", "can't be shown"),
        ("a\nb", "can't be shown"),
        ("a\x7fb", "can't be shown"),
        ("fdp.\u202e3pm", "can't be shown"),
        ("\ud800", "can't be shown"),
    ],
)
def test_a_name_that_nobody_could_read_or_that_looks_like_a_path_is_refused(name: str, why: str) -> None:
    with pytest.raises(VoiceRefused, match=why) as refused:
        checked(name)
    assert refused.value.reason is Refusal.BAD_NAME
    assert str(refused.value).isprintable(), "the error can be shown"


@given(st.text(max_size=300))
def test_whatever_is_asked_for_gives_a_name_that_stays_itself_or_the_one_declared_error(text: str) -> None:
    try:
        name = checked(text)
    except VoiceRefused:
        return
    assert checked(name) == normal(name) == name
