"""The room's one door: a voice is named, and made ready."""

from datetime import datetime
from pathlib import Path

from playvoice.store import Store
from playvoice.voices.changes import Changes
from playvoice.voices.downloads import DownloadLimits, Downloads
from playvoice.voices.hold_music import make_hold_music
from playvoice.voices.library import Library
from playvoice.voices.turns import Turns
from playvoice.voices.uploads import Needed, UploadLimits, Uploads
from playvoice.voices.voice import Decoder, Fetcher, LibraryVoice, Voice, VoiceKind, VoiceRef, full_url


class Voices:
    """Library, downloads and hold music, decoded under ``data_dir/voices``; what companies uploaded is there, too.

    The constructor reads the store and the disk, and blocks while it does; the tables have to be there.

    :param limits: the bounds of downloads; ``limits.seconds`` is the longest voice of the library too.
    """

    def __init__(
        self,
        store: Store,
        transcoder: Decoder,
        web: Fetcher,
        data_dir: Path,
        *,
        limits: DownloadLimits | None = None,
        upload_limits: UploadLimits | None = None,
    ) -> None:
        limits = limits or DownloadLimits()
        turns = Turns(transcoder)
        folder = data_dir / "voices"
        self._web = web
        uploads = Uploads(store, folder / "uploads", upload_limits or UploadLimits())
        self._library = Library(store, turns, folder / "library", uploads, max_seconds=limits.seconds)
        self._changes = Changes(self._library, uploads)
        self._downloads = Downloads(store, turns, web, folder / "downloads", limits)
        self._hold_music = make_hold_music(folder / "hold-music")
        self.incoming = _emptied(folder / "incoming")
        """A folder for files on their way to :meth:`add`; what a crash leaves there goes at the next start."""

    async def exists(self, company_code: str, name: str) -> bool:
        """Has the company a voice file of this name?"""
        return self._library.exists(company_code, name) and not self._changes.is_leaving(company_code, name)

    async def entries(self, company_code: str) -> list[LibraryVoice]:
        """All voice files of a company, by name."""
        return await self._library.entries(company_code)

    async def add(
        self, company_code: str, name: str, data: bytes | Path, at: datetime, *, overwrite: bool = False
    ) -> LibraryVoice:
        """Put a voice file into a company's library: its octets, or a file that is copied. The next call plays it.

        It is decoded first, and becomes a file of the library only if it can be played. The same octets again under the
        same name change nothing and are no error, so that whoever got no answer may ask again.

        :param name: what calls name it by; whatever the file is called.
        :param overwrite: whether it may take the place of an uploaded file of this name. Calls that run, and those that
            wait with the old one made ready, play that; the others the new one.
        :raises VoiceRefused: with the reason; nothing has changed.
        :raises playvoice.store.StoreUnavailable: nothing can be stored now.
        """
        return await self._changes.add(company_code, name, data, at, overwrite=overwrite)

    async def remove(self, company_code: str, name: str, needed: Needed) -> None:
        """Remove a file that was uploaded. A call that plays it plays on.

        :param needed: tells which files the waiting calls of a company are going to play
            (:func:`playvoice.calls.queue.voices_of_waiting`); it is asked in the transaction that removes the file.
        :raises VoiceRefused: there is none, a waiting call needs it, or it is the operator's; nothing has changed.
        :raises playvoice.store.StoreUnavailable: nothing can be stored now.
        """
        await self._changes.remove(company_code, name, needed)

    def check_url(self, text: str) -> str:
        """The URL that a customer means, looked at but not looked up.

        :raises playvoice.web.AddressRefused: it is malformed, of another scheme, or names a private address literally.
        """
        url = full_url(text)
        self._web.check_url(url)
        return url

    async def prepare(self, company_code: str, ref: VoiceRef, at: datetime) -> Voice:
        """Make a voice ready to be played; at once, if it is already.

        Whoever gets it gives it back when it is not to be played any more.

        :raises VoiceUnavailable: with the reason.
        """
        if ref.kind is VoiceKind.LIBRARY:
            return await self._library.prepare(company_code, ref.name)
        return await self._downloads.prepare(company_code, full_url(ref.name), at)

    def hold_music(self) -> Voice:
        """Music without end, to be played in a loop."""
        return self._hold_music

    async def refresh(self) -> None:
        """Read the names of the library again, after somebody has changed them."""
        await self._library.refresh()

    async def remove_unused(self, before: datetime, most: int) -> int:
        """Remove up to so many downloaded voices that no call asked for since then; return how many."""
        return await self._downloads.remove_unused(before, most)

    async def close(self) -> None:
        """Stop what is being downloaded and decoded."""
        await self._library.close()
        await self._downloads.close()


def _emptied(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink(missing_ok=True)
    return folder
