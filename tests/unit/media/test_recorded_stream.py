"""What a recording has of a line that loses packets, delays them and brings them out of order, under a test's clock."""

import random
from pathlib import Path

import pytest
from tests.unit.media.bench import Bench, recording_of

from playvoice.media import protocol as p
from playvoice.media.metronome import TICK
from playvoice.media.rtp import FRAME

PACKETS = 250


@pytest.mark.parametrize("seed", range(5))
def test_loss_and_jitter_leave_the_rest_of_a_recording_where_it_was(bench: Bench, tmp_path: Path, seed: int) -> None:
    """One packet in ten is lost, and each of the others up to 80 ms late: three of them may overtake one."""
    generator = random.Random(seed)
    spoken = [generator.randbytes(FRAME) for _ in range(PACKETS)]
    reserved, customer = bench.phone()
    bench.do(p.Record(reserved.stream, str(tmp_path / "raw")))
    arrivals: dict[int, list[int]] = {}
    for number in range(PACKETS):
        if number == 0 or generator.random() > 0.1:
            delay = (
                generator.uniform(0, 0.08) if number else 0.04
            )  # one that was in time moves the others after a while
            tick = round((number * 0.02 + delay) / TICK)
            arrivals.setdefault(tick, []).append(number)
    for tick in range(max(arrivals) + 1):
        for number in arrivals.get(tick, []):
            customer.says(reserved.port, spoken[number], timestamp=number * FRAME)
        bench.run(TICK)
    bench.run(0.06)  # a packet's 20 ms begin where it is placed, which is before or after its arrival
    left, _right = recording_of(bench, reserved.stream, tmp_path / "raw")
    arrived = {number for numbers in arrivals.values() for number in numbers}
    start = left.index(spoken[0])
    assert abs(len(left) - bench.ticks * TICK * 8000) <= FRAME
    for number in range(PACKETS):
        heard = left[start + number * FRAME : start + (number + 1) * FRAME]
        expected = spoken[number] if number in arrived else b"\xd5" * FRAME
        assert heard == expected, f"packet {number}"
