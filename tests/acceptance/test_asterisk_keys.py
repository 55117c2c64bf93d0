"""Keys that Asterisk, as the trunk, presses in the other ways: as tones in the audio, and by INFO."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.acceptance.asterisk_peer import ENDPOINT, PATIENCE, Asterisk

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import Codec, decode
from playvoice.simulator.configuration import GROUP, LOOPBACK, NUMBERS
from playvoice.simulator.sound import ASSETS, load, write_g711
from playvoice.simulator.world import EXTENSION, Cast, World

pytestmark = pytest.mark.peer("asterisk")

KEY = "7"
PRESSES = "13333330001"
"""Presses two keys that lead nowhere, then the one that leads to the agent."""
SPEAKS = "13333330002"
"""Speaks, presses nothing, and hangs up."""
DIALPLAN = f"""
exten => {PRESSES},1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(3*{KEY},150,100)
 same => n,Wait(20)

exten => {SPEAKS},1,Answer()
 same => n,Playback({{inside}}/speech)
 same => n,Hangup()
"""
CALLERS = {"inband": NUMBERS[0], "info": NUMBERS[1]}
"""Caller numbers by how Asterisk presses towards them."""
ENDPOINTS = "".join(f"\n[{number}]{ENDPOINT}dtmf_mode = {mode}\n" for mode, number in CALLERS.items())


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk(DIALPLAN, ENDPOINTS) as started:
        started.give("speech", decode(Codec.PCMA, load(ASSETS / "callee.mp3")[Codec.PCMA]))
        yield started


@pytest.fixture(scope="module", params=["auto", "inband", "info"])
def world(
    asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[World]:
    """A server whose trunk leads to Asterisk and says how its keys come, and an agent who answers and hangs up."""
    directory = tmp_path_factory.mktemp("keys")
    voices = directory / "voices"
    voices.mkdir()
    write_g711(voices / "voice.wav", load(ASSETS / "notice.mp3")[Codec.PCMA], Codec.PCMA)
    cast = Cast(
        carrier=f"sip:{LOOPBACK}:{asterisk.port}",
        agent={"": {"as": "answer", "answer_after": 0.3, "hang_up_after": 0.5}},
        setting={"trunk": {"dtmf": request.param}, "company": {"record": False, "key_time": 1}},
    )
    with World(directory, voices, cast) as started:
        yield started


def record_of_call(world: World, number: str, caller: str) -> dict[str, Any]:
    """Place a call, and wait for its record."""
    answer, uuid = world.client().play_voice(
        voicetype="1",
        destnumber=number,
        voicefile="voice.wav",
        chengshudu="1",
        userid=f"{KEY}@{GROUP}",
        disnumber=caller,
    )
    assert uuid, answer
    line = world.receiver.wait_for(
        "callback", PATIENCE, lambda each: bool(each["payload"]["uuid"] == uuid), path="/cdr"
    )
    return dict(line["payload"])


def keys_pressed(world: World, uuid: str) -> list[str]:
    """The keys that the server took, as its log tells them."""
    lines = [line for line in (world.directory / "server.log").read_text().splitlines() if uuid in line]
    return [line.partition("key=")[2].split()[0] for line in lines if "key_pressed" in line]


@pytest.mark.parametrize("way", list(CALLERS))
def test_a_key_leads_to_an_agent_by_the_ways_that_the_trunk_takes(world: World, asterisk: Asterisk, way: str) -> None:
    takes = world.cast.setting["trunk"]["dtmf"] in ("auto", way)
    record = record_of_call(world, PRESSES, CALLERS[way])
    keys = keys_pressed(world, record["uuid"])
    if takes:
        assert keys == ["3", "*", KEY], asterisk.log()
        assert (record["hangupcause"], record["userkey"], record["extnumber"]) == (Cause.NORMAL, KEY, EXTENSION)
    else:
        assert keys == [], asterisk.log()
        assert (record["userkey"], record["extnumber"]) == ("", "")


def test_who_only_speaks_presses_nothing(world: World, asterisk: Asterisk) -> None:
    record = record_of_call(world, SPEAKS, CALLERS["inband"])
    assert keys_pressed(world, record["uuid"]) == [], asterisk.log()
    assert (record["userkey"], record["hangupdirection"]) == ("", Cause.CALLEE_HUNG_UP)
