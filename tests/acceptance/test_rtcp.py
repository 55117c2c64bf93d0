"""RTCP with software that we did not write: what Asterisk understands of our reports, and what we store of its."""

import re
import sqlite3
from pathlib import Path

import pytest
from tests.acceptance.asking import place
from tests.acceptance.asterisk_peer import PATIENCE, Asterisk
from tests.acceptance.sipp_world import WAIT_TIME, noise
from tests.waiting import wait_until

from playvoice.media.g711 import Codec, decode
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import LOOPBACK
from playvoice.simulator.sound import write_g711
from playvoice.simulator.world import Cast, World

pytestmark = pytest.mark.peer("asterisk")

NUMBER = "13333330001"
SPEECH = 7.0
"""Seconds that the customer speaks: Asterisk sends a report each 5."""
VOICE = 40.0
"""Seconds, of which the customer leaves most."""
DIALPLAN = f"""
exten => {NUMBER},1,Answer()
 same => n,Playback({{inside}}/customer)
 same => n(again),Wait(0.2)
 same => n,GotoIf($[${{CHANNEL(rtcp,rtt)}} > 0]?:again)
 same => n,Hangup()

exten => h,1,Verbose(0,RTCP ${{CHANNEL(rtcp,all)}})
"""
"""He leaves when Asterisk knows the round trip, which takes a report of ours that answers one of its."""
FIGURES = ("packets_sent", "packets_lost", "sampled", "far_packets_lost", "far_jitter_ms", "round_trip_ms")


def call(client: Client) -> None:
    place(client, NUMBER, "voice.wav", waittime=str(WAIT_TIME))


def figures(directory: Path) -> dict[str, int]:
    """What is stored of the leg's RTP, once it is there."""
    path = directory / "playvoice.db"

    def stored() -> dict[str, int] | None:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            (row,) = database.execute(f"SELECT {', '.join(FIGURES)} FROM legs").fetchall()
        return None if None in row else dict(zip(FIGURES, row, strict=True))

    return wait_until(stored, f"all of {FIGURES}")


def test_asterisk_measures_the_round_trip_by_our_reports_and_we_store_what_it_reports(tmp_path: Path) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    write_g711(voices / "voice.wav", noise(VOICE, Codec.PCMA, 1), Codec.PCMA)
    with Asterisk(DIALPLAN) as asterisk:
        asterisk.give("customer", decode(Codec.PCMA, noise(SPEECH, Codec.PCMA, 2)))
        cast = Cast(carrier=f"sip:{LOOPBACK}:{asterisk.port}", setting={"company": {"record": False}})
        with World(tmp_path, voices, cast) as world:
            call(world.client())
            world.receiver.wait_for("callback", PATIENCE, path="/cdr")
            stored = figures(tmp_path)
        asterisk.wait_for("RTCP ssrc=")
        (line,) = set(re.findall(r"RTCP (ssrc=[^\"\s]+)", asterisk.log()))  # as it runs, and as it is said
    told = dict(field.split("=") for field in line.split(";") if field)
    assert 0 <= stored["packets_sent"] - int(told["rxcount"]) < 100, "all but those that crossed the BYE"
    assert int(told["lp"]) == stored["far_packets_lost"] == 0
    assert 0 < float(told["rtt"]) < 5, "seconds, on a machine that may be busy"
    assert 0 <= stored["round_trip_ms"] < 5_000
    assert 0 <= stored["far_jitter_ms"] < 1_000
    assert int(told["rlp"]) == stored["packets_lost"] == 0, "what we report of what it sent"
    assert stored["sampled"] == 1, "nobody needed the customer's audio"
