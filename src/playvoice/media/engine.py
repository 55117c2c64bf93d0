"""The worker's streams and what its clock does with them, apart from the loop that calls it.

A second has 50 frames, and streams are spread over four phases of 5 ms, so that packets do not leave in one burst.
"""

import random
import time
from pathlib import Path

import numpy as np

from playvoice.media import protocol as p
from playvoice.media import udp
from playvoice.media.playback import Batch, Row, Voices
from playvoice.media.ports import PortPool
from playvoice.media.rtp import Clock
from playvoice.media.stream import Stream

PHASES = 4
TICK = 0.005
"""Seconds between two phases; each comes every 20 ms."""


class Engine:
    """All streams of one worker. Commands in, reports out; `tick` is one phase of the clock."""

    def __init__(
        self, address: str, ports: tuple[int, int], number: int, capacity: int, generator: random.Random
    ) -> None:
        self._address = address
        self._ports = PortPool(*ports, generator)
        self._random = generator
        self._next = number << 32
        self._capacity = min(capacity, self._ports.size)
        self._streams: dict[int, Stream] = {}
        self._by_descriptor: dict[int, Stream] = {}
        self._batches = [Batch() for _ in range(PHASES)]
        self._pressing: list[set[Stream]] = [set() for _ in range(PHASES)]
        self._paused: dict[int, Row] = {}
        self._voices = Voices()
        self._reports: list[p.Message] = []
        self._poll = udp.Poll()

    def __repr__(self) -> str:
        return f"<Engine {len(self._streams)} streams, {sum(map(len, self._batches))} playing>"

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def idle(self) -> bool:
        return not self._streams

    def take_reports(self) -> list[p.Message]:
        reports, self._reports = self._reports, []
        return reports

    # --- commands -------------------------------------------------------------------------------------------------

    def handle(self, command: p.Message, now: float) -> None:
        """Do what the server asks; a command about a stream that is gone is late, and nothing."""
        if isinstance(command, p.Reserve):
            self._reserve(command)
            return
        stream = self._streams.get(getattr(command, "stream", -1))
        if stream is None:
            if isinstance(command, p.StopRecording):
                self._reports.append(p.RecordingDone(command.request, -1))
            elif isinstance(command, p.Release):
                self._reports.append(p.Released(command.request, 0, 0, 0, 0))
            return
        match command:
            case p.Connect():
                stream.connect(command, now)
            case p.Play():
                self._play(stream, command, now)
            case p.StopPlaying():
                self._stop_playing(stream)
            case p.Bridge():
                self._bridge(stream, command, now)
            case p.Unbridge():
                self._unbridge(stream)
            case p.Record():
                self._record(stream, command, now)
            case p.StopRecording():
                self._reports.append(p.RecordingDone(command.request, stream.stop_recording(now)))
            case p.SendKeys():
                self._send_keys(stream, command)
            case p.Release():
                self._release(stream, command, now)
            case _:
                raise p.ProtocolError(f"{type(command).__name__} is no command")

    def _reserve(self, command: p.Reserve) -> None:
        if len(self._streams) >= self._capacity:
            self._reports.append(p.Refused(command.request, f"{len(self._streams)} streams, and no more are carried"))
            return
        for _ in range(len(self._ports)):  # one that somebody else holds is skipped, however many they are
            port = self._ports.take()
            assert port is not None
            try:
                sockets = udp.open_pair(self._address, port)
            except OSError:
                self._ports.give_back(port)
                continue
            self._add(command, port, sockets)
            return
        self._reports.append(p.Refused(command.request, "no free RTP port"))

    def _add(self, command: p.Reserve, port: int, sockets: udp.Pair) -> None:
        self._next += 1
        clock = Clock(self._random.getrandbits(32), self._random.getrandbits(16), self._random.getrandbits(32))
        stream = Stream(self._next, port, sockets, clock)
        self._streams[stream.number] = stream
        for sock in sockets:
            self._by_descriptor[sock.fileno()] = stream
            self._poll.add(sock)
        self._reports.append(p.Reserved(command.request, stream.number, port))

    def _play(self, stream: Stream, command: p.Play, now: float) -> None:
        try:
            frames = self._voices.frames(command.path, stream.codec)
        except (OSError, ValueError) as error:
            self._reports.append(p.PlaybackFailed(stream.number, str(error)))
            return
        row = Row(stream, frames, command.loop)
        if stream.keys is not None:
            self._paused[stream.number] = row
        else:
            self._batch(stream).add(row, now)

    def _stop_playing(self, stream: Stream) -> None:
        self._batch(stream).remove(stream)
        self._paused.pop(stream.number, None)

    def _bridge(self, stream: Stream, command: p.Bridge, now: float) -> None:
        other = self._streams.get(command.other)
        if other is None or other is stream:
            return
        for one, peer in ((stream, other), (other, stream)):
            self._unbridge(one)
            self._stop_playing(one)
            one.bridge(peer, now)

    def _unbridge(self, stream: Stream) -> None:
        if stream.peer is not None:
            peer = stream.peer
            stream.unbridge()
            peer.unbridge()

    def _record(self, stream: Stream, command: p.Record, now: float) -> None:
        if stream.recorder is not None:
            return
        try:
            stream.record(Path(command.path), now)
        except OSError:
            stream.recorder = None  # RecordingDone will say -1

    def _send_keys(self, stream: Stream, command: p.SendKeys) -> None:
        stream.send_keys(command.keys)
        if stream.keys is not None:
            row = self._batch(stream).remove(stream)
            if row is not None:
                self._paused[stream.number] = row
            self._pressing[stream.number % PHASES].add(stream)

    def _release(self, stream: Stream, command: p.Release, now: float) -> None:
        self._unbridge(stream)
        self._stop_playing(stream)
        self._pressing[stream.number % PHASES].discard(stream)
        for sock in (stream.rtp, stream.rtcp):
            self._poll.remove(sock)
            del self._by_descriptor[sock.fileno()]
        closed = stream.close(now)
        del self._streams[stream.number]
        self._ports.give_back(stream.port)
        self._reports.append(p.Released(command.request, closed.sent, closed.received, closed.lost, closed.ignored))

    # --- the clock ------------------------------------------------------------------------------------------------

    def tick(self, number: int, now: float) -> None:
        """One phase: what came is read and relayed, and the phase's streams get their packet."""
        for descriptor in self._poll.ready():
            stream = self._by_descriptor.get(descriptor)
            if stream is None:
                continue
            if descriptor == stream.rtp.fileno():
                stream.receive(now, self._reports.append)
            else:
                stream.receive_rtcp(now)
        phase = number % PHASES
        for stream in self._batches[phase].tick(now):
            self._reports.append(p.PlaybackEnded(stream.number))
        for stream in list(self._pressing[phase]):
            self._press(stream, phase, now)
        if number % 200 == 0:
            for stream in list(self._streams.values()):
                stream.check(now, lambda silent: self._reports.append(p.Silent(silent.number)))

    def _press(self, stream: Stream, phase: int, now: float) -> None:
        stream.send_key_packet(now)
        if stream.keys is None:
            self._pressing[phase].discard(stream)
            row = self._paused.pop(stream.number, None)
            if row is not None:
                self._batches[phase].add(row, now)

    def _batch(self, stream: Stream) -> Batch:
        return self._batches[stream.number % PHASES]


def warm_up() -> None:
    """Have numpy do once what a tick does, so that the first call does not pay for it."""
    np.zeros(4, dtype=np.int64).astype(">u2").view(np.uint8).reshape(-1, 2)
    time.monotonic()
