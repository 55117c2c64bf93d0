"""A company's own voice files by curl: uploaded, listed, played, and removed when no waiting call needs them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import SAMPLE_RATE, Codec, decode
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import ASSETS, load, read_channels, same_from_start
from playvoice.simulator.world import Cast, World

pytestmark = pytest.mark.peer("curl")

NAME = "新的通知.mp3"
PATIENCE = 60.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    voices = tmp_path / "voices"
    voices.mkdir()
    (voices / "operators.mp3").write_bytes((ASSETS / "notice.mp3").read_bytes())
    cast = Cast(
        callee={"1": {"as": "answer", "hang_up_after": 2.0}, "2": "answer"},
        registered=False,
        setting={"company": {"record": False, "key_time": 1}, "trunk": {"max_calls": 1}},
    )
    with World(tmp_path, voices, cast) as made:
        yield made


class Curl:
    """What a customer types."""

    def __init__(self, world: World) -> None:
        self._url = f"http://{world.http}/"
        login = self.send("App.Sip_Auth.Login", appid="demo-appid", accesskey="demo-accesskey")
        self._token = {"token": login["data"]["result"]["token"]}

    def send(self, service: str, *, file: Path | None = None, **fields: str) -> dict[str, Any]:
        pairs = {"service": service, **fields}.items()
        form = [argument for name, value in pairs for argument in ("--form-string", f"{name}={value}")]
        form += ["--form", f"file=@{file}"] if file is not None else []
        done = subprocess.run(["curl", "-sS", self._url, *form], capture_output=True, timeout=30, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def ask(self, service: str, *, file: Path | None = None, **fields: str) -> Any:
        """The result, or the code of a failure."""
        data = self.send(service, file=file, **self._token, **fields)["data"]
        return data["errors"]["code"] if data["status"] else data.get("result")

    def play(self, number: str, voicefile: str = NAME) -> Any:
        return self.ask(
            "App.Sip_Call.PlayVoice",
            destnumber=number,
            disnumber=NUMBERS[0],
            voicetype="1",
            voicefile=voicefile,
            chengshudu="1",
            userid=f"1@{GROUP}",
        )


def test_a_file_is_uploaded_played_and_removed_when_no_waiting_call_needs_it(world: World) -> None:
    assert world.carrier is not None
    curl = Curl(world)
    notice = ASSETS / "notice.mp3"
    described = curl.ask("App.Sip_Voice.Upload", file=notice, voicefile=NAME)
    assert (described["voicefile"], described["format"], described["source"]) == (NAME, "mp3", "upload")
    assert described["size"] == notice.stat().st_size
    assert described["seconds"] == pytest.approx(8.69, abs=0.1)
    assert -40 < described["level"] < described["peak"] <= 0
    assert curl.ask("App.Sip_Voice.Upload", file=ASSETS / "agent.mp3", voicefile=NAME) == 1003, "the name is taken"
    listed = curl.ask("App.Sip_Voice.List")
    assert [voice["voicefile"] for voice in listed["voices"]] == ["operators.mp3", NAME]
    assert listed["voices"][1] == described
    assert [curl.ask("App.Sip_Voice.Delete", voicefile=name) for name in ("operators.mp3", "none")] == [1003, 1029]

    assert curl.play("13333330001") is None
    assert curl.play("13333330002") is None
    assert curl.ask("App.Sip_Voice.Delete", voicefile=NAME) == 1003, "the second call waits for the trunk"
    answered = world.carrier.wait_for("answered", PATIENCE, number="13333330002")
    assert curl.ask("App.Sip_Voice.Delete", voicefile=NAME) is None
    assert curl.play("13333330003") == 1029
    assert [voice["voicefile"] for voice in curl.ask("App.Sip_Voice.List")["voices"]] == ["operators.mp3"]

    record = world.receiver.wait_for(
        "callback", PATIENCE, lambda line: line["payload"]["destnumber"] == "13333330002", path="/cdr"
    )
    assert (record["payload"]["hangupcause"], record["payload"]["hangupdirection"]) == (
        Cause.NORMAL,
        Cause.CALLER_HUNG_UP,
    )
    audio = world.carrier.wait_for("audio", PATIENCE, number="13333330002")
    codec = Codec[answered["codec"]]
    heard, spoken = read_channels(Path(audio["heard"]))[1][0], decode(codec, load(notice)[codec])
    missing = (spoken.size - same_from_start(heard, spoken)) / SAMPLE_RATE
    assert missing < 0.1, "who was listening heard it to its end"
    assert not list((world.directory / "data" / "voices" / "uploads").iterdir())


def test_a_file_of_many_megabytes_is_uploaded_and_is_there_after_a_restart(world: World, tmp_path: Path) -> None:
    large = tmp_path / "large.wav"
    octets = bytes(20_000_000)
    head = b"RIFF" + (36 + len(octets)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (1).to_bytes(2, "little") * 2 + (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little")
    large.write_bytes(head + b"\2\0\x10\0data" + len(octets).to_bytes(4, "little") + octets)
    described = Curl(world).ask("App.Sip_Voice.Upload", file=large)
    assert (described["seconds"], described["level"], described["size"]) == (1250.0, -100.0, 20_000_044)
    world.server.stop()
    world.start_server()
    assert described in Curl(world).ask("App.Sip_Voice.List")["voices"]
