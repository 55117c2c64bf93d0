"""The recording of one call: what is heard left, what is said right, as a 16-bit wav that grows with the call."""

from collections.abc import Callable
from pathlib import Path

import soundfile

from playvoice.media.g711 import SAMPLE_RATE, Codec, decode


class WavFile:
    """Where `media.recorder.Recorder` writes its A-law; made with the first octets.

    What goes wrong is told when it is closed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._problem = ""
        self._file: soundfile.SoundFile | None = None

    @property
    def exists(self) -> bool:
        """Something was written."""
        return self._file is not None

    def write(self, octets: bytes) -> None:
        if not self._problem:
            self._try(lambda: self._open().write(decode(Codec.PCMA, octets).reshape(-1, 2)))

    def close(self, done: Callable[[str], None]) -> None:
        if self._file is not None:
            self._try(self._file.close)
        done(self._problem)

    def _open(self) -> soundfile.SoundFile:
        if self._file is None:
            self._file = soundfile.SoundFile(self.path, "w", SAMPLE_RATE, 2, subtype="PCM_16", format="WAV")
        return self._file

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (OSError, soundfile.LibsndfileError) as error:
            self._problem = self._problem or f"{self.path} can't be written: {error}"


def numbered(path: Path, call: int) -> Path:
    """The file of the phone's so-manieth call: `a.wav`, `a-2.wav`, …"""
    return path if call <= 1 else path.with_name(f"{path.stem}-{call}{path.suffix}")
