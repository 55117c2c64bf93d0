"""Any order of what may happen to calls: each ends, with one record that tells the truth, and nothing is left taken.

`PLAYVOICE_MODEL_EXAMPLES=5000` runs more orders than the few that are run each time, and other ones each time.
"""

import os
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from structlog.testing import capture_logs
from tests.unit.calls.inside import Inside
from tests.unit.calls.model import LIVING, Ways
from tests.unit.calls.oracle import STATUSES

from playvoice.config import Strategy
from playvoice.media.sdp import Direction
from playvoice.sip import CallState, IncomingCall

MANY = int(os.environ.get("PLAYVOICE_MODEL_EXAMPLES", "0"))
MOST_RINGING = 3
"""Customers who could answer, beyond whom no more are called."""
MOST_DISASTERS = 2
"""Each ends all calls: with more of them few calls come far."""
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Nothing here needs a commit to be on a disk, which would take most of the time."""
CHOICE = st.integers(0, 5)
"""Which of those that there are, modulo their number."""
EXTENSIONS = st.sampled_from(["20280003", "20280004", "20280005", "20280006"])
USERIDS = st.sampled_from(["1@sales", "1@sales,2@support", "1@sales,@support", "@sales", "1@support,3@nobody"])
TIMES = st.sampled_from([0.2, 1.0, 1.0, 4.5, 5.0, 5.5, 5.5, 20.0, 20.5, 32.5, 61.0])

NETWORKS = st.sampled_from(
    [(0.0, 0.0, 0.0, 0.0)] * 3 + [(0.0, 0.3, 0.0, 0.0), (0.0, 0.0, 0.1, 0.3), (0.2, 0.2, 0.05, 0.1)]
)
"""Loss, duplicates, delay and jitter."""


class CallModel(RuleBasedStateMachine):
    """Steps of a `Model`, each possible where there is somebody to take it."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.model: Inside
        self.disasters = 0
        self.rough = False
        """The network and the store fail at times; else what happens is told at once, and records are known at once."""

    @initialize(
        strategy=st.sampled_from([Strategy.RING_ALL, Strategy.LONGEST_IDLE]),
        places=st.integers(1, 4),
        phones=st.sampled_from([1, 2, 2]),
        network=NETWORKS,
        seed=st.integers(0, 1000),
        silent=st.booleans(),
        rough=st.booleans(),
    )
    def begin(
        self,
        strategy: Strategy,
        places: int,
        phones: int,
        network: tuple[float, float, float, float],
        seed: int,
        silent: bool,
        rough: bool,
    ) -> None:
        self.rough = rough
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=IN_MEMORY)))
        monkeypatch = self._stack.enter_context(pytest.MonkeyPatch.context())
        log = self._stack.enter_context(capture_logs())
        self.model = Inside(folder, monkeypatch, log, Ways(strategy, places, *network, seed, phones, silent))

    def teardown(self) -> None:
        with self._stack:
            if hasattr(self, "model"):
                try:
                    self.model.finish()
                finally:
                    self.model.close()

    # --- who there is ---------------------------------------------------------------------------------------------

    def _carrier(self, *states: CallState) -> list[IncomingCall]:
        return self.model.carrier.those(*states)

    def _phones(self, *states: CallState) -> list[IncomingCall]:
        return self.model.phones.those(*states)

    # --- requests -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.store.is_well and len(self._carrier(CallState.EARLY)) < MOST_RINGING)
    @rule(
        company=st.sampled_from(["2028", "1"]),
        userid=USERIDS,
        waittime=st.sampled_from([60, 5]),
        conntime=st.sampled_from([120, 30]),
        broken=st.sampled_from([False] * 9 + [True]),
    )
    def accept(self, company: str, userid: str, waittime: int, conntime: int, broken: bool) -> None:
        self.model.accept(company, userid, waittime, conntime, broken=broken)

    @precondition(lambda self: self.model.store.is_well)
    @rule(
        company=st.sampled_from(["2028", "1"]),
        userid=USERIDS,
        key=st.sampled_from("112"),
        then=st.sampled_from(["ring", "cross", "talk", "cross", "wait"]),
    )
    def transfer(self, company: str, userid: str, key: str, then: str) -> None:
        """Accept one more, and let it come as far as agents if nothing is in its way."""
        self.model.accept(company, userid, 60, 120, broken=False)
        (*_, asked) = self.model.asked.values()
        if asked.attempts and asked.attempts[-1].state is CallState.EARLY:
            self.model.answer(asked.attempts[-1], usable=True)
        for call, stream in self.model.streams():
            if call in asked.attempts:
                self.model.with_slow_commits(partial(self.model.press, call, stream, key))
                self.model.voice_ends(call, stream)
        phones = [call for call in self._phones(CallState.EARLY) if self.model.of_phone(call) is asked]
        for phone in phones[:1]:
            match then:
                case "ring":
                    self.model.agent_rings(phone)
                case "talk":
                    self.model.with_slow_commits(partial(self.model.agents_answer, phone))
                case "cross":
                    self.model.customer_hangs_up_as_an_agent_answers(phone)

    # --- the customer ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self._carrier(CallState.EARLY))
    @rule(n=CHOICE, status=st.sampled_from([180, 183]))
    def ring(self, n: int, status: int) -> None:
        calls = self._carrier(CallState.EARLY)
        self.model.ring(calls[n % len(calls)], status)

    @precondition(lambda self: self._carrier(CallState.EARLY))
    @rule(n=CHOICE, usable=st.sampled_from([True] * 5 + [False]))
    def answer(self, n: int, usable: bool) -> None:
        calls = self._carrier(CallState.EARLY)
        self.model.answer(calls[n % len(calls)], usable=usable)

    @precondition(lambda self: self._carrier(CallState.EARLY))
    @rule(n=CHOICE)
    def answer_without_events(self, n: int) -> None:
        calls = self._carrier(CallState.EARLY)
        self.model.answer_without_events(calls[n % len(calls)])

    @precondition(lambda self: self._carrier(CallState.EARLY))
    @rule(n=CHOICE, status=st.sampled_from([*sorted(STATUSES), *[486, 503, 488, 408] * 3]), rings=st.booleans())
    def refuse(self, n: int, status: int, rings: bool) -> None:
        calls = self._carrier(CallState.EARLY)
        call = calls[n % len(calls)]
        if rings:
            self.model.ring(call, 180)
        if call.state is CallState.EARLY:
            self.model.reject(call, status)

    @precondition(lambda self: self._carrier(CallState.CONFIRMED))
    @rule(n=CHOICE, doubt=st.booleans())
    def customer_hangs_up(self, n: int, doubt: bool) -> None:
        calls = self._carrier(CallState.CONFIRMED)
        hang_up = partial(self.model.customer_hangs_up, calls[n % len(calls)])
        self.model.with_doubtful_commits(hang_up) if doubt and self.rough else hang_up()

    @precondition(lambda self: self.model.streams())
    @rule(n=CHOICE, key=st.sampled_from("112239*"))
    def press(self, n: int, key: str) -> None:
        streams = self.model.streams()
        self.model.with_slow_commits(lambda: self.model.press(*streams[n % len(streams)], key))

    @precondition(lambda self: self._carrier(CallState.CONFIRMED))
    @rule(n=CHOICE, key=st.sampled_from("1129"))
    def press_by_info(self, n: int, key: str) -> None:
        calls = self._carrier(CallState.CONFIRMED)
        self.model.with_slow_commits(lambda: self.model.press_by_info(calls[n % len(calls)], key))

    @precondition(lambda self: self._carrier(CallState.CONFIRMED))
    @rule(n=CHOICE, direction=st.sampled_from(Direction), port=st.sampled_from([40_000, 42_000]))
    def customer_changes_session(self, n: int, direction: Direction, port: int) -> None:
        calls = self._carrier(CallState.CONFIRMED)
        call = calls[n % len(calls)]
        self.model.change_session(self.model.of_carrier(call), call, direction, port)

    @precondition(lambda self: self.model.streams())
    @rule(n=CHOICE)
    def voice_ends(self, n: int) -> None:
        streams = self.model.streams()
        self.model.voice_ends(*streams[n % len(streams)])

    @precondition(lambda self: self.model.streams())
    @rule(n=CHOICE)
    def voice_fails(self, n: int) -> None:
        streams = self.model.streams()
        self.model.voice_fails(*streams[n % len(streams)])

    @precondition(lambda self: self.model.streams())
    @rule(n=CHOICE)
    def falls_silent(self, n: int) -> None:
        streams = self.model.streams()
        self.model.falls_silent(*streams[n % len(streams)])

    # --- agents ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._phones(CallState.EARLY))
    @rule(n=CHOICE)
    def agent_rings(self, n: int) -> None:
        calls = self._phones(CallState.EARLY)
        self.model.agent_rings(calls[n % len(calls)])

    @precondition(lambda self: self._phones(CallState.EARLY))
    @rule(n=CHOICE, usable=st.sampled_from([True] * 5 + [False]))
    def agent_answers(self, n: int, usable: bool) -> None:
        calls = self._phones(CallState.EARLY)
        self.model.with_slow_commits(lambda: self.model.agents_answer(calls[n % len(calls)], usable=usable))

    @precondition(lambda self: len(self._phones(CallState.EARLY)) > 1)
    @rule()
    def agents_answer_together(self) -> None:
        self.model.agents_answer(*self._phones(CallState.EARLY))

    @precondition(lambda self: self._phones(CallState.EARLY))
    @rule(n=CHOICE, status=st.sampled_from([401, 480, 486, 603]))
    def agent_refuses(self, n: int, status: int) -> None:
        calls = self._phones(CallState.EARLY)
        self.model.agent_refuses(calls[n % len(calls)], status)

    @precondition(lambda self: self._phones(CallState.CONFIRMED))
    @rule(n=CHOICE)
    def agent_hangs_up(self, n: int) -> None:
        calls = self._phones(CallState.CONFIRMED)
        self.model.agent_hangs_up(calls[n % len(calls)])

    @precondition(lambda self: self._phones(CallState.CONFIRMED))
    @rule(n=CHOICE, key=st.sampled_from("12#"))
    def agent_presses(self, n: int, key: str) -> None:
        calls = self._phones(CallState.CONFIRMED)
        call = calls[n % len(calls)]
        stream = self.model.stream_of(call)
        if stream is not None:
            self.model.agent_presses(call, stream, key)

    @precondition(lambda self: self._phones(CallState.CONFIRMED))
    @rule(n=CHOICE, direction=st.sampled_from(Direction), port=st.sampled_from([40_000, 42_000]))
    def agent_changes_session(self, n: int, direction: Direction, port: int) -> None:
        calls = self._phones(CallState.CONFIRMED)
        call = calls[n % len(calls)]
        self.model.change_session(self.model.of_phone(call), call, direction, port)

    @precondition(lambda self: self.model.asked)
    @rule(extension=EXTENSIONS)
    def register_or_unregister(self, extension: str) -> None:
        self.model.register(extension, there=extension not in self.model.house.groups.registered)

    # --- the operator ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.asked and self.model.store.is_well)
    @rule(n=st.integers(0, 50))
    def operator_hangs_up(self, n: int) -> None:
        asked = list(self.model.asked.values())
        self.model.operator_hangs_up(asked[-1 - n % min(len(asked), 6)])

    # --- time, and what goes wrong --------------------------------------------------------------------------------

    @rule(seconds=TIMES)
    def time_passes(self, seconds: float) -> None:
        self.model.pass_time(seconds)

    @precondition(lambda self: self.rough and self.model.asked)
    @rule(seconds=st.sampled_from([0.3, 3.0, 33.0]))
    def network_fails(self, seconds: float) -> None:
        self.model.network_fails(seconds)

    @precondition(lambda self: self.rough and self.model.store.is_well and self._carrier(*LIVING))
    @rule(how=st.sampled_from(["held", "away", "in doubt"]))
    def store_fails(self, how: str) -> None:
        self.model.store_fails(how)

    @precondition(lambda self: not self.model.store.is_well)
    @rule()
    def store_heals(self) -> None:
        self.model.store_heals()

    @precondition(lambda self: self.disasters < MOST_DISASTERS and self.model.house.media.held_streams)
    @rule()
    def media_die(self) -> None:
        self.disasters += 1
        self.model.media_die()

    @precondition(lambda self: self.rough and self.model.asked)
    @rule()
    def media_are_full_or_not(self) -> None:
        self.model.media_are_full(full=not self.model.house.media.refuses)

    @precondition(lambda self: self.rough and self.model.asked)
    @rule()
    def media_are_slow_or_not(self) -> None:
        self.model.media_are_slow(slow=self.model.house.media.held is None)

    @precondition(lambda self: self.disasters < MOST_DISASTERS and self.model.asked)
    @rule(landed=st.booleans(), down=st.sampled_from([0.0, 0.0, 2.0, 40.0]), twice=st.booleans(), ringing=st.booleans())
    def crash(self, landed: bool, down: float, twice: bool, ringing: bool) -> None:
        self.disasters += 1
        for call in self._phones(CallState.EARLY) if ringing else []:
            self.model.agent_rings(call)
        self.model.crash(landed=landed, down=down, twice=twice)

    @precondition(lambda self: self.disasters < MOST_DISASTERS and self.model.asked)
    @rule(down=st.sampled_from([0.0, 2.0, 40.0]))
    def stop(self, down: float) -> None:
        self.disasters += 1
        self.model.stop(down)


def test_the_same_steps_take_the_same_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash left is ended in the order of the store, and any message may be the one that is lost."""
    courses = []
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        model = Inside(tmp_path / name, monkeypatch, [], Ways(places=5, loss=0.2, delay=0.05, jitter=0.1, seed=1))
        for _ in range(5):
            model.accept("2028", "1@sales", 60, 120, broken=False)
        model.crash(landed=True, down=0.0, twice=False)
        model.pass_time(61)
        courses.append([(at, source, data.splitlines()[0]) for at, source, _, data in model.house.wire.network.sent])
        model.close()
    assert courses[0] == courses[1]


TestCallModel = CallModel.TestCase
TestCallModel.settings = settings(
    max_examples=MANY or 50,
    stateful_step_count=60 if MANY else 30,
    derandomize=not MANY,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
