"""`playvoice demo`: one PlayVoice call through a real server, with simulated far ends on loopback.

The server, the carrier, the agent's phone and the callback receiver are processes; this one is the customer. When the
call is over, `playvoice.simulator.evidence` compares what each far end wrote down.
"""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx2

from playvoice.media.decoded import DecodeError
from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.evidence import Evidence, Step
from playvoice.simulator.expectation import KEY, Agent, Callee, Expectation, expect
from playvoice.simulator.sound import ASSETS, load
from playvoice.simulator.timeline import Timeline
from playvoice.simulator.world import Cast, World

PRESS_AFTER = 2.5
HANGUP_AFTER = 2.5
ANSWER_AFTER = 0.8
TALK = 3.1
"""Seconds that each of the two speaks, the agent first."""
KEY_TIME = 2
RING_TIME = 3
MAX_WAIT = 6
WAIT_TIME = 5
OTHER_KEYS = "23456789*#0"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the user chose."""

    voice: Path = ASSETS / "notice.mp3"
    press: str = KEY
    tones: bool = False
    """The callee presses it as a tone in the audio, and not by RFC 4733."""
    callee: Callee = Callee.ANSWER
    agent: Agent = Agent.ANSWER
    output: Path = Path("demo-output")
    transport: str = "udp"
    """Between server and carrier."""


def run(options: DemoOptions) -> int:
    """Show one call; the exit status is 0 only if every step was seen on the wire."""
    timeline = Timeline()
    try:
        with _interruptible():
            return _run(options, timeline)
    except (SimulatorError, httpx2.HTTPError, DecodeError, OSError) as error:
        why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        timeline.say("demo", f"failed: {why}")
        print(json.dumps({"outcome": "failed", "why": why.splitlines()[0]}, ensure_ascii=False))
        return 1
    except KeyboardInterrupt:
        print(json.dumps({"outcome": "interrupted"}))
        return 130


def _run(options: DemoOptions, timeline: Timeline) -> int:
    started = time.monotonic()
    expected = expect(options.callee, options.press, options.agent)
    voice = load(options.voice)
    seconds = len(voice[Codec.PCMA]) / SAMPLE_RATE
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="playvoice-demo-") as name:
        directory = Path(name)
        voices = directory / "voices"
        voices.mkdir()
        shutil.copy(options.voice, voices)
        print(
            f"PlayVoice demo: {options.voice.name}, {seconds:.1f} s; everything on 127.0.0.1, nothing leaves it.\n",
            flush=True,
        )
        timeline.start()
        with World(directory, voices, _cast(options), on_line=timeline.on_line) as world:
            evidence = _call(options, world, timeline, expected, seconds)
            steps = evidence.steps(expected, voice, options.press)
            files = _keep(evidence, options.output)
        timeline.say("demo", "server and far ends have ended")
    return _report(evidence, steps, files, time.monotonic() - started)


def _cast(options: DemoOptions) -> Cast:
    callee: dict[str, Any] = {"as": options.callee.value, "say_after": None}
    if options.callee is Callee.ANSWER:
        callee |= {"answer_after": ANSWER_AFTER, "press": options.press, "press_after": PRESS_AFTER}
    elif options.callee is Callee.HANGUP:
        callee |= {"answer_after": ANSWER_AFTER, "hang_up_after": HANGUP_AFTER}
    agent: dict[str, Any] = {"as": "answer" if options.agent in (Agent.STAY, Agent.NONE) else options.agent.value}
    if agent["as"] == "answer":
        agent |= {"answer_after": ANSWER_AFTER, "say_after": 0.2}
    if options.agent is Agent.ANSWER:
        agent["hang_up_after"] = 2 * TALK
    return Cast(
        callee={"": callee},
        agent={"": agent},
        registered=options.agent is not Agent.NONE,
        callee_speech=ASSETS / "callee.mp3",
        agent_speech=ASSETS / "agent.mp3",
        transport=options.transport,
        carrier_arguments=("--tones",) if options.tones else (),
        setting={
            "company": {"key_time": KEY_TIME},
            "group": {"ring_time": RING_TIME, "max_wait": MAX_WAIT},
        },
    )


def _call(options: DemoOptions, world: World, timeline: Timeline, expected: Expectation, seconds: float) -> Evidence:
    """Place the call and wait until its record was delivered."""
    destnumber = "13333333333"
    client = world.client()
    timeline.say("customer", "App.Sip_Auth.Login: 授权成功, token received")
    sent_at = time.monotonic()
    answer, uuid = client.play_voice(
        voicetype="1",
        destnumber=destnumber,
        voicefile=options.voice.name,
        chengshudu="1",
        userid=f"{KEY}@{GROUP}",
        disnumber=NUMBERS[0],
        customuuid=destnumber,
        waittime=str(WAIT_TIME),
    )
    timeline.say("customer", f"App.Sip_Call.PlayVoice: {answer.get('data', {}) and answer['data'].get('desc', answer)}")
    if not uuid:
        raise SimulatorError(f"PlayVoice was answered {json.dumps(answer, ensure_ascii=False)}")
    longest = WAIT_TIME + seconds + KEY_TIME + MAX_WAIT + 2 * TALK + 20
    if expected.talks:
        _talk(options, world, timeline, destnumber, longest)
    record = world.receiver.wait_for("callback", longest, path="/cdr")
    assert world.carrier is not None
    world.carrier.wait_for("audio" if expected.answered else expected.final, 5)
    if expected.talks:
        assert world.agents is not None
        world.agents.wait_for("audio", 5)
    return Evidence(world, answer, uuid, sent_at, record)


def _talk(options: DemoOptions, world: World, timeline: Timeline, destnumber: str, longest: float) -> None:
    """Let the callee answer what the agent says, and hang up where the agent doesn't."""
    assert world.agents is not None
    assert world.carrier is not None
    world.agents.wait_for("ack", longest)
    timeline.say("demo", "the two can hear each other now")
    said = world.agents.wait_for("says", 5)
    time.sleep(max(0.0, said["time"] + TALK - time.monotonic()))
    world.carrier.send(do="say", number=destnumber)
    if options.agent is Agent.STAY:
        time.sleep(TALK)
        world.carrier.send(do="hang_up", number=destnumber)


def _keep(evidence: Evidence, output: Path) -> dict[str, str]:
    """Copy what is worth listening to."""
    files: dict[str, str] = {}
    for name, source in evidence.files().items():
        target = output / f"{name}{source.suffix}"
        shutil.copy(source, target)
        files[name] = str(target)
    return files


def _report(evidence: Evidence, steps: list[Step], files: dict[str, str], seconds: float) -> int:
    print("\nSeen on the wire:")
    for step in steps:
        print(f"  {'yes' if step.seen else 'NO '}  {step.text}{f' ({step.detail})' if step.detail else ''}")
    record = evidence.record["payload"]
    print("\nCall record, as it was delivered:")
    print(json.dumps(record, ensure_ascii=False, indent=2))
    titles = {
        "recording": "Recording (left the customer, right all that the customer heard)",
        "callee-heard": "What the callee heard",
        "agent-heard": "What the agent heard",
    }
    print()
    for name, path in files.items():
        print(f"{titles[name]}: {path}")
    complete = all(step.seen for step in steps)
    outcome = {
        "outcome": "ok" if complete else "failed",
        "uuid": evidence.uuid,
        "hangupcause": record.get("hangupcause"),
        "hangupdirection": record.get("hangupdirection"),
        "userkey": record.get("userkey"),
        "extnumber": record.get("extnumber"),
        "states": evidence.states(),
        "steps": {step.name: step.seen for step in steps},
        "files": files,
        "seconds": round(seconds, 1),
    }
    print(f"\n{json.dumps(outcome, ensure_ascii=False)}")
    return 0 if complete else 1


@contextmanager
def _interruptible() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C, so that the processes are ended either way."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
