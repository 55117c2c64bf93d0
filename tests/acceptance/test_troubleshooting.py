"""What goes wrong in the field, made on purpose, and looked into as `docs/troubleshooting.md` says."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from tests.acceptance import asking
from tests.acceptance import odd_carrier as odd
from tests.acceptance.odd_carrier import OddCarrier
from tests.acceptance.terminal import Terminal, run
from tests.waiting import wait_until

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator import program
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import ACCESSKEY, APPID, GROUP, NUMBERS
from playvoice.simulator.sound import ASSETS, load, write_g711
from playvoice.simulator.world import Cast, World

PATIENCE = 30.0
NOT_STORED = "There are no SIP messages"
AWAY, BUSY = "20280003", "20280004"
"""An extension whose phone has a wrong password, and one whose phone says 486."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server behind a carrier that does what goes wrong; its agents are not registered, its receiver answers 401."""
    folder = tmp_path_factory.mktemp("troubles")
    voices = folder / "voices"
    voices.mkdir()
    notice = load(ASSETS / "notice.mp3")[Codec.PCMA][:SAMPLE_RATE]
    write_g711(voices / "short.wav", notice, Codec.PCMA)
    write_g711(voices / "long.wav", notice * 30, Codec.PCMA)
    with OddCarrier() as carrier:
        cast = Cast(
            carrier=carrier.uri,
            extensions={AWAY: "secret", BUSY: "secret"},
            registered=False,
            keep_audio=False,
            receiver_arguments=("--status", "401"),
            server_arguments=("--trace-sip", str(folder / "sip.txt")),
            setting={"company": {"key_time": 1}, "group": {"max_wait": 1, "ring_time": 1}},
        )
        with World(folder, voices, cast) as made:
            yield made


@pytest.fixture(scope="module")
def client(world: World) -> Client:
    return world.client()


def place(client: Client, ending: str, voice: str = "short.wav") -> str:
    """Ask for a call to which the carrier does what this ending stands for; gives its uuid."""
    return asking.place(client, f"1380000{ending}", voice)


def wait_for_record(world: World, uuid: str) -> None:
    """Wait until the call's record was sent, though it is refused."""
    world.receiver.wait_for("callback", PATIENCE, path="/cdr", where=lambda line: line["payload"]["uuid"] == uuid)


def typed(world: World, *words: str, config: Path | None = None) -> str:
    return run(*words, "--config", str(config or world.config), cwd=world.directory)[1]


def story(world: World, uuid: str) -> str:
    """What `playvoice trace` shows once the messages are stored."""
    wait_for_line(world, f"call_ended .*uuid={uuid}")
    return wait_until(lambda: stored_story(world, uuid), "the messages are stored")


def stored_story(world: World, uuid: str) -> str | None:
    shown = typed(world, "trace", uuid)
    return None if NOT_STORED in shown else shown


def wait_for_line(world: World, pattern: str) -> str:
    """The first line of the server's log that matches."""
    log = world.directory / "server.log"
    return wait_until(lambda: re.search(f"^.*{pattern}.*$", log.read_text(encoding="utf-8"), re.MULTILINE), pattern)[0]


@pytest.fixture(scope="module")
def stories(world: World, client: Client) -> dict[str, str]:
    """What is shown of a call of each kind; all of them run at once, and their stories are asked for at once."""
    answers = (odd.SILENT, odd.FROM_ELSEWHERE, odd.NO_EVENTS, odd.NO_KEYS, odd.HOLDS, odd.KEY, odd.DEAF)
    endings = (*odd.REFUSALS, *answers)
    uuids = {ending: place(client, ending) for ending in endings}
    for uuid in uuids.values():
        wait_for_record(world, uuid)
    with ExitStack() as stack:
        words = ("--config", str(world.config))
        terminals = {
            uuid: stack.enter_context(Terminal("trace", uuid, *words, cwd=world.directory)) for uuid in uuids.values()
        }
        assert {terminal.wait(PATIENCE) for terminal in terminals.values()} == {0}
        shown = {uuid: terminal.text for uuid, terminal in terminals.items()}
    return {ending: story(world, uuid) if NOT_STORED in shown[uuid] else shown[uuid] for ending, uuid in uuids.items()}


@pytest.mark.parametrize(
    ("ending", "record", "words"),
    [
        (odd.FORBIDDEN, "10025 forbidden", "trunk carrier refused with 403 Caller ID Not Allowed"),
        (odd.CHALLENGED, "10025 forbidden", "it wants a user name and password, and the trunk has none"),
        (odd.MALFORMED, "10017 call invalid", "trunk carrier refused with 484 Address Incomplete"),
        (odd.NO_CODEC, "10004 line or channel failure", "trunk carrier refused with 488 Not Acceptable Here"),
    ],
)
def test_a_carrier_that_refuses(stories: dict[str, str], ending: str, record: str, words: str) -> None:
    assert f"ended: {record}" in stories[ending]
    assert words in stories[ending]


def test_no_audio_from_the_customer(stories: dict[str, str]) -> None:
    shown = stories[odd.SILENT]
    assert re.search(r"^  carrier +50 .* 0 +0 +0 +–$", shown, re.MULTILINE), shown
    assert "no packet came from carrier: nothing of it was heard" in shown
    assert "were ignored" not in shown


def test_audio_that_comes_from_an_address_that_nobody_named(stories: dict[str, str]) -> None:
    shown = stories[odd.FROM_ELSEWHERE]
    assert re.search(r"\d+ packets at RTP port \d+ were ignored: no RTP, or not from where SDP or SIP came from", shown)
    assert "no packet came from carrier" in shown


def test_a_far_end_that_holds(stories: dict[str, str]) -> None:
    assert re.search(r"^  carrier +0 +– +– +~?\d\d", stories[odd.HOLDS], re.MULTILINE), stories[odd.HOLDS]


def test_keys_that_are_not_heard(stories: dict[str, str]) -> None:
    assert "keys come by INFO or tones" in stories[odd.NO_EVENTS]
    assert "keys come by telephone-events" in stories[odd.NO_KEYS]
    assert not re.search(r"key . \(", stories[odd.NO_EVENTS] + stories[odd.NO_KEYS])
    assert "key 1 (telephone-event)" in stories[odd.KEY]


def test_a_far_end_that_gets_no_ack_and_hangs_up(world: World, stories: dict[str, str]) -> None:
    shown = stories[odd.DEAF]
    assert shown.count("200 OK (SDP, again)") == odd.TIMES_UNHEARD
    assert shown.count("ACK (again)") == odd.TIMES_UNHEARD
    assert "10041 callee side hung up" in shown
    whole = typed(world, "trace", f"1380000{odd.DEAF}", "--messages")
    assert re.search(rf"ACK to carrier {odd.LOST} over udp", whole), whole


def test_a_group_of_which_nobody_is_registered(world: World, stories: dict[str, str]) -> None:
    assert f"nobody of {GROUP} is registered" in stories[odd.KEY]
    assert "10008 extension not registered" in stories[odd.KEY]
    shown = typed(world, "extension", "list")
    assert re.search(rf"^{AWAY} +2028 +yes +{GROUP} +-", shown, re.MULTILINE), shown


def test_a_receiver_that_answers_401(world: World, stories: dict[str, str]) -> None:
    assert "call record: pending, next attempt" in stories[odd.FORBIDDEN]
    assert "HTTP status 401" in stories[odd.FORBIDDEN]
    shown = typed(world, "callback", "list", "--state", "pending")
    first = re.search(r"^(\d+) +2028 .* pending +\d+ +- +HTTP status 401 ", shown, re.MULTILINE)
    assert first, shown
    assert re.search(r"^payload +\{", typed(world, "callback", "show", first[1]), re.MULTILINE)
    assert "callback_failed" in wait_for_line(world, "error='HTTP status 401'")


def test_what_doctor_says_of_receivers_and_agents(world: World) -> None:
    """The record's address is moved to a private network that is not allowed; another trunk is where nobody is."""
    other = world.directory / "other.toml"
    text = re.sub(
        r'cdr_callback = "http://[^"]*', 'cdr_callback = "http://10.1.2.3/cdr', world.config.read_text(encoding="utf-8")
    )
    other.write_text(f'{text}\n[[trunk]]\nname = "dead"\naddress = "sip:127.0.0.1:9"\n')
    shown = " ".join(typed(world, "doctor", "--deliver", config=other).split())
    assert "10.1.2.3 is in a network that is not allowed" in shown
    assert 'add "10.1.2.3" to [security] allow_networks' in shown
    assert re.search(r"status_callback of company 2028: \S+ answered the test with 401", shown)
    assert "playvoice secret 2028" in shown
    assert "trunk dead: OPTIONS: udp:127.0.0.1:9: no answer within 4 s" in shown
    assert f"0 of 2 extensions are registered; not {AWAY}, {BUSY}" in shown
    assert f"agents of group {GROUP} of company 2028: none of its 2 members is registered" in shown


def test_a_voice_that_can_not_be_had(world: World, client: Client) -> None:
    answer, uuid = client.play_voice(
        voicetype="2", voicefile="http://127.0.0.1:9/notice.mp3", destnumber="13800000001", chengshudu="1",
        userid=f"1@{GROUP}", disnumber=NUMBERS[0],
    )  # fmt: skip
    assert uuid, answer
    wait_for_record(world, uuid)
    wait_for_line(world, f"voice_unavailable .*uuid={uuid}")
    wait_until(lambda: "not dialled: its voice can't be had: " in typed(world, "trace", uuid), "the trace tells why")


def test_phones_that_do_not_ring(world: World, client: Client) -> None:
    host, port = world.sip()
    arguments = (
        "--server", f"udp:{host}:{port}",
        "--extensions", json.dumps({AWAY: "wrong", BUSY: "secret", "20280005": "unknown"}),
        "--behaviour", json.dumps({"": {"as": "busy", "ring_after": 0, "answer_after": 0.1}}),
    )  # fmt: skip
    with program.far_end("agents", *arguments, log=world.directory / "agents.log") as agents:
        agents.wait_for("registered", PATIENCE, extension=BUSY)
        agents.wait_for("registration_failed", PATIENCE, extension=AWAY)
        rung = place(client, odd.KEY)
        world.receiver.wait_for(
            "callback", PATIENCE, path="/status", where=lambda line: line["payload"]["uuid"] == rung
        )
        shown = story(world, rung)
        listed = typed(world, "extension", "list")
        agents.process.kill()  # it takes its registration not back
        uuid = place(client, odd.KEY)
        assert f"extension={BUSY}" in wait_for_line(world, f"agent_withdrawn .*uuid={uuid}")
        wait_for_line(world, f"call_ended .*uuid={uuid}")
        gone = typed(world, "trace", uuid)
    assert f"agent {BUSY} refused with 486 Busy Here" in shown
    assert f"nobody of {GROUP} is free: the customer waits" in shown
    assert re.search(
        rf"^{BUSY} +2028 +yes +{GROUP} +sip:{BUSY}@127.0.0.1:(\d+) +udp:127.0.0.1:\1 for ", listed, re.MULTILINE
    ), listed
    waits_for = rf"they are stored when (carrier, )?{BUSY} has confirmed the end, or was silent for 32 s"
    assert re.search(waits_for, gone), gone
    assert "REGISTER of 20280005" in wait_for_line(world, "sip_dropped .*kind=unknown_user")
    owed = typed(world, "callback", "list", "--call", rung)
    assert re.search(r"status +pending +\d+ +- +HTTP status 401 ", owed), owed
    assert re.search(r"cdr +pending +0 +\d+ +- ", owed), owed
    assert f"user={AWAY}" in wait_for_line(world, "register_refused .*reason='the password is wrong'")


def test_a_queue_that_waits_for_a_place_and_a_clock_that_was_late(world: World, client: Client) -> None:
    assert "trunk carrier was changed" in typed(world, "trunk", "set", "carrier", "max_calls=1")
    reason = r"trunk 'carrier' has all of its 1 calls \(max_calls\)"
    running, waiting = place(client, odd.NO_KEYS, "long.wav"), place(client, odd.NO_KEYS, "long.wav")
    with Terminal("top", "--config", str(world.config), cwd=world.directory) as top:
        page = top.wait_for(f"the next one of 2028 waits: {reason}")
        top.type("\x03")
    assert "1 wait to be dialled" in page
    wait_for_line(world, f"call_waits .*{reason}.* uuid={waiting}")
    assert "waiting: it has no record yet; playvoice top says what the queue waits for" in typed(
        world, "trace", waiting
    )
    worker = subprocess.run(
        ["pgrep", "-P", str(world.server.process.pid), "-f", "playvoice.media.worker"],
        capture_output=True, text=True, check=True,
    ).stdout.split()[0]  # fmt: skip
    os.kill(int(worker), signal.SIGSTOP)
    time.sleep(0.2)  # it is what makes the clock late
    os.kill(int(worker), signal.SIGCONT)
    wait_for_line(world, "media_clock_late .*worst_ms=")
    for uuid in (running, waiting):
        assert "was hung up" in typed(world, "call", "hangup", uuid)
    assert re.search(f"it has waited: {reason}", story(world, waiting))
    typed(world, "trunk", "set", "carrier", "max_calls=1000")


def test_requests_that_are_refused(world: World, client: Client) -> None:
    refused, _ = client.post("App.Sip_Call.PlayVoice", token="0" * 32)
    assert refused["ret"] == 600
    wait_for_line(world, "request_refused .*ret=600 .*The token is unknown or has expired")
    failed, _ = client.post("App.Sip_Auth.Login", appid=APPID, accesskey="wrong")
    assert failed["data"]["errors"]["code"] == 1003
    wait_for_line(world, "request_refused .*code=1003 .*the appid is unknown or the key is wrong")
    for change, ret in (("ipwhite=192.0.2.1", 604), ("enabled=false", 601)):
        typed(world, "company", "set", "2028", change)
        refused, _ = client.post("App.Sip_Auth.Login", appid=APPID, accesskey=ACCESSKEY)
        assert refused["ret"] == ret
        typed(world, "company", "set", "2028", change.partition("=")[0] + "=")
    wait_for_line(world, "request_refused .*ret=601 .*The appid is not authorised")
    wait_for_line(world, "request_refused .*ret=604 .*source=127.0.0.1 .*The source address is not allowed")


def test_a_recording_that_can_not_be_had(world: World) -> None:
    answer = httpx2.get(f"http://{world.http}/recordings/none.mp3", trust_env=False)
    assert answer.status_code == 403
    wait_for_line(world, "recording_refused .*status=403 .*its signature is wrong")


def test_a_server_that_does_not_start(world: World) -> None:
    lock = typed(world, "serve")
    assert "works on this database" in lock
    assert str(world.server.process.pid) in lock
    other = world.directory / "taken.toml"
    text = world.config.read_text(encoding="utf-8").replace("playvoice.db", "other.db")
    other.write_text(text.replace('http = "127.0.0.1:0"', f'http = "{world.http}"').replace('"data"', '"other"'))
    taken = typed(world, "serve", config=other)
    assert f"[server] http {world.http} can't be listened on: Address already in use" in taken
    other.write_text(f"{text}\n[nonsense]\n")
    assert re.search(r"line \d+, nonsense: is unknown", typed(world, "serve", config=other))


def test_every_message_is_in_the_file_of_trace_sip(world: World, stories: dict[str, str]) -> None:
    assert stories
    text = (world.directory / "sip.txt").read_text(encoding="utf-8")
    assert "403 Caller ID Not Allowed" in text
    assert "OPTIONS sip:" in text
