"""Voices by URL with the real web client and transcoder: what servers do, and what a thousand calls cost them."""

import asyncio
import io
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.unit.voices.conftest import after

from playvoice.media.g711 import Codec, Samples, encode
from playvoice.media.transcoder import Transcoder
from playvoice.store import Store
from playvoice.voices import Voice, VoiceKind, VoiceRef, Voices, VoiceUnavailable
from playvoice.voices.downloads import DownloadLimits
from playvoice.web import NetworkPolicy, WebClient

LIMITS = DownloadLimits(octets=100_000, timeout=30)
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def samples(level: int) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000), dtype=np.int16)


def wav(level: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples(level), 8000, format="WAV", subtype="PCM_16")
    return file.getvalue()


def says(head: str, body: bytes = b"") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)

    return answer


async def stalls(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@dataclass
class Site:
    """A server on loopback that answers each path by what a test says."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The heads of the requests."""
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            await self.pages[head.split()[1]](writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@dataclass
class Bench:
    """The room, and the site that its URLs name."""

    voices: Voices
    site: Site
    decoded: int = 0

    async def prepare(self, path: str, seconds: float = 0, company: str = "2028") -> Voice:
        ref = VoiceRef(VoiceKind.URL, f"127.0.0.1:{self.site.port}{path}")
        return await self.voices.prepare(company, ref, after(seconds))


@pytest.fixture
async def bench(store: Store, tmp_path: Path) -> AsyncIterator[Bench]:
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, backlog=1_000)
    site.port = server.sockets[0].getsockname()[1]
    transcoder = Transcoder()
    web = WebClient(NetworkPolicy([ipaddress.ip_network("127.0.0.1")]))
    made = Bench(Voices(store, transcoder, web, tmp_path, limits=LIMITS), site)
    decode = transcoder.decode

    async def counted(source: Path, to: Path, *, max_seconds: float = 3600.0) -> object:
        made.decoded += 1
        return await decode(source, to, max_seconds=max_seconds)

    transcoder.decode = counted  # type: ignore[method-assign, assignment]
    yield made
    await made.voices.close()
    await transcoder.close()
    await web.aclose()
    server.close()
    await site.close()


async def test_a_thousand_calls_of_two_companies_cost_one_download_and_one_decoding(bench: Bench) -> None:
    """The URL is all that says what is behind it: no company shows its server more than another does."""
    bench.site.pages["/a.wav"] = says("200 OK", wav(8000))
    voices = await asyncio.gather(*(bench.prepare("/a.wav", company=("2028", "9017")[n % 2]) for n in range(1_000)))
    assert (len(bench.site.asked), bench.decoded) == (1, 1)
    assert "2028" not in bench.site.asked[0]
    assert {voice.files[Codec.PCMA].read_bytes() for voice in voices} == {encode(Codec.PCMA, samples(8000))}


async def test_a_thousand_calls_with_a_server_that_stalls_fail_after_one_timeout(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.voices._downloads, "_limits", replace(LIMITS, timeout=0.3))
    bench.site.pages["/a.wav"] = stalls
    at_once = [bench.prepare("/a.wav") for _ in range(8)]
    outcomes = await asyncio.gather(*at_once, return_exceptions=True)
    for _ in range(992):  # as the queue has them made ready: some at once, the others after them
        with pytest.raises(VoiceUnavailable, match="has not answered within"):
            await bench.prepare("/a.wav")
    assert all(isinstance(outcome, VoiceUnavailable) for outcome in outcomes)
    assert len(bench.site.asked) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says("404 Not Found", wav(8000)), "status 404"),
        (says("410 Gone"), "status 410"),
        (says("500 Internal Server Error"), "status 500"),
        (says("200 OK\r\nContent-Encoding: gzip", b"\x1f\x8b"), "content encoding 'gzip'"),
        (says("200 OK\r\nContent-Type: audio/mpeg", b"<html><body>Sorry</body></html>" * 100), "can't be played"),
        (says("200 OK\r\nContent-Length: 200000"), "200000 octets, more than 100000"),
        (says("200 OK", bytes(100_001)), "more than 100000 octets"),
        (says("200 OK\r\nContent-Length: 60000", wav(8000)), "cut the connection"),
        (says("302 Found\r\nLocation: http://192.168.0.1/a.wav"), "not allowed"),
        (says("302 Found\r\nLocation: file:///etc/passwd"), "'file' is not allowed"),
        (says("302 Found\r\nLocation: /a.wav"), "more than 5 redirects"),
        (says("304 Not Modified"), "status 304"),
        (says("200 OK"), "is empty"),
    ],
)
async def test_what_can_not_be_had_says_why_and_leaves_nothing(
    bench: Bench, tmp_path: Path, answer: Answer, why: str
) -> None:
    bench.site.pages["/a.wav"] = answer
    with pytest.raises(VoiceUnavailable, match=why):
        await bench.prepare("/a.wav")
    assert list((tmp_path / "voices" / "downloads").iterdir()) == []


async def test_what_is_said_of_the_type_and_of_keeping_does_not_matter(bench: Bench) -> None:
    """What the answer says of the type is often wrong; how long a voice is kept is a rule of ours."""
    bench.site.pages["/a"] = says("200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store", wav(8000))
    first = await bench.prepare("/a")
    assert await bench.prepare("/a", 599) == first
    assert len(bench.site.asked) == 1


async def test_what_changes_under_its_url_is_heard_when_it_is_asked_for_again(bench: Bench) -> None:
    bench.site.pages["/a.wav"] = says('200 OK\r\nETag: "1"', wav(8000))
    await bench.prepare("/a.wav")
    bench.site.pages["/a.wav"] = says('200 OK\r\nETag: "2"', wav(4000))
    voice = await bench.prepare("/a.wav", 61)
    assert voice.files[Codec.PCMA].read_bytes() == encode(Codec.PCMA, samples(4000))
    assert 'if-none-match: "1"' in bench.site.asked[1].lower()
    bench.site.pages["/a.wav"] = says('304 Not Modified\r\nETag: "2"')
    assert await bench.prepare("/a.wav", 122) == voice
    assert bench.decoded == 2
