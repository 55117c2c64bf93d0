"""One leg's RTP in the worker: its sockets, and the parts that say who its far end is and what becomes of packets.

What the far end hears is one of three: a voice (`playback` sends it), the other leg of a bridge (`relay`), or nothing.
A leg that is played nothing and bridged to nobody is sent no packets at all, neither silence nor comfort noise: nobody
waits for them, and what a far end should hear while it waits is hold music. While a voice plays on a bridged leg, or
keys are sent, the relay to it rests.
"""

from collections.abc import Callable
from dataclasses import dataclass

from playvoice.media import udp
from playvoice.media.control import Control
from playvoice.media.frames import Frames
from playvoice.media.g711 import Codec, convert
from playvoice.media.latch import Latch
from playvoice.media.protocol import Connect, KeyPressed, Message, Released, Silent
from playvoice.media.quality import Reception
from playvoice.media.recorder import Recorder
from playvoice.media.relay import Relay
from playvoice.media.reports import Reports, Sending
from playvoice.media.rtp import FRAME, HEADER_OCTETS, MAX_PACKET, SAMPLE_RATE, Clock, Packet, parse
from playvoice.media.telephone_event import KeyReceiver, KeySender
from playvoice.media.tones import ToneListener

SILENT = 60.0
"""Seconds without RTP and RTCP that are told of a bridged stream."""
RECEIVE_AT_ONCE = 8
"""Datagrams of one socket that are read in one tick, while strangers may be among them; a flood waits, others go on. Of
a connected socket it is one, four times what a phone sends."""

Send = Callable[[bytes | memoryview], object]
Report = Callable[[Message], None]
Finished = Callable[[int, str], None]


@dataclass(slots=True)
class Counts:
    """Packets of one stream."""

    sent: int = 0
    """This and the next two are counted by those who call `Stream.send`."""
    octets: int = 0
    """Of payload, in what was sent."""
    unsent: int = 0
    ignored: int = 0


class Stream:
    """One RTP session with one far end. Times are seconds of the worker's clock."""

    def __init__(self, number: int, port: int, sockets: udp.Pair, clock: Clock, reports: Reports) -> None:
        self.number = number
        self.port = port
        self.rtp, rtcp = sockets
        self.clock = clock
        self.codec = Codec.PCMA
        self.payload_type = int(Codec.PCMA)
        self.may_send = False
        """The far end has been described and wants to hear."""
        self._both_ways = False
        """It speaks, too: neither holds the other."""
        self.playing = False
        self.peer: Stream | None = None
        self.recorder: Recorder | None = None
        self.latch = Latch()
        self.control = Control(rtcp, reports, self.latch)
        self._reception = Reception()
        self._frames = Frames()
        self._relay = Relay(clock)
        self._receive: dict[int, Codec] = {}
        self._receive_event = self._send_event = -1
        self._key_receiver = KeyReceiver()
        self.tones: ToneListener | None = None
        """What makes frames of the audio where keys may come as tones in it."""
        self.keys = KeySender()
        self._key_timestamp = 0
        self._press_is_for_peer = False
        """The press that is being received began on this bridge: the end of the one that led to it stays here."""
        self._connected = self._filtered = False
        self._alone = False
        """The socket is connected, and nothing from before that is left in it."""
        self._silent_told = False
        self.send: Send = _send_nothing
        """Sends one packet to where the far end is now, if it has one that wants to hear; OSError if it is gone. It is
        the socket's own method where that will do, because it is called for each packet."""
        self.counts = Counts()

    def __repr__(self) -> str:
        does = "playing" if self.playing else "quiet" if self.peer is None else f"bridged to {self.peer.number}"
        return f"<Stream {self.number} port {self.port}, {does}, {self.latch!r}>"

    # --- what the server asks for ---------------------------------------------------------------------------------

    def connect(self, command: Connect, now: float) -> None:
        """Take the far end of a session description."""
        self.codec = Codec(command.codec)
        self.payload_type = command.payload_type
        self.may_send = command.sends and command.port > 0
        self._both_ways = command.sends and command.receives
        self._send_event = command.telephone_event
        if self._send_event < 0:  # it takes no keys any more
            self.keys.clear()
        self._receive = {int(number): Codec(codec) for number, codec in command.receive.items()}
        self._receive_event = command.receive_telephone_event
        self.tones = (self.tones or ToneListener()) if command.tones else None
        self.latch.describe((command.host, command.port), command.sip_source, now)
        self.control.describe((command.rtcp_host, command.rtcp_port), now)
        self._disconnect()

    def bridge(self, peer: "Stream", now: float) -> None:
        self.peer = peer
        self._frames, self._relay = Frames(), Relay(self.clock)
        self._press_is_for_peer = False
        self.latch.alive_at = now
        self._silent_told = False
        self._refilter()

    def unbridge(self) -> None:
        self.peer = None
        self._refilter()

    def record(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._refilter()

    def stop_recording(self, now: float, finished: Finished) -> None:
        """Finish the recording, if there is one; `finished` is told its samples and what went wrong."""
        recorder, self.recorder = self.recorder, None
        if recorder is None:
            finished(-1, "nothing was recorded")
            return
        recorder.close(now, finished)
        self._refilter()

    def send_keys(self, keys: str) -> None:
        """Press keys one after the other, as telephone-events, where the far end takes them."""
        if self._send_event >= 0:
            self.keys.press(keys)

    def close(self, request: int, now: float) -> Released:
        """Close the sockets; gives what the stream did."""
        if self.recorder is not None:
            self.stop_recording(now, lambda samples, problem: None)
        self.control.close(self._sending(now), self._reception, now, filtered=self._filtered)
        self.rtp.close()
        seen, reports = self._reception, self.control.reports
        far_end, round_trip = reports.far_end, reports.round_trip
        return Released(
            request=request,
            sent=self.counts.sent,
            received=seen.received,
            lost=seen.lost,
            jitter_us=round(seen.jitter * 1e6),
            sampled=seen.sampled,
            ignored=self.counts.ignored,
            unsent=self.counts.unsent,
            far_lost=-1 if far_end is None else far_end.lost,
            far_jitter_us=-1 if far_end is None else round(far_end.jitter * 1e6),
            round_trip_us=-1 if round_trip is None else round(round_trip * 1e6),
        )

    # --- sending --------------------------------------------------------------------------------------------------

    def transmit(self, packet: bytes | memoryview) -> None:
        """Send one packet. A far end that is gone costs nothing but a count."""
        try:
            self.send(packet)
            self.counts.sent += 1
            self.counts.octets += len(packet) - HEADER_OCTETS
        except OSError:
            self.counts.unsent += 1

    def note_sent(self, timestamp: int, payload: bytes, now: float) -> None:
        """Have the recording hear what the far end was sent."""
        if self.recorder is not None:
            alaw = convert(payload, self.codec, Codec.PCMA)
            self.recorder.right.put(timestamp, alaw, self.recorder.sample_at(now), 0)

    def send_key_packet(self, now: float) -> None:
        """Send the next packet of the keys that are being pressed."""
        payload, first = self.keys.next()
        if first:
            self.clock.resume(now)
            self._key_timestamp = self.clock.timestamp
        self.clock.last_sent = now
        self.clock.advance(FRAME)
        if self.may_send:
            self.transmit(self.clock.packet(self._send_event, payload, marker=first, timestamp=self._key_timestamp))

    # --- receiving ------------------------------------------------------------------------------------------------

    def receive(self, now: float, report: Report) -> None:
        """Read what has come on the RTP socket."""
        if self._alone:
            try:
                packet = parse(self.rtp.recv(MAX_PACKET))
            except OSError:  # an ICMP error about a packet of ours
                return
            if packet is None:
                self.counts.ignored += 1
                return
            self.latch.hear(now)
            self._take(packet, now, report)
            return
        for _ in range(RECEIVE_AT_ONCE):
            try:
                data, source = self.rtp.recvfrom(MAX_PACKET)
            except BlockingIOError:
                self._alone = self._connected
                return
            except OSError:
                continue
            packet = parse(data)
            if packet is None or not self._is_ours(packet, source[:2], now):
                self.counts.ignored += 1
            else:
                self._take(packet, now, report)

    def receive_rtcp(self, now: float) -> None:
        """RTCP of the far end says that it lives, and how well it hears us."""
        if not self.control.receive(now):
            self.counts.ignored += 1

    def check(self, now: float, report: Report) -> None:
        """Once a second: latch again after a pause, tell a silence, write the recording, report to the far end."""
        if self.latch.has_paused(now):
            self.latch.release()
            self._disconnect()
        if self.peer is not None and not self._both_ways:  # a phone that holds may well be silent
            self.latch.alive_at = now
        if self.peer is not None and now - self.latch.alive_at > SILENT and not self._silent_told:
            self._silent_told = True
            report(Silent(self.number))
        if self.recorder is not None:
            self.recorder.flush(now)
        if self.control.reports.are_due(now):
            self.control.send(self._sending(now), self._reception, now, filtered=self._filtered)

    def _sending(self, now: float) -> Sending:
        return Sending(self.counts.sent, self.counts.octets, self.clock.at(now))

    def _is_ours(self, packet: Packet, source: tuple[str, int], now: float) -> bool:
        expected = packet.payload_type in self._receive or packet.payload_type == self._receive_event
        if not expected and source != self.latch.target:  # what was not agreed on makes nobody new the far end
            return False
        if not self.latch.admits(source, now):
            return False
        if not self._connected and self.latch.settled:
            self._connect(source)
        self._aim()
        return True

    def _take(self, packet: Packet, now: float, report: Report) -> None:
        is_key = packet.payload_type == self._receive_event
        timestamp = None if is_key else packet.timestamp
        self._reception.take(packet.ssrc, packet.sequence, timestamp, now, filtered=self._filtered)
        if is_key:
            keys = self._key_receiver.receive(packet.timestamp, packet.payload, marker=packet.marker, ssrc=packet.ssrc)
            if keys:
                self._press_is_for_peer = self.peer is not None
            for key in keys:
                report(KeyPressed(self.number, key))
            if self.peer is not None and (numbered := self._frames.number(packet)):
                if self._press_is_for_peer:
                    self.peer.relay_key(numbered, now)
                else:
                    self.peer.relay_nothing(numbered)
            return
        codec = self._receive.get(packet.payload_type)
        if codec is None:  # comfort noise and the like: alive, but nothing to hear
            if self.peer is not None and (numbered := self._frames.number(packet)):
                self.peer.relay_nothing(numbered)
            return
        if self.recorder is not None:
            alaw = convert(packet.payload, codec, Codec.PCMA)
            self.recorder.left.put(packet.timestamp, alaw, self.recorder.sample_at(now), packet.ssrc)
        if self.peer is not None:
            for later, frame in enumerate(self._frames.cut(packet, codec)):
                self.peer.relay(frame, codec, now, now + later * FRAME / SAMPLE_RATE)
        elif self.tones is not None:  # those who talk with an agent have no key to press
            self.tones.hear(packet, codec)

    def relay(self, packet: Packet, codec: Codec, now: float, heard_at: float) -> None:
        """Send on audio that the other leg heard; this far end hears it at `heard_at`."""
        if self.playing or self.keys or not self.may_send:
            self._relay.hold(packet)
            return
        placed = self._relay.place(packet, now)
        if placed is None:
            return
        sequence, timestamp, marker = placed
        payload = convert(packet.payload, codec, self.codec)
        self.transmit(self.clock.header(self.payload_type, sequence, timestamp, marker=marker) + payload)
        self.note_sent(timestamp, payload, heard_at)

    def relay_nothing(self, packet: Packet) -> None:
        """A packet of the other leg is not for this far end."""
        self._relay.pass_over(packet)

    def relay_key(self, packet: Packet, now: float) -> None:
        """Send on a key that was pressed on the other leg, if this far end takes keys."""
        if self.playing or self.keys or not self.may_send or self._send_event < 0:
            self.relay_nothing(packet)
            return
        placed = self._relay.place(packet, now, key=True)
        if placed is not None:
            header = self.clock.header(self._send_event, placed[0], placed[1], marker=packet.marker)
            self.transmit(header + packet.payload)

    # --- the socket -----------------------------------------------------------------------------------------------

    def _aim(self) -> None:
        """Have `send` follow whether the far end wants to hear, where it is, and whether the socket is connected."""
        target = self.latch.target
        if not self.may_send or target is None:
            self.send = _send_nothing
        elif self._connected:
            self.send = self.rtp.send
        else:
            sendto = self.rtp.sendto  # and not ourselves: a cycle would wait for the collector
            self.send = lambda packet: sendto(packet, target)

    def _connect(self, source: tuple[str, int]) -> None:
        try:
            self.rtp.connect(source)
        except OSError:
            return
        self._connected = True
        self._refilter()

    def _disconnect(self) -> None:
        if self._connected:
            udp.disconnect(self.rtp)
        self._connected = self._alone = False
        self._aim()
        self._refilter()

    def _refilter(self) -> None:
        """Have the kernel drop the audio that nobody needs."""
        wanted = self._connected and self.recorder is None and self.peer is None and self.tones is None
        if wanted != self._filtered:
            if wanted:
                try:
                    udp.attach_filter(self.rtp, self._receive_event)
                except OSError:  # no memory for it: the audio is read and thrown away, as without
                    return
            else:
                udp.detach_filter(self.rtp)
            self._filtered = wanted
            self._reception.restart()


def _send_nothing(_packet: bytes | memoryview) -> None:
    """What is not for anybody."""
