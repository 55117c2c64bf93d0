"""An agent's phone behind a NAT that loses its connection in a call, and comes back over another one."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import soundfile
from tests.acceptance.asking import place, voices_in
from tests.acceptance.baresip import ANSWERED, ENDED, PATIENCE, REGISTERED, RINGING, STOPPED, Account, Baresip
from tests.acceptance.tcp_relay import TcpRelay
from tests.waiting import wait_until

from playvoice.media.g711 import SAMPLE_RATE
from playvoice.simulator.configuration import LOOPBACK
from playvoice.simulator.program import Program, far_end
from playvoice.simulator.world import EXTENSION, Cast, World
from playvoice.voices.hold_music import hold_music

PASSWORD = "secret"
FIRST, SECOND = "13333330001", "13333330002"
LATE, OTHER = "20280004", "20280005"
LEFT = "SELECT uuid FROM legs WHERE state != 'ended'"
CALLEE = {"": {"press": "1", "press_after": 0.1, "answer_after": 0.1}}


@contextmanager
def phone_behind_nat(directory: Path) -> Iterator[tuple[World, TcpRelay, Baresip]]:
    """A server, and a phone that reaches it through a NAT and registers every two seconds."""
    voices = directory / "voices"
    voices.mkdir()
    soundfile.write(voices / "voice.wav", hold_music()[: 8 * SAMPLE_RATE], SAMPLE_RATE, subtype="PCM_16")
    cast = Cast(callee=CALLEE, registered=False, setting={"group": {"ring_time": 2, "max_wait": 30}})
    with World(directory, voices, cast) as world, TcpRelay(world.sip("tcp")) as relay:
        relay.say_instead(b"expires=600", b"expires=2")
        account = Account(relay.address, EXTENSION, PASSWORD, "tcp", answers=False)
        with Baresip(directory / "baresip", account, voices / "voice.wav") as phone:
            phone.wait_for(REGISTERED)
            yield world, relay, phone


@pytest.mark.peer("baresip")
def test_a_phone_that_loses_its_connection_is_stopped_acknowledged_and_hung_up_over_the_next_one(
    tmp_path: Path,
) -> None:
    with phone_behind_nat(tmp_path) as (world, relay, phone):
        customer = world.client()
        place(customer, FIRST, "voice.wav")
        phone.wait_for(RINGING)
        relay.cut()
        phone.wait_for(STOPPED)
        uuid = place(customer, SECOND, "voice.wav")
        phone.wait_for(RINGING, 2)  # the agent is free for whoever has not rung him in vain
        relay.cut()
        phone.answer()
        phone.wait_for(ANSWERED)
        assert world.carrier is not None
        world.carrier.send(do="hang_up", number=SECOND)
        phone.wait_for(ENDED)
        record = world.receiver.wait_for("callback", PATIENCE, path="/cdr")["payload"]
    assert (record["uuid"], record["hangupcause"], record["extnumber"]) == (uuid, 10001, EXTENSION)


def test_phones_that_lost_their_connection_keep_no_agent_and_what_they_do_later_is_ended(tmp_path: Path) -> None:
    """Another agent has the call. One of them answers when nobody wants it any more; one comes back and rings still."""
    cast = Cast(callee=CALLEE, registered=False, extensions=dict.fromkeys((EXTENSION, LATE, OTHER), PASSWORD))
    with (
        World(tmp_path / "world", voices_in(tmp_path), cast) as world,
        TcpRelay(world.sip("tcp")) as relay,
        phones(
            world, f"tcp:{LOOPBACK}:{relay.address[1]}", {EXTENSION: "no-answer", LATE: {"answer_after": 2.5}}
        ) as lost,
        phones(world, f"udp:{LOOPBACK}:{world.sip()[1]}", {OTHER: {"as": "hangup", "answer_after": 1.5}}) as other,
    ):
        uuid = place(world.client(), FIRST)
        for extension in (EXTENSION, LATE):
            lost.wait_for("ringing", PATIENCE, number=extension)
        relay.cut()
        other.wait_for("answered", PATIENCE)
        for event in ("answered", "ack", "bye"):
            lost.wait_for(event, PATIENCE, number=LATE)
        assert not lost.all("cancel")
        lost.send(do="register", number=EXTENSION)
        lost.wait_for("cancel", PATIENCE, number=EXTENSION)
        record = world.receiver.wait_for("callback", PATIENCE, path="/cdr")["payload"]
        assert (record["uuid"], record["hangupcause"], record["extnumber"]) == (uuid, 10001, OTHER)
        with closing(sqlite3.connect(f"file:{world.directory}/playvoice.db?mode=ro", uri=True)) as database:
            wait_until(lambda: not database.execute(LEFT).fetchall(), "no leg is left, and no agent taken")


def phones(world: World, server: str, behaviours: dict[str, object]) -> Program:
    """Simulated phones of one process, which are registered."""
    program = far_end(
        "agents",
        *("--server", server, "--extensions", json.dumps(dict.fromkeys(behaviours, PASSWORD))),
        *("--behaviour", json.dumps(behaviours), "--domain", LOOPBACK),
        log=world.directory / "phones.log",
    )
    for extension in behaviours:
        program.wait_for("registered", PATIENCE, extension=extension)
    return program
