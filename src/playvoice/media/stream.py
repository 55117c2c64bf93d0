"""One leg's RTP in the worker: its sockets, whom it hears, what it sends, and what is made of what it hears.

A stream hears only the far end that its session description names, or the address that its SIP came from, on any port,
until a packet came: then it has latched, and its socket is connected to that one. The exact address of the session
description wins over another port. After five seconds without a packet it may latch anew.
"""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from playvoice.media import udp
from playvoice.media.g711 import Codec, convert
from playvoice.media.protocol import Connect, KeyPressed, Message, Released
from playvoice.media.recorder import Recorder
from playvoice.media.rtp import FRAME, MAX_PACKET, Clock, Packet, parse, signed_difference
from playvoice.media.telephone_event import KeyReceiver, press

LATCH_AGAIN = 5.0
"""Seconds without a packet after which another source may be the far end."""
SILENT = 60.0
"""Seconds without RTP and RTCP that end a bridged call."""
MAX_KEYS = 64
RECEIVE_AT_ONCE = 50
"""Packets of one stream that are read in one turn: a second of audio; a flood waits, others go on."""

Report = Callable[[Message], None]


class Stream:
    """One RTP session with one far end. Times are seconds of the worker's clock."""

    def __init__(self, number: int, port: int, sockets: tuple[socket.socket, socket.socket], clock: Clock) -> None:
        self.number = number
        self.port = port
        self.rtp, self.rtcp = sockets
        self.clock = clock
        self.codec = Codec.PCMA
        self.payload_type = int(Codec.PCMA)
        self.peer: Stream | None = None
        self.recorder: Recorder | None = None
        self.sent = self.received = self.lost = self.ignored = 0
        self.keys: Iterator[tuple[bytes, bool]] | None = None
        self.may_send = False
        self._remote: tuple[str, int] | None = None
        self._sources: frozenset[str] = frozenset()
        self._receive: dict[int, Codec] = {}
        self._receive_event = self._send_event = -1
        self._key_receiver = KeyReceiver()
        self._key_timestamp = 0
        self._latched: tuple[str, int] | None = None
        self._connected = self._filtered = False
        self._heard_at = 0.0
        self._last_sequence: int | None = None
        self._relay_origin: tuple[int, int, int] | None = None
        self._silent_told = False

    def __repr__(self) -> str:
        return f"<Stream {self.number} port {self.port} to {self._latched or self._remote}>"

    # --- what the server asks for ---------------------------------------------------------------------------------

    def connect(self, command: Connect, now: float) -> None:
        """Take the far end of a session description."""
        self._remote = (command.host, command.port)
        self._sources = frozenset({command.host, command.sip_source or command.host})
        self.codec = Codec(command.codec)
        self.payload_type = command.payload_type
        self._send_event = command.telephone_event
        self._receive = {int(number): Codec(codec) for number, codec in command.receive.items()}
        self._receive_event = command.receive_telephone_event
        self.may_send = command.sends and command.port > 0
        self._heard_at = now
        self._unlatch()

    def bridge(self, peer: "Stream", now: float) -> None:
        self.peer = peer
        self._heard_at = now
        self._silent_told = False
        self._relay_origin = None
        self.refilter()

    def unbridge(self) -> None:
        self.peer = None
        self.refilter()

    def record(self, path: Path, now: float) -> None:
        self.recorder = Recorder(path, now)
        self.refilter()

    def stop_recording(self, now: float) -> int:
        """Finish the file; its length in samples, -1 if it could not be written."""
        if self.recorder is None:
            return -1
        samples = self.recorder.close(now)
        failed, self.recorder = self.recorder.failed, None
        self.refilter()
        return -1 if failed else samples

    def send_keys(self, keys: str) -> None:
        """Press keys one after the other, as telephone-events."""
        if self._send_event >= 0 and self.keys is None:
            self.keys = (packet for key in keys[:MAX_KEYS] for packet in press(key))

    def close(self, now: float) -> Released:
        if self.recorder is not None:
            self.stop_recording(now)
        self.rtp.close()
        self.rtcp.close()
        return Released(0, self.sent, self.received, self.lost, self.ignored)

    # --- sending --------------------------------------------------------------------------------------------------

    def transmit(self, packet: bytes | memoryview) -> None:
        """Send one packet; a far end that is gone costs nothing but a count."""
        try:
            if self._connected:
                self.rtp.send(packet)
            elif (target := self._latched or self._remote) is not None:
                self.rtp.sendto(packet, target)
            self.sent += 1
        except OSError:
            self.ignored += 1

    def send_key_packet(self, now: float) -> None:
        """Send the next packet of the keys that are being pressed, if any is left."""
        assert self.keys is not None
        packet = next(self.keys, None)
        if packet is None:
            self.keys = None
            return
        payload, first = packet
        if first:
            self.clock.resume(now)
            self._key_timestamp = self.clock.timestamp
        self.clock.last_sent = now
        self.clock.advance(FRAME)
        if self.may_send:
            self.transmit(self.clock.packet(self._send_event, payload, marker=first, timestamp=self._key_timestamp))

    def heard_by_far_end(self, timestamp: int, payload: bytes, now: float, source: object) -> None:
        """Note for the recording what the far end was sent."""
        if self.recorder is not None:
            alaw = convert(payload, self.codec, Codec.PCMA)
            self.recorder.right.put(timestamp, alaw, self.recorder.sample_at(now), source)

    # --- receiving ------------------------------------------------------------------------------------------------

    def receive(self, now: float, report: Report) -> None:
        """Read what has come on the RTP socket."""
        for _ in range(RECEIVE_AT_ONCE):
            try:
                data, source = self.rtp.recvfrom(MAX_PACKET)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about a packet of ours
            packet = parse(data)
            if packet is None or not self._is_far_end(source[:2], packet, now):
                self.ignored += 1
                continue
            self._take(packet, now, report)

    def receive_rtcp(self, now: float) -> None:
        """RTCP of the far end says that it lives; its reports are not read yet."""
        for _ in range(RECEIVE_AT_ONCE):
            try:
                _, source = self.rtcp.recvfrom(MAX_PACKET)
            except BlockingIOError:
                return
            except OSError:
                continue
            if source[0] in self._sources:
                self._heard_at = now

    def check(self, now: float, report: Callable[["Stream"], None]) -> None:
        """Once a second: latch again after a pause, tell a silence, write the recording."""
        if self._connected and now - self._heard_at > LATCH_AGAIN:
            self._unlatch()
        if self.peer is not None and now - self._heard_at > SILENT and not self._silent_told:
            self._silent_told = True
            report(self)
        if self.recorder is not None:
            self.recorder.flush(now)

    def _is_far_end(self, source: tuple[str, int], packet: Packet, now: float) -> bool:
        if source[0] not in self._sources:
            return False
        if packet.payload_type not in self._receive and packet.payload_type != self._receive_event:
            return source == self._latched  # comfort noise and the like: alive, but nothing to hear
        if source != self._latched and (self._latched is None or source == self._remote):
            self._latched = source
        if source != self._latched:
            return False
        self._heard_at = now
        if not self._connected and (source == self._remote or self.received >= 2):
            self._connect(source)
        return True

    def _connect(self, source: tuple[str, int]) -> None:
        try:
            self.rtp.connect(source)
        except OSError:
            return
        self._connected = True
        self.refilter()

    def _unlatch(self) -> None:
        if self._connected:
            udp.disconnect(self.rtp)
        self._connected = False
        self._latched = None
        self.refilter()

    def refilter(self) -> None:
        """Have the kernel drop the audio that nobody needs."""
        wanted = self._connected and self.recorder is None and self.peer is None and self._receive_event >= 0
        if wanted and not self._filtered:
            udp.attach_filter(self.rtp, self._receive_event)
        elif self._filtered and not wanted:
            udp.detach_filter(self.rtp)
            self._last_sequence = None
        self._filtered = wanted

    def _take(self, packet: Packet, now: float, report: Report) -> None:
        self.received += 1
        if packet.payload_type == self._receive_event:
            key = self._key_receiver.receive(packet.timestamp, packet.payload)
            if key is not None:
                report(KeyPressed(self.number, key))
            return
        self._count_lost(packet)
        codec = self._receive.get(packet.payload_type)
        if codec is None:
            return
        if self.recorder is not None:
            alaw = convert(packet.payload, codec, Codec.PCMA)
            self.recorder.left.put(packet.timestamp, alaw, self.recorder.sample_at(now), packet.ssrc)
        if self.peer is not None:
            self.peer.relay(packet, codec, now)

    def _count_lost(self, packet: Packet) -> None:
        if self._filtered:
            return
        if self._last_sequence is not None:
            gap = signed_difference(packet.sequence, self._last_sequence, 16)
            if gap <= 0:
                return
            self.lost += gap - 1 if gap < 1000 else 0
        self._last_sequence = packet.sequence

    def relay(self, packet: Packet, codec: Codec, now: float) -> None:
        """Send on what the peer heard, with a clock of our own and the peer's timing."""
        if not self.may_send or self.keys is not None:
            return
        marker = False
        if self._relay_origin is None or self._relay_origin[2] != packet.ssrc:
            self.clock.resume(now)
            self._relay_origin = (packet.timestamp, self.clock.timestamp, packet.ssrc)
            marker = True
        payload = convert(packet.payload, codec, self.codec)
        offset = signed_difference(packet.timestamp, self._relay_origin[0], 32)
        timestamp = (self._relay_origin[1] + offset) & 0xFFFFFFFF
        self.clock.timestamp = (timestamp + len(payload)) & 0xFFFFFFFF
        self.clock.last_sent = now
        self.transmit(self.clock.packet(self.payload_type, payload, marker=marker, timestamp=timestamp))
        self.heard_by_far_end(timestamp, payload, now, "relay")
