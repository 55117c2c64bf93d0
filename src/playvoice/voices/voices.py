"""The room's one door: a voice is named, and made ready."""

from datetime import datetime
from pathlib import Path

from playvoice.store import Store
from playvoice.voices.downloads import DownloadLimits, Downloads
from playvoice.voices.hold_music import make_hold_music
from playvoice.voices.library import Library
from playvoice.voices.turns import Turns
from playvoice.voices.voice import Decoder, Fetcher, Voice, VoiceKind, VoiceRef, full_url


class Voices:
    """Library, downloads and hold music, decoded under ``data_dir/voices``.

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
    ) -> None:
        limits = limits or DownloadLimits()
        turns = Turns(transcoder)
        folder = data_dir / "voices"
        self._web = web
        self._library = Library(store, turns, folder / "library", max_seconds=limits.seconds)
        self._downloads = Downloads(store, turns, web, folder / "downloads", limits)
        self._hold_music = make_hold_music(folder / "hold-music")

    async def exists(self, company_code: str, name: str) -> bool:
        """Has the company a voice file of this name?"""
        return self._library.exists(company_code, name)

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

    async def close(self) -> None:
        """Stop what is being downloaded and decoded."""
        await self._library.close()
        await self._downloads.close()
