"""Groups whose agents are simulated phones: who rings, in which order, and what the customer's server hears of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import ASSETS, load, write_g711
from playvoice.simulator.world import Cast, World

PATIENCE = 60.0
AGENTS = {"20280003": "rejected", "20280004": "no-answer", "20280005": "answer"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server whose group rings its three agents one after the other: the first refuses, the second is out."""
    voices = tmp_path / "voices"
    voices.mkdir()
    write_g711(voices / "short.wav", load(ASSETS / "notice.mp3")[Codec.PCMA][:SAMPLE_RATE], Codec.PCMA)
    cast = Cast(
        callee={"": {"as": "answer", "answer_after": 0.1, "press": "1", "press_after": 0.3}},
        agent={**AGENTS, "20280005": {"as": "answer", "answer_after": 0.2, "hang_up_after": 0.5}},
        extensions=dict.fromkeys(AGENTS, "secret"),
        keep_audio=False,
        setting={"group": {"strategy": "longest-idle", "ring_time": 2, "max_wait": 30}, "company": {"record": False}},
    )
    with World(tmp_path, voices, cast) as made:
        yield made


def test_longest_idle_rings_one_agent_after_the_other_until_one_answers(world: World) -> None:
    world.client().play_voice(
        voicetype="1", voicefile="short.wav", destnumber="13333333333", chengshudu="1", userid=f"1@{GROUP}",
        disnumber=NUMBERS[0],
    )  # fmt: skip
    record = json.loads(world.receiver.wait_for("callback", PATIENCE, path="/cdr")["body"])
    assert (record["hangupcause"], record["hangupdirection"], record["extnumber"]) == (10001, 10040, "20280005")
    states = [json.loads(line["body"]) for line in world.receiver.all("callback", path="/status")]
    assert [(state["extnumber"], state["status"]) for state in states] == [
        ("20280003", "ring"),
        ("20280003", "hangup"),
        ("20280004", "ring"),
        ("20280004", "hangup"),
        ("20280005", "ring"),
        ("20280005", "answer"),
        ("20280005", "hangup"),
    ]
    assert world.agents is not None
    rings = [line["number"] for line in world.agents.all("invite")]
    assert rings == list(AGENTS), "never two at once, and nobody twice"
