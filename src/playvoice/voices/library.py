"""Voices by name: a company's own files.

The configuration file names a folder for each company (``voice_dir``); at each start every file in it becomes a voice
file under its own name. Which names there are stands in the store; whether the file is there, and which version of it,
is asked of the disk each time, so that a file that is replaced is heard from the next call on.

A name is only ever looked up. No path is made of one, so that none can lead out of the folder; nor may a symbolic link:
whoever may put files into one company's folder is not to hear those of others.
"""

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection, select

from playvoice.config import Config
from playvoice.media.decoding import OUR_FAULTS, DecodeError
from playvoice.store import Store, upsert
from playvoice.voices.flights import Flights
from playvoice.voices.shelf import Shelf
from playvoice.voices.tables import MAX_NAME, MAX_PATH, voice_files
from playvoice.voices.turns import Turns
from playvoice.voices.voice import Voice, VoicesError, VoiceUnavailable

MAX_FILES = 10_000
"""Files of one folder."""

_log = structlog.get_logger(__name__)
_ALL = select(voice_files.c.company_code, voice_files.c.name, voice_files.c.path)


def apply(conn: Connection, config: Config, at: datetime) -> None:
    """Make a voice file of each file in a company's ``voice_dir``; names that are gone stay, and lead nowhere.

    :raises VoicesError: a folder can't be read, or has too many files.
    """
    for company in config.companies:
        if company.voice_dir is None:
            continue
        for path in files_of(company.voice_dir):
            row = {"company_code": company.code, "name": _name(path.name), "path": str(path), "added_at": at}
            upsert(conn, voice_files, ["company_code", "name"], row, keep=["added_at"])


def files_of(folder: Path) -> Iterator[Path]:
    """The files of a folder that become voice files, by their names.

    :raises VoicesError: it can't be read, or has too many.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise VoicesError(f"voice_dir {folder} can't be read: {error.strerror}") from None
    if len(paths) > MAX_FILES:
        raise VoicesError(f"voice_dir {folder} has {len(paths)} files, more than {MAX_FILES}")
    for path in paths:
        is_named = path.name.isprintable() and len(_name(path.name)) <= MAX_NAME and len(str(path)) <= MAX_PATH
        if is_named and _leads_inside(path):
            yield path.absolute()
        else:
            _log.warning("voice file left out", folder=str(folder), name=repr(path.name))


class Library:
    """The names, and the voices that were made of their files."""

    def __init__(self, store: Store, decoder: Turns, folder: Path, *, max_seconds: float) -> None:
        self._store = store
        self._decoder = decoder
        self._shelf = Shelf(folder)
        self._max_seconds = max_seconds
        self._flights: Flights[None] = Flights()
        self._current: dict[tuple[str, str], str] = {}
        self._unplayable: dict[tuple[str, str], tuple[str, str]] = {}
        """The version that can't be decoded, and why: to find that out again may take as long as a long voice."""
        self._paths = store.read_now(_read)
        self._shelf.keep_only([stem for key in self._paths if (stem := self._version(key)) is not None])

    async def refresh(self) -> None:
        """Read the names again, after somebody has changed them."""
        self._paths = await self._store.read(_read)

    def exists(self, company_code: str, name: str) -> bool:
        """Is there a file of this name? Whether it is audio shows when it is prepared."""
        return self._version((company_code, _name(name))) is not None

    async def prepare(self, company_code: str, name: str) -> Voice:
        """:raises VoiceUnavailable: no such name, no such file, or it can't be decoded."""
        key = (company_code, _name(name))
        version = self._version(key)
        if version is None:
            raise VoiceUnavailable(f"company {company_code} has no voice file {name!r}")
        unplayable, reason = self._unplayable.get(key, ("", ""))
        if unplayable == version:
            raise VoiceUnavailable(reason)
        voice = self._shelf.lend(version)
        if voice is None:
            await self._flights.join(version, lambda: self._decode(key, version))
            voice = self._shelf.lend(version)
        if voice is None:
            raise VoiceUnavailable(f"the decoded voice file {name!r} was removed")
        before = self._current.get(key)
        if before != version:
            self._current[key] = version
            if before is not None:
                self._shelf.retire(before)
        return voice

    async def close(self) -> None:
        await self._flights.close()

    async def _decode(self, key: tuple[str, str], version: str) -> None:
        try:
            stem = self._shelf.stem(version)
            await self._decoder.decode(key[0], self._paths[key], stem, max_seconds=self._max_seconds)
        except DecodeError as error:
            if error.reason not in OUR_FAULTS:
                self._unplayable[key] = version, str(error)
            raise VoiceUnavailable(str(error)) from None

    def _version(self, key: tuple[str, str]) -> str | None:
        """The stem of what the file is now: its name, time of change and size."""
        path = self._paths.get(key)
        if path is None:
            return None
        try:
            status = os.lstat(path)  # half the price of Path.lstat, and each request pays it
            if stat.S_ISLNK(status.st_mode):
                status = os.stat(path)  # noqa: PTH116
                if not _leads_inside(path):
                    return None
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        digest = hashlib.sha256(f"{key[0]}/{key[1]}".encode()).hexdigest()[:32]
        return f"{digest}-{status.st_mtime_ns:x}-{status.st_size:x}"


def _name(text: str) -> str:
    """A name in the one form of all its ways of being written: some systems take accents apart in files' names."""
    return unicodedata.normalize("NFC", text)


def _leads_inside(path: Path) -> bool:
    """Whether a file, or what a link leads to, is in the folder or below it."""
    return path.resolve().is_relative_to(path.parent.resolve())


def _read(conn: Connection) -> dict[tuple[str, str], Path]:
    return {(code, name): Path(path) for code, name, path in conn.execute(_ALL)}
