"""One whole call through a running world, from the request to the recording, each step as its far end saw it."""

import time
from collections.abc import Callable
from typing import Any

from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.evidence import Evidence
from playvoice.simulator.expectation import KEY, Agent, Callee, expect
from playvoice.simulator.sound import ASSETS, load
from playvoice.simulator.world import Cast, World

NUMBER = "13333333333"
VOICE = "notice.mp3"


def cast(**changes: Any) -> Cast:
    """Who plays in a whole call: the callee presses the key while the voice plays, and both speak when told to."""
    return Cast(
        callee={"": {"as": "answer", "press": KEY, "press_after": 3.0}},
        callee_speech=ASSETS / "callee.mp3",
        agent_speech=ASSETS / "agent.mp3",
        **changes,
    )


def place_whole_call(world: World, *, while_it_plays: Callable[[str], None] = lambda _rtp: None) -> Evidence:
    """Place the world's first call and prove all its steps; `while_it_plays` gets where the server receives RTP."""
    assert world.carrier is not None
    assert world.agents is not None
    sent_at = time.monotonic()
    answer, uuid = world.client().play_voice(
        voicetype="1",
        destnumber=NUMBER,
        voicefile=VOICE,
        chengshudu="1",
        userid=f"{KEY}@{GROUP}",
        disnumber=NUMBERS[0],
        customuuid=NUMBER,
    )
    assert uuid, answer
    answered = world.carrier.wait_for("answered", 20)
    while_it_plays(str(answered["rtp"]))
    world.agents.wait_for("ack", 20)
    world.agents.send(do="say", number=world.agents.all("ack")[-1]["number"])
    world.carrier.send(do="say", number=NUMBER)
    said = max(world.agents.wait_for("says", 5)["seconds"], world.carrier.wait_for("says", 5)["seconds"])
    time.sleep(said + 0.2)  # the two talk
    world.agents.send(do="hang_up", number=world.agents.all("ack")[-1]["number"])
    record = world.receiver.wait_for("callback", 20, path="/cdr")
    world.carrier.wait_for("audio", 5)
    world.agents.wait_for("audio", 5)
    evidence = Evidence(world, answer, uuid, sent_at, record)
    steps = evidence.steps(expect(Callee.ANSWER, KEY, Agent.ANSWER), load(ASSETS / VOICE), KEY)
    missing = [f"{step.text} ({step.detail})" for step in steps if not step.seen]
    assert not missing, missing
    return evidence
