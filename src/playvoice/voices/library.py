"""Voices by name: a company's own files.

The configuration file names a folder for each company (``voice_dir``); at each start every file in it becomes a voice
file under its own name. Which names there are stands in the store; whether the file is there, and which version of it,
is asked of the disk each time, so that a file that is replaced is heard from the next call on. Beside these are the
files that the company has uploaded (:mod:`playvoice.voices.uploads`). Of two with one name the operator's is heard.

A name is only ever looked up. No path is made of one, so that none can lead out of the folder; nor may a symbolic link:
whoever may put files into one company's folder is not to hear those of others.
"""

import asyncio
import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection, bindparam, delete, select, update

from playvoice.config import Config
from playvoice.media.decoded import OUR_FAULTS, DecodeError, Sound
from playvoice.store import Store, StoreError, upsert
from playvoice.voices.flights import Flights
from playvoice.voices.names import normal
from playvoice.voices.shelf import Shelf
from playvoice.voices.tables import MAX_NAME, MAX_PATH, voice_files, voice_uploads
from playvoice.voices.turns import Turns
from playvoice.voices.uploads import Uploads
from playvoice.voices.voice import LibraryVoice, Voice, VoicesError, VoiceUnavailable

MAX_FILES = 10_000
"""Files of one folder."""

_log = structlog.get_logger(__name__)
_ALL = select(voice_files)
_MEASURED = (
    update(voice_files)
    .where(voice_files.c.company_code == bindparam("code"), voice_files.c.name == bindparam("called"))
    .values({name: bindparam(name) for name in ("measured", "format", "samples", "rms", "peak")})
)

Key = tuple[str, str]
"""A company's code and the name of a file."""


@dataclass(frozen=True, slots=True)
class _OperatorsFile:
    """A file of a `voice_dir`."""

    path: Path
    measured: str | None = None
    """The version that `sound` is of."""
    sound: Sound | None = None


@dataclass(frozen=True, slots=True)
class _Version:
    """What is there under a name now."""

    stem: str
    path: Path
    octets: int
    changed_at: datetime
    is_uploaded: bool


def apply(conn: Connection, config: Config, at: datetime) -> None:
    """Make a voice file of each file in a company's ``voice_dir``; names that are gone stay, and lead nowhere.

    :raises VoicesError: a folder can't be read, or has too many files.
    """
    for company in config.companies:
        if company.voice_dir is None:
            continue
        for path in files_of(company.voice_dir):
            row = {"company_code": company.code, "name": normal(path.name), "path": str(path), "added_at": at}
            upsert(conn, voice_files, ["company_code", "name"], row, keep=["added_at"])


def remove_all_of(conn: Connection, company_code: str) -> None:
    """Forget the voice files of a company; those in its ``voice_dir`` stay where they are.

    What it uploaded goes from the disk when the room is refreshed, or at the next start.
    """
    conn.execute(delete(voice_files).where(voice_files.c.company_code == company_code))
    conn.execute(delete(voice_uploads).where(voice_uploads.c.company_code == company_code))


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
        is_named = path.name.isprintable() and len(normal(path.name)) <= MAX_NAME and len(str(path)) <= MAX_PATH
        if is_named and _leads_inside(path):
            yield path.absolute()
        else:
            _log.warning("voice file left out", folder=str(folder), name=repr(path.name))


class Library:
    """The names, and the voices that were made of their files."""

    def __init__(self, store: Store, decoder: Turns, folder: Path, uploads: Uploads, *, max_seconds: float) -> None:
        self._store = store
        self._decoder = decoder
        self._shelf = Shelf(folder)
        self._uploads = uploads
        self._max_seconds = max_seconds
        self._flights: Flights[None] = Flights()
        self._current: dict[Key, str] = {}
        self._unplayable: dict[Key, tuple[str, str]] = {}
        """The version that can't be decoded, and why: to find that out again may take as long as a long voice."""
        self._listing = asyncio.Lock()
        """One list at a time: threads that look at thousands of files each would leave the loop no time."""
        self._files = store.read_now(_read)
        self._shelf.keep_only(list(self._stems()))

    async def refresh(self) -> None:
        """Read the names again, after somebody has changed them."""
        self._files = await self._store.read(_read)
        await self._uploads.refresh()

    def exists(self, company_code: str, name: str) -> bool:
        """Is there a file of this name? Whether it is audio shows when it is prepared."""
        return self.version((company_code, normal(name))) is not None

    def version(self, key: Key) -> _Version | None:
        """What is there under a name now, the operator's file before an uploaded one."""
        return self._operators(key) or self._uploaded(key)

    async def entries(self, company_code: str) -> list[LibraryVoice]:
        """A company's files that are there, by name."""
        async with self._listing:
            names = {*self._files.get(company_code, {}), *self._uploads.of(company_code)}
            return await asyncio.to_thread(self._entries, company_code, names)

    def entry(self, key: Key) -> LibraryVoice | None:
        """What is known of a file; None where none is there."""
        version = self.version(key)
        if version is None:
            return None
        code, name = key
        if version.is_uploaded:
            upload = self._uploads.of(code).get(name)
            if upload is None:
                return None  # it was removed a moment ago, while another thread looked
            return LibraryVoice(name, True, upload.octets, upload.uploaded_at, upload.sound)
        file = self._files.get(code, {}).get(name)
        sound = file.sound if file is not None and file.measured == version.stem else None
        return LibraryVoice(name, False, version.octets, version.changed_at, sound)

    async def prepare(self, company_code: str, name: str) -> Voice:
        """:raises VoiceUnavailable: no such name, no such file, or it can't be decoded."""
        key = (company_code, normal(name))
        version = self.version(key)
        if version is None:
            raise VoiceUnavailable(f"company {company_code} has no voice file {name!r}")
        unplayable, reason = self._unplayable.get(key, ("", ""))
        if unplayable == version.stem:
            raise VoiceUnavailable(reason)
        voice = self._shelf.lend(version.stem)
        if voice is None:
            try:
                await self._flights.join(version.stem, lambda: self._decode(key, version))
            except VoiceUnavailable:
                now = self.version(key)
                if now is None or now.stem == version.stem:
                    raise
                return await self.prepare(company_code, name)  # it was replaced meanwhile
            voice = self._shelf.lend(version.stem)
        if voice is None:
            raise VoiceUnavailable(f"the decoded voice file {name!r} was removed")
        self.is_current(key, version.stem)
        return voice

    def is_current(self, key: Key, stem: str) -> None:
        """From now on this version is the one of its name; the one before goes when nobody plays it any more."""
        before = self._current.get(key)
        if before != stem:
            self._current[key] = stem
            if before is not None:
                self._shelf.retire(before)

    def forget(self, key: Key, version: _Version) -> None:
        """A file is gone; what was decoded of it goes when nobody plays it any more."""
        self._current.pop(key, None)
        self._shelf.retire(version.stem)

    def drop(self, stem: str) -> None:
        """What was decoded became no version of a name."""
        self._shelf.retire(stem)

    async def close(self) -> None:
        await self._flights.close()

    async def decode(self, company_code: str, path: Path, stem: str) -> Sound:
        """Decode a file as a version of a name, in the company's turn. Raises DecodeError."""
        to = self._shelf.stem(stem)
        return (await self._decoder.decode(company_code, path, to, max_seconds=self._max_seconds)).sound

    async def _decode(self, key: Key, version: _Version) -> None:
        try:
            sound = await self.decode(key[0], version.path, version.stem)
        except DecodeError as error:
            if error.reason not in OUR_FAULTS:
                self._unplayable[key] = version.stem, str(error)
            raise VoiceUnavailable(str(error)) from None
        if not version.is_uploaded:
            await self._note(key, version, sound)

    async def _note(self, key: Key, version: _Version, sound: Sound) -> None:
        """Keep what an operator's file turned out to be."""
        code, name = key
        file = self._files[code].get(name)
        if file is None:
            return
        self._files[code][name] = replace(file, measured=version.stem, sound=sound)
        row = {"code": code, "called": name, "measured": version.stem, **asdict(sound)}

        def fact(conn: Connection) -> None:
            conn.execute(_MEASURED, row)

        try:
            await self._store.write(fact)
        except StoreError as error:  # it is told by this process alone; no call fails of that
            _log.warning("voice file not measured in the store", name=name, error=str(error))

    def _entries(self, company_code: str, names: Collection[str]) -> list[LibraryVoice]:
        return [entry for name in sorted(names) if (entry := self.entry((company_code, name))) is not None]

    def _operators(self, key: Key) -> _Version | None:
        file = self._files.get(key[0], {}).get(key[1])
        return None if file is None else _version(key, file.path, is_uploaded=False)

    def _uploaded(self, key: Key) -> _Version | None:
        upload = self._uploads.of(key[0]).get(key[1])
        return None if upload is None else _version(key, self._uploads.path(upload), is_uploaded=True)

    def _stems(self) -> Iterator[str]:
        """What may be on the shelf, of each name the operator's file and the uploaded one."""
        for company_code, files in self._files.items():
            for name in files:
                if version := self._operators((company_code, name)):
                    yield version.stem
        for company_code in self._uploads.companies():
            for name in self._uploads.of(company_code):
                if version := self._uploaded((company_code, name)):
                    yield version.stem


def version_stem(key: Key, file: str, status: os.stat_result) -> str:
    """The stem of one version: its name, what the file is called, its time of change and its size."""
    digest = hashlib.sha256("/".join((*key, file)).encode()).hexdigest()[:32]
    return f"{digest}-{status.st_mtime_ns:x}-{status.st_size:x}"


def _version(key: Key, path: Path, *, is_uploaded: bool) -> _Version | None:
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
    changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return _Version(version_stem(key, path.name, status), path, status.st_size, changed_at, is_uploaded)


def _leads_inside(path: Path) -> bool:
    """Whether a file, or what a link leads to, is in the folder or below it."""
    return path.resolve().is_relative_to(path.parent.resolve())


def _read(conn: Connection) -> defaultdict[str, dict[str, _OperatorsFile]]:
    found: defaultdict[str, dict[str, _OperatorsFile]] = defaultdict(dict)
    for row in conn.execute(_ALL):
        sound = None if row.samples is None else Sound(row.format, row.samples, row.rms, row.peak)
        found[row.company_code][row.name] = _OperatorsFile(Path(row.path), row.measured, sound)
    return found
