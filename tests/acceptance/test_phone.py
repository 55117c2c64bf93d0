"""`playvoice phone` as a person uses it: in a terminal, by single keys, against another one over loopback."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.acceptance.typed import Typed, phone

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME
from playvoice.simulator.program import Program
from playvoice.simulator.softphone.source import TONE_LEVEL
from playvoice.simulator.sound import find, read_channels, rms_of, write_g711

LISTEN = ("--listen", "udp:127.0.0.1:0")


def address_of(called: Typed) -> str:
    """The SIP address of a phone that listens."""
    return f"sip:100@{called.wait_for(r'listening on udp:([0-9.:]+)')[1]}"


def test_two_people_call_talk_press_keys_hold_and_hang_up() -> None:
    with phone(*LISTEN, "--tone", "1000") as called, phone("--call", address_of(called), "--tone", "440") as caller:
        called.wait_for("\a.*phone calls 100")
        called.wait_for(r"ringing \| phone \| 0:0\d \| a answer · r reject")
        caller.wait_for("100 rings")
        called.type("a")
        caller.wait_for("talking to 100, PCMA")
        caller.wait_for(r"talking \| 100 \| 0:0\d \| PCMA \| received [1-9]\d*, lost 0 \| █")
        caller.type("15#")
        for key in "15#":
            called.wait_for(rf"phone presses {key} \(events\)")
        called.type("9")
        caller.wait_for(r"100 presses 9 \(events\)")
        caller.type("o")
        called.wait_for("phone holds the call")
        caller.wait_for(r"holding \| 100")
        caller.type("o")
        called.wait_for("phone has taken the call up again")
        called.type("x")
        called.wait_for("a answer · r reject · h hang up")
        called.type("h")
        assert caller.end() == 0
        caller.wait_for("call with 100: 0:0., the far end hung up; PCMA, .* 0 lost .* keys received 9; keys sent 15#")
        called.wait_for("call with phone: 0:0., we hung up; PCMA, .* keys received 15#; keys sent 9")
        assert not called.is_as_it_was()
        called.type("q")
        assert called.end() == 0
        assert called.is_as_it_was()
        assert caller.is_as_it_was()


def test_a_call_is_rejected_by_a_key_and_its_caller_told_so_in_plain_lines_without_a_terminal() -> None:
    with phone(*LISTEN) as called:
        command = [sys.executable, "-m", "playvoice.cli", "phone", "--call", address_of(called)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as caller:
            called.wait_for("phone calls 100")
            called.type("r")
            output, errors = caller.communicate(timeout=30)
        called.type("q")
        assert called.end() == 0
    assert caller.returncode == 1
    assert errors == "playvoice phone: the call was refused: 603 Decline\n"
    lines = [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in output.splitlines()]
    assert lines[1:] == [f"calling {command[-1]}", "100 rings", "100 refused: 603 Decline"]


def test_sigterm_hangs_up_and_leaves_the_terminal_as_it_was() -> None:
    with phone(*LISTEN, "--auto-answer") as called, phone("--call", address_of(called)) as caller:
        caller.wait_for(r"talking \| 100")
        assert not caller.is_as_it_was()
        caller.process.terminate()
        assert caller.end() == 0
        assert caller.is_as_it_was()
        called.wait_for("the far end hung up")
        called.process.send_signal(signal.SIGHUP)
        assert called.end() == 0
        assert called.is_as_it_was()


def script(*arguments: str) -> Program:
    command = [sys.executable, "-m", "playvoice.cli", "phone", *arguments, "--json"]
    return Program(command, name="phone")


def test_a_script_plays_presses_records_and_reads_json(tmp_path: Path) -> None:
    speech = np.random.default_rng(1).integers(0, 256, 8_000, np.uint8).tobytes()
    write_g711(tmp_path / "speech.wav", speech, Codec.PCMA)
    recording = tmp_path / "heard.wav"
    with script(*LISTEN, "--auto-answer", "0.2", "--once", "--play", str(tmp_path / "speech.wav")) as called:
        sip = str(called.wait_for("ready")["sip"]).removeprefix("udp:")
        does = ("--press", "200ms:1,100ms:23", "--keys", "tones", "--hang-up-after", "2", "--tone", "1000")
        with script("--call", f"sip:100@{sip}", *does, "--record", str(recording)) as caller:
            ended = caller.wait_for("ended")
            assert caller.process.wait(10) == 0
        heard = called.wait_for("ended")
        assert called.process.wait(10) == 0
    assert (ended["by"], ended["keys_sent"], heard["by"], heard["keys_heard"]) == ("us", "123", "them", "123")
    assert called.all("key_heard", way="tones")
    assert ended["recording"] == str(recording)
    assert ended["received"] > 60
    left, right = read_channels(recording)[1]
    said = read_channels(tmp_path / "speech.wav")[1][0]
    assert find(said[2_000:6_000], left).likeness > 0.99
    frames = right[-4_000:].astype(np.float64).reshape(-1, FRAME)
    # The median: a busy machine leaves out the frames that were due just before the end.
    assert np.median(np.sqrt(np.mean(frames**2, axis=1))) == pytest.approx(rms_of(TONE_LEVEL), rel=0.05)
