"""`python -m tests.network.customer HOST:PORT CALLS RATE`: a customer who asks for calls, and prints their uuids."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from playvoice.simulator.client import Client
from playvoice.simulator.configuration import GROUP, NUMBERS

TIMEOUT = 60.0
"""Seconds for an answer: a connection over a bad network takes its time."""


def main(arguments: list[str]) -> None:
    """Ask at this rate, each with a key, so that a request whose answer was lost is asked again and dialled once."""
    http, calls, rate = arguments[0], int(arguments[1]), float(arguments[2])
    with Client(http, timeout=TIMEOUT) as client, ThreadPoolExecutor(16) as pool:
        client.login()

        def ask(number: int) -> str:
            answer, uuid = client.play_voice(
                idempotency_key=f"call {number}",
                voicetype="1",
                voicefile="notice.wav",
                destnumber=f"1333{number:07}",
                chengshudu="1",
                userid=f"1@{GROUP}",
                disnumber=NUMBERS[0],
            )
            if not uuid:
                raise RuntimeError(f"request {number} was answered {answer}")
            return uuid

        began, asked = time.monotonic(), []
        for number in range(calls):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            asked.append(pool.submit(ask, number))
        print("\n".join(future.result() for future in asked))


if __name__ == "__main__":
    main(sys.argv[1:])
