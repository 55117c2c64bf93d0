"""A run: the plan's rounds against a real server, of which some or all is killed and started again.

Carrier, agents' phones and receiver are processes that live through all kills; the server keeps its addresses and its
database, so that they find it again.
"""

import itertools
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path

from tests.chaos import processes
from tests.chaos.customer import Customer
from tests.chaos.database import REVISION, Database, Outage
from tests.chaos.evidence import Evidence, read
from tests.chaos.notebook import Notebook, now
from tests.chaos.plan import AGENTS, OUTAGE, Kind, Round, callee_table
from tests.soak.counts import TEMPORARY

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.configuration import LOOPBACK, free_ports
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.sound import ASSETS, load, write_g711
from playvoice.simulator.world import Cast, World

VOICE = "notice.wav"
MAX_CALLS = 10
"""On the trunk, so that some calls wait when the kill comes."""
RECEIVER_DELAY = 0.05
"""Seconds before the receiver's answers, so that some deliveries are under way when the kill comes."""
DRAINED_WITHIN = 60.0
"""Seconds from the last round to the end of all calls: what waits is dialled, and each call has its own timers."""
READY_WITHIN = 40.0
"""Seconds from a start to the ready line, on a machine that does much else."""
COULD_NOT_START = 1
"""A server's exit status then."""
RESTART = 1.0
"""Seconds until systemd starts it again, by deploy/playvoice.service."""
SLOW_RECEIVER = 1.5
"""Seconds before the receiver's answers in a round whose kill comes among deliveries."""
CHILD_WITHIN = 5.0
"""Seconds within which the child that is to be killed is there."""
AT_WORK_WITHIN = 2.0
"""Seconds within which a recording is being encoded."""
ENDS_WITHIN = 2.0
"""Seconds from the main process's end to that of what it had started."""
LOOK = 0.1


@dataclass(frozen=True, slots=True)
class AtKill:
    """What the far ends had open at a kill, for people."""

    asked: int
    waiting: int
    ringing: int
    talking: int
    agents: int
    callbacks: int

    def __str__(self) -> str:
        return (
            f"{self.asked} requests unanswered, {self.waiting} calls waiting, {self.ringing} ringing, "
            f"{self.talking} answered, {self.agents} agents' legs, {self.callbacks} callbacks under way"
        )


class Run:
    """Plays a plan in a directory; the notebook has what was seen, also where it ends by SimulatorError."""

    def __init__(
        self, plan: Sequence[Round], database: Database, notebook: Notebook, say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._database = database
        self._notebook = notebook
        self._say = say
        voices, cast = _make_voices(notebook.directory), _cast(database.url)
        self._world = World(notebook.directory / "world", voices, cast, on_line=self._take)
        self._data = self._world.directory / "data"
        self._log = self._world.directory / "server.log"
        self._outage: Outage | None = None
        """What is not over yet."""
        self._killed_at = 0.0
        """When the round's first kill was."""

    def play(self) -> None:
        """All rounds, then the end of all calls, then the server's stop."""
        self._tell("started")
        with self._world as world:
            try:
                with Customer(world.client(), self._notebook, VOICE) as customer:
                    for round_ in self._plan:
                        self._play_round(round_, customer)
                    self._drain()
                    customer.fetch_recordings(read(self._notebook.journals()).records())
                    self._look_for_files()
            finally:
                self._agents(signal.SIGCONT)
                self._end_outage()
            began = time.monotonic()
            status = world.server.stop()
            self._say(f"the server ended with status {status}, {time.monotonic() - began:.1f} s after SIGTERM")
            if status != 0:
                raise SimulatorError(f"the server ended with status {status} after SIGTERM")

    def _play_round(self, round_: Round, customer: Customer) -> None:
        began = time.monotonic()
        steps: list[tuple[float, Callable[[], None]]] = [(round_.kill_at, partial(self._kill, round_))]
        steps += [(request.at, partial(customer.ask, request)) for request in round_.requests]
        if (prepare := self._preparations.get(round_.kind)) is not None:
            before = OUTAGE if round_.kind is Kind.MAIN else round_.before
            steps.append((round_.kill_at - before, prepare))
        for at, step in sorted(steps, key=itemgetter(0)):
            _pause_until(began + at)
            step()
        self._wait_until_ready()
        customer.repeat()
        self._say(f"round {round_.number}: {self._describe(round_)}")

    # --- before a kill --------------------------------------------------------------------------------------------

    @property
    def _preparations(self) -> Mapping[Kind, Callable[[], None]]:
        """What is done some time before the kill."""
        return {
            Kind.DEAF: partial(self._agents, signal.SIGSTOP),
            Kind.CALLBACKS: partial(self._receive_after, SLOW_RECEIVER),
            Kind.DECODER: self._touch_voice,
            Kind.MAIN: self._begin_outage,
        }

    def _agents(self, number: signal.Signals) -> None:
        assert self._world.agents is not None
        self._world.agents.process.send_signal(number)

    def _receive_after(self, delay: float) -> None:
        self._world.receiver.send(do="set", delay=delay)

    def _begin_outage(self) -> None:
        self._outage = self._database.begin_outage()
        self._tell("locked")

    def _end_outage(self) -> None:
        """End it where it is not over: both who waits for its time and who gives up do."""
        outage, self._outage = self._outage, None
        if outage is not None:
            outage.end()
            self._tell("unlocked")

    def _touch_voice(self) -> None:
        """Have the voice decoded anew for the next call."""
        (self._notebook.directory / "voices" / VOICE).touch()

    # --- kills ----------------------------------------------------------------------------------------------------

    def _kill(self, round_: Round) -> None:
        """Kill what the round wants killed, and start the next server where that was the server."""
        self._killed_at = time.monotonic()
        match round_.kind:
            case Kind.MEDIA:
                self._kill_child("media worker")
            case Kind.DECODER:
                self._touch_voice()
                self._kill_child("decoder")
            case Kind.ENCODER:
                self._wait_for_encoding()
                self._kill_child("encoder")
            case Kind.MAIN:
                self._kill_main()
            case Kind.RECORDINGS:
                self._wait_for_encoding()
                self._kill_server("in the midst of a recording", also=self._children())
            case Kind.START:
                self._kill_server("server")
                self._launch()
                time.sleep(round_.second_kill * self._start_takes())
                self._kill_server("while it started")
            case Kind.MIGRATION:
                self._kill_server("server")
                self._kill_migrations(round_.in_migration)
            case kind:
                self._kill_server(kind.value)
        if round_.kind.is_of_server:
            self._launch()
        self._agents(signal.SIGCONT)
        self._receive_after(RECEIVER_DELAY)

    def _kill_child(self, role: str) -> None:
        pid = processes.wait_for_child(self._world.server.pid, role, CHILD_WITHIN)
        if pid is None:
            self._say(f"  there was no {role} to kill for {CHILD_WITHIN:g} s")
            return
        clock = now()
        processes.kill(pid)
        self._notebook.write("server", "child_killed", clock=clock, role=role)

    def _kill_main(self) -> None:
        """Kill nothing but the main process; what it had started ends by itself."""
        children, server = self._children(), self._world.server
        clock = now()
        processes.kill(server.pid)
        server.process.wait()
        self._notebook.write("server", "killed", clock=clock, how="main process alone")
        for role, pid in processes.still_run(children, ENDS_WITHIN).items():
            self._leave_behind(f"the {role} of a killed server, process {pid}, still runs after {ENDS_WITHIN:g} s")
        server.kill()
        assert self._outage is not None
        self._say(f"  the database was {self._outage.why}")
        if self._outage.outlasts:
            threading.Timer(self._outage.outlasts, self._end_outage).start()
        else:
            self._end_outage()

    def _kill_server(self, how: str, also: Mapping[str, int] | None = None) -> None:
        """Kill the whole group; `also`: children that have a group of their own, which the server's end ends else."""
        clock = now()
        self._world.server.kill()
        for pid in (also or {}).values():
            processes.kill(pid)
        self._notebook.write("server", "killed", clock=clock, how=how)

    def _kill_migrations(self, shares: Sequence[float]) -> None:
        """Bring the database back, and kill each server a while after it has begun to change it."""
        for later in (share * self._start_takes() for share in shares):
            if self._database.revision() != REVISION:
                self._database.bring_back()
            self._launch()
            begins = self._database.wait_for_migration(READY_WITHIN)
            if not begins and self._database.revision() == REVISION:
                raise SimulatorError("the server did not begin to migrate")
            time.sleep(later)
            self._kill_server("while it migrated")
            revision = self._database.revision()
            self._say(f"  killed {later:.2f} s into the migration, the database is at {revision}")

    def _launch(self) -> None:
        """Start the next server, without waiting for it; its recordings have the other format."""
        text = self._world.config.read_text()
        forms = ('record_format = "mp3"', 'record_format = "wav"')
        before, after = forms if forms[0] in text else forms[::-1]
        self._world.config.write_text(text.replace(before, after))
        self._tell("started")
        self._world.launch_server()

    def _wait_until_ready(self) -> None:
        """Wait for the server, which is started again where it could not start, as systemd does."""
        until = time.monotonic() + READY_WITHIN
        while True:
            try:
                self._world.server.wait_for("ready", READY_WITHIN)
            except SimulatorError:
                if self._status() != COULD_NOT_START or time.monotonic() > until:
                    raise
            else:
                return
            self._say(f"  {_last_line(self._log)}")
            time.sleep(RESTART)
            self._launch()

    def _status(self) -> int | None:
        """The server's exit status; None: it still runs."""
        try:
            return self._world.server.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            return None

    def _children(self) -> dict[str, int]:
        return processes.children(self._world.server.pid)

    def _wait_for_encoding(self) -> None:
        """Wait for a recording in the midst of its encoding; at most `AT_WORK_WITHIN`."""
        until = time.monotonic() + AT_WORK_WITHIN
        while time.monotonic() < until and not any(self._data.glob("recordings/*/*/*/*.part")):
            time.sleep(0.001)

    def _start_takes(self) -> float:
        """Seconds that the first server needed from its start to readiness."""
        return float(next(line["took"] for line in self._notebook.journals().server if line["event"] == "ready"))

    # --- what is told and seen ------------------------------------------------------------------------------------

    def _describe(self, round_: Round) -> str:
        """What was killed and what was open then, in words."""
        took = time.monotonic() - self._killed_at
        delay = SLOW_RECEIVER if round_.kind is Kind.CALLBACKS else RECEIVER_DELAY
        ready = f", ready {took:.1f} s later" if round_.kind.is_of_server else ""
        return f"{round_.kind.value} killed with {self.at_kill(self._killed_at, delay)}{ready}"

    def _look_for_files(self) -> None:
        """At the end nothing is being made any more: what only lasts as long as that is to be gone."""
        if count := self._log.read_text(errors="replace").count("Traceback"):
            self._leave_behind(f"the server's log has {count} tracebacks")
        for path in sorted(self._data.rglob("*")):
            if path.suffix in TEMPORARY:
                self._leave_behind(f"the file {path.relative_to(self._data)} is still there when no call runs any more")

    def _leave_behind(self, what: str) -> None:
        self._notebook.write("server", "left_behind", what=what)

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

    def at_kill(self, kill: float, delay: float) -> AtKill:
        """What was open at a kill; the receiver answered after so many seconds then."""
        journals = self._notebook.journals()
        evidence = read(journals)
        before = [line for line in journals.client if line["time"] <= kill]
        asked = [line["number"] for line in before if line["event"] == "request"]
        answered = [line for line in before if line["event"] != "request"]
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
            callbacks=sum(kill - delay <= callback.time <= kill for callback in evidence.callbacks),
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


def _cast(database: str) -> Cast:
    http, sip = free_ports(2)
    return Cast(
        callee=callee_table(),
        agent=AGENTS,
        extensions=dict.fromkeys(AGENTS, "secret"),
        receiver_arguments=("--delay", str(RECEIVER_DELAY)),
        keep_audio=False,
        setting={
            "http": f"{LOOPBACK}:{http}",
            "database": database,
            "sip": (f"udp:{LOOPBACK}:{sip}", f"tcp:{LOOPBACK}:{sip}"),
            "trunk": {"max_calls": MAX_CALLS},
            "company": {"key_time": 1, "record_format": "mp3", "callback_fields": ["recordurl"]},
            "group": {"ring_time": 3, "max_wait": 5},
        },
    )


def _last_line(log: Path) -> str:
    return log.read_text(errors="replace").rstrip().rpartition("\n")[2]


def _pause_until(time_: float) -> None:
    time.sleep(max(0.0, time_ - time.monotonic()))
