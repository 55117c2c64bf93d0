"""Calls that play a voice at once: how even the packets arrive, and what a call costs.

The media worker is the server's own, started as the server starts it, and driven through its client; SIP and HTTP have
no part in this. Each call has a far end (`benchmarks.listeners`, a process of its own) that sends RTP all the time, as
phones do. All packets of all calls are looked at.

`p99_ms` is the 99th percentile of |spacing - 20 ms| over all pairs of packets that follow each other; `missing_pct`
compares what arrived with one packet each 20 ms for each call, so that a stopped clock counts as well as a lost packet
(`unread` says how many the far end itself lost since its start, for want of processor time: it should be 0);
`cpu_ms_per_call_s` is processor time of the worker for a call each second, with what the kernel does in its name;
`kb_per_call` is what its resident memory has grown by.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from benchmarks.processes import cpu_seconds, machine, resident_kb

from playvoice.media.client import MediaClient, MediaEvent, Stream
from playvoice.media.g711 import Codec
from playvoice.media.sdp import Direction, Negotiated
from playvoice.media.tones import TONES_WEIGHT

PORTS = (10_000, 29_999)
WARM_UP = 2.0
"""Seconds before the window begins: streams latch, buffers fill."""
VOICE_SECONDS = 30


def main(arguments: list[str]) -> int:
    """Measure and print; 0 if every call was played to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks playback", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--voices", type=int, default=1, help="different voice files; the calls take them in turn")
    parser.add_argument("--tones", action="store_true", help="search every call's audio for keys")
    parser.add_argument("--record", action="store_true", help="record every call, both channels")
    options = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="playvoice-benchmark-") as folder:
        result = asyncio.run(measure(options, Path(folder)))
    print_table(result, options)
    print(json.dumps(result))
    return 0 if result["packets"] else 1


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Play to so many far ends for so long."""
    voices = [make_voice(folder, number) for number in range(options.voices)]
    far_end = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.listeners", str(options.calls)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    assert far_end.stdin is not None
    assert far_end.stdout is not None
    far_ports = json.loads(await far_end.stdout.readline())
    media = await MediaClient.start(address="127.0.0.1", ports=PORTS, max_streams=options.calls * TONES_WEIGHT)
    idle_kb = resident_kb(media.pid)
    streams = [await media.reserve(_ignore) for _ in range(options.calls)]
    far_end.stdin.write(json.dumps([stream.port for stream in streams]).encode() + b"\n")
    for number, (stream, port) in enumerate(zip(streams, far_ports, strict=True)):
        stream.connect(far_side(port), tones=options.tones)
        if options.record:
            stream.record(folder / f"{number}.raw")
        stream.play(voices[number % len(voices)], loop=True)
    await asyncio.sleep(WARM_UP)
    cpu, begun = cpu_seconds(media.pid), time.time_ns()
    await asyncio.sleep(options.seconds)
    cpu, lasted = cpu_seconds(media.pid) - cpu, (time.time_ns() - begun) / 1e9
    kb = resident_kb(media.pid) - idle_kb
    window = {"from": begun, "to": begun + options.seconds * 1_000_000_000}
    far_end.stdin.write(json.dumps(window).encode() + b"\n")
    heard = json.loads(await far_end.stdout.readline())
    await release(streams)
    await media.close()
    await far_end.communicate()
    due = options.calls * options.seconds * 50
    return {
        "part": "playback",
        "calls": options.calls,
        "seconds": options.seconds,
        "p99_ms": heard["p99_ms"],
        "missing_pct": round(max(0.0, 100 * (1 - heard["packets"] / due)), 3),
        "cpu_ms_per_call_s": round(1000 * cpu / options.calls / lasted, 3),
        "kb_per_call": round(kb / options.calls, 1),
        "p50_ms": heard["p50_ms"],
        "p999_ms": heard["p999_ms"],
        "max_ms": heard["max_ms"],
        "packets": heard["packets"],
        "lost": heard["lost"],
        "unread": heard["unread"],
        "cores": round(cpu / lasted, 3),
        "voices": options.voices,
        "recorded": options.record,
        "tones": options.tones,
        "machine": machine(),
    }


async def release(streams: list[Stream]) -> None:
    """Give the streams back, as the server does at the end of a call."""
    for stream in streams:
        await stream.release()


def make_voice(folder: Path, number: int) -> dict[Codec, Path]:
    """A voice of noise, in both laws."""
    files = {}
    for codec in Codec:
        files[codec] = folder / f"{number}.{codec.name.lower()}"
        octets = np.random.default_rng(number).integers(0, 256, VOICE_SECONDS * 8000, dtype=np.uint8)
        files[codec].write_bytes(octets.tobytes())
    return files


def far_side(port: int) -> Negotiated:
    """What a session description of the far end would have said."""
    return Negotiated(
        remote=("127.0.0.1", port),
        codec=Codec.PCMA,
        payload_type=int(Codec.PCMA),
        telephone_event=101,
        direction=Direction.SENDRECV,
        receive_payload_types={int(Codec.PCMA): Codec.PCMA},
        receive_telephone_event=101,
        remote_rtcp=("127.0.0.1", port + 1),
    )


def print_table(result: dict[str, Any], options: argparse.Namespace) -> None:
    """The figures for people."""
    rows = [
        ("calls that play at once", f"{result['calls']}, {'recorded' if options.record else 'not recorded'}"),
        ("packets that arrived", f"{result['packets']} in {options.seconds} s, {result['missing_pct']} % missing"),
        ("packets that the far end lost", f"{result['unread']}"),
        ("|spacing - 20 ms|, median", f"{result['p50_ms']} ms"),
        ("|spacing - 20 ms|, 99 %", f"{result['p99_ms']} ms"),
        ("|spacing - 20 ms|, 99.9 %", f"{result['p999_ms']} ms"),
        ("|spacing - 20 ms|, worst", f"{result['max_ms']} ms"),
        ("processor time, call and second", f"{result['cpu_ms_per_call_s']} ms ({result['cores']} cores)"),
        ("memory of a call", f"{result['kb_per_call']} KiB"),
        ("machine", result["machine"]),
    ]
    for name, value in rows:
        print(f"{name:33} {value}")


def _ignore(_event: MediaEvent) -> None:
    pass
