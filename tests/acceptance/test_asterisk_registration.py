"""Asterisk as a trunk that wants a registration, as most offices' do; strict: compact names, reliable responses."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.acceptance.asterisk_peer import ENDPOINT, Asterisk
from tests.acceptance.sipp_world import PASSWORD, USERNAME, noise
from tests.acceptance.test_asterisk import VOICE, Calls, assert_hears, calls_of, samples
from tests.acceptance.test_trunk_registration import wait_for_line

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import LOOPBACK, NUMBERS
from playvoice.simulator.world import Cast

pytestmark = pytest.mark.peer("asterisk")

RINGS_BY_AUDIO = "13333330001"
ANNOUNCES = "13333330002"

DIALPLAN = f"""
exten => {RINGS_BY_AUDIO},1,Progress()
 same => n,Playback({{inside}}/announcement,noanswer)
 same => n,Answer()
 same => n,Verbose(0,answered ${{CALLERID(num)}} of ${{CHANNEL(endpoint)}})
 same => n,Record({{inside}}/voice.wav,,1,q)
 same => n,Hangup()

exten => {ANNOUNCES},1,Progress()
 same => n,Playback({{inside}}/announcement,noanswer)
 same => n,Hangup(17)
"""
PJSIP = f"""
[system]
type = system
compact_headers = yes

[{USERNAME}]{ENDPOINT}
auth = {USERNAME}
aors = {USERNAME}
100rel = required
timers = always
trust_id_inbound = yes

[{USERNAME}]
type = auth
auth_type = digest
username = {USERNAME}
password = {PASSWORD}

[{USERNAME}]
type = aor
max_contacts = 1
qualify_frequency = 60
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A server that is registered with Asterisk."""

    calls: Calls
    asterisk: Asterisk


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A registered server; that it signs off when it stops is asserted at the end."""
    trunk = {"register": True, "username": USERNAME, "password": PASSWORD, "from_user": USERNAME, "caller_id": "pai"}
    with Asterisk(DIALPLAN, PJSIP) as asterisk:
        asterisk.give("announcement", samples(noise(0.3, Codec.PCMA, 21)))
        cast = Cast(
            carrier=f"sip:{LOOPBACK}:{asterisk.port}",
            registered=False,
            setting={"trunk": trunk, "company": {"record": False, "key_time": 1}},
        )
        with calls_of(tmp_path_factory.mktemp("line"), cast) as calls:
            wait_for_line(calls.world, r"\btrunk_registered\b")
            yield Line(calls, asterisk)
        asterisk.wait_for(f"Removed contact .*'{USERNAME}'")


def test_asterisk_keeps_the_registration_and_finds_us_reachable(line: Line) -> None:
    line.asterisk.wait_for(f"Added contact .*'{USERNAME}'")
    line.asterisk.wait_for(f"Contact {USERNAME}/sip:.* is now Reachable")


def examined(line: Line, **environ: str) -> dict[str, tuple[str, str]]:
    """What doctor finds of the trunk beside the running server: check to outcome and what was seen."""
    command = [sys.executable, "-m", "playvoice.cli", "doctor", "--json", "--config", str(line.calls.world.config)]
    ran = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False
    )
    findings = json.loads(ran.stdout)["findings"]
    return {each["check"]: (each["outcome"], each["seen"]) for each in findings if each["check"].startswith("trunk")}


def test_doctor_asks_asterisk_what_is_registered_and_leaves_it_registered(line: Line) -> None:
    line.asterisk.wait_for(f"Added contact .*'{USERNAME}'")
    found = examined(line)
    assert found["trunk carrier: OPTIONS"][0] == "ok"
    outcome, seen = found["trunk carrier: registration"]
    assert (outcome, seen.endswith("takes the credentials; 1 registered now")) == ("ok", True), seen
    outcome, seen = examined(line, PLAYVOICE_TRUNK__CARRIER__PASSWORD="wrong")["trunk carrier: registration"]
    assert (outcome, "refuses the credentials: 401" in seen) == ("failure", True), seen
    assert "Removed contact" not in line.asterisk.log()
    assert line.asterisk.log().count("Added contact") == 1


def test_a_call_whose_ringing_is_audio_is_heard_from_its_answer_on(line: Line) -> None:
    record = line.calls.record(line.calls.dial(RINGS_BY_AUDIO))
    log = line.asterisk.log()
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP), log
    assert_hears(VOICE[: SAMPLE_RATE // 2], line.asterisk.heard("voice"), "the voice from its beginning on")
    line.asterisk.wait_for(f"answered {NUMBERS[0]} of {USERNAME}")
    line.asterisk.wait_for(rf"(?m)^PRACK sip:{LOOPBACK}")
    line.asterisk.wait_for(r"(?m)^SIP/2\.0 183 .*\n(?:[a-z]: .*\n)+")


def test_a_call_that_is_refused_behind_an_announcement_was_never_answered(line: Line) -> None:
    record = line.calls.record(line.calls.dial(ANNOUNCES))
    assert (record["hangupcause"], record["billsec"]) == (Cause.BUSY, 0), line.asterisk.log()
