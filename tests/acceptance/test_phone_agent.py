"""`playvoice phone` as an agent's phone at our own server: a customer presses 1 and is connected to it."""

import sys
from pathlib import Path

from tests.acceptance.asking import place
from tests.acceptance.sipp_world import noise

from playvoice.media.g711 import Codec, decode
from playvoice.simulator.program import Program
from playvoice.simulator.sound import find, read_channels, write_g711
from playvoice.simulator.world import EXTENSION, Cast, World

CUSTOMER = "13333333333"
SPEECH = noise(2.0, Codec.PCMA, 41)


def test_an_agent_answers_with_it_and_is_heard(tmp_path: Path) -> None:
    voices, speech, recording = tmp_path / "voices", tmp_path / "speech.wav", tmp_path / "agent.wav"
    voices.mkdir()
    write_g711(voices / "voice.wav", noise(2.0, Codec.PCMA, 42), Codec.PCMA)
    write_g711(speech, SPEECH, Codec.PCMA)
    callee = {"": {"as": "answer", "answer_after": 0.1, "press": "1", "press_after": 0.3}}
    cast = Cast(callee=callee, registered=False, setting={"company": {"record": False}})
    with World(tmp_path, voices, cast) as world:
        host, port = world.sip()
        does = ("--auto-answer", "0.2", "--play", str(speech), "--hang-up-after", "1.5", "--record", str(recording))
        account = ("--register", f"sip:{EXTENSION}@{host}:{port}", "--password", "secret")
        command = [sys.executable, "-m", "playvoice.cli", "phone", *account, *does, "--once", "--json"]
        with Program(command, name="phone") as phone:
            phone.wait_for("registered", 20)
            place(world.client(), CUSTOMER, "voice.wav")
            ended = phone.wait_for("ended", 20)
            assert phone.process.wait(20) == 0
        world.receiver.wait_for("callback", 20, path="/cdr")
        states = [line["payload"]["status"] for line in world.receiver.all("callback", path="/status")]
        assert world.carrier is not None
        customer = world.carrier.wait_for("audio")
    assert states == ["ring", "answer", "hangup"]
    assert (ended["by"], ended["codec"]) == ("us", "PCMA")
    assert ended["received"] > 50
    heard = read_channels(Path(customer["heard"]))[1][0]
    assert find(decode(Codec.PCMA, SPEECH)[4_000:8_000], heard).likeness > 0.99
    assert read_channels(recording)[1][1].size > 8_000
