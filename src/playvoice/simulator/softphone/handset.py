"""The audio of one call: says what its source has, hears, measures, records, and listens for keys."""

import random

from playvoice.media.g711 import Codec, convert, decode
from playvoice.media.quality import Reception
from playvoice.media.recorder import Recorder
from playvoice.media.rtp import FRAME, Packet
from playvoice.media.sdp import Negotiated
from playvoice.media.tones import ToneListener, listen
from playvoice.simulator.rtp_session import RtpSession, Speaker
from playvoice.simulator.softphone.level import level_of
from playvoice.simulator.softphone.recording import WavFile
from playvoice.simulator.softphone.sound_card import SoundCard
from playvoice.simulator.softphone.source import Source
from playvoice.simulator.softphone.status import Figures
from playvoice.simulator.softphone.voice import KeysHeard
from playvoice.simulator.sound import spoken_keys

LEVEL_LASTS = 0.3
"""Seconds for which what was heard last is shown as heard now."""
MAX_TONES = 100_000
"""Octets of keys as tones that may wait to be sent, twelve seconds; further ones are left out."""


class Handset(RtpSession):
    """One call's audio."""

    def __init__(
        self,
        speaker: Speaker,
        address: str,
        generator: random.Random,
        source: Source,
        keys_heard: KeysHeard,
        *,
        file: WavFile | None = None,
        card: SoundCard | None = None,
    ) -> None:
        super().__init__(speaker, address, generator)
        self.address = address
        self._source = source
        self._keys_heard = keys_heard
        self._file = file
        self._recorder: Recorder | None = None
        self._card = card
        self._begun = False
        self._tones = b""
        self._listener = ToneListener()
        self._reception = Reception()
        self._level = 0.0
        self._level_at: float | None = None

    def begin(self) -> None:
        self._begun = True

    def press_tones(self, keys: str) -> None:
        if len(self._tones) < MAX_TONES:
            self._tones += spoken_keys(keys, self.codec)

    def start(self, negotiated: Negotiated) -> None:
        if self.negotiated is not None and negotiated.codec is not self.codec:
            self._tones = convert(self._tones, self.codec, negotiated.codec)
        super().start(negotiated)

    def next_frame(self) -> bytes:
        silence = bytes([self.codec.silence])
        if self._tones:
            frame, self._tones = self._tones[:FRAME], self._tones[FRAME:]
            return frame.ljust(FRAME, silence)
        holding = self.negotiated is not None and not self.negotiated.direction.receives
        if holding or not self._begun:
            return silence * FRAME
        return self._source.next_frame(self.codec)

    def sent_frame(self, frame: bytes, now: float) -> None:
        if not self._begun or self._file is None:
            return
        if self._recorder is None:
            self._recorder = Recorder(self._file, now)
        alaw = convert(frame, self.codec, Codec.PCMA)
        self._recorder.right.put(self.clock.timestamp, alaw, self._recorder.sample_at(now), 0)
        self._recorder.flush(now)

    def heard_audio(self, packet: Packet, codec: Codec, now: float) -> None:
        self._reception.take(packet.ssrc, packet.sequence, packet.timestamp, now, filtered=False)
        samples = decode(codec, packet.payload)
        self._level, self._level_at = level_of(samples), now
        if self._recorder is not None:
            alaw = convert(packet.payload, codec, Codec.PCMA)
            self._recorder.left.put(packet.timestamp, alaw, self._recorder.sample_at(now), packet.ssrc)
        if self._card is not None:
            self._card.play(samples)
        if self.negotiated is not None and self.negotiated.receive_telephone_event is None:
            self._listener.hear(packet, codec)
            for _, keys in listen([(0, self._listener)]):
                self._keys_heard(keys, "tones")

    def heard_keys(self, packet: Packet, keys: str, now: float) -> None:
        self._reception.take(packet.ssrc, packet.sequence, None, now, filtered=False)
        if keys:
            self._keys_heard(keys, "events")

    def figures(self, now: float) -> Figures:
        reception = self._reception
        fresh = self._level_at is not None and now - self._level_at < LEVEL_LASTS
        return Figures(self.sent, reception.received, reception.lost, reception.jitter, self._level if fresh else None)

    def end(self, now: float) -> str:
        """Close everything; gives the path of the recording, or what went wrong with it, empty where there is none."""
        self.close()
        if self._file is None or self._recorder is None:
            return ""
        problems: list[str] = []
        self._recorder.close(now, lambda _samples, problem: problems.append(problem))
        return problems[0] or (str(self._file.path) if self._file.exists else "")
