"""The media worker: a process with one clock. `python -m playvoice.media.worker`, started by `media.client`.

It ends when its socket pair does, which is when the server closes its end or dies, and at nothing else: a Ctrl-C or a
SIGTERM that reaches the whole group is the server's to answer, and until it has hung up calls go on.
"""

import gc
import os
import random
import resource
import select
import signal
import socket
import sys
import time

from playvoice.media import protocol as p
from playvoice.media.engine import TICKS_A_SECOND, Engine
from playvoice.media.metronome import Metronome

DESCRIPTORS_OF_A_STREAM = 4
"""RTP, RTCP, the voice that it plays, its recording."""
SPARE_DESCRIPTORS = 1_100
"""Those of the process itself, and of voices that are mapped but not played."""
MAX_UNSENT = 8 * 1024 * 1024
"""Octets that wait for a server that does not read: beyond it, it is not going to."""
PRIORITY = -10
"""Of the process, where we are allowed to: what it does is small and can't wait."""
COLLECT_EVERY = 60 * TICKS_A_SECOND
"""Ticks. What a minute left is young garbage, which is soon looked through; all of it is when nobody calls."""


class Worker:
    """The loop around an engine."""

    def __init__(self, control: socket.socket, engine: Engine) -> None:
        self._control = control
        self._engine = engine
        self._framer = p.Framer()
        self._unsent = bytearray(p.encode(p.Hello(p.VERSION, engine.capacity)))
        self._metronome = Metronome(time.monotonic())

    def run(self) -> None:
        """Serve until the server closes its end."""
        self._control.setblocking(False)
        while self._exchange():
            if self._engine.idle:
                self._rest()
                continue
            now = time.monotonic()
            number = self._metronome.begin(now)
            if number is None:
                self._wait(self._metronome.due - now)
                continue
            self._engine.tick(number, now)
            if number % TICKS_A_SECOND == 0:
                self._once_a_second(number)

    def _exchange(self) -> bool:
        """Take what the server sent, send what it is to be told; False when it is gone."""
        try:
            data = self._control.recv(65_536)
            if not data:
                return False
        except BlockingIOError:
            data = b""
        except OSError:
            return False
        now = time.monotonic()
        for command in self._framer.feed(data):
            self._engine.handle(command, now)
        for report in self._engine.take_reports():
            self._unsent += p.encode(report)
        if self._unsent:
            try:
                del self._unsent[: self._control.send(self._unsent)]
            except BlockingIOError:
                pass
            except OSError:
                return False
        return len(self._unsent) < MAX_UNSENT

    def _wait(self, seconds: float | None) -> None:
        """Until the server has said something, or takes something, or so long."""
        select.select([self._control], [self._control] if self._unsent else [], [], seconds)

    def _rest(self) -> None:
        """Nobody calls: tidy up, and have the clock stand until the server says something."""
        gc.collect()
        self._wait(None)
        self._metronome.resume(time.monotonic())

    def _once_a_second(self, number: int) -> None:
        lateness = self._metronome.take_lateness()
        if lateness is not None:
            self._engine.report_lateness(lateness)
        if number % COLLECT_EVERY == 0:
            gc.collect(0)


def main(arguments: list[str]) -> None:
    """Arguments: descriptor, address, first port, last port, worker number, most streams."""
    descriptor, address, first, last, number, most = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    except OSError:
        pass  # an ordinary user may not, and it works without
    inherited = socket.socket(fileno=int(descriptor))
    control = inherited.dup()  # the lowest number that is free: select(2) takes none above 1,023
    inherited.close()
    engine = Engine(address, (int(first), int(last)), int(number), min(int(most), _carried()), random.SystemRandom())
    gc.collect()
    gc.freeze()
    gc.disable()
    Worker(control, engine).run()


def _carried() -> int:
    """Streams that our descriptors are enough for, after the limit is raised as far as it goes."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return sys.maxsize
    return max(0, hard - SPARE_DESCRIPTORS) // DESCRIPTORS_OF_A_STREAM


if __name__ == "__main__":
    main(sys.argv[1:])
