"""A call that two agents don't take, asked for by who wants to know why: the story, the capture, the log."""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import wait_until

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import ASSETS, load, write_g711
from playvoice.simulator.world import Cast, World

AGENTS = {"20280003": "rejected", "20280004": "no-answer", "20280005": "answer"}
NUMBER = "13333333333"
PATIENCE = 30.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server over TCP that writes its messages down, and has a log for programs."""
    folder = tmp_path_factory.mktemp("trace")
    voices = folder / "voices"
    voices.mkdir()
    write_g711(voices / "short.wav", load(ASSETS / "notice.mp3")[Codec.PCMA][:SAMPLE_RATE], Codec.PCMA)
    cast = Cast(
        callee={"": {"as": "answer", "answer_after": 0.1, "press": "1", "press_after": 0.3}},
        agent={**AGENTS, "20280005": {"as": "answer", "answer_after": 0.2, "hang_up_after": 0.5}},
        extensions=dict.fromkeys(AGENTS, "secret"),
        keep_audio=False,
        transport="tcp",
        server_arguments=("--trace-sip", str(folder / "sip.pcap"), "--trace-number", NUMBER, "--log-format", "json"),
        setting={"group": {"strategy": "longest-idle", "ring_time": 2, "max_wait": 30}},
    )
    with World(folder, voices, cast) as made:
        yield made


@pytest.fixture(scope="module")
def uuid(world: World) -> str:
    """The call, which is over and told."""
    _, made = world.client().play_voice(
        voicetype="1", voicefile="short.wav", destnumber=NUMBER, chengshudu="1", userid=f"1@{GROUP}",
        disnumber=NUMBERS[0],
    )  # fmt: skip
    world.receiver.wait_for("callback", PATIENCE, path="/cdr")
    return str(made)


def typed(world: World, *words: str) -> str:
    """What `playvoice trace` writes for a person at a terminal of 120 characters."""
    command = [sys.executable, "-m", "playvoice.cli", "trace", "--config", str(world.config), *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=True, env={**os.environ, "COLUMNS": "120"}
    )
    return done.stdout


def story(world: World, uuid: str) -> dict[str, Any]:
    """The story once all of it is stored: far ends confirm after the record."""

    def whole() -> dict[str, Any] | None:
        told: dict[str, Any] = json.loads(typed(world, uuid, "--json"))
        delivered = all(callback["state"] == "delivered" for callback in told["callbacks"])
        return told if told["messages"] and delivered else None

    return wait_until(whole, "the messages are stored and the callbacks delivered")


def test_the_story_has_every_message_of_every_leg(world: World, uuid: str) -> None:
    told = story(world, uuid)
    methods: dict[str, list[str]] = {}
    for each in told["messages"]:
        first = str(each["message"]["data"]).split("\n", 1)[0].split(" ")
        methods.setdefault(each["leg"], []).append(first[1] if first[0] == "SIP/2.0" else first[0])
    legs = {leg["extension"] or leg["trunk"]: methods[leg["uuid"]] for leg in told["legs"]}
    assert legs["carrier"] == ["INVITE", "100", "180", "200", "ACK", "BYE", "200"]
    assert legs["20280003"][0] == "INVITE"
    assert legs["20280003"][-1] == "ACK"
    assert "CANCEL" in legs["20280004"]
    assert legs["20280005"][-2:] == ["BYE", "200"]
    assert told["left_out"] == 0
    assert [note["values"]["way"] for note in told["notes"] if note["event"] == "key_pressed"] == ["telephone-event"]
    assert [callback["attempts"][0]["status"] for callback in told["callbacks"]] == [200] * len(told["callbacks"])


def test_a_person_sees_a_ladder_while_the_server_runs(world: World, uuid: str) -> None:
    story(world, uuid)
    shown = typed(world, uuid)
    for text in (f"Call {uuid}", "INVITE (SDP)", "agent 20280003 refused with", "key 1 (telephone-event)", "delivered"):
        assert text in shown
    assert "Media" in shown
    assert typed(world, NUMBER) == shown, "it is the only call to this number"


def test_the_capture_has_the_messages_of_this_number_and_no_others(world: World, uuid: str) -> None:
    told = story(world, uuid)
    octets = (world.directory / "sip.pcap").read_bytes()
    packets, place = [], 24
    while place < len(octets):
        length = struct.unpack("<I", octets[place + 8 : place + 12])[0]
        packets.append(octets[place + 16 : place + 16 + length])
        place += 16 + length
    assert {packet[9] for packet in packets} == {6, 17}, "the trunk over TCP, the phones over UDP"
    assert not any(b"REGISTER sip" in packet for packet in packets)
    assert len(packets) == len(told["messages"])


def test_each_line_of_the_log_about_the_call_has_its_uuid(world: World, uuid: str) -> None:
    story(world, uuid)
    lines = [json.loads(line) for line in Path(world.directory / "server.log").read_text("utf-8").splitlines()]
    words = {"invite", "customer", "key", "agent", "call", "recording", "rtp", "stream", "session", "voice", "offer"}
    about = [line for line in lines if line["event"].split("_")[0] in words]
    assert {"invite_sent", "agent_rung", "agent_refused", "agent_connected", "call_ended"} <= {
        line["event"] for line in about
    }
    assert {line.get("uuid") for line in about} == {uuid}
