"""Voices by URL: downloaded, decoded, kept for the next call that names them.

    unknown ─ download ─> fresh ─ 60 s, if it has an ETag or Last-Modified ─> asked again ─ 304 ─> fresh
                            ^  └─ 10 min, if it has neither ─> downloaded again            └ 200 ─> decoded anew, fresh
                            └───────────────────────────────────────┘

Many calls that name one URL at once cause one download. One that fails fails the calls that wait for it, and those that
come in the next seconds, though an older version is there: what the company has put behind its URL now is not known,
and the wrong words may be worse than none. The older version's validators are kept, so that the next try is cheap."""

import asyncio
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from uuid import uuid4

import structlog
from sqlalchemy import Connection, bindparam, delete, select

from playvoice.media.decoded import OUR_FAULTS, DecodeError
from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.store import Store, StoreError, upsert
from playvoice.voices.flights import Flights
from playvoice.voices.shelf import Shelf
from playvoice.voices.tables import MAX_VALIDATOR, downloads
from playvoice.voices.turns import Turns
from playvoice.voices.voice import Fetcher, Voice, VoiceUnavailable
from playvoice.web import WebError

FRESH_WITH_VALIDATOR = timedelta(seconds=60)
FRESH_WITHOUT = timedelta(minutes=10)
FAILED_FOR = 5.0
"""Seconds for which a failure of the far end fails who asks next: a thousand calls don't wait for it one by one."""
MAX_FAILED = 1_000
"""Failures that are remembered; past these the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """The bounds of downloads, and what happens at each."""

    octets: int = 64 * 1024 * 1024
    """Of one file; a bigger one can't be had."""
    timeout: float = 60.0
    """Seconds for one download."""
    seconds: float = 3600.0
    """Length of a voice; a longer one can't be had."""
    kept: int = 10_000
    """Voices that are kept; past these the one that was not used for longest goes, of those that no call is going to
    play; while all are going to be played, a new one can't be had."""
    kept_octets: int = 4 * 1024 * 1024 * 1024
    """Octets that are kept, of both laws together; likewise."""


@dataclass(slots=True)
class _Entry:
    """A URL's current version."""

    url: str
    stem: str
    octets: int
    etag: str | None
    last_modified: str | None
    checked_at: datetime

    def fresh(self, at: datetime) -> bool:
        validated = self.etag is not None or self.last_modified is not None
        return timedelta(0) <= at - self.checked_at < (FRESH_WITH_VALIDATOR if validated else FRESH_WITHOUT)


_log = structlog.get_logger(__name__)
_ALL = select(downloads).order_by(downloads.c.checked_at)
_DELETE = delete(downloads).where(downloads.c.digest == bindparam("gone"))


class Downloads:
    """The cache."""

    def __init__(
        self,
        store: Store,
        decoder: Turns,
        fetcher: Fetcher,
        folder: Path,
        limits: DownloadLimits,
    ) -> None:
        self._store = store
        self._decoder = decoder
        self._fetcher = fetcher
        self._shelf = Shelf(folder)
        self._limits = limits
        self._flights: Flights[str] = Flights()
        self._failed: dict[str, tuple[float, str]] = {}
        """When a URL's last download failed, by the loop's clock, and why."""
        self._entries = store.read_now(_read)
        """The one that was used last stands last."""
        self._octets = sum(entry.octets for entry in self._entries.values())
        self._shelf.keep_only([entry.stem for entry in self._entries.values()])

    async def prepare(self, company_code: str, url: str, at: datetime) -> Voice:
        """A URL's voice; a company that asks for it has its turn at the decoder.

        :raises VoiceUnavailable: it can't be downloaded or decoded.
        """
        entry = self._entries.get(url)
        if entry is not None and entry.fresh(at):
            voice = self._shelf.lend(entry.stem)
            if voice is not None:
                self._entries[url] = self._entries.pop(url)
                return voice
        self._raise_failure(url)
        voice = self._shelf.lend(await self._flights.join(url, lambda: self._fetch(company_code, url, at)))
        if voice is None:
            raise VoiceUnavailable(f"the voice of {self._fetcher.check_url(url)} was removed")
        return voice

    async def close(self) -> None:
        await self._flights.close()

    def _raise_failure(self, url: str) -> None:
        failed_at, reason = self._failed.get(url, (0.0, ""))
        if reason and asyncio.get_running_loop().time() - failed_at < FAILED_FOR:
            raise VoiceUnavailable(reason)

    def _note_failure(self, url: str, reason: str) -> None:
        self._failed.pop(url, None)
        self._failed[url] = asyncio.get_running_loop().time(), reason
        if len(self._failed) > MAX_FAILED:
            del self._failed[next(iter(self._failed))]

    async def _fetch(self, company_code: str, url: str, at: datetime) -> str:
        """Make a URL's voice; gives its stem."""
        source = self._shelf.stem(f"{uuid4().hex}.download")
        try:
            return await self._renew(company_code, url, source, at)
        except WebError as error:
            self._note_failure(url, str(error))
            raise VoiceUnavailable(str(error)) from None
        except DecodeError as error:
            address = self._fetcher.check_url(url)  # its text has no query, which may hold a token
            reason = f"{address} can't be played: {error}"
            if error.reason not in OUR_FAULTS:
                self._note_failure(url, reason)
            raise VoiceUnavailable(reason) from None
        except OSError as error:
            raise VoiceUnavailable(f"the download could not be written: {error.strerror}") from error
        finally:
            await asyncio.to_thread(source.unlink, missing_ok=True)

    async def _renew(self, company_code: str, url: str, source: Path, at: datetime) -> str:
        """Ask for a URL again, or for the first time; what is there is not evicted meanwhile."""
        entry = self._entries.get(url)
        voice = self._shelf.lend(entry.stem) if entry is not None else None
        try:
            return await self._download(company_code, url, source, at, entry if voice is not None else None)
        finally:
            if voice is not None:
                voice.give_back()

    async def _download(self, company_code: str, url: str, source: Path, at: datetime, known: _Entry | None) -> str:
        download = await self._fetcher.download(
            url,
            source,
            max_bytes=self._limits.octets,
            timeout=self._limits.timeout,
            etag=known.etag if known else None,
            last_modified=known.last_modified if known else None,
        )
        etag, last_modified = _bounded(download.etag), _bounded(download.last_modified)
        if download.not_modified and known is not None:
            await self._remember(replace(known, etag=etag, last_modified=last_modified, checked_at=at))
            return known.stem
        await self._make_room(url)
        stem = f"{_digest(url)[:32]}-{uuid4().hex[:16]}"
        decoded = await self._decoder.decode(
            company_code, source, self._shelf.stem(stem), max_seconds=self._limits.seconds
        )
        octets = round(decoded.seconds * SAMPLE_RATE) * len(Codec)
        await self._remember(_Entry(url, stem, octets, etag, last_modified, checked_at=at))
        return stem

    async def _remember(self, entry: _Entry) -> None:
        self._failed.pop(entry.url, None)
        before = self._entries.pop(entry.url, None)
        self._entries[entry.url] = entry
        self._octets += entry.octets
        if before is not None:
            self._octets -= before.octets
            if before.stem != entry.stem:
                self._shelf.retire(before.stem)
        row = {
            "digest": _digest(entry.url),
            "url": entry.url,
            "stem": entry.stem,
            "octets": entry.octets,
            "etag": entry.etag,
            "last_modified": entry.last_modified,
            "checked_at": entry.checked_at,
        }
        await self._write(lambda conn: upsert(conn, downloads, ["digest"], row))

    async def _make_room(self, url: str) -> None:
        """Evict what was not used for longest until one more voice fits."""
        before = self._entries.get(url)
        count = len(self._entries) - (before is not None)
        octets = self._octets - (0 if before is None else before.octets)
        gone = []
        for entry in self._entries.values():
            if count < self._limits.kept and octets < self._limits.kept_octets:
                break
            if entry is not before and not self._shelf.is_lent(entry.stem):
                gone.append(entry)
                octets, count = octets - entry.octets, count - 1
        else:
            if count >= self._limits.kept or octets >= self._limits.kept_octets:
                raise VoiceUnavailable(f"no room for one more download: {count} are to be played, of {octets} octets")
        await self._evict(gone)

    async def remove_unused(self, before: datetime, most: int) -> int:
        """Remove up to so many that were not used since then, and that no call is going to play; return how many.

        One that is used is asked for again in `FRESH_WITHOUT` at most: so much its last use may be later than is known.
        """
        unused = takewhile(lambda entry: entry.checked_at < before - FRESH_WITHOUT, self._entries.values())
        gone = list(islice((entry for entry in unused if not self._shelf.is_lent(entry.stem)), most))
        await self._evict(gone)
        return len(gone)

    async def _evict(self, gone: Collection[_Entry]) -> None:
        for entry in gone:
            del self._entries[entry.url]
            self._octets -= entry.octets
            self._shelf.retire(entry.stem)
        if gone:
            digests = [{"gone": _digest(entry.url)} for entry in gone]

            def fact(conn: Connection) -> None:
                conn.execute(_DELETE, digests)

            await self._write(fact)

    async def _write(self, fact: Callable[[Connection], None]) -> None:
        """What the store does not learn costs one download after the next start; the call does not fail of it."""
        try:
            await self._store.write(fact)
        except StoreError as error:
            _log.warning("download not noted in the store", error=str(error))


def _read(conn: Connection) -> dict[str, _Entry]:
    return {
        row.url: _Entry(row.url, row.stem, row.octets, row.etag, row.last_modified, row.checked_at)
        for row in conn.execute(_ALL)
    }


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _bounded(validator: str | None) -> str | None:
    return validator if validator and len(validator) <= MAX_VALIDATOR else None
