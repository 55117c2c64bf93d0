"""A run: the plan's rounds against a real server, killed with its whole process group and started again.

Carrier, agents' phones and receiver are processes that live through all kills; the server keeps its addresses and its
database, so that they find it again.
"""

import itertools
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path

from tests.chaos.customer import Customer
from tests.chaos.evidence import Evidence, read
from tests.chaos.notebook import Notebook, now
from tests.chaos.plan import AGENTS, Round, callee_table

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import LOOPBACK, free_ports
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.sound import ASSETS, load, write_g711
from playvoice.simulator.world import Cast, World

VOICE = "notice.wav"
MAX_CALLS = 8
"""On the trunk, so that some calls wait when the kill comes."""
RECEIVER_DELAY = 0.05
"""Seconds before the receiver's answers, so that some deliveries are under way when the kill comes."""
DRAINED_WITHIN = 60.0
"""Seconds from the last round to the end of all calls: what waits is dialled, and each call has its own timers."""
READY_WITHIN = 40.0
"""Seconds from a start to the ready line, on a machine that does much else."""
LOOK = 0.1


@dataclass(frozen=True, slots=True)
class AtKill:
    """What the far ends had open at a kill, for people."""

    asked: int
    waiting: int
    ringing: int
    talking: int
    agents: int

    def __str__(self) -> str:
        return (
            f"{self.asked} requests unanswered, {self.waiting} calls waiting, {self.ringing} ringing, "
            f"{self.talking} answered, {self.agents} agents' legs"
        )


class Run:
    """Plays a plan in a directory; the notebook has what was seen, also where it ends by SimulatorError."""

    def __init__(self, plan: Sequence[Round], notebook: Notebook, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._notebook = notebook
        self._say = say
        self._world = World(notebook.directory / "world", _make_voices(notebook.directory), _cast(), on_line=self._take)

    def play(self) -> None:
        """All rounds, then the end of all calls, then the server's stop."""
        self._tell("started")
        with self._world as world:
            try:
                with Customer(world.client(), self._notebook, VOICE) as customer:
                    for round_ in self._plan:
                        self._play_round(round_, customer)
                    self._drain()
            finally:
                self._agents(signal.SIGCONT)
            began = time.monotonic()
            status = world.server.stop()
            self._say(f"the server ended with status {status}, {time.monotonic() - began:.1f} s after SIGTERM")
            if status != 0:
                raise SimulatorError(f"the server ended with status {status} after SIGTERM")

    def _play_round(self, round_: Round, customer: Customer) -> None:
        began = time.monotonic()
        steps: list[tuple[float, Callable[[], None]]] = [
            *((request.at, partial(customer.ask, request)) for request in round_.requests),
            (round_.kill_at, self._kill),
        ]
        if round_.deaf_from is not None:
            steps.append((round_.deaf_from, self._make_deaf))
        for at, step in sorted(steps, key=itemgetter(0)):
            _pause_until(began + at)
            step()
        killed = began + round_.kill_at
        if round_.second_kill is not None:
            _pause_until(killed + round_.second_kill * self._start_takes())
            self._kill()
        self._world.server.wait_for("ready", READY_WITHIN)
        took = time.monotonic() - killed
        customer.repeat()
        self._say(f"round {round_.number}: {self._describe(round_)}; ready {took:.1f} s after the first kill")

    def _kill(self) -> None:
        """Kill the server and start the next one, without waiting for it."""
        clock = now()
        self._world.server.kill()
        self._notebook.write("server", "killed", clock=clock)
        self._agents(signal.SIGCONT)
        self._tell("started")
        self._world.launch_server()

    def _make_deaf(self) -> None:
        self._agents(signal.SIGSTOP)

    def _agents(self, number: signal.Signals) -> None:
        assert self._world.agents is not None
        self._world.agents.process.send_signal(number)

    def _start_takes(self) -> float:
        """Seconds that the first server needed from its start to readiness."""
        return float(next(line["took"] for line in self._notebook.journals().server if line["event"] == "ready"))

    def _describe(self, round_: Round) -> str:
        """What was open at the round's kill, in words."""
        kills = read(self._notebook.journals()).kills
        first = kills[-1 if round_.second_kill is None else -2]
        again = "" if round_.second_kill is None else f", and again {kills[-1].time - first.time:.1f} s later"
        deaf = "" if round_.deaf_from is None else f", agents deaf for {round_.kill_at - round_.deaf_from:.1f} s"
        return f"killed after {round_.kill_at:.1f} s{again}, with {self.at_kill(first.time)}{deaf}"

    def _drain(self) -> None:
        """Wait until all calls are over and reported, at most `DRAINED_WITHIN`; the checks say what was missing."""
        began = time.monotonic()
        while time.monotonic() - began < DRAINED_WITHIN:
            if is_drained(read(self._notebook.journals())):
                break
            if self._world.server.process.poll() is not None:
                raise SimulatorError(f"the server ended by itself with status {self._world.server.process.poll()}")
            time.sleep(LOOK)
        self._say(f"waited {time.monotonic() - began:.1f} s for the end of all calls")

    def at_kill(self, kill: float) -> AtKill:
        """What was open at a kill."""
        journals = self._notebook.journals()
        evidence = read(journals)
        before = [line for line in journals.client if line["time"] <= kill]
        asked = [line["number"] for line in before if line["event"] == "request"]
        answered = [line["number"] for line in before if line["event"] != "request"]
        accepted = {line["number"] for line in before if line["event"] == "accepted"}
        dialled = {leg.number for leg in evidence.customers if leg.invited <= kill}
        recorded = {record.number for record in evidence.records() if record.time <= kill}
        customers = [leg for leg in evidence.customers if leg.is_open(kill)]
        talking = [leg for leg in customers if leg.answered is not None and leg.answered <= kill]
        return AtKill(
            asked=len(asked) - len(answered),
            waiting=len(accepted - dialled - recorded),
            ringing=len(customers) - len(talking),
            talking=len(talking),
            agents=sum(leg.is_open(kill) for leg in evidence.agents),
        )

    def _tell(self, event: str) -> None:
        self._notebook.write("server", event)

    @property
    def _take(self) -> Callable[..., None]:
        return self._notebook.on_line


def is_drained(evidence: Evidence) -> bool:
    """Whether every accepted and every dialled call has its record, and no phone has a call open."""
    records = evidence.records()
    uuids, numbers = {record.uuid for record in records}, {record.number for record in records}
    return (
        all(uuid in uuids for of_number in evidence.accepted.values() for uuid in of_number)
        and all(leg.number in numbers for leg in evidence.customers)
        and all(leg.ended is not None for leg in itertools.chain(evidence.customers, evidence.agents))
    )


def _make_voices(directory: Path) -> Path:
    """A folder with a voice of one second."""
    voices = directory / "voices"
    voices.mkdir()
    speech = load(ASSETS / "notice.mp3")[Codec.PCMA]
    write_g711(voices / VOICE, speech[:SAMPLE_RATE], Codec.PCMA)
    return voices


def _cast() -> Cast:
    http, sip = free_ports(2)
    return Cast(
        callee=callee_table(),
        agent=AGENTS,
        extensions=dict.fromkeys(AGENTS, "secret"),
        receiver_arguments=("--delay", str(RECEIVER_DELAY)),
        keep_audio=False,
        setting={
            "http": f"{LOOPBACK}:{http}",
            "sip": (f"udp:{LOOPBACK}:{sip}", f"tcp:{LOOPBACK}:{sip}"),
            "trunk": {"max_calls": MAX_CALLS},
            "company": {"key_time": 1, "record_format": "wav"},
            "group": {"ring_time": 3, "max_wait": 5},
        },
    )


def _pause_until(time_: float) -> None:
    time.sleep(max(0.0, time_ - time.monotonic()))
