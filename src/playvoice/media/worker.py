"""The media worker: a process with one clock. `python -m playvoice.media.worker`, started by `media.client`.

Deadlines are absolute: tick n is due at start + n * 5 ms, whatever the ticks before took, so that nothing drifts. A
worker that was stopped for longer than `MAX_BEHIND` skips the ticks that it missed, since a burst of old audio helps
nobody. The end of file on its socket pair, the server's death for example, ends it at once.
"""

import gc
import os
import random
import resource
import select
import socket
import sys
import time

from playvoice.media import protocol as p
from playvoice.media.engine import TICK, Engine, warm_up

MAX_BEHIND = 0.1
"""Seconds that the clock may be behind before it skips."""
DESCRIPTORS_OF_A_STREAM = 2
SPARE_DESCRIPTORS = 64


def run(control: socket.socket, engine: Engine) -> None:
    """Serve until the server closes its end."""
    framer = p.Framer()
    unsent = bytearray(p.encode(p.Hello(p.VERSION, engine.capacity)))
    control.setblocking(False)
    start = time.monotonic()
    number = 0
    collected = 0
    while True:
        due = start + number * TICK
        now = time.monotonic()
        if now >= due:
            if now - due > MAX_BEHIND:
                number += int((now - due) / TICK)
            engine.tick(number, now)
            number += 1
        else:
            wants = [control] if unsent else []
            select.select([control], wants, [], due - now)
        try:
            data = control.recv(65_536)
            if not data:
                return
            for command in framer.feed(data):
                engine.handle(command, time.monotonic())
        except BlockingIOError:
            pass
        except (ConnectionError, p.ProtocolError):
            return
        for report in engine.take_reports():
            unsent += p.encode(report)
        if unsent:
            try:
                del unsent[: control.send(unsent)]
            except BlockingIOError:
                pass
            except OSError:
                return
        if engine.idle and number - collected > 2_000:
            collected = number
            gc.collect()


def main(arguments: list[str]) -> None:
    """Arguments: descriptor, address, first port, last port, worker number, most streams."""
    descriptor, address, first, last, number, most = arguments
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    carried = (max(soft, hard) - SPARE_DESCRIPTORS) // DESCRIPTORS_OF_A_STREAM
    engine = Engine(
        address, (int(first), int(last)), int(number), min(int(most), carried), random.Random(os.urandom(16))
    )
    warm_up()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        run(socket.socket(fileno=int(descriptor)), engine)
    except KeyboardInterrupt:
        pass  # the server gets the same Ctrl-C and ends us by closing the pair


if __name__ == "__main__":
    main(sys.argv[1:])
