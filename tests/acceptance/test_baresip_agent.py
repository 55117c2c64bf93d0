"""An agent with baresip, a phone that we did not write, at a whole server: its SIP, SDP and RTP over sockets."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.acceptance.asking import place
from tests.acceptance.baresip import (
    ANSWERED,
    BUSY,
    ENDED,
    PATIENCE,
    REFUSED,
    REGISTERED,
    REGISTERS,
    RINGING,
    STOPPED,
    Account,
    Baresip,
)
from tests.waiting import wait_until

from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples, decode, encode
from playvoice.simulator.configuration import COMPANY, LOOPBACK, NUMBERS, free_ports
from playvoice.simulator.evidence import RECORD_KEYS, STATE_KEYS
from playvoice.simulator.program import Line
from playvoice.simulator.sound import find, read_channels
from playvoice.simulator.world import EXTENSION, Cast, World
from playvoice.voices.hold_music import hold_music

pytestmark = pytest.mark.peer("baresip")

CUSTOMER = "13333333333"
PASSWORD = "secret"
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
PRESS_AFTER = 1.0
VOICE = 6.0
"""Seconds of the voice; the key ends it long before."""
CALLEE = 1.5
AGENT = 30.0
"""Longer than any call: what comes after the end of its file is not what is looked for."""
PICK_UP = 1.0
"""Seconds that the agent takes to answer by hand; meanwhile the customer hears hold music."""
PIECE = SAMPLE_RATE // 4
"""Samples that are looked for at once."""
SAME = 1 - 1e-9
"""Likeness of what is the same sample by sample."""
ALIKE = 0.99
"""Likeness of what went through both laws; and of hold music, whose samples A-law does not have."""
CLOCK = 0.04
"""Seconds by which a piece may stand elsewhere than the count of baresip's samples says. Its source is a thread that
sleeps and catches up, and its timestamps count what it sent: on a busy machine a frame comes late or goes missing."""
LENGTH = 0.1
"""Seconds by which the recording may be longer or shorter than the call was for the carrier, on a busy machine."""


# --- what is said -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sounds:
    """The directory of voices, what each speaker says as a file, and all of it as G.711 lets it through."""

    voices: Path
    callee: Path
    agent: Path
    samples: dict[str, Samples]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Sounds:
    directory = tmp_path_factory.mktemp("sounds")
    voices = directory / "voices"
    voices.mkdir()
    paths = {"voice": voices / "voice.wav", "callee": directory / "callee.wav", "agent": directory / "agent.wav"}
    seconds = {"voice": VOICE, "callee": CALLEE, "agent": AGENT}
    samples: dict[str, Samples] = {}
    for seed, (name, path) in enumerate(paths.items()):
        samples[name] = speech_like(seconds[name], seed)
        soundfile.write(path, samples[name], SAMPLE_RATE, subtype="PCM_16")
    return Sounds(voices, paths["callee"], paths["agent"], samples)


def speech_like(seconds: float, seed: int) -> Samples:
    """Noise of three syllables a second that is like itself at one place only, of values that A-law has."""
    size = round(seconds * SAMPLE_RATE)
    noise = np.random.default_rng(seed).normal(0, 6_000, size)
    syllables = 0.1 + np.abs(np.sin(3 * np.pi * np.arange(size) / SAMPLE_RATE))
    return decode(Codec.PCMA, encode(Codec.PCMA, (noise * syllables).clip(-32_000, 32_000).astype(np.int16)))


def assert_hears(sound: Samples, within: Samples, what: str, alike: float = SAME) -> float:
    """Each piece of the sound is in the other one, at its place but for the phone's clock; the second it begins at."""
    starts = range(0, sound.size - PIECE + 1, PIECE)
    found = [find(sound[start : start + PIECE], within) for start in starts]
    assert found, f"{what}: there is nothing to look for"
    assert min(match.likeness for match in found) > alike, f"{what}: {found}"
    places = [(match.offset - start) / SAMPLE_RATE for start, match in zip(starts, found, strict=True)]
    assert max(places) - min(places) <= CLOCK, f"{what}: it stands in pieces, at {places}"
    return places[0]


# --- a call -------------------------------------------------------------------------------------------------------


class Ending(Enum):
    """Who hangs up. Along goes how the phone is registered, whether it answers by itself, and which law it speaks.

    baresip speaks from its 200 on, and nobody is there to hear it until that has arrived: `unheard` is how many seconds
    that may take. Over TCP a 200 right behind a 180 waits for that one's acknowledgement, since baresip leaves Nagle's
    algorithm on; by hand nobody answers as fast.
    """

    CUSTOMER = ("udp", False, Codec.PCMA, 10041, 0.1)
    AGENT = ("tcp", True, Codec.PCMU, 10040, 0.5)

    def __init__(self, transport: str, answers: bool, codec: Codec, direction: int, unheard: float) -> None:
        self.transport = transport
        self.answers = answers
        self.codec = codec
        self.direction = direction
        self.unheard = unheard

    @property
    def alike(self) -> float:
        """How like what was said what the other one hears has to be; the customer's leg is A-law."""
        return SAME if self.codec is Codec.PCMA else ALIKE


@dataclass(frozen=True, slots=True)
class Talk:
    """What is left of one call."""

    ending: Ending
    uuid: str
    callbacks: list[Line]
    carrier: Line
    """What the carrier measured of its audio."""
    heard: Samples
    """By the customer."""
    said: Samples
    """By the customer."""
    phone_heard: Samples
    phone_said: str
    """In words and SIP."""
    recording: Path
    server_log: str
    sounds: Sounds = field(repr=False)

    @property
    def record(self) -> dict[str, Any]:
        return payloads(self.callbacks, "/cdr")[-1]


@contextmanager
def world_of(directory: Path, sounds: Sounds, callee: dict[str, Any] | None = None, **setting: Any) -> Iterator[World]:
    """A world whose agents have no phone yet; the callee presses 1 while the voice plays."""
    cast = Cast(
        callee={"": {"press": "1", "press_after": PRESS_AFTER, **(callee or {})}},
        registered=False,
        callee_speech=sounds.callee,
        setting={"company": {"record_format": "wav"}, **setting},
    )
    with World(directory, sounds.voices, cast) as world:
        yield world


def play_voice(world: World) -> str:
    return place(world.client(), CUSTOMER, "voice.wav", customuuid="of-the-company")


def payloads(callbacks: list[Line], path: str) -> list[dict[str, Any]]:
    return [line["payload"] for line in callbacks if line["path"] == path]


def states(callbacks: list[Line]) -> list[tuple[str, str]]:
    return [(payload["buuid"], payload["status"]) for payload in payloads(callbacks, "/status")]


@pytest.fixture(scope="module", params=list(Ending), ids=lambda ending: f"{ending.name.lower()}-{ending.transport}")
def talk(request: pytest.FixtureRequest, sounds: Sounds, tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """A call in which both spoke, over and reported."""
    ending: Ending = request.param
    directory = tmp_path_factory.mktemp("talk")
    with world_of(directory, sounds) as world:
        assert world.carrier is not None
        account = Account(
            world.sip(ending.transport), EXTENSION, PASSWORD, ending.transport, ending.answers, ending.codec
        )
        with Baresip(directory / "baresip", account, sounds.agent) as phone:
            phone.wait_for(REGISTERED)
            uuid = play_voice(world)
            phone.wait_for(RINGING)
            if not ending.answers:
                time.sleep(PICK_UP)
                phone.answer()
            phone.wait_for(ANSWERED)
            world.carrier.send(do="say", number=CUSTOMER)
            world.carrier.wait_for("says")
            phone.wait_to_hear(CALLEE + 0.5)
            if ending is Ending.AGENT:
                phone.hang_up()
                world.carrier.wait_for("bye", PATIENCE)
            else:
                world.carrier.send(do="hang_up", number=CUSTOMER)
                phone.wait_for(ENDED)
            record = world.receiver.wait_for("callback", PATIENCE, path="/cdr")
        carrier = world.carrier.wait_for("audio")
        return Talk(
            ending=ending,
            uuid=uuid,
            callbacks=world.receiver.all("callback"),
            carrier=carrier,
            heard=mono(carrier["heard"]),
            said=mono(carrier["said"]),
            phone_heard=phone.heard(),
            phone_said=phone.output(),
            recording=recording(directory, str(record["payload"]["recordfilename"])),
            server_log=(directory / "server.log").read_text(),
            sounds=sounds,
        )


def mono(path: str) -> Samples:
    return read_channels(Path(path))[1][0]


def recording(directory: Path, name: str) -> Path:
    """The file, once it is there."""
    return wait_until(lambda: next((directory / "data").rglob(name), None), f"recording {name} is there")


# --- tests --------------------------------------------------------------------------------------------------------


def test_it_registers_with_a_digest_and_takes_that_back_when_it_leaves(talk: Talk) -> None:
    assert "algorithm=MD5" in talk.phone_said
    assert re.search(rf'Authorization: Digest username="{EXTENSION}"', talk.phone_said)
    added = re.search(r"registration_added .* transport=(\w+)", talk.server_log)
    assert added is not None
    assert added[1] == talk.ending.transport
    assert "registration_removed" in talk.server_log


def test_the_customer_hears_the_voice_and_then_the_agent(talk: Talk) -> None:
    voice = talk.sounds.samples["voice"][: round(PRESS_AFTER / 2 * SAMPLE_RATE)]
    assert assert_hears(voice, talk.heard, "the voice") == 0, "the voice begins with the first packet"
    spoken = talk.sounds.samples["agent"][round(talk.ending.unheard * SAMPLE_RATE) :]
    spoken = spoken[: talk.heard.size - find(spoken[:PIECE], talk.heard).offset]
    assert spoken.size > CALLEE * SAMPLE_RATE, "the agent is heard until the end"
    assert_hears(spoken, talk.heard, "the agent", talk.ending.alike)


def test_the_agent_hears_what_the_customer_says_from_the_answer_on(talk: Talk) -> None:
    assert_hears(talk.sounds.samples["callee"], talk.phone_heard, "the callee", talk.ending.alike)


def test_ring_answer_and_hangup_are_reported_in_order_and_signed(talk: Talk) -> None:
    assert [line["path"] for line in talk.callbacks] == ["/status", "/status", "/status", "/cdr"]
    assert {line["signature"] for line in talk.callbacks} == {"valid"}
    told = payloads(talk.callbacks, "/status")
    assert [payload["status"] for payload in told] == ["ring", "answer", "hangup"]
    assert [list(payload) for payload in told] == [STATE_KEYS] * 3
    first = {name: value for name, value in told[0].items() if name != "status"}
    for payload in told[1:]:
        assert first.items() <= payload.items(), "nothing but the status changes, buuid and starttime least of all"
    assert first.pop("buuid") != talk.uuid
    assert abs(int(first.pop("starttime")) - time.time()) < 600
    assert first == {
        "callee": CUSTOMER,
        "caller": EXTENSION,
        "companycode": COMPANY,
        "direction": "callout",
        "disnumber": NUMBERS[0],
        "extnumber": EXTENSION,
        "isbleg": "true",
        "method": "3",
        "uuid": talk.uuid,
        "ip": LOOPBACK,
    }


def test_the_record_says_who_spoke_and_who_hung_up(talk: Talk) -> None:
    assert list(talk.record) == RECORD_KEYS
    wanted = {
        "uuid": talk.uuid,
        "hangupcause": 10001,
        "hangupdirection": talk.ending.direction,
        "extnumber": EXTENSION,
        "crmid": EXTENSION,
        "userkey": "1",
        "destnumber": CUSTOMER,
        "customuuid": "of-the-company",
        "recordfilename": f"{talk.uuid}.wav",
    }
    assert wanted.items() <= talk.record.items()
    assert abs(talk.record["billsec"] - talk.carrier["seconds"]) < 1.1, "cut to whole seconds at both ends"


def test_the_recording_has_the_customer_left_and_all_that_the_customer_heard_right(talk: Talk) -> None:
    rate, channels = read_channels(talk.recording)
    assert (rate, len(channels)) == (SAMPLE_RATE, 2)
    left, right = channels
    assert abs(left.size / rate - talk.carrier["seconds"]) <= LENGTH
    # Whoever hangs up hears a little more, until his BYE has arrived.
    heard = find(talk.heard[: talk.heard.size - round(LENGTH * rate)], right)
    assert heard.likeness > SAME, "voice, hold music and agent stand on the right as the customer got them"
    assert heard.offset / rate <= LENGTH
    callee = talk.sounds.samples["callee"]
    spoke = assert_hears(callee, left, "the callee on the left")
    said_at = assert_hears(callee, talk.said, "the callee, as sent") + talk.carrier["said_offset"]
    assert abs(spoke - said_at) <= LENGTH, "both channels are on one time line, which begins at the answer"


def test_hold_music_plays_while_the_phone_rings(talk: Talk) -> None:
    second = talk.sounds.samples["agent"][SAMPLE_RATE : 2 * SAMPLE_RATE]
    until = find(second, talk.heard).offset - SAMPLE_RATE
    waited = talk.heard[round(PRESS_AFTER * SAMPLE_RATE) : until]
    if talk.ending.answers:
        assert waited.size < PICK_UP * SAMPLE_RATE, "nobody waits for a phone that answers by itself"
    else:
        music = find(hold_music()[: round(PICK_UP / 2 * SAMPLE_RATE)], waited)
        assert music.likeness > ALIKE
        assert music.offset / SAMPLE_RATE < PICK_UP / 2, "it begins with the key"


def test_an_unknown_user_and_a_wrong_password_are_refused_and_nobody_is_rung(tmp_path: Path, sounds: Sounds) -> None:
    with world_of(tmp_path, sounds) as world:
        strangers = [Account(world.sip(), "20289999", PASSWORD), Account(world.sip(), EXTENSION, "wrong")]
        for account in strangers:
            with Baresip(tmp_path / account.number, account, sounds.agent) as phone:
                phone.wait_for(REFUSED)
                assert not phone.said(REGISTERED)
                assert phone.said("Authorization: Digest"), "it was not refused for want of an answer"
        play_voice(world)
        record = world.receiver.wait_for("callback", PATIENCE, path="/cdr")["payload"]
        assert (record["hangupcause"], record["hangupdirection"], record["extnumber"]) == (10008, 10040, "")
        assert not states(world.receiver.all("callback"))


def test_an_agent_who_refuses_is_rung_again_until_the_groups_waiting_time_is_over(
    tmp_path: Path, sounds: Sounds
) -> None:
    max_wait = 6
    with world_of(tmp_path, sounds, group={"max_wait": max_wait}) as world:
        account = Account(world.sip(), EXTENSION, PASSWORD, answers=False)
        with Baresip(tmp_path / "baresip", account, sounds.agent) as phone:
            phone.wait_for(REGISTERED)
            play_voice(world)
            for times in (1, 2):
                phone.wait_for(RINGING, times)
                phone.hang_up()
                phone.wait_for(BUSY, times)
            record = world.receiver.wait_for("callback", PATIENCE, path="/cdr")["payload"]
        assert (record["hangupcause"], record["hangupdirection"]) == (10005, 10040)
        assert (record["extnumber"], record["userkey"]) == ("", "1")
        reported = states(world.receiver.all("callback"))
        assert [status for _, status in reported] == ["ring", "hangup"] * 2
        assert reported[0][0] == reported[1][0] != reported[2][0] == reported[3][0], "each time is a leg of its own"
        assert world.carrier is not None
        pressed, ended = world.carrier.wait_for("presses"), world.carrier.wait_for("bye")
        assert ended["time"] - pressed["time"] == pytest.approx(max_wait, abs=0.5)


def test_the_phone_gets_its_next_call_from_a_server_that_was_started_again(tmp_path: Path, sounds: Sounds) -> None:
    http, sip = free_ports(2)
    fixed = {"http": f"{LOOPBACK}:{http}", "sip": (f"udp:{LOOPBACK}:{sip}",)}
    with world_of(tmp_path, sounds, {"hang_up_after": PRESS_AFTER + 1.5}, **fixed) as world:
        with Baresip(tmp_path / "baresip", Account(world.sip(), EXTENSION, PASSWORD), sounds.agent) as phone:
            phone.wait_for(REGISTERED)
            before = phone.said(REGISTERS)
            assert world.server.stop() == 0
            world.start_server()
            play_voice(world)
            phone.wait_for(ANSWERED)
            record = world.receiver.wait_for("callback", PATIENCE, path="/cdr")["payload"]
            assert phone.said(REGISTERS) == before, "it had no reason to register again"
        assert (record["hangupcause"], record["hangupdirection"], record["extnumber"]) == (10001, 10041, EXTENSION)
        assert [status for _, status in states(world.receiver.all("callback"))] == ["ring", "answer", "hangup"]


def test_two_phones_of_one_extension_ring_and_the_one_that_is_not_taken_shows_no_missed_call(
    tmp_path: Path, sounds: Sounds
) -> None:
    with world_of(tmp_path, sounds) as world:
        accounts = [Account(world.sip(kind), EXTENSION, PASSWORD, kind, answers=False) for kind in ("udp", "tcp")]
        with (
            Baresip(tmp_path / "desk", accounts[0], sounds.agent) as desk,
            Baresip(tmp_path / "soft", accounts[1], sounds.agent) as soft,
        ):
            desk.wait_for(REGISTERED)
            soft.wait_for(REGISTERED)
            play_voice(world)
            for phone in (desk, soft):
                phone.wait_for(RINGING)
            soft.answer()
            soft.wait_for(ANSWERED)
            desk.wait_for(STOPPED)
            soft.wait_to_hear(0.5)
            assert world.carrier is not None
            world.carrier.send(do="hang_up", number=CUSTOMER)
            soft.wait_for(ENDED)
            record = world.receiver.wait_for("callback", PATIENCE, path="/cdr")["payload"]
        cancel = re.search(r"(?m)^CANCEL sip:(?:.+\n)+", desk.output().replace("\r", ""))
        assert cancel is not None
        assert f"Reason: {ELSEWHERE}\n" in cancel[0]
        assert not desk.said(ANSWERED)
        assert not soft.said(STOPPED)
        assert (record["hangupcause"], record["hangupdirection"], record["extnumber"]) == (10001, 10041, EXTENSION)
        reported = states(world.receiver.all("callback"))
        assert [status for _, status in reported] == ["ring", "answer", "hangup"], "they are one agent"
        assert len({buuid for buuid, _ in reported}) == 1
