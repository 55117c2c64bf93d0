"""A folder of decoded voices.

Each version of a voice has a stem of its own, so that a file never changes under the media process, which maps it.
The stem is made of digests, never of a name that a customer chose. A version that another one has replaced stays
for a while, for the calls that have been promised it."""

from collections import deque
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from playvoice.media.decoding import voice_files
from playvoice.media.g711 import SAMPLE_RATE
from playvoice.voices.voice import Voice

GRACE = timedelta(hours=2)
"""How long a version stays after another has replaced it, or after its last use."""


class Shelf:
    """One folder, made if it is not there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._retired: deque[tuple[datetime, str]] = deque()

    def stem(self, name: str) -> Path:
        """The path to give a decoder."""
        return self._folder / name

    def find(self, name: str) -> Voice | None:
        """The voice of a stem; None if it is not whole."""
        files = voice_files(self.stem(name))
        try:
            sizes = {path.stat().st_size for path in files.values()}
        except OSError:
            return None
        if len(sizes) != 1:
            return None
        return Voice(files, sizes.pop() / SAMPLE_RATE)

    def retire(self, name: str, at: datetime) -> None:
        """This version is not handed out any more."""
        self._retired.append((at, name))

    def sweep(self, at: datetime) -> None:
        """Remove what was retired long enough ago."""
        while self._retired and at - self._retired[0][0] >= GRACE:
            self.remove(self._retired.popleft()[1])

    def keep_only(self, names: Collection[str]) -> None:
        """Remove all other files; for a start, when nobody plays."""
        kept = {path.name for name in names for path in voice_files(self.stem(name)).values()}
        for path in self._folder.iterdir():
            if path.name not in kept and path.is_file():
                path.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a version that nobody has been promised."""
        for path in voice_files(self.stem(name)).values():
            path.unlink(missing_ok=True)
