"""Whole calls a second: what a call costs from the HTTP request to the delivered call record.

The server is the real one, with its media worker, its store on a disk and its sender of callbacks. Its far ends, a
carrier and a company, live in this process, which shares the processors with it. One call is:

    POST / (multipart, a token, a library voice) -> the call is stored, 200
    INVITE -> 180 -> 200 at once -> ACK          the callee sends RTP until the end
    a voice of 1 s, then `key_time` of 1 s without a key; the server sends BYE
    the call record is stored and POSTed, signed; the receiver answers 200

So each call lasts 2 s, and the rate is given from outside, whether the server keeps up or not. Nothing is recorded
unless `--record` is given, and no agent is called.

`calls_per_s` counts the records that were delivered in the window; `lost` are accepted calls without a delivered
record 15 s after the last of them, `spoiled` those whose record doesn't tell of an answered call that we ended, or
whose callee heard less than nine tenths of the voice. `cpu_ms_per_call` is processor time of the server's main process,
its media worker and its transcoders in the window, with what the kernel does in their name, by delivered records.
"""

import argparse
import asyncio
import contextlib
import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from benchmarks.carrier import Callee, Carrier
from benchmarks.company import Asked, Company
from benchmarks.processes import children, command, cpu_seconds, ended_cpu_seconds, machine, thread_cpu_seconds

from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator import program
from playvoice.simulator.configuration import GROUP, NUMBERS, Setting, signing_secret
from playvoice.simulator.program import Program
from playvoice.simulator.sound import write_g711

WARM_UP = 5.0
"""Seconds of calls before the window begins: as many end then as begin."""
DRAIN = 15.0
"""Seconds after which a record that hasn't come is lost."""
START_TIMEOUT = 20.0
VOICE = "voice.wav"
VOICE_PACKETS = 50


@dataclass(slots=True)
class Usage:
    """Processor time so far, in seconds, by who used it."""

    main: float
    loop: float
    worker: float
    transcoders: float
    far_ends: float

    @classmethod
    def of(cls, server: int) -> "Usage":
        by_kind = {True: 0.0, False: ended_cpu_seconds(server)}
        for pid in children(server):
            by_kind["playvoice.media.worker" in command(pid)] += cpu_seconds(pid)
        return cls(cpu_seconds(server), thread_cpu_seconds(server), by_kind[True], by_kind[False], time.process_time())


def main(arguments: list[str]) -> int:
    """Measure and print; 0 if no call was lost, spoiled or refused."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks setup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=50.0, help="calls that are asked for each second")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the window")
    parser.add_argument("--database", default="sqlite:///playvoice.db", help="or a PostgreSQL URL of an empty database")
    parser.add_argument("--record", action="store_true", help="record every call")
    parser.add_argument("--log", type=Path, help="keep the server's log in this file")
    options = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="playvoice-benchmark-") as folder:
        result = asyncio.run(measure(options, Path(folder)))
    print_table(result)
    print(json.dumps(result))
    return 0 if result["calls"] and not (result["lost"] or result["spoiled"] or result["refused"]) else 1


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Start the server among its far ends, have it called at the rate, and weigh what became of the calls."""
    carrier = Carrier()
    async with Company() as company, contextlib.AsyncExitStack() as stack:
        host, port = await carrier.start()
        stack.push_async_callback(carrier.close)
        config = configure(options, folder, f"sip:{host}:{port};transport=udp", company.receiver)
        server = program.server(config, log=options.log or folder / "server.log")
        stack.push_async_callback(asyncio.to_thread, server.stop)
        ready = await asyncio.to_thread(server.wait_for, "ready", START_TIMEOUT)
        await company.login(str(ready["http"]))
        asked, used, begun = await call(company, options, server)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                await company.wait_for({one.uuid for one in asked if one.uuid})
    return {
        "part": "setup",
        **weigh(asked, carrier, company, (begun, begun + options.seconds)),
        **costs(used, company, (begun, begun + options.seconds)),
        "rate": options.rate,
        "seconds": options.seconds,
        "database": options.database.partition(":")[0],
        "recorded": options.record,
        "machine": machine(),
    }


def configure(options: argparse.Namespace, folder: Path, carrier: str, receiver: str) -> Path:
    """The server's configuration, with its one voice."""
    octets = np.random.default_rng(1).integers(0, 256, SAMPLE_RATE, dtype=np.uint8).tobytes()
    voices = folder / "voices"
    voices.mkdir()
    write_g711(voices / VOICE, octets, Codec.PCMA)
    setting = Setting(
        carrier=carrier,
        receiver=receiver,
        secret=signing_secret(random.Random()),
        voices=voices,
        extensions={"20280003": "secret"},
        database=options.database,
        trunk={"max_calls": 5_000, "calls_per_second": 1_000.0},
        company={"key_time": 1, "record": options.record},
    )
    config = folder / "playvoice.toml"
    config.write_text(setting.text())
    return config


async def call(
    company: Company, options: argparse.Namespace, server: Program
) -> tuple[list[Asked], tuple[Usage, Usage], float]:
    """Ask for calls at the rate; gives what was answered, what was used in the window, and when that began."""
    begun = time.monotonic()
    tasks = []
    window: list[Usage] = []
    window_from = begun + WARM_UP
    for number in range(round((WARM_UP + options.seconds) * options.rate)):
        due = begun + number / options.rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if due >= window_from and not window:
            window_from = time.monotonic()
            window.append(Usage.of(server.pid))
        tasks.append(asyncio.create_task(ask(company, number)))
    await asyncio.sleep(max(0.0, window_from + options.seconds - time.monotonic()))
    window.append(Usage.of(server.pid))
    return list(await asyncio.gather(*tasks)), (window[0], window[1]), window_from


async def ask(company: Company, number: int) -> Asked:
    """Ask for one call, to a number of its own."""
    return await company.ask(
        f"13{number:09}",
        voicetype="1",
        voicefile=VOICE,
        chengshudu="1",
        userid=f"1@{GROUP}",
        disnumber=NUMBERS[0],
        customuuid=str(number),
    )


def weigh(asked: list[Asked], carrier: Carrier, company: Company, window: tuple[float, float]) -> dict[str, Any]:
    """What became of all calls, and how long the steps took of the sound ones that were asked for in the window."""
    accepted = [one for one in asked if one.uuid]
    delivered = [
        (one, carrier.callees.get(one.number), company.records[one.uuid])
        for one in accepted
        if one.uuid in company.records
    ]
    sound = [
        (one, callee, came) for one, callee, came in delivered if callee is not None and is_sound(callee, came.record)
    ]
    inside = [step for step in sound if window[0] <= step[0].asked_at < window[1]]
    return {
        "calls": len(asked),
        "lost": len(accepted) - len(delivered),
        "spoiled": len(delivered) - len(sound),
        "refused": len(asked) - len(accepted),
        **percentiles("request_to_answer", (one.answered_at - one.asked_at for one, _, _ in inside)),
        **percentiles("request_to_invite", (callee.invited_at - one.asked_at for one, callee, _ in inside)),
        **percentiles("answer_to_voice", (callee.heard_at - callee.answered_at for _, callee, _ in inside)),
        **percentiles("answer_to_ack", (callee.acknowledged_at - callee.answered_at for _, callee, _ in inside)),
        **percentiles("bye_to_record", (came.at - callee.ended_at for _, callee, came in inside)),
    }


def is_sound(callee: Callee, record: Any) -> bool:
    """The call went as it should: the callee heard the voice, was acknowledged, and the record tells so."""
    heard = callee.packets >= 0.9 * VOICE_PACKETS and callee.acknowledged_at > 0 and callee.ended_at > 0
    return heard and bool(record["answertime"]) and (record["hangupcause"], record["hangupdirection"]) == (10001, 10040)


def percentiles(name: str, seconds: Iterable[float]) -> dict[str, float]:
    """Median and 99th percentile of durations, in milliseconds."""
    durations = list(seconds) or [float("inf")]
    return {f"{name}_p{rank}_ms": round(1000 * float(np.percentile(durations, rank)), 2) for rank in (50, 99)}


def costs(used: tuple[Usage, Usage], company: Company, window: tuple[float, float]) -> dict[str, Any]:
    """Processor time by delivered records, in milliseconds."""
    before, after = used
    records = sum(window[0] <= delivered.at < window[1] for delivered in company.records.values())

    def each(seconds: float) -> float:
        return round(1000 * seconds / max(1, records), 3)

    main, media = after.main - before.main, after.worker - before.worker
    encoding, loop = after.transcoders - before.transcoders, after.loop - before.loop
    return {
        "calls_per_s": round(records / (window[1] - window[0]), 2),
        "cpu_ms_per_call": each(main + media + encoding),
        "main_cpu_ms_per_call": each(main),
        "loop_cpu_ms_per_call": each(loop),
        "store_cpu_ms_per_call": each(main - loop),
        "worker_cpu_ms_per_call": each(media),
        "transcoder_cpu_ms_per_call": each(encoding),
        "far_ends_cpu_ms_per_call": each(after.far_ends - before.far_ends),
    }


def print_table(result: dict[str, Any]) -> None:
    """The figures for people."""
    rows = [
        ("calls", f"{result['calls']} at {result['rate']:g} a second, {result['database']}"),
        ("records delivered a second", f"{result['calls_per_s']} over {result['seconds']:g} s"),
        ("lost, spoiled, refused", f"{result['lost']}, {result['spoiled']}, {result['refused']}"),
    ]
    for name in ("request_to_answer", "request_to_invite", "answer_to_voice", "answer_to_ack", "bye_to_record"):
        p50, p99 = result[f"{name}_p50_ms"], result[f"{name}_p99_ms"]
        rows.append((f"{name.replace('_', ' ')}, median, 99 %", f"{p50} ms, {p99} ms"))
    rows.append(("processor time of a call", f"{result['cpu_ms_per_call']} ms"))
    for name, what in (
        ("loop", "main process, event loop"),
        ("store", "main process, store's threads"),
        ("worker", "media worker"),
        ("transcoder", "transcoders"),
        ("far_ends", "not counted: the far ends"),
    ):
        rows.append((f"  {what}", f"{result[f'{name}_cpu_ms_per_call']} ms"))
    rows.append(("machine", result["machine"]))
    for name, value in rows:
        print(f"{name:37} {value}")
