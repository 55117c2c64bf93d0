"""Asterisk at both ends of a whole server: as the trunk to the customers, and as the PBX behind which agents sit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.asterisk_peer import ACCEPTED, ENDPOINT, PATIENCE, Asterisk
from tests.acceptance.sipp_world import PASSWORD, USERNAME, WAIT_TIME, noise

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, decode
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import GROUP, LOOPBACK, NUMBERS
from playvoice.simulator.program import Line, Program
from playvoice.simulator.sound import find, read_channels, write_g711
from playvoice.simulator.world import EXTENSION, Cast, World

pytestmark = pytest.mark.peer("asterisk")

PIECE = SAMPLE_RATE // 4
"""Samples that are looked for at once."""
ALIKE = 0.99
"""Likeness of a piece that arrived whole."""
VOICE = noise(3.0, Codec.PCMA, 1)
"""The voice; a key ends it before its end."""
KEY_TIME = 1
CUSTOMER = noise(1.5, Codec.PCMA, 2)
AGENT = noise(1.0, Codec.PCMA, 3)

PRESSES = "13333330001"
BEHIND = "13333330006"
"""A phone behind Asterisk, which does what the one does that presses."""
LEAVES = "13333330002"
BUSY = "13333330003"
CONGESTED = "13333330004"
UNKNOWN = "13399999999"
NEVER_ANSWERS = "13333330005"
ENDS_WITH = "133444400"
"""Before the Q.850 cause of two digits with which Asterisk refuses the call."""
CALLER_WITH_DIGEST = NUMBERS[1]

PHONE = "127.0.0.2"
"""Where the phone behind Asterisk sends from."""

DIALPLAN = f"""
exten => {PRESSES},1,Answer()
 same => n,Record({{inside}}/${{CHANNEL(endpoint)}}-voice.wav,,2,q)
 same => n,SendDTMF(1)
 same => n,Playback({{inside}}/customer)
 same => n,Record({{inside}}/${{CHANNEL(endpoint)}}-agent.wav,,,kq)

exten => {BEHIND},1,Dial(PJSIP/{PRESSES}@behind)

exten => {LEAVES},1,Answer()
 same => n,Wait(0.5)
 same => n,Hangup()

exten => {NEVER_ANSWERS},1,Ringing()
 same => n,Wait(60)

exten => {BUSY},1,Busy(60)

exten => {CONGESTED},1,Congestion(60)

exten => _{ENDS_WITH}XX,1,Hangup(${{EXTEN:-2}})
"""
ENDPOINTS = f"""
[{CALLER_WITH_DIGEST}]{ENDPOINT}
auth = trunk

[trunk]
type = auth
auth_type = digest
username = {USERNAME}
password = {PASSWORD}

[behind]{ENDPOINT}
aors = behind
from_user = phone

[behind]
type = aor
contact = sip:{LOOPBACK}:{{port}}

[phone]{ENDPOINT.replace(LOOPBACK, PHONE)}
"""
"""By default (`direct_media = yes`) Asterisk lets two far ends send to each other. The phone behind it is itself again,
at another address, and called by another name."""


@dataclass
class Calls:
    """The calls of one world."""

    world: World
    client: Client
    uuids: list[str] = field(default_factory=list)

    def dial(self, number: str, caller: str = NUMBERS[0]) -> str:
        """Ask for a call; gives its uuid."""
        answer, uuid = self.client.play_voice(
            voicetype="1",
            destnumber=number,
            voicefile="voice.wav",
            chengshudu="1",
            userid=f"1@{GROUP}",
            disnumber=caller,
            waittime=str(WAIT_TIME),
        )
        assert uuid, answer
        self.uuids.append(uuid)
        return uuid

    def record(self, uuid: str) -> dict[str, Any]:
        """The call record as it was delivered."""
        line = self.world.receiver.wait_for(
            "callback", PATIENCE, lambda each: bool(each["payload"]["uuid"] == uuid), path="/cdr"
        )
        return dict(line["payload"])

    def states(self, uuid: str) -> list[tuple[str, str]]:
        """Extension and state, as they were delivered."""
        payloads = [line["payload"] for line in self.world.receiver.all("callback", path="/status")]
        return [(each["extnumber"], each["status"]) for each in payloads if each["uuid"] == uuid]

    def assert_each_has_one_record(self) -> None:
        told = [line["payload"]["uuid"] for line in self.world.receiver.all("callback", path="/cdr")]
        assert sorted(told) == sorted(self.uuids)


@contextmanager
def calls_of(directory: Path, cast: Cast) -> Iterator[Calls]:
    """A world with a voice, whose calls have one record each when it ends."""
    voices = directory / "voices"
    voices.mkdir()
    write_g711(voices / "voice.wav", VOICE, Codec.PCMA)
    with World(directory, voices, cast) as world:
        calls = Calls(world, world.client())
        yield calls
        calls.assert_each_has_one_record()


def samples(octets: bytes) -> Samples:
    return decode(Codec.PCMA, octets)


def outcome(record: dict[str, Any]) -> tuple[int, int, str, str]:
    """Cause, who hung up, key and agent."""
    return record["hangupcause"], record["hangupdirection"], record["userkey"], record["extnumber"]


def heard_by(line: Line) -> Samples:
    """What a simulated phone heard."""
    return read_channels(Path(line["heard"]))[1][0]


def assert_hears(octets: bytes, within: Samples, what: str) -> None:
    """Each piece of the sound is in the other one, one after the other."""
    sound = samples(octets)
    starts = range(0, sound.size - PIECE + 1, PIECE)
    found = [find(sound[start : start + PIECE], within) for start in starts]
    assert found
    assert min(match.likeness for match in found) > ALIKE, f"{what}: {found}"
    assert sorted(match.offset for match in found) == [match.offset for match in found], f"{what}: {found}"


# --- the trunk ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk(DIALPLAN, ENDPOINTS) as started:
        started.give("customer", samples(CUSTOMER))
        yield started


@pytest.fixture(scope="module")
def calls(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    """A server whose trunk leads to Asterisk, and an agent who answers, speaks and hangs up."""
    directory = tmp_path_factory.mktemp("trunk")
    speech = directory / "agent.wav"
    write_g711(speech, AGENT, Codec.PCMA)
    cast = Cast(
        carrier=f"sip:{LOOPBACK}:{asterisk.port}",
        agent={"": {"as": "answer", "answer_after": 0.3, "say_after": 2.5, "hang_up_after": 4.0}},
        agent_speech=speech,
        setting={
            "trunk": {"username": USERNAME, "password": PASSWORD},
            "company": {"record": False, "key_time": KEY_TIME},
        },
    )
    with calls_of(directory, cast) as started:
        started.dial(NEVER_ANSWERS)  # it lasts longest: the others go on meanwhile
        yield started


def test_a_key_by_rfc_4733_leads_to_an_agent_and_both_hear_each_other(calls: Calls, asterisk: Asterisk) -> None:
    uuid = calls.dial(PRESSES)
    record = calls.record(uuid)
    assert outcome(record) == (Cause.NORMAL, Cause.CALLER_HUNG_UP, "1", EXTENSION), asterisk.log()
    assert calls.states(uuid) == [(EXTENSION, state) for state in ("ring", "answer", "hangup")]
    asterisk.wait_for("exited non-zero on 'PJSIP/playvoice-")
    assert_hears(VOICE[: 3 * SAMPLE_RATE // 4], asterisk.heard("playvoice-voice"), "the voice")
    assert_hears(AGENT, asterisk.heard("playvoice-agent"), "the agent")
    assert calls.world.agents is not None
    assert_hears(
        CUSTOMER[3 * SAMPLE_RATE // 4 : 5 * SAMPLE_RATE // 4],
        heard_by(calls.world.agents.wait_for("audio")),
        "the customer",
    )


def test_a_phone_behind_the_trunk_that_sends_its_media_directly_is_heard(calls: Calls, asterisk: Asterisk) -> None:
    record = calls.record(calls.dial(BEHIND))
    heard = asterisk.heard("phone-voice")
    assert_hears(
        VOICE[SAMPLE_RATE : 3 * SAMPLE_RATE // 2], heard, f"the voice, {heard.size} samples,\n{asterisk.log()}"
    )
    assert (record["userkey"], record["extnumber"]) == ("1", EXTENSION), asterisk.log()


def test_a_customer_who_leaves_while_the_voice_plays_is_reported_so(calls: Calls) -> None:
    record = calls.record(calls.dial(LEAVES))
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)


UNSET = 0
"""The cause while Asterisk has not set one: `Busy()` and `Congestion()` do so only after they have told the channel."""
REFUSALS = [
    (BUSY, 486, 17, Cause.BUSY),
    (CONGESTED, 503, 34, Cause.LINE_FAILURE),
    (UNKNOWN, 404, None, Cause.NOT_FOUND),
    (f"{ENDS_WITH}01", 404, 1, Cause.NOT_FOUND),
    (f"{ENDS_WITH}03", 404, 3, Cause.NOT_FOUND),
    (f"{ENDS_WITH}16", 603, 16, Cause.REJECTED),
    (f"{ENDS_WITH}18", 408, 18, Cause.NO_ANSWER),
    (f"{ENDS_WITH}19", 480, 19, Cause.NO_ANSWER),
    (f"{ENDS_WITH}20", 480, 20, Cause.UNREACHABLE),
    (f"{ENDS_WITH}21", 403, 21, Cause.REJECTED),
    (f"{ENDS_WITH}22", 410, 22, Cause.NUMBER_CHANGED),
    (f"{ENDS_WITH}28", 484, 28, Cause.CALL_INVALID),
    (f"{ENDS_WITH}31", 480, 31, Cause.UNREACHABLE),
    (f"{ENDS_WITH}38", 500, 38, Cause.LINE_FAILURE),
]


@pytest.mark.parametrize(("number", "status", "q850", "cause"), REFUSALS)
def test_a_refusal_is_reported_by_its_q850_cause_and_else_by_its_status(
    calls: Calls, asterisk: Asterisk, number: str, status: int, q850: int | None, cause: Cause
) -> None:
    uuid = calls.dial(number)
    record = calls.record(uuid)
    expected = [(status, q850)], [(status, UNSET if number in {BUSY, CONGESTED} else q850)]
    assert asterisk.refusals(number) in expected, asterisk.log()
    assert (record["hangupcause"], record["hangupdirection"]) == (cause, cause)
    assert (record["billsec"], record["answertime"]) == (0, "")
    assert not calls.states(uuid)


def test_a_call_that_rings_and_is_not_answered_is_cancelled(calls: Calls, asterisk: Asterisk) -> None:
    record = calls.record(calls.uuids[0])
    assert record["destnumber"] == NEVER_ANSWERS
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NO_ANSWER, Cause.CALLER_HUNG_UP)
    assert record["duration"] in {WAIT_TIME, WAIT_TIME + 1}, "cut to whole seconds at both ends"
    asterisk.wait_for(rf"(?m)^CANCEL sip:{NEVER_ANSWERS}@")
    assert asterisk.refusals(NEVER_ANSWERS)[0][0] == 487


def test_a_digest_that_the_trunk_asks_for_is_answered(calls: Calls, asterisk: Asterisk) -> None:
    record = calls.record(calls.dial(LEAVES, CALLER_WITH_DIGEST))
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    asterisk.wait_for("(?m)^WWW-Authenticate: Digest ")
    asterisk.wait_for(f'(?m)^Authorization: Digest username="{USERNAME}"')


# --- the PBX ------------------------------------------------------------------------------------------------------

AGENT_LEAVES = "13333330007"
"""The customer whose agent has something to say and hangs up; the others hear themselves."""
PBX = f"""
exten => {EXTENSION},1,Ringing()
 same => n,Wait(0.3)
 same => n,Answer()
 same => n,Echo()

exten => {EXTENSION}/{AGENT_LEAVES},1,Answer()
 same => n,Playback({{inside}}/agent)
 same => n,Hangup()
"""


def registration(server: tuple[str, int]) -> str:
    """What makes Asterisk a phone of our registrar."""
    address = f"{server[0]}:{server[1]}"
    return f"""
[registration]
type = registration
transport = udp
server_uri = sip:{address}
client_uri = sip:{EXTENSION}@{address}
contact_user = {EXTENSION}
outbound_auth = extension
max_random_initial_delay = 0

[extension]
type = auth
auth_type = digest
username = {EXTENSION}
password = secret
"""


@dataclass(frozen=True, slots=True)
class Office:
    """A server, and Asterisk as the one phone that is registered there."""

    calls: Calls
    carrier: Program
    pbx: Asterisk


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("office")
    speech = directory / "customer.wav"
    write_g711(speech, CUSTOMER, Codec.PCMA)
    cast = Cast(
        callee={"": {"as": "answer", "press": "1", "press_after": 0.5}},
        callee_speech=speech,
        registered=False,
        setting={"company": {"record": False}},
    )
    with calls_of(directory, cast) as calls, Asterisk(PBX, registration(calls.world.sip())) as pbx:
        pbx.give("agent", samples(AGENT))
        pbx.wait_for(ACCEPTED)
        assert calls.world.carrier is not None
        yield Office(calls, calls.world.carrier, pbx)


def test_a_pbx_registers_as_an_extension_with_a_digest(office: Office) -> None:
    office.pbx.wait_for(f'(?m)^Authorization: Digest username="{EXTENSION}"')


def test_a_customer_talks_with_an_agent_behind_a_pbx_and_hangs_up(office: Office) -> None:
    calls, carrier, pbx = office.calls, office.carrier, office.pbx
    uuid = calls.dial(PRESSES)
    pbx.wait_for("Executing .* Echo")
    carrier.send(do="say", number=PRESSES)
    time.sleep(carrier.wait_for("says")["seconds"] + 0.5)  # it speaks, and hears itself
    carrier.send(do="hang_up", number=PRESSES)
    assert outcome(calls.record(uuid)) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP, "1", EXTENSION), pbx.log()
    assert calls.states(uuid) == [(EXTENSION, state) for state in ("ring", "answer", "hangup")]
    assert_hears(CUSTOMER, heard_by(carrier.wait_for("audio", number=PRESSES)), "the echo")
    pbx.wait_for(rf"(?m)^BYE sip:(?:{EXTENSION}@)?{LOOPBACK}:{pbx.port}")


def test_an_agent_behind_a_pbx_who_does_not_ring_speaks_and_hangs_up(office: Office) -> None:
    calls, carrier, pbx = office.calls, office.carrier, office.pbx
    uuid = calls.dial(AGENT_LEAVES)
    assert outcome(calls.record(uuid)) == (Cause.NORMAL, Cause.CALLER_HUNG_UP, "1", EXTENSION), pbx.log()
    assert calls.states(uuid) == [(EXTENSION, state) for state in ("ring", "answer", "hangup")]
    heard = heard_by(carrier.wait_for("audio", number=AGENT_LEAVES))
    assert_hears(AGENT[SAMPLE_RATE // 4 : 3 * SAMPLE_RATE // 4], heard, "the agent")
