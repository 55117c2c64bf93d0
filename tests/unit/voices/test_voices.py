"""The room with the real transcoder and the real web client: from a file and from a URL to octets that can be
played.
"""

import asyncio
import io
import ipaddress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.unit.voices.conftest import START, after

from playvoice.media.g711 import Codec, encode
from playvoice.media.transcoder import Transcoder
from playvoice.store import Store
from playvoice.voices import VoiceKind, VoiceRef, Voices, VoiceUnavailable
from playvoice.web import NetworkPolicy, WebClient

SAMPLES = (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)


async def test_a_voice_behind_a_url_comes_out_sample_by_sample_and_is_asked_for_again(
    store: Store, tmp_path: Path
) -> None:
    file = io.BytesIO()
    soundfile.write(file, SAMPLES, 8000, format="WAV", subtype="PCM_16")
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        if b"if-none-match" in head.lower():
            writer.write(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
        else:
            writer.write(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nConnection: close\r\n\r\n' + file.getvalue())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}/a.wav"
    transcoder = Transcoder()
    web = WebClient(NetworkPolicy([ipaddress.ip_network("127.0.0.0/8")]))
    voices = Voices(store, transcoder, web, tmp_path)
    try:
        reference = VoiceRef(VoiceKind.URL, url)
        voice = await voices.prepare("2028", reference, START)
        for codec in Codec:
            assert voice.files[codec].read_bytes() == encode(codec, SAMPLES)
        assert voice.seconds == 1.0
        assert await voices.prepare("2028", reference, after(61)) == voice
        assert len(seen) == 2
    finally:
        await voices.close()
        await transcoder.close()
        await web.aclose()
        server.close()


async def test_a_url_into_a_network_that_is_not_allowed_is_a_voice_that_can_not_be_had(
    store: Store, tmp_path: Path
) -> None:
    web = WebClient(NetworkPolicy())
    voices = Voices(store, Transcoder(), web, tmp_path)
    with pytest.raises(VoiceUnavailable, match="not allowed"):
        await voices.prepare("2028", VoiceRef(VoiceKind.URL, "http://localhost/a.wav"), START)
    await web.aclose()


async def test_hold_music_is_there_from_the_start(store: Store, tmp_path: Path) -> None:
    web = WebClient(NetworkPolicy())
    voices = Voices(store, Transcoder(), web, tmp_path)
    assert all(path.is_file() for path in voices.hold_music().files.values())
    await web.aclose()
