"""A decoder and a web of the tests' own, which count what they are asked and fail when told to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playvoice.media.decoded import DecodeError, DecodeReason, Sound, voice_files
from playvoice.media.g711 import Codec
from playvoice.media.transcoder import Decoded
from playvoice.store import Store
from playvoice.voices import Voices
from playvoice.voices.downloads import DownloadLimits
from playvoice.voices.uploads import UploadLimits
from playvoice.web import Download, NetworkPolicy, WebError

START = datetime(2026, 1, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class FakeDecoder:
    """Makes a voice whose octets are those of the file, a law's name in front; ``gate`` holds it up."""

    decoded: list[Path] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    error: DecodeError | None = None

    async def decode(self, source: Path, to: Path, *, max_seconds: float) -> Decoded:
        self.decoded.append(source)
        self.began.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        content = await asyncio.to_thread(source.read_bytes)
        if content == b"not audio":
            raise DecodeError(DecodeReason.NOT_AUDIO, f"{source.name} is no audio that can be read")
        files = voice_files(to)
        for codec, path in files.items():
            path.write_bytes(codec.name.encode() + content)
        return Decoded(files, Sound("wav", len(content) + 4, -20.0, -3.0))


@dataclass
class Page:
    """What stands behind a URL."""

    content: bytes = b"voice"
    etag: str | None = None
    last_modified: str | None = None
    error: WebError | None = None


@dataclass
class FakeWeb:
    """Answers as :class:`playvoice.web.WebClient` does, conditional requests too."""

    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    """What holds up who asks for a URL."""
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody is held up."""

    def check_url(self, url: str) -> object:
        return NetworkPolicy().check_url(url)

    async def download(
        self,
        url: str,
        to: Path,
        *,
        max_bytes: int,
        timeout: float,  # noqa: ASYNC109
        etag: str | None,
        last_modified: str | None,
    ) -> Download:
        self.asked.append((url, etag, last_modified))
        await asyncio.sleep(0)
        if url in self.held:
            self.holding.set()
            await self.held[url].wait()
        page = self.pages.setdefault(url, Page())
        if page.error is not None:
            raise page.error
        same = (etag is not None and etag == page.etag) or (
            last_modified is not None and last_modified == page.last_modified
        )
        if not same:
            await asyncio.to_thread(to.write_bytes, page.content)
        return Download(same, page.etag, page.last_modified, "audio/mpeg", 0 if same else len(page.content))


BOTH_DATABASES = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.peer("postgresql"))], indirect=True
)
"""For the tests that are about what the store keeps; the others use one database, which is enough for them."""


@pytest.fixture
def database_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    if getattr(request, "param", "sqlite") == "sqlite":
        return sqlite_url
    return str(request.getfixturevalue("postgresql_server").create_database())


@pytest.fixture
async def decoder() -> FakeDecoder:
    decoder = FakeDecoder()
    decoder.gate.set()
    return decoder


@pytest.fixture
def web() -> FakeWeb:
    return FakeWeb()


@pytest.fixture
def make_voices(store: Store, decoder: FakeDecoder, web: FakeWeb, tmp_path: Path) -> Callable[..., Voices]:
    """Opens the room, as often as a server starts."""

    def make(*, upload_limits: UploadLimits | None = None, **limits: float) -> Voices:
        downloads = DownloadLimits(**limits)  # type: ignore[arg-type]
        return Voices(store, decoder, web, tmp_path / "data", limits=downloads, upload_limits=upload_limits)

    return make


def octets(files: dict[Codec, Path]) -> bytes:
    """What the voice's file held, out of both of its files."""
    contents = {path.read_bytes().removeprefix(codec.name.encode()) for codec, path in files.items()}
    assert len(contents) == 1
    return contents.pop()
