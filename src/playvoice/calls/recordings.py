"""Where recordings are made, what they are called, and how they become files that people can play.

    recordings/raw/UUID.raw ── the call has ended, its record is stored ──> recordings/YYYY/MM/DD/UUID.mp3 (or .wav)

The raw file is written by the media worker while the call runs. The name stands in the call record before the file is
there; so what a crash leaves under `raw` is taken up by what the records say: encoded, or removed.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import structlog

from playvoice.calls.errors import RecordingUnknown
from playvoice.companies import Company
from playvoice.config import RecordPolicy
from playvoice.media.encoding import CHANNELS, EncodeError, RecordingFormat
from playvoice.media.transcoder import Transcoder

MIN_FREE = 512 * 1024 * 1024
"""Octets that the disk has to have free for one more call: nine hours of recording, or half a minute of a thousand."""
AGAIN = 60.0
"""Seconds after which a recording that could not be encoded is tried again: a full disk is emptied one day."""
MAX_AGAIN = 3600.0
"""The longest time between two tries, each of which waits twice as long as the one before."""

log = structlog.get_logger(__name__)


class Recordings:
    """The recordings of one server, below one folder."""

    def __init__(self, folder: Path, transcoder: Transcoder) -> None:
        self._folder = folder
        self._raw = folder / "raw"
        self._raw.mkdir(parents=True, exist_ok=True)
        self._transcoder = transcoder
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Recordings {len(self._tasks)} to be encoded>"

    @property
    def disk_is_low(self) -> bool:
        """Whether one more recording might find no room; so, too, where the folder is away or can't be written to."""
        try:
            status = os.statvfs(self._raw)
        except OSError:
            return True
        if not os.access(self._raw, os.W_OK | os.X_OK):  # a file system that met errors can only be read
            return True
        return status.f_bavail * status.f_frsize < MIN_FREE

    def raw(self, uuid: str) -> Path:
        """Where the raw recording of a call is written."""
        return self._raw / f"{uuid}.raw"

    @property
    def _is_lost(self) -> bool:
        """The folder is away, and what is written in it with it, until somebody brings it back."""
        return not self._raw.is_dir()

    def name(self, uuid: str, company: Company, *, transferred: bool, failed: bool = False) -> str:
        """What the record of a call that ends now calls its recording; empty if the company wants none of it.

        `failed`: the media process says that there is none, which is believed where the folder can't be looked into.
        """
        if company.record is RecordPolicy.NEVER or (company.record is RecordPolicy.TRANSFERRED and not transferred):
            return ""
        try:
            if self.raw(uuid).stat().st_size < CHANNELS:
                return ""
        except OSError:
            if failed or not self._is_lost:
                return ""
        return f"{uuid}.{self._transcoder.format_now(RecordingFormat(company.record_format.value)).value}"

    def finish(self, uuid: str, name: str, answered_at: datetime) -> None:
        """Make the recording that the stored record names of the raw one; remove the raw one if it names none."""
        if name:
            self._begin(self.raw(uuid), self.path(name, answered_at), AGAIN)
        else:
            self.discard(uuid)

    def discard(self, uuid: str) -> None:
        """Remove a raw recording that no record names; one that can't be removed stays for the next start."""
        try:
            self.raw(uuid).unlink(missing_ok=True)
        except OSError as error:
            log.error("recording_not_removed", uuid=uuid, reason=str(error))

    def _begin(self, raw: Path, to: Path, again: float) -> None:
        task = asyncio.get_running_loop().create_task(self._encode(raw, to, again))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def path(self, name: str, answered_at: datetime) -> Path:
        """Where the recording of a call that was answered then is, or will be."""
        return self._folder / f"{answered_at:%Y/%m/%d}" / name

    def look(self, name: str, answered_at: datetime) -> os.stat_result | None:
        """Return what the disk says of a recording, None while it is to be encoded; raises `RecordingUnknown`."""
        waits = self.raw(Path(name).stem).exists()  # asked first: the raw one goes when the other is there
        try:
            return self.path(name, answered_at).stat()
        except OSError:
            if waits:
                return None
            raise RecordingUnknown(f"the recording {name} is not there any more") from None

    def left(self) -> Iterator[str]:
        """The calls whose raw recording an earlier process left."""
        return (path.stem for path in sorted(self._raw.glob("*.raw")))

    async def encoded(self) -> None:
        """Wait until nothing is to be encoded any more."""
        await asyncio.gather(*self._tasks)

    async def _encode(self, raw: Path, to: Path, again: float) -> None:
        began = time.monotonic()
        try:
            if self._is_lost:  # another folder made in its place would keep it from coming back
                raise FileNotFoundError(f"the folder {self._raw} is not there")
            to.parent.mkdir(parents=True, exist_ok=True)
            await self._transcoder.encode_recording(raw, to, RecordingFormat(to.suffix[1:]))
        except (EncodeError, OSError) as error:
            log.error("recording_not_encoded", uuid=raw.stem, name=to.name, reason=str(error))
            self._try_again(raw, to, again)
            return
        except Exception:
            log.exception("recording_not_encoded", uuid=raw.stem, name=to.name)
            self._try_again(raw, to, again)
            return
        log.info("recording_encoded", uuid=raw.stem, name=to.name, seconds=round(time.monotonic() - began, 2))

    def _try_again(self, raw: Path, to: Path, seconds: float) -> None:
        if raw.exists() or self._is_lost:
            asyncio.get_running_loop().call_later(seconds, self._begin, raw, to, min(2 * seconds, MAX_AGAIN))
