"""Playback: one clock tick builds the packets of all streams of a phase at once.

Every playing stream is a row: its voice, its place in it, and its RTP clock. numpy writes headers and payloads of all
rows in a few operations; what is left for each packet is one `send`.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME, HEADER_OCTETS
from playvoice.media.stream import Stream

PACKET = HEADER_OCTETS + FRAME
MAX_VOICES = 1_000
"""Mapped voices that are kept; the ones that nobody plays go first."""


class Voices:
    """Files of raw G.711, mapped once however many streams play them, as rows of frames."""

    def __init__(self) -> None:
        self._frames: dict[tuple[str, Codec, int], NDArray[np.uint8]] = {}

    def frames(self, path: str, codec: Codec) -> NDArray[np.uint8]:
        """The voice as an array (frames, 160), the last frame filled up with silence; OSError if it can't be read."""
        stat = Path(path).stat()
        key = (path, codec, stat.st_mtime_ns)
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = self._map(path, codec, stat.st_size)
            while len(self._frames) > MAX_VOICES:
                del self._frames[next(iter(self._frames))]
        return found

    @staticmethod
    def _map(path: str, codec: Codec, size: int) -> NDArray[np.uint8]:
        whole = size - size % FRAME
        if size == whole and size:
            return np.memmap(path, dtype=np.uint8, mode="r").reshape(-1, FRAME)
        octets = np.full(max(FRAME, whole + FRAME), codec.silence, dtype=np.uint8)
        octets[:size] = np.fromfile(path, dtype=np.uint8)
        return octets.reshape(-1, FRAME)


class Row:
    """One stream that is being played to."""

    __slots__ = ("frames", "loop", "position", "started", "stream")

    def __init__(self, stream: Stream, frames: NDArray[np.uint8], loop: bool) -> None:
        self.stream = stream
        self.frames = frames
        self.loop = loop
        self.position = 0
        self.started = False


class Batch:
    """The playing streams of one phase. `tick` sends a packet to each."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._order: list[Row] = []
        self._dirty = False
        self._packets = np.zeros((0, PACKET), dtype=np.uint8)
        self._positions: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._lengths: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._sequences: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._timestamps: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._groups: list[tuple[NDArray[np.uint8], NDArray[np.int64]]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row, now: float) -> None:
        """Play from the next tick on, in place of what the row's stream was played."""
        self.remove(row.stream)
        self._write_back()
        row.stream.clock.resume(now)
        row.started = False
        self._rows[row.stream.number] = row
        self._dirty = True

    def remove(self, stream: Stream) -> Row | None:
        """Play to `stream` no more; gives its row, which `add` takes to go on where it was."""
        if stream.number not in self._rows:
            return None
        self._write_back()
        self._dirty = True
        return self._rows.pop(stream.number)

    def _write_back(self) -> None:
        """Give the rows what the arrays know, before the arrays are made anew."""
        if self._dirty:
            return
        for index, row in enumerate(self._order):
            row.position = int(self._positions[index])
            row.stream.clock.sequence = int(self._sequences[index])
            row.stream.clock.timestamp = int(self._timestamps[index])

    def _rebuild(self) -> None:
        self._order = list(self._rows.values())
        count = len(self._order)
        clocks = [row.stream.clock for row in self._order]
        self._positions = np.array([row.position for row in self._order], dtype=np.int64)
        self._lengths = np.array([len(row.frames) for row in self._order], dtype=np.int64)
        self._sequences = np.array([clock.sequence for clock in clocks], dtype=np.int64)
        self._timestamps = np.array([clock.timestamp for clock in clocks], dtype=np.int64)
        self._packets = np.zeros((count, PACKET), dtype=np.uint8)
        self._packets[:, 0] = 0x80
        ssrcs = np.array([clock.ssrc for clock in clocks], dtype=">u4")
        self._packets[:, 8:12] = ssrcs.view(np.uint8).reshape(-1, 4)
        groups: dict[int, list[int]] = {}
        for index, row in enumerate(self._order):
            groups.setdefault(id(row.frames), []).append(index)
        self._groups = [
            (self._order[indices[0]].frames, np.array(indices, dtype=np.int64)) for indices in groups.values()
        ]
        self._dirty = False

    def tick(self, now: float) -> list[Stream]:
        """Send a frame to every stream; gives those whose voice is over (their last frame left 20 ms ago)."""
        if self._dirty:
            self._rebuild()
        if not self._order:
            return []
        ended = self._end(now)
        if self._dirty:
            self._rebuild()
        packets = self._packets
        packets[:, 1] = [row.stream.payload_type | (0 if row.started else 0x80) for row in self._order]
        packets[:, 2:4] = self._sequences.astype(">u2").view(np.uint8).reshape(-1, 2)
        packets[:, 4:8] = self._timestamps.astype(">u4").view(np.uint8).reshape(-1, 4)
        for frames, indices in self._groups:
            packets[indices, HEADER_OCTETS:] = frames[self._positions[indices]]
        view = memoryview(packets.reshape(-1).data)
        offset = 0
        for index, row in enumerate(self._order):
            stream = row.stream
            row.started = True
            stream.clock.last_sent = now
            if stream.may_send:
                stream.transmit(view[offset : offset + PACKET])
                if stream.recorder is not None:
                    payload = bytes(view[offset + HEADER_OCTETS : offset + PACKET])
                    stream.heard_by_far_end(int(self._timestamps[index]), payload, now, "playback")
            offset += PACKET
        self._positions += 1
        self._sequences = (self._sequences + 1) & 0xFFFF
        self._timestamps = (self._timestamps + FRAME) & 0xFFFFFFFF
        return ended

    def _end(self, _now: float) -> list[Stream]:
        over = np.flatnonzero(self._positions >= self._lengths)
        ended: list[Stream] = []
        for index in over:
            row = self._order[index]
            if row.loop:
                self._positions[index] = 0
            else:
                ended.append(row.stream)
        for stream in ended:
            self.remove(stream)
        return ended
