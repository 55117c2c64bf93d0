"""Playback: one clock tick builds the packets of all streams of a phase at once.

Every playing stream has a slot, a row in arrays: its voice, its place in it, and its RTP clock. numpy writes headers
and payloads of all slots in a few operations; what is left for each packet is one `send`. While a stream plays, its
sequence number and timestamp live here and not in its clock; they go back when it leaves. And what a recording has to
hear of it is told once a second, not with each packet: it is so many frames of the voice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playvoice.media.rtp import FRAME, HEADER_OCTETS, SAMPLE_RATE
from playvoice.media.stream import Stream
from playvoice.media.voice_file import Octets, Voice

PACKET = HEADER_OCTETS + FRAME
MARKER = 0x80
_GROWTH = 64

Numbers = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Playing:
    """What a stream is being played."""

    stream: Stream
    voice: Voice
    paths: Mapping[str, str]
    """The voice's files by codec number: a new session description may change the codec."""
    loop: bool
    position: int = 0
    """The next frame, up to date only while it has no slot."""
    noted: int = 0
    """The next frame that the recording has not heard."""
    slot: int = -1


class Batch:
    """The playing streams of one phase. `tick` sends a packet to each."""

    def __init__(self) -> None:
        self._playing: list[Playing] = []
        self._streams: list[Stream] = []
        """Those of `_playing`, slot by slot."""
        self._by_stream: dict[int, Playing] = {}
        self._positions: Numbers = np.zeros(0, dtype=np.int64)
        self._lengths: Numbers = np.zeros(0, dtype=np.int64)
        self._packets: Octets = np.zeros((0, PACKET), dtype=np.uint8)
        self._sequences, self._timestamps = _numbers(self._packets)
        self._views: list[memoryview] = []
        self._groups: list[tuple[Voice, Numbers]] | None = []
        self._left = 0
        """Frames until the first voice is over, found with `_groups`: no end need be looked for before."""
        self._frame = 0
        self._ticking = False
        self._ticked_at = 0.0

    def __repr__(self) -> str:
        return f"<Batch of {len(self)}>"

    def __len__(self) -> int:
        return len(self._playing)

    def get(self, stream: Stream) -> Playing | None:
        """What `stream` is being played."""
        return self._by_stream.get(stream.number)

    def add(self, playing: Playing, now: float) -> None:
        """Play from the next tick on, in place of what the stream was played; its numbers go on where they are."""
        stream = playing.stream
        self.remove(stream)
        slot = len(self._playing)
        if slot == len(self._views):
            self._grow()
        stream.clock.resume(now)
        self._positions[slot] = playing.position
        self._lengths[slot] = len(playing.voice)
        self._sequences[slot] = stream.clock.sequence
        self._timestamps[slot] = stream.clock.timestamp
        self._packets[slot, 0] = 0x80
        self._packets[slot, 1] = stream.payload_type | MARKER
        self._packets[slot, 8:12] = np.frombuffer(stream.clock.ssrc.to_bytes(4, "big"), dtype=np.uint8)
        playing.slot = slot
        playing.noted = playing.position
        stream.playing = True
        self._playing.append(playing)
        self._streams.append(stream)
        self._by_stream[stream.number] = playing
        self._groups = None

    def remove(self, stream: Stream) -> Playing | None:
        """Play to `stream` no more; gives what it was played, which `add` takes to go on where it was."""
        playing = self._by_stream.get(stream.number)
        if playing is None:
            return None
        self.note(stream)
        del self._by_stream[stream.number]
        slot = playing.slot
        playing.position = int(self._positions[slot])
        stream.playing = False
        if stream.may_send:  # packets that were not sent have no numbers; the time has passed all the same
            stream.clock.sequence = int(self._sequences[slot])
        stream.clock.timestamp = int(self._timestamps[slot])
        stream.clock.last_sent = max(self._ticked_at, stream.clock.last_sent or 0.0)
        last = self._playing.pop()
        self._streams.pop()
        if last is not playing:  # the last one moves into the gap
            self._playing[slot] = last
            self._streams[slot] = last.stream
            for column in (self._positions, self._lengths, self._packets):
                column[slot] = column[last.slot]
            last.slot = slot
        self._groups = None
        return playing

    def note(self, stream: Stream) -> None:
        """Count what was played since it was last counted, set the stream's clock, and have its recording hear it."""
        playing = self._by_stream.get(stream.number)
        if playing is None:
            return
        position = int(self._positions[playing.slot])
        frames = position - playing.noted
        if frames:
            stream.clock.timestamp = int(self._timestamps[playing.slot])
            stream.clock.last_sent = self._ticked_at
        if stream.may_send:
            stream.counts.sent += frames
            stream.counts.octets += frames * FRAME
        if frames and stream.may_send and stream.recorder is not None:
            timestamp = (int(self._timestamps[playing.slot]) - frames * FRAME) & 0xFFFFFFFF
            began = self._ticked_at - (frames - 1) * FRAME / SAMPLE_RATE
            stream.note_sent(timestamp, playing.voice.cut(playing.noted, position), began)
        playing.noted = position

    def tick(self, frame: int, now: float) -> list[Stream]:
        """Send the packets of frame number `frame`; gives the streams whose last one left 20 ms ago."""
        skipped = frame - self._frame - 1 if self._ticking else 0
        ended = self._end() if self._playing and (self._groups is None or self._left <= 0) else []
        count = len(self._playing)
        if count:
            if skipped:
                self._skip(count, skipped)
            self._build(count)
            for stream, packet in zip(self._streams, self._views, strict=False):
                send = stream.send  # apart, since `stream.send(packet)` looks for a method of the class first
                try:
                    send(packet)
                except OSError:  # counted as sent with the others of its voice
                    stream.counts.unsent += 1
                    stream.counts.sent -= 1
                    stream.counts.octets -= FRAME
            self._positions[:count] += 1
            self._left -= 1
            self._sequences[:count] += 1
            self._timestamps[:count] += FRAME
            self._packets[:count, 1] &= 0x7F
        self._ticked_at = now
        self._frame = frame
        self._ticking = count > 0
        return ended

    def _grow(self) -> None:
        more = max(_GROWTH, len(self._views))
        room: Numbers = np.zeros(more, dtype=np.int64)
        self._positions, self._lengths = (np.append(column, room) for column in (self._positions, self._lengths))
        self._packets = np.concatenate((self._packets, np.zeros((more, PACKET), dtype=np.uint8)))
        self._sequences, self._timestamps = _numbers(self._packets)
        view = memoryview(self._packets.reshape(-1).data)
        self._views = [view[start : start + PACKET] for start in range(0, len(view), PACKET)]

    def _end(self) -> list[Stream]:
        """Take out what is over, begin anew what loops."""
        count = len(self._playing)
        over = [self._playing[slot] for slot in np.flatnonzero(self._positions[:count] >= self._lengths[:count])]
        for playing in over:
            if playing.loop:
                self.note(playing.stream)
                self._positions[playing.slot] = playing.noted = 0
                self._groups = None
            else:
                self.remove(playing.stream)
        return [playing.stream for playing in over if not playing.loop]

    def _skip(self, count: int, frames: int) -> None:
        """The time that the worker stood still has passed for the far ends, too; voices go on where they were."""
        for playing in self._playing:
            self.note(playing.stream)
        sent = self._packets[:count, 1] < MARKER  # the clocks of the others, which just came, have passed it already
        self._timestamps[:count][sent] += frames * FRAME & 0xFFFFFFFF
        self._packets[:count, 1] |= MARKER

    def _build(self, count: int) -> None:
        packets = self._packets[:count]
        if self._groups is None:
            self._groups = self._group()
            self._left = int((self._lengths[:count] - self._positions[:count]).min())
        for voice, slots in self._groups:
            if len(voice.frames):
                packets[slots, HEADER_OCTETS:] = voice.frames.take(self._positions[slots], axis=0, mode="clip")
        if self._left == 1:
            for slot in np.flatnonzero(self._positions[:count] == self._lengths[:count] - 1):
                packets[slot, HEADER_OCTETS:] = self._playing[slot].voice.last

    def _group(self) -> list[tuple[Voice, Numbers]]:
        """Slots by voice, so that each voice is read once a tick."""
        slots: dict[int, list[int]] = {}
        for slot, playing in enumerate(self._playing):
            slots.setdefault(id(playing.voice), []).append(slot)
        return [(self._playing[group[0]].voice, np.array(group, dtype=np.int64)) for group in slots.values()]


def _numbers(packets: Octets) -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
    """The sequence numbers and timestamps in the packets' headers, to count in place; they wrap where RTP's do."""
    return packets[:, 2:4].view(">u2")[:, 0], packets[:, 4:8].view(">u4")[:, 0]
