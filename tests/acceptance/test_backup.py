"""A server is saved among its calls, loses all that it has, and goes on from its backup."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.sipp_world import NOTICE
from tests.acceptance.terminal import run

from playvoice.media.g711 import Codec
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import write_g711
from playvoice.simulator.world import Cast, World


def place(world: World, number: str) -> str:
    answer, uuid = world.client().play_voice(
        voicetype="1",
        destnumber=number,
        voicefile="notice.wav",
        chengshudu="1",
        userid=f"1@{GROUP}",
        disnumber=NUMBERS[0],
    )
    assert uuid, answer
    return uuid


def type_command(world: World, *words: str) -> tuple[int, str]:
    return run(*words, "--config", str(world.config), cwd=world.directory)


def test_a_running_server_is_saved_and_restored_with_its_records_and_recordings(tmp_path: Path) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    write_g711(voices / "notice.wav", NOTICE[Codec.PCMA], Codec.PCMA)
    cast = Cast(
        callee={"": {"as": "answer"}}, registered=False, setting={"company": {"key_time": 60, "record_format": "wav"}}
    )
    saved = tmp_path / "saved"
    with World(tmp_path / "world", voices, cast) as world:
        carrier = world.carrier
        assert carrier is not None
        ended = place(world, "13333330001")
        carrier.wait_for("ack", 20)
        assert type_command(world, "call", "hangup", ended)[0] == 0
        record = world.receiver.wait_for("callback", 20, path="/cdr")["payload"]
        name = record["recordfilename"]
        until(lambda: list((world.directory / "data/recordings").rglob(name)), f"{name} is encoded")
        running = place(world, "13333330002")
        until(lambda: len(carrier.all("ack")) == 2, "the other call runs")
        status, said = type_command(world, "backup", str(saved), "--files")
        assert (status, "was made" in said) == (0, True), said
        status, said = type_command(world, "restore", str(saved))
        assert (status, "another PlayVoice server" in said) == (1, True), said
        world.server.kill()
        for lost in world.directory.glob("playvoice.db*"):
            lost.unlink()
        shutil.rmtree(world.directory / "data")
        status, said = type_command(world, "restore", str(saved))
        assert status == 0, said
        world.start_server()
        status, told = type_command(world, "trace", ended)
        assert (status, "13333330001" in told) == (0, True), told
        assert list((world.directory / "data/recordings").rglob(name)), "the recording is there again"
        cut = world.receiver.wait_for("callback", 20, lambda line: line["payload"]["uuid"] == running, path="/cdr")
        assert cut["payload"]["hangupcause"] == 10007, "what ran in the backup is ended and reported"


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)
