import itertools

import pytest
from tests.unit.commands.doctor.world import SERVER, MadeUp, configuration, situation
from tests.unit.lines.configs import company, trunk

from playvoice.commands.doctor.finding import Finding, Outcome
from playvoice.commands.doctor.resources import Clock, buffers, clock, descriptors, power, read_clock


def clocked(read: Clock | None, drift: float = 0.0) -> Finding:
    wall = itertools.chain([1000.0, 1001.0 + drift], itertools.repeat(1001.0))
    monotonic = iter([50.0, 51.0])
    return clock(lambda: read, wall=lambda: next(wall), monotonic=lambda: next(monotonic), wait=lambda _: None)


def test_a_clock_that_somebody_sets_is_fine() -> None:
    found = clocked(Clock(True, 0.01))
    assert (found.outcome, found.seen) == (Outcome.OK, "1970-01-01 00:16:41 UTC, synchronised")


def test_a_clock_that_nobody_sets_is_told() -> None:
    assert clocked(Clock(False, 16.0)).outcome is Outcome.WARNING


def test_a_kernel_that_says_nothing_is_no_verdict() -> None:
    assert clocked(None).outcome is Outcome.OK


@pytest.mark.parametrize("drift", [0.06, -0.06])
def test_a_clock_that_jumps_while_we_look_is_told(drift: float) -> None:
    found = clocked(Clock(True, 0.0), drift)
    assert found.outcome is Outcome.WARNING
    assert f"{drift:+.3f} s off" in found.seen


def test_the_kernel_of_this_machine_can_be_asked() -> None:
    found = read_clock()
    assert found is None or found.error >= 0


def test_descriptors_of_the_running_server_count(made_up: MadeUp) -> None:
    made_up.run(100, "playvoice serve", files="1200")
    found = descriptors(situation(configuration(), made_up.machine, server=SERVER))
    assert found.outcome is Outcome.WARNING
    assert "the running server may open 1200 files: enough for 25 legs; 31 are wanted" in found.seen
    assert "LimitNOFILE=1224" in found.do


def test_without_a_server_those_of_this_process_count(made_up: MadeUp) -> None:
    made_up.write("self/limits", "Max open files            1024                 20000   files\n")
    found = descriptors(situation(configuration(), made_up.machine))
    assert (found.outcome, "20000 files" in found.seen) == (Outcome.OK, True)


def test_a_server_whose_limits_may_not_be_read_is_judged_by_ours(made_up: MadeUp) -> None:
    assert "can't be read" in descriptors(situation(configuration(), made_up.machine, server=SERVER)).seen
    made_up.write("self/limits", "Max open files            1024                 unlimited   files\n")
    found = descriptors(situation(configuration(), made_up.machine, server=SERVER))
    assert "as many files as it wants" in found.seen


def test_trunks_that_ask_more_of_the_machine_than_it_has_are_told(made_up: MadeUp) -> None:
    made_up.write("cgroup/cpu.max", "100000 100000")
    made_up.write("meminfo", "MemAvailable:   500000 kB\n")
    little = situation(configuration(), made_up.machine)
    assert [each.outcome for each in power(little)] == [Outcome.OK, Outcome.OK]
    many = situation(configuration(trunk=[trunk(max_calls=2000, calls_per_second=50)]), made_up.machine)
    assert [each.outcome for each in power(many)] == [Outcome.WARNING, Outcome.WARNING]


def test_calls_that_are_not_recorded_ask_less(made_up: MadeUp) -> None:
    made_up.write("cgroup/cpu.max", "100000 100000")
    for record, outcome in ((True, Outcome.WARNING), (False, Outcome.OK)):
        config = configuration(trunk=[trunk(max_calls=200)], company=[company(record=record)])
        assert next(iter(power(situation(config, made_up.machine)))).outcome is outcome


def test_the_memory_of_a_running_server_is_taken_already(made_up: MadeUp) -> None:
    made_up.write("meminfo", "MemAvailable:   5 kB\n")
    assert len(list(power(situation(configuration(), made_up.machine, server=SERVER)))) == 1


@pytest.mark.parametrize(
    ("limit", "calls", "outcome"),
    [("4194304", 50, Outcome.OK), ("212992", 5, Outcome.OK), ("212992", 50, Outcome.WARNING), (None, 50, Outcome.OK)],
)
def test_a_small_buffer_is_told_where_many_calls_are_wanted(
    made_up: MadeUp, limit: str | None, calls: float, outcome: Outcome
) -> None:
    if limit is not None:
        made_up.write("sys/net/core/rmem_max", f"{limit}\n")
    assert buffers(made_up.machine, calls).outcome is outcome
