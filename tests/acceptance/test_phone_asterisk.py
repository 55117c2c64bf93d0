"""`playvoice phone` at Asterisk: registers, calls it, hears and is heard, is called through it, presses and holds."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.acceptance.asterisk_peer import ENDPOINT, Asterisk
from tests.acceptance.sipp_world import noise
from tests.acceptance.typed import Typed, phone
from tests.waiting import wait_until

from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, decode
from playvoice.media.rtp import FRAME
from playvoice.simulator.configuration import LOOPBACK
from playvoice.simulator.program import Program
from playvoice.simulator.sound import find, read_channels, write_g711

pytestmark = pytest.mark.peer("asterisk")

CALLED, CALLER = "100", "200"
PASSWORD = "phone-secret"
ECHO, TO_CALLED = "600", "700"
UNDER_WAY = "try again|let itself be held: 491"
"""A change of Asterisk's came before, or at the same time (RFC 3261 section 14.1)."""
HELLO = noise(0.5, Codec.PCMA, 31)
SPEECH = noise(2.0, Codec.PCMA, 32)

DIALPLAN = f"""
exten => {ECHO},1,Answer()
 same => n,Playback({{inside}}/hello)
 same => n,Echo()
 same => n,Hangup()

exten => {TO_CALLED},1,Dial(PJSIP/{CALLED})
"""
ACCOUNT = """
[{user}]{endpoint}
auth = {user}
aors = {user}

[{user}]
type = auth
auth_type = digest
username = {user}
password = {password}

[{user}]
type = aor
max_contacts = 1
"""
PJSIP = "".join(ACCOUNT.format(user=user, endpoint=ENDPOINT, password=PASSWORD) for user in (CALLED, CALLER))


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk(DIALPLAN, PJSIP) as started:
        started.give("hello", samples(HELLO))
        yield started


def samples(octets: bytes) -> Samples:
    return decode(Codec.PCMA, octets)


def account(asterisk: Asterisk, user: str) -> tuple[str, ...]:
    return "--register", f"sip:{user}@{LOOPBACK}:{asterisk.port}", "--password", PASSWORD


def script(*arguments: str) -> Program:
    return Program([sys.executable, "-m", "playvoice.cli", "phone", *arguments, "--json"], name="phone")


def assert_in(sound: Samples, within: Samples, what: str) -> None:
    match = find(sound, within)
    assert match.likeness > 0.99, f"{what}: {match}"


def test_it_registers_calls_and_hears_itself_until_its_key_ends_that(asterisk: Asterisk, tmp_path: Path) -> None:
    speech, recording = tmp_path / "speech.wav", tmp_path / "call.wav"
    write_g711(speech, SPEECH, Codec.PCMA)
    does = ("--call", ECHO, "--play", str(speech), "--press", "2500ms:#", "--record", str(recording))
    with script(*account(asterisk, CALLER), *does) as caller:
        ended = caller.wait_for("ended", 20)
        assert caller.process.wait(10) == 0, asterisk.log()
    assert [line["event"] for line in caller.lines if line["event"] in ("registered", "unregistered")] == [
        "registered",
        "unregistered",
    ]
    assert (ended["by"], ended["keys_sent"], ended["codec"], ended["lost"]) == ("them", "#", "PCMA", 0)
    heard, said = read_channels(recording)[1]
    assert_in(samples(HELLO)[1_000:3_000], heard, "what Asterisk says")
    assert_in(samples(SPEECH)[2_000:6_000], said, "what we say")
    echo = samples(SPEECH)[SAMPLE_RATE : SAMPLE_RATE + 4_000]
    assert_in(echo, heard, "what Asterisk gives back")
    assert 0 <= find(echo, heard).offset - find(echo, said).offset + FRAME < SAMPLE_RATE // 4


def change(phone: Typed, key: str, shown: str) -> None:
    """Press a key that changes the call, again where Asterisk is just changing it, as it does when it connects two."""
    while True:
        before = len(phone.text)
        phone.type(key)
        told = wait_until(partial(told_since, phone, before, rf"{shown}|{UNDER_WAY}"), lambda: phone.text)
        if re.fullmatch(UNDER_WAY, told) is None:
            return


def told_since(phone: Typed, before: int, pattern: str) -> str:
    found = re.search(pattern, phone.text[before:])
    return "" if found is None else found[0]


def test_people_call_each_other_through_it_press_keys_and_hold(asterisk: Asterisk) -> None:
    with contextlib.ExitStack() as stack:
        called = stack.enter_context(phone(*account(asterisk, CALLED)))
        called.wait_for(f"registered as sip:{CALLED}@")
        caller = stack.enter_context(phone(*account(asterisk, CALLER), "--call", TO_CALLED))
        called.wait_for(f"{CALLER} calls")
        called.type("a")
        caller.wait_for(f"talking to {TO_CALLED}, PCMA")
        caller.type("5")
        called.wait_for(rf"{CALLER} presses 5 \(events\)")
        change(called, "o", r"holding \|")
        change(called, "o", "resumed")
        called.type("7")
        caller.wait_for(rf"{TO_CALLED} presses 7 \(events\)")
        caller.type("h")
        assert caller.end() == 0
        called.wait_for("the far end hung up")
        called.type("q")
        assert called.end() == 0
        called.wait_for("no longer registered")


def test_a_wrong_password_is_told_as_that(asterisk: Asterisk) -> None:
    command = [sys.executable, "-m", "playvoice.cli", "phone", *account(asterisk, CALLED)[:2]]
    environ = {**os.environ, "PLAYVOICE_PHONE_PASSWORD": "wrong"}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)
    assert ran.returncode == 1, ran.stdout
    assert ran.stderr == "playvoice phone: registration refused: 401 Unauthorized; check user and password\n"
