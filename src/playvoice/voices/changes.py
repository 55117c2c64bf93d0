"""Adding voice files to a company's library, and removing them.

    bytes or a path ── copied, measured ──> decoded ── room, name ──> renamed, row committed ──> heard from now on
                           │ too big, empty    │ not audio, too long     │ taken, full, the operator's
                           └───────────────────┴──────── refused ────────┘ nothing has changed

A company's changes come one after the other. What a running call plays stays until it has been played, whatever becomes
of its name."""

import asyncio
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from playvoice.media.decoding import DecodeError, DecodeReason, Sound
from playvoice.voices.library import Key, Library, version_stem
from playvoice.voices.names import checked, normal
from playvoice.voices.refusals import Refusal, VoiceRefused
from playvoice.voices.uploads import Arrival, Needed, Upload, Uploads, decoded_octets
from playvoice.voices.voice import LibraryVoice

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
            async with self._turns[company_code]:
                self._refuse_operators(key)
                return await self._put(key, arrival, at, overwrite)
        finally:
            await asyncio.to_thread(arrival.path.unlink, missing_ok=True)

    async def remove(self, company_code: str, name: str, needed: Needed) -> None:
        """See :meth:`playvoice.voices.Voices.remove`."""
        key = company_code, normal(name.strip())
        async with self._turns[company_code]:
            self._refuse_operators(key)
            version = self._library.version(key)
            if version is None:
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
            self._library.forget(key, version)

    async def _put(self, key: Key, arrival: Arrival, at: datetime, overwrite: bool) -> LibraryVoice:
        company_code, name = key
        before = self._before(key)
        if before is None or before.digest != arrival.digest:
            if before is not None and not overwrite:
                raise VoiceRefused(
                    Refusal.TAKEN,
                    f"company {company_code} has a voice file {name!r}; choose another name or replace it",
                )
            await self._replace(key, arrival, at)
        entry = self._library.entry(key)
        if entry is None:
            raise VoiceRefused(Refusal.FAILED, f"the voice file {name!r} was removed from our folder")
        return entry

    async def _replace(self, key: Key, arrival: Arrival, at: datetime) -> None:
        company_code, name = key
        row = self._uploads.of(company_code).get(name)
        self._uploads.check_room(company_code, row, arrival.octets)
        status = await asyncio.to_thread(arrival.path.stat)
        stem = version_stem(key, arrival.file, status)
        before = self._library.version(key)
        sound = await self._decode(company_code, name, arrival, stem)
        try:
            self._uploads.check_room(company_code, row, arrival.octets + decoded_octets(sound))
            await self._uploads.put(company_code, name, arrival, sound, at)
        except BaseException:
            self._library.drop(stem)
            raise
        if before is not None:
            self._library.forget(key, before)
        self._library.is_current(key, stem)

    def _before(self, key: Key) -> Upload | None:
        """The upload of this name, if its file is there."""
        return None if self._library.version(key) is None else self._uploads.of(key[0]).get(key[1])

    def _refuse_operators(self, key: Key) -> None:
        version = self._library.version(key)
        if version is not None and not version.is_uploaded:
            raise VoiceRefused(
                Refusal.OPERATORS,
                f"the voice file {key[1]!r} is in the voice_dir of company {key[0]}, which only the operator changes",
            )

    async def _decode(self, company_code: str, name: str, arrival: Arrival, stem: str) -> Sound:
        try:
            return await self._library.decode(company_code, arrival.path, stem)
        except DecodeError as error:
            text = str(error).replace(arrival.path.name, repr(name))
            raise VoiceRefused(_REASONS.get(error.reason, Refusal.FAILED), text) from None


def _needed(name: str) -> VoiceRefused:
    return VoiceRefused(Refusal.NEEDED, f"a call that waits is going to play the voice file {name!r}; remove it later")
