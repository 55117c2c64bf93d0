"""The request that most tests make: a call for the demo company, which plays a voice of its library."""

from pathlib import Path
from typing import Any

from tests.acceptance.sipp_world import NOTICE

from playvoice.media.g711 import Codec
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import write_g711


def voices_in(folder: Path) -> Path:
    """Make the folder of voices that a world takes, with `notice.wav`."""
    voices = folder / "voices"
    voices.mkdir()
    write_g711(voices / "notice.wav", NOTICE[Codec.PCMA], Codec.PCMA)
    return voices


def request_call(
    client: Client, number: str, voicefile: str = "notice.wav", **options: str
) -> tuple[dict[str, Any], str]:
    """Ask for a call to a number; the answer, and the call's uuid, empty where it is refused."""
    usual = {"voicetype": "1", "chengshudu": "1", "userid": f"1@{GROUP}", "disnumber": NUMBERS[0]}
    return client.play_voice(**{**usual, "destnumber": number, "voicefile": voicefile, **options})


def place(client: Client, number: str, voicefile: str = "notice.wav", **options: str) -> str:
    """Ask for a call that is not to be refused; its uuid."""
    answer, uuid = request_call(client, number, voicefile, **options)
    assert uuid, answer
    return uuid
