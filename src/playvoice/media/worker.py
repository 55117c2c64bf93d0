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
NICENESS = -10
"""Of all threads, where we are allowed to: the clock's waits for one that holds the interpreter's lock."""
REAL_TIME_PRIORITY = 1
"""Of the clock's thread: the lowest, below whatever else on the machine is real-time."""
TIDY_EVERY = 60 * TICKS_A_SECOND
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
        while self._send():
            if self._wait() and not self._receive():
                return
            if self._engine.idle:
                continue
            now = time.monotonic()
            number = self._metronome.begin(now)
            if number is not None:
                self._engine.tick(number, now)
                self._metronome.end(now, time.monotonic())
                if number % TICKS_A_SECOND == 0:
                    self._once_a_second(number)

    def _wait(self) -> bool:
        """Until the next tick, or until the server has said something, or takes something; True if it has spoken."""
        seconds = None
        idle = self._engine.idle
        if idle:  # nobody calls: tidy up, and have the clock stand
            gc.collect()
            self._engine.tidy()
        else:
            seconds = max(0.0, self._metronome.due - time.monotonic())
        readable, _, _ = select.select([self._control], [self._control] if self._unsent else [], [], seconds)
        if idle:
            self._metronome.resume(time.monotonic())
        return bool(readable)

    def _receive(self) -> bool:
        """Do what the server asks; False when it is gone."""
        try:
            data = self._control.recv(65_536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        now = time.monotonic()
        for command in self._framer.feed(data):
            self._engine.handle(command, now)
        return bool(data)

    def _send(self) -> bool:
        """Tell the server what there is to tell; False when it is gone, or does not read."""
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

    def _once_a_second(self, number: int) -> None:
        self._engine.report_pace(self._metronome.take_pace())
        if number % TIDY_EVERY == 0:
            gc.collect(0)
            self._engine.tidy()


def main(arguments: list[str]) -> None:
    """Arguments: descriptor, address, first port, last port, worker number, most streams."""
    descriptor, address, first, last, number, most = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    except OSError:
        pass  # an ordinary user may not, and it works without
    inherited = socket.socket(fileno=int(descriptor))
    control = inherited.dup()  # the lowest number that is free: select(2) takes none above 1,023
    inherited.close()
    epoch = time.time() - time.monotonic()
    capacity = min(int(most), _carried())
    engine = Engine(address, (int(first), int(last)), int(number), capacity, random.SystemRandom(), epoch)
    gc.collect()
    gc.freeze()
    gc.disable()
    run_in_real_time()
    Worker(control, engine).run()


def run_in_real_time() -> None:
    """Have this thread, the clock's, run before all ordinary ones as soon as a tick is due, where we are allowed to.

    What a tick does is small and can't wait. No other thread or process gets this from us: those that write to the disk
    are there before, and what is started later is ordinary by the flag. It starves nobody: one thread takes one
    processor at most, so there has to be another for the server, and the kernel leaves ordinary threads a twentieth of
    this one, too (sched(7)); a worker that is stuck gives no answer and is killed by the server, as ever.
    """
    if len(os.sched_getaffinity(0)) > 1:
        try:
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(REAL_TIME_PRIORITY))
        except OSError:
            pass  # an ordinary user may not (CAP_SYS_NICE, RLIMIT_RTPRIO), nor may some control groups


def _carried() -> int:
    """Streams that our descriptors are enough for, after the limit is raised as far as it goes."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return sys.maxsize
    return max(0, hard - SPARE_DESCRIPTORS) // DESCRIPTORS_OF_A_STREAM


if __name__ == "__main__":
    main(sys.argv[1:])
