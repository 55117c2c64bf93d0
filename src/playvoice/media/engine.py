"""The worker's streams and what its clock does with them, apart from the loop that calls it.

A second has 50 frames, and streams are spread over the four phases of the metronome; what is done for each stream once
a second is spread over all ticks of the second.
"""

import base64
import errno
import random
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from playvoice.media import protocol as p
from playvoice.media import udp
from playvoice.media.disk import Disk
from playvoice.media.metronome import PHASES, TICK, Pace
from playvoice.media.playback import Batch, Playing
from playvoice.media.ports import PortPool
from playvoice.media.recorder import Recorder
from playvoice.media.reports import Reports
from playvoice.media.rtp import Clock
from playvoice.media.stream import Stream
from playvoice.media.tones import TONES_WEIGHT, listen
from playvoice.media.voice_file import Voice, Voices

TICKS_A_SECOND = round(1 / TICK)
NAME_OCTETS = 12
"""Random ones of a stream's canonical name (RFC 7022 section 4.2)."""
MAX_REASON = 1_000
"""Characters of what went wrong, which may hold a path of any length."""


class Engine:
    """All streams of one worker. Commands in, reports out; `tick` is one phase of the clock."""

    def __init__(
        self,
        address: str,
        ports: tuple[int, int],
        number: int,
        capacity: int,
        generator: random.Random,
        epoch: float = 0.0,
    ) -> None:
        """`epoch` is when the clock began that the others' `now` is of, in Unix time; RTCP tells of it."""
        self._address = address
        self._ports = PortPool(*ports, generator)
        self._random = generator
        self._epoch = epoch
        self._next = number << 32
        self._capacity = min(capacity, self._ports.size)
        self._streams: dict[int, Stream] = {}
        self._by_descriptor: dict[int, Stream] = {}
        self._batches = [Batch() for _ in range(PHASES)]
        self._pressing: list[set[Stream]] = [set() for _ in range(PHASES)]
        self._paused: dict[int, Playing] = {}
        self._with_tones: set[Stream] = set()
        self._to_check: list[set[Stream]] = [set() for _ in range(TICKS_A_SECOND)]
        self._voices = Voices()
        self._disk = Disk()
        self._reports: list[p.Message] = []
        self._from_disk: deque[p.Message] = deque()
        self._waiting_for_disk = 0
        self._poll = udp.Poll()

    def __repr__(self) -> str:
        return f"<Engine {len(self._streams)} streams, {sum(map(len, self._batches))} playing>"

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def idle(self) -> bool:
        """There is nothing that the clock has to do."""
        return not self._streams and not self._waiting_for_disk

    def tidy(self) -> None:
        """Let go of what nobody needs any more; to be called now and then."""
        self._voices.let_go()

    def take_reports(self) -> list[p.Message]:
        """What the server is to be told."""
        reports, self._reports = self._reports, []
        while self._from_disk:  # filled by other threads
            reports.append(self._from_disk.popleft())
            self._waiting_for_disk -= 1
        return reports

    def report_pace(self, pace: Pace) -> None:
        self._reports.append(
            p.ClockPace(pace.ticks, round(pace.longest * 1e6), pace.late, pace.skipped, round(pace.worst * 1e6))
        )

    # --- commands -------------------------------------------------------------------------------------------------

    def handle(self, command: p.Message, now: float) -> None:
        """Do what the server asks; a command about a stream that is gone is late, and nothing."""
        if isinstance(command, p.Reserve):
            self._reserve(command)
            return
        stream = self._streams.get(getattr(command, "stream", -1))
        if stream is None:
            if isinstance(command, p.StopRecording):
                self._reports.append(p.RecordingDone(command.request, -1, "the stream is gone"))
            elif isinstance(command, p.Release):
                self._reports.append(p.Released(command.request, 0, 0, 0, 0, False, 0, 0))
            return
        match command:
            case p.Connect():
                self._connect(stream, command, now)
            case p.Load():
                self._voices.load(command.paths)
            case p.Play():
                self._stop_playing(stream)
                self._play(stream, command.paths, now, loop=command.loop)
            case p.StopPlaying():
                self._stop_playing(stream)
            case p.Bridge():
                self._bridge(stream, command, now)
            case p.Unbridge():
                self._unbridge(stream)
            case p.Record():
                self._record(stream, command, now)
            case p.StopRecording():
                self._stop_recording(stream, command, now)
            case p.SendKeys():
                self._send_keys(stream, command)
            case p.Release():
                self._release(stream, command, now)
            case _:
                raise p.ProtocolError(f"{type(command).__name__} is no command")

    def _reserve(self, command: p.Reserve) -> None:
        if len(self._streams) + (TONES_WEIGHT - 1) * len(self._with_tones) >= self._capacity:
            self._reports.append(p.Refused(command.request, f"{len(self._streams)} streams, and no more are carried"))
            return
        reason = "no free RTP port"
        for _ in range(len(self._ports)):  # one that somebody else holds is skipped, however many they are
            port = self._ports.take()
            assert port is not None
            try:
                sockets = udp.open_pair(self._address, port)
            except OSError as error:
                self._ports.give_back(port)
                if error.errno == errno.EADDRINUSE:
                    continue
                reason = f"no RTP socket at {self._address}: {error.strerror}"
                break
            self._add(command, port, sockets)
            return
        self._reports.append(p.Refused(command.request, reason))

    def _add(self, command: p.Reserve, port: int, sockets: udp.Pair) -> None:
        self._next += 1
        clock = Clock(self._random.getrandbits(32), self._random.getrandbits(16), self._random.getrandbits(32))
        name = base64.b64encode(self._random.randbytes(NAME_OCTETS))
        reports = Reports(clock.ssrc, name, self._random.random, self._epoch)
        stream = Stream(self._next, port, sockets, clock, reports)
        self._streams[stream.number] = stream
        self._to_check[stream.number % TICKS_A_SECOND].add(stream)
        for sock in sockets:
            self._by_descriptor[sock.fileno()] = stream
            self._poll.add(sock)
        self._reports.append(p.Reserved(command.request, stream.number, port))

    def _connect(self, stream: Stream, command: p.Connect, now: float) -> None:
        """A new session description may change the codec of what is being played: it goes on in the new one."""
        playing = self._batch(stream).remove(stream) or self._paused.pop(stream.number, None)
        stream.connect(command, now)
        (self._with_tones.add if command.tones else self._with_tones.discard)(stream)
        if playing is not None:
            self._play(stream, playing.paths, now, loop=playing.loop, position=playing.position)

    def _play(self, stream: Stream, paths: Mapping[str, str], now: float, *, loop: bool, position: int = 0) -> None:
        try:
            voice = self._voice(stream, paths)
        except (OSError, ValueError) as error:
            self._reports.append(p.PlaybackFailed(stream.number, str(error)[:MAX_REASON]))
            return
        playing = Playing(stream, voice, paths, loop, position)
        if stream.keys:
            self._paused[stream.number] = playing
        else:
            self._batch(stream).add(playing, now)

    def _voice(self, stream: Stream, paths: Mapping[str, str]) -> Voice:
        path = paths.get(str(int(stream.codec)))
        if path is None:
            raise ValueError(f"there is no {stream.codec.name} of this voice")
        return self._voices.get(path, stream.codec)

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
        if stream.recorder is None:
            self._batch(stream).note(stream)  # what was played until now is not in it
            stream.record(Recorder(self._disk.open(Path(command.path)), now))

    def _stop_recording(self, stream: Stream, command: p.StopRecording, now: float) -> None:
        def finished(samples: int, problem: str) -> None:
            self._from_disk.append(p.RecordingDone(command.request, -1 if problem else samples, problem))

        self._waiting_for_disk += 1
        self._batch(stream).note(stream)
        stream.stop_recording(now, finished)

    def _send_keys(self, stream: Stream, command: p.SendKeys) -> None:
        stream.send_keys(command.keys)
        if stream.keys:
            playing = self._batch(stream).remove(stream)
            if playing is not None:
                self._paused[stream.number] = playing
            self._pressing[stream.number % PHASES].add(stream)

    def _release(self, stream: Stream, command: p.Release, now: float) -> None:
        self._unbridge(stream)
        self._stop_playing(stream)
        self._pressing[stream.number % PHASES].discard(stream)
        self._with_tones.discard(stream)
        self._to_check[stream.number % TICKS_A_SECOND].discard(stream)
        for sock in (stream.rtp, stream.control.socket):
            self._poll.remove(sock)
            del self._by_descriptor[sock.fileno()]
        del self._streams[stream.number]
        self._reports.append(stream.close(command.request, now))
        self._ports.give_back(stream.port)

    # --- the clock ------------------------------------------------------------------------------------------------

    def tick(self, number: int, now: float) -> None:
        """One phase: its streams get their packet, then what has come for any stream is read and relayed."""
        frame, phase = divmod(number, PHASES)
        for stream in self._batches[phase].tick(frame, now):
            self._reports.append(p.PlaybackEnded(stream.number))
        for stream in list(self._pressing[phase]):
            self._press(stream, phase, now)
        heard = []
        for descriptor in self._poll.ready():
            stream = self._by_descriptor[descriptor]
            if descriptor == stream.rtp.fileno():
                stream.receive(now, self._reports.append)
                if stream.tones is not None:
                    heard.append((stream.number, stream.tones))
            else:
                stream.receive_rtcp(now)
        for leg, keys in listen(heard):
            self._reports += [p.KeyPressed(leg, key) for key in keys]
        for stream in self._to_check[number % TICKS_A_SECOND]:
            if stream.recorder is not None or stream.control.reports.are_due(now):
                self._batch(stream).note(stream)
            stream.check(now, self._reports.append)

    def _press(self, stream: Stream, phase: int, now: float) -> None:
        if stream.keys:  # they are thrown away when a new description takes none
            stream.send_key_packet(now)
        if not stream.keys:
            self._pressing[phase].discard(stream)
            playing = self._paused.pop(stream.number, None)
            if playing is not None:
                self._batches[phase].add(playing, now)

    def _batch(self, stream: Stream) -> Batch:
        return self._batches[stream.number % PHASES]
