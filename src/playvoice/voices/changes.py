"""Adding voice files to a company's library, and removing them.

    bytes or a path ── copied, measured ──> decoded ── room, name ──> renamed, row committed ──> heard from now on
                           │ too big, empty    │ not audio, too long     │ taken, full, the operator's
                           └───────────────────┴──────── refused ────────┘ nothing has changed

A company's files are put there and removed one after the other. What a running call plays stays until it has been
played, whatever becomes of its name."""

import asyncio
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import structlog

from playvoice.media.decoded import DecodeError, DecodeReason, Sound
from playvoice.voices.library import Key, Library, version_stem
from playvoice.voices.names import checked, normal
from playvoice.voices.refusals import Refusal, VoiceRefused
from playvoice.voices.uploads import Arrival, Needed, Uploads, decoded_octets
from playvoice.voices.voice import LibraryVoice

_log = structlog.get_logger(__name__)
_REASONS = {
    DecodeReason.EMPTY: Refusal.EMPTY,
    DecodeReason.NOT_AUDIO: Refusal.NOT_AUDIO,
    DecodeReason.TOO_LONG: Refusal.TOO_LONG,
    DecodeReason.TOO_BIG: Refusal.TOO_BIG,
    DecodeReason.BUSY: Refusal.BUSY,
}


class Changes:
    """Who adds and removes."""

    def __init__(self, library: Library, uploads: Uploads) -> None:
        self._library = library
        self._uploads = uploads
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._leaving: set[Key] = set()

    def is_leaving(self, company_code: str, name: str) -> bool:
        """Whether a file is just being removed, so that no new call may be promised it."""
        return bool(self._leaving) and (company_code, normal(name)) in self._leaving

    async def add(
        self, company_code: str, name: str, data: bytes | Path, at: datetime, *, overwrite: bool
    ) -> LibraryVoice:
        """See :meth:`playvoice.voices.Voices.add`."""
        key = company_code, checked(name)
        self._refuse_operators(key)
        arrival = await self._uploads.take_in(key[1], data)
        try:
            if self._is_new(key, arrival, overwrite):
                self._check_room(key, arrival.octets)
                stem, sound = await self._decode(key, arrival)
                async with self._turns[company_code]:
                    await self._put(key, arrival, stem, sound, at, overwrite)
        finally:
            await asyncio.to_thread(arrival.path.unlink, missing_ok=True)
        entry = self._library.entry(key)
        if entry is None:
            raise VoiceRefused(Refusal.FAILED, f"the voice file {key[1]!r} was removed a moment after it was added")
        return entry

    async def remove(self, company_code: str, name: str, needed: Needed) -> None:
        """See :meth:`playvoice.voices.Voices.remove`."""
        key = company_code, normal(name.strip())
        async with self._turns[company_code]:
            self._refuse_operators(key)
            version = self._library.version(key)
            if key[1] not in self._uploads.of(company_code):
                raise VoiceRefused(Refusal.UNKNOWN, f"company {company_code} has no voice file {key[1]!r}")
            if await self._uploads.is_needed(*key, needed):
                raise _needed(key[1])
            self._leaving.add(key)  # a request that has seen the file is stored before this is, and the next sees none
            try:
                gone = await self._uploads.delete(*key, needed)
            finally:
                self._leaving.discard(key)
            if not gone:
                raise _needed(key[1])
            if version is not None:
                self._library.forget(key, version)
            _log.info("voice_removed", company=company_code, name=key[1])

    def _is_new(self, key: Key, arrival: Arrival, overwrite: bool) -> bool:
        """Whether these octets are to be put there, and are not there already; raises `VoiceRefused`."""
        self._refuse_operators(key)
        company_code, name = key
        before = self._uploads.of(company_code).get(name)
        if before is None or self._library.version(key) is None:
            return True
        if before.digest == arrival.digest:
            return False
        if not overwrite:
            raise VoiceRefused(
                Refusal.TAKEN, f"company {company_code} has a voice file {name!r}; choose another name or replace it"
            )
        return True

    async def _put(self, key: Key, arrival: Arrival, stem: str, sound: Sound, at: datetime, overwrite: bool) -> None:
        """Make it the file of its name; what was decoded of it goes if it becomes none."""
        company_code, name = key
        is_put = False
        try:
            if not self._is_new(key, arrival, overwrite):  # another has put it there meanwhile
                return
            self._check_room(key, arrival.octets + decoded_octets(sound))
            before = self._library.version(key)
            await self._uploads.put(company_code, name, arrival, sound, at)
            is_put = True
        finally:
            if not is_put:
                self._library.drop(stem)
        if before is not None:
            self._library.forget(key, before)
        self._library.is_current(key, stem)
        _log.info(
            "voice_added", company=company_code, name=name, octets=arrival.octets, seconds=round(sound.seconds, 2)
        )

    def _check_room(self, key: Key, octets: int) -> None:
        company_code, name = key
        self._uploads.check_room(company_code, self._uploads.of(company_code).get(name), octets)

    def _refuse_operators(self, key: Key) -> None:
        version = self._library.version(key)
        if version is not None and not version.is_uploaded:
            raise VoiceRefused(
                Refusal.OPERATORS,
                f"the voice file {key[1]!r} is in the voice_dir of company {key[0]}, which only the operator changes",
            )

    async def _decode(self, key: Key, arrival: Arrival) -> tuple[str, Sound]:
        """Decode it as the version that it is going to be."""
        stem = version_stem(key, arrival.file, await asyncio.to_thread(arrival.path.stat))
        try:
            return stem, await self._library.decode(key[0], arrival.path, stem)
        except DecodeError as error:
            text = str(error).replace(arrival.path.name, repr(key[1]))
            raise VoiceRefused(_REASONS.get(error.reason, Refusal.FAILED), text) from None


def _needed(name: str) -> VoiceRefused:
    return VoiceRefused(Refusal.NEEDED, f"a call that waits is going to play the voice file {name!r}; remove it later")
