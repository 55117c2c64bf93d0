"""Agents with baresip in one group: who gets the call, hold and keys while they talk, and phones that die."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import soundfile
from tests.acceptance.asking import place
from tests.acceptance.baresip import ANSWERED, PATIENCE, REGISTERED, RINGING, Account, Baresip
from tests.acceptance.sipp_world import noise
from tests.acceptance.test_baresip_agent import ALIKE, SAME, mono, recording
from tests.waiting import wait_until

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, decode
from playvoice.simulator.program import Program
from playvoice.simulator.sound import find, read_channels, write_g711
from playvoice.simulator.world import Cast, World

pytestmark = pytest.mark.peer("baresip")

FIRST, SECOND, THIRD, FOURTH = AGENTS = ("20280003", "20280004", "20280005", "20280006")
PASSWORD = "secret"
CALLEE = decode(Codec.PCMA, noise(0.8, Codec.PCMA, 11))
AGENT = decode(Codec.PCMA, noise(30.0, Codec.PCMA, 12))
"""Longer than any call."""
UNDER_WAY = SAMPLE_RATE // 5
"""Samples before an end that a busy machine may not have sent any more."""
OUR_ANSWER = r"(?m)^SIP/2\.0 200 OK\r?\n(?:.*\n){9,16}o=- .*\r?\n(?:.*\n){3,9}"
"""To an offer of the phone's, up to what its last line says; the phone's own answers have another phrase."""


@dataclass
class Office:
    """A server whose group has four members, and the customers who call."""

    world: World
    directory: Path
    says: Path
    dialled: list[str] = field(default_factory=list)

    @property
    def carrier(self) -> Program:
        assert self.world.carrier is not None
        return self.world.carrier

    def phone(self, directory: Path, extension: str, *, answers: bool = False) -> Baresip:
        return Baresip(
            directory / extension, Account(self.world.sip(), extension, PASSWORD, answers=answers), self.says
        )

    def dial(self) -> tuple[str, str]:
        """Call a customer who presses 1 at once; his number and the call's uuid."""
        number = f"1333333{len(self.dialled):04}"
        self.dialled.append(number)
        uuid = place(self.world.client(), number, "voice.wav")
        return number, uuid

    def say(self, number: str) -> None:
        """Let the customer speak, and return when he has been heard."""
        before = len(self.carrier.all("says", number=number))
        self.carrier.send(do="say", number=number)
        wait_until(lambda: len(self.carrier.all("says", number=number)) > before, "the customer speaks")
        time.sleep(CALLEE.size / SAMPLE_RATE + 0.2)

    def record(self, uuid: str) -> dict[str, Any]:
        line = self.world.receiver.wait_for(
            "callback", PATIENCE, lambda each: bool(each["payload"]["uuid"] == uuid), path="/cdr"
        )
        return dict(line["payload"])

    def states(self, uuid: str) -> dict[str, list[str]]:
        """The states of each agent, once the call's record is there."""
        found: dict[str, list[str]] = defaultdict(list)
        for line in self.world.receiver.all("callback", path="/status"):
            if line["payload"]["uuid"] == uuid:
                found[line["payload"]["extnumber"]].append(line["payload"]["status"])
        return dict(found)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("office")
    voices, says = directory / "voices", directory / "agent.wav"
    voices.mkdir()
    write_g711(voices / "voice.wav", noise(5.0, Codec.PCMA, 13), Codec.PCMA)
    soundfile.write(says, AGENT, SAMPLE_RATE, subtype="PCM_16")
    speech = directory / "callee.wav"
    soundfile.write(speech, CALLEE, SAMPLE_RATE, subtype="PCM_16")
    cast = Cast(
        callee={"": {"answer_after": 0.1, "press": "1", "press_after": 0.2}},
        extensions=dict.fromkeys(AGENTS, PASSWORD),
        registered=False,
        callee_speech=speech,
        setting={"company": {"record_format": "wav"}},
    )
    with World(directory, voices, cast) as world:
        yield Office(world, directory, says)


def outcome(record: dict[str, Any]) -> tuple[int, int, str, str]:
    """Cause, who hung up, key and agent."""
    return record["hangupcause"], record["hangupdirection"], record["userkey"], record["extnumber"]


def test_of_two_phones_that_ring_the_one_that_answers_has_the_call_and_the_other_misses_none(
    office: Office, tmp_path: Path
) -> None:
    with office.phone(tmp_path, FIRST) as first, office.phone(tmp_path, SECOND) as second:
        for phone in (first, second):
            phone.wait_for(REGISTERED)
        number, uuid = office.dial()
        for phone in (first, second):
            phone.wait_for(RINGING)
        second.answer()
        second.wait_for(ANSWERED)
        first.wait_for(r"(?m)^CANCEL sip:(?:.+\n)*Reason: SIP;cause=200;")
        first.wait_for(r"SIP/2\.0 487 ")
        office.carrier.send(do="hang_up", number=number)
        assert outcome(office.record(uuid)) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP, "1", SECOND)
    assert office.states(uuid) == {FIRST: ["ring", "hangup"], SECOND: ["ring", "answer", "hangup"]}


def test_a_call_that_an_agent_holds_and_resumes_is_recorded_whole(office: Office, tmp_path: Path) -> None:
    with office.phone(tmp_path, FIRST, answers=True) as phone:
        phone.wait_for(REGISTERED)
        number, uuid = office.dial()
        phone.wait_for(ANSWERED)
        office.say(number)
        phone.hold()
        phone.wait_for(OUR_ANSWER + "a=recvonly")
        office.say(number)
        phone.resume()
        phone.wait_for(OUR_ANSWER + "a=sendrecv")
        office.say(number)
        phone.hang_up()
        record = office.record(uuid)
    assert outcome(record) == (Cause.NORMAL, Cause.CALLER_HUNG_UP, "1", FIRST)
    # baresip has no sound of its own any more once it has held: it writes down what it heard before.
    assert find(CALLEE[: SAMPLE_RATE // 2], phone.heard()).likeness > SAME
    left, right = read_channels(recording(office.directory, record["recordfilename"]))[1]
    assert places(CALLEE, left) == 3, "what the customer said meanwhile is recorded as well"
    customer = mono(office.carrier.wait_for("audio", 5, number=number)["heard"])
    first, last = customer[: SAMPLE_RATE // 2], customer[-SAMPLE_RATE // 2 : -UNDER_WAY]
    assert find(last, AGENT).likeness > SAME, "the customer hears the agent to the end"
    assert find(first, right).likeness > SAME, "the recording has what he heard before the hold"
    assert find(last, right).likeness > SAME, "and after it"


def places(sound: Samples, within: Samples) -> int:
    """How often the sound is in the other one, one after the other."""
    if within.size < sound.size or (match := find(sound, within)).likeness <= ALIKE:
        return 0
    return 1 + places(sound, within[: match.offset]) + places(sound, within[match.offset + sound.size :])


def test_keys_that_an_agent_presses_while_talking_change_nothing(office: Office, tmp_path: Path) -> None:
    with office.phone(tmp_path, FIRST, answers=True) as phone:
        phone.wait_for(REGISTERED)
        number, uuid = office.dial()
        phone.wait_for(ANSWERED)
        phone.wait_to_hear(0.3)
        for key in ("5", "#"):
            phone.press(key)
            phone.wait_to_hear(0.4)
        office.carrier.send(do="hang_up", number=number)
        record = office.record(uuid)
    assert outcome(record) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP, "1", FIRST)
    log = (office.directory / "server.log").read_text()
    assert [line for line in log.splitlines() if uuid in line and "key_pressed" in line and "key=1" not in line] == []
    _, right = read_channels(recording(office.directory, record["recordfilename"]))[1]
    assert find(right[-SAMPLE_RATE // 2 : -UNDER_WAY], AGENT).likeness > SAME, "and the agent is heard to the end"


def test_phones_that_die_while_they_ring_and_while_they_talk_leave_a_whole_record(
    office: Office, tmp_path: Path
) -> None:
    with office.phone(tmp_path, THIRD) as ringing, office.phone(tmp_path, FOURTH) as talking:
        for phone in (ringing, talking):
            phone.wait_for(REGISTERED)
        number, uuid = office.dial()
        for phone in (ringing, talking):
            phone.wait_for(RINGING)
        ringing.kill()
        talking.answer()
        talking.wait_for(ANSWERED)
        talking.wait_to_hear(0.3)
        talking.kill()
        office.say(number)
        office.carrier.send(do="hang_up", number=number)
        record = office.record(uuid)
    assert outcome(record) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP, "1", FOURTH)
    assert office.states(uuid) == {THIRD: ["ring", "hangup"], FOURTH: ["ring", "answer", "hangup"]}
    left, _ = read_channels(recording(office.directory, record["recordfilename"]))[1]
    assert places(CALLEE, left) == 1, "what the customer said to nobody is recorded"
