"""SIGTERM ends every process in time, whatever the server still waits for."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.acceptance.sipp_world import NOTICE

from playvoice.media.g711 import Codec
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import write_g711
from playvoice.simulator.world import Cast, World

NUMBER = "13333330001"


def test_a_database_that_takes_nothing_holds_a_stop_up_for_less_than_15_s_and_costs_no_record(tmp_path: Path) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    write_g711(voices / "notice.wav", NOTICE[Codec.PCMA], Codec.PCMA)
    cast = Cast(callee={"": {"as": "answer"}}, registered=False, setting={"company": {"key_time": 60}})
    with World(tmp_path / "world", voices, cast) as world:
        answer, uuid = world.client().play_voice(
            voicetype="1",
            destnumber=NUMBER,
            voicefile="notice.wav",
            chengshudu="1",
            userid=f"1@{GROUP}",
            disnumber=NUMBERS[0],
        )
        assert uuid, answer
        assert world.carrier is not None
        world.carrier.wait_for("ack", 20)
        (database,) = (tmp_path / "world").rglob("*.db")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            world.server.process.terminate()
            world.server.process.wait(20)
            assert time.monotonic() - began < 15
        world.carrier.wait_for("bye", 5)
        world.start_server()
        record = world.receiver.wait_for("callback", 15, path="/cdr")["payload"]
        assert (record["uuid"], record["hangupcause"], record["hangupdirection"]) == (uuid, 10007, 10040)
        assert world.server.stop() == 0
