"""A folder of decoded voices.

Each version of a voice has a stem of its own, so that a file never changes under the media process, which maps it.
The stem is made of digests, never of a name that a customer chose. Each version is lent to the calls that are going to
play it; one that another has replaced goes when the last of them has given it back."""

import asyncio
import os
from collections import Counter
from collections.abc import Collection
from functools import partial
from pathlib import Path

import structlog

from playvoice.media.decoded import voice_files
from playvoice.media.g711 import SAMPLE_RATE
from playvoice.voices.voice import Voice

_log = structlog.get_logger(__name__)


class Shelf:
    """One folder, made if it is not there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lent: Counter[str] = Counter()
        self._retired: set[str] = set()
        """Versions that are not handed out any more, and still lent."""

    def __repr__(self) -> str:
        return f"<Shelf {self._folder.name}, {len(self._lent)} lent>"

    def stem(self, name: str) -> Path:
        """The path to give a decoder."""
        return self._folder / name

    def lend(self, name: str) -> Voice | None:
        """The voice of a stem, whose files stay until it is given back; None if it is not whole."""
        files = voice_files(self.stem(name))
        try:
            sizes = {path.stat().st_size for path in files.values()}
        except OSError:
            return None
        if len(sizes) != 1:
            return None
        self._lent[name] += 1
        self._retired.discard(name)
        return Voice(files, sizes.pop() / SAMPLE_RATE, give_back=partial(self._take_back, name))

    def is_lent(self, name: str) -> bool:
        """Whether somebody is going to play it, or plays it."""
        return name in self._lent

    def retire(self, name: str) -> None:
        """Remove a version as soon as it is lent to nobody."""
        if name in self._lent:
            self._retired.add(name)
        else:
            self._remove(name)

    def keep_only(self, names: Collection[str]) -> None:
        """Remove all other files; for a start, when nobody plays."""
        kept = {path.name for name in names for path in voice_files(self.stem(name)).values()}
        for path in self._folder.iterdir():
            if path.name not in kept and path.is_file():
                path.unlink(missing_ok=True)

    def _take_back(self, name: str) -> None:
        self._lent[name] -= 1
        if self._lent[name] <= 0:
            del self._lent[name]
            if name in self._retired:
                self._retired.discard(name)
                self._remove(name)

    def _remove(self, name: str) -> None:
        for path in voice_files(self.stem(name)).values():
            try:
                _remove_name(path)
            except FileNotFoundError:
                pass  # somebody else has removed it
            except OSError as error:  # the call that gives it back is not to fail of it; the next start removes it
                _log.warning("decoded voice not removed", name=path.name, error=error.strerror)


def _remove_name(path: Path) -> None:
    """Remove a file in no time: a thread gives its room back, which takes tens of milliseconds for a long voice."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # no descriptor is left: then it takes its time
        path.unlink()
        return
    try:
        path.unlink()
    finally:
        _close_elsewhere(descriptor)


def _close_elsewhere(descriptor: int) -> None:
    try:
        asyncio.get_running_loop().run_in_executor(None, os.close, descriptor)
    except RuntimeError:  # there is no loop, or it ends
        os.close(descriptor)
