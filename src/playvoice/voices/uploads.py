"""Voice files that a company has put into its library itself: the files, their rows, and the bounds of both.

Each lies in one folder under a name of ours, so that no path is made of a customer's, and another file of the same name
takes its place by one commit. What a crash leaves in the folder without a row goes at the next start."""

import asyncio
import hashlib
import io
import os
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias
from uuid import uuid4

from sqlalchemy import Connection, bindparam, delete, select

from playvoice.media.decoded import Sound
from playvoice.media.g711 import Codec
from playvoice.store import Store, StoreUnavailable, upsert
from playvoice.voices.names import normal
from playvoice.voices.refusals import Refusal, VoiceRefused
from playvoice.voices.tables import voice_uploads

BLOCK = 1_048_576
"""Octets that are copied at a time."""

MAX_DOUBTFUL = 16
"""Files that are kept while nobody knows whether their rows are stored; past these the oldest goes."""

Needed: TypeAlias = Callable[[Connection, str], Collection[str]]
"""Names of the voice files that the waiting calls of a company are going to play."""

_ALL = select(voice_uploads)
_DELETE = delete(voice_uploads).where(
    voice_uploads.c.company_code == bindparam("code"), voice_uploads.c.name == bindparam("gone")
)


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The bounds of a company's uploaded files; past each, one more is refused."""

    octets: int = 64 * 1024 * 1024
    """Of one file."""
    files: int = 10_000
    kept_octets: int = 2 * 1024 * 1024 * 1024
    """Of all files, as they came and as they are decoded, for both laws."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file."""

    file: str
    digest: str
    octets: int
    sound: Sound
    uploaded_at: datetime

    @property
    def kept_octets(self) -> int:
        return self.octets + decoded_octets(self.sound)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is in our folder, and in no library yet."""

    path: Path
    file: str
    """What it is to be called there."""
    octets: int
    digest: str


class Uploads:
    """All uploaded files of all companies. The constructor reads the store and the disk, and blocks meanwhile."""

    def __init__(self, store: Store, folder: Path, limits: UploadLimits) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._folder = folder
        self._limits = limits
        self._by_company = store.read_now(_read)
        self._changing = asyncio.Lock()
        """Held from a row's writing, or the reading of all, until what is in memory says the same."""
        self._doubtful: deque[str] = deque()
        """Files whose row may have been stored or not; the next start knows."""
        self._remove_orphans()

    def __repr__(self) -> str:
        return f"<Uploads {sum(map(len, self._by_company.values()))} files>"

    async def refresh(self) -> None:
        """Read the rows again, after somebody has changed them; files whose rows have gone go, too."""
        async with self._changing:
            before, self._by_company = self._by_company, await self._store.read(_read)
            gone = _files_of(before) - _files_of(self._by_company)
        await asyncio.to_thread(self._remove, gone)

    def of(self, company_code: str) -> Mapping[str, Upload]:
        """A company's files, by name."""
        return self._by_company.get(company_code, {})

    def companies(self) -> Collection[str]:
        """The companies that have any."""
        return self._by_company.keys()

    def path(self, upload: Upload) -> Path:
        """Where a file is."""
        return self._folder / upload.file

    async def take_in(self, name: str, data: bytes | Path) -> Arrival:
        """Copy a file into our folder.

        :raises VoiceRefused: it can't be read, is too big, or the disk takes it not.
        """
        return await asyncio.to_thread(self._copy, name, data)

    def check_room(self, company_code: str, replaced: Upload | None, octets: int) -> None:
        """:raises VoiceRefused: so many octets more, in place of another file's, are too many."""
        others = [upload for upload in self.of(company_code).values() if upload is not replaced]
        if len(others) >= self._limits.files:
            raise VoiceRefused(
                Refusal.FULL, f"company {company_code} has {len(others)} voice files, and no more may be; remove some"
            )
        kept = sum(upload.kept_octets for upload in others)
        if kept + octets > self._limits.kept_octets:
            raise VoiceRefused(
                Refusal.FULL,
                f"the voice files of company {company_code} take {kept} octets as they came and decoded, {octets} more"
                f" are past the bound of {self._limits.kept_octets}; remove some",
            )

    async def put(self, company_code: str, name: str, arrival: Arrival, sound: Sound, at: datetime) -> Upload:
        """Make an arrival the company's file of this name, in place of any other."""
        upload = Upload(arrival.file, arrival.digest, arrival.octets, sound, at)
        await asyncio.to_thread(self._file, arrival, name)
        row = {
            "company_code": company_code,
            "name": name,
            "file": upload.file,
            "digest": upload.digest,
            "octets": upload.octets,
            "uploaded_at": at,
            **asdict(sound),
        }
        async with self._changing:
            try:
                await self._store.write(lambda conn: upsert(conn, voice_uploads, ["company_code", "name"], row))
            except StoreUnavailable:
                await self._doubt(upload.file)
                raise
            before = self.of(company_code).get(name)
            self._by_company[company_code][name] = upload
        if before is not None:
            await asyncio.to_thread(self._remove, [before.file])
        return upload

    async def is_needed(self, company_code: str, name: str, needed: Needed) -> bool:
        """Whether a waiting call is going to play it."""
        return await self._store.read(lambda conn: _is_needed(conn, company_code, name, needed))

    async def delete(self, company_code: str, name: str, needed: Needed) -> bool:
        """Remove a file, unless a waiting call needs it when the row is to go; whether it went."""
        async with self._changing:
            gone = await self._store.write(lambda conn: _delete(conn, company_code, name, needed))
            upload = self._by_company[company_code].pop(name, None) if gone else None
        if upload is not None:
            await asyncio.to_thread(self._remove, [upload.file])
        return gone

    def _copy(self, name: str, data: bytes | Path) -> Arrival:
        source = _open(data)
        file = uuid4().hex
        path = self._folder / f"{file}.part"
        try:
            with source, path.open("wb") as target:
                octets, digest = self._copy_octets(name, source, target)
        except VoiceRefused:
            path.unlink(missing_ok=True)
            raise
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _not_kept(name, error) from error
        return Arrival(path, file, octets, digest)

    def _copy_octets(self, name: str, source: BinaryIO, target: BinaryIO) -> tuple[int, str]:
        octets, digest = 0, hashlib.sha256()
        while block := source.read(BLOCK):
            octets += len(block)
            if octets > self._limits.octets:
                raise VoiceRefused(Refusal.TOO_BIG, f"{name!r} has more than {self._limits.octets} octets")
            digest.update(block)
            target.write(block)
        if not octets:
            raise VoiceRefused(Refusal.EMPTY, f"{name!r} is empty")
        target.flush()
        os.fsync(target.fileno())
        return octets, digest.hexdigest()

    def _file(self, arrival: Arrival, name: str) -> None:
        """Let a file have its lasting name, also over a loss of power."""
        try:
            arrival.path.replace(self._folder / arrival.file)
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise _not_kept(name, error) from error

    async def _doubt(self, file: str) -> None:
        self._doubtful.append(file)
        if len(self._doubtful) > MAX_DOUBTFUL:
            await asyncio.to_thread(self._remove, [self._doubtful.popleft()])

    def _remove_orphans(self) -> None:
        if not self._by_company:
            return  # a database that knows of none may be new, in the place of one that is lost for the moment
        there = {path.name for path in self._folder.iterdir() if path.is_file()}
        self._remove(there - _files_of(self._by_company))

    def _remove(self, files: Iterable[str]) -> None:
        """Remove files of our folder; not on the loop, since a large one takes some 20 ms."""
        for file in files:
            (self._folder / file).unlink(missing_ok=True)


def _open(data: bytes | Path) -> BinaryIO:
    if isinstance(data, bytes):
        return io.BytesIO(data)
    try:
        if data.is_file():  # no pipe, which nobody may ever write into
            return data.open("rb")
        problem = "it is no file"
    except OSError as error:
        problem = str(error.strerror)
    raise VoiceRefused(Refusal.UNREADABLE, f"{data} can't be read: {problem}")


def decoded_octets(sound: Sound) -> int:
    """What the decoded files of a voice take."""
    return sound.samples * len(Codec)


def _files_of(by_company: Mapping[str, Mapping[str, Upload]]) -> set[str]:
    return {upload.file for uploads in by_company.values() for upload in uploads.values()}


def _not_kept(name: str, error: OSError) -> VoiceRefused:
    return VoiceRefused(Refusal.FAILED, f"{name!r} could not be kept: {error.strerror}")


def _read(conn: Connection) -> defaultdict[str, dict[str, Upload]]:
    found: defaultdict[str, dict[str, Upload]] = defaultdict(dict)
    for row in conn.execute(_ALL):
        sound = Sound(row.format, row.samples, row.rms, row.peak)
        found[row.company_code][row.name] = Upload(row.file, row.digest, row.octets, sound, row.uploaded_at)
    return found


def _is_needed(conn: Connection, company_code: str, name: str, needed: Needed) -> bool:
    return name in {normal(asked.strip()) for asked in needed(conn, company_code)}


def _delete(conn: Connection, company_code: str, name: str, needed: Needed) -> bool:
    if _is_needed(conn, company_code, name, needed):
        return False
    conn.execute(_DELETE, {"code": company_code, "gone": name})
    return True
