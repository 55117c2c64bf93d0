"""An agent's phone behind a NAT that loses its connection in a call, and comes back over another one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundfile
from tests.acceptance.asking import place
from tests.acceptance.baresip import ANSWERED, ENDED, PATIENCE, REGISTERED, RINGING, STOPPED, Account, Baresip
from tests.acceptance.tcp_relay import TcpRelay

from playvoice.media.g711 import SAMPLE_RATE
from playvoice.simulator.world import EXTENSION, Cast, World
from playvoice.voices.hold_music import hold_music

pytestmark = pytest.mark.peer("baresip")

PASSWORD = "secret"


FIRST, SECOND = "13333330001", "13333330002"


@contextmanager
def phone_behind_nat(directory: Path) -> Iterator[tuple[World, TcpRelay, Baresip]]:
    """A server, and a phone that reaches it through a NAT and registers every two seconds."""
    voices = directory / "voices"
    voices.mkdir()
    soundfile.write(voices / "voice.wav", hold_music()[: 8 * SAMPLE_RATE], SAMPLE_RATE, subtype="PCM_16")
    cast = Cast(
        callee={"": {"press": "1", "press_after": 0.1, "answer_after": 0.1}},
        registered=False,
        setting={"group": {"ring_time": 2, "max_wait": 30}},
    )
    with World(directory, voices, cast) as world, TcpRelay(world.sip("tcp")) as relay:
        relay.say_instead(b"expires=600", b"expires=2")
        account = Account(relay.address, EXTENSION, PASSWORD, "tcp", answers=False)
        with Baresip(directory / "baresip", account, voices / "voice.wav") as phone:
            phone.wait_for(REGISTERED)
            yield world, relay, phone


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
