"""Voices by name: found again by time of change, looked up and never made into a path."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.voices.conftest import BOTH_DATABASES, START, FakeDecoder, after, octets

from playvoice.config import Config
from playvoice.media.decoded import DecodeError, DecodeReason
from playvoice.store import Store
from playvoice.voices import VoiceKind, VoiceRef, Voices, VoicesError, VoiceUnavailable, apply


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "voices"
    folder.mkdir()
    (folder / "欢迎.wav").write_bytes(b"welcome")
    (folder / "bye.mp3").write_bytes(b"bye")
    (folder / ".hidden").write_bytes(b"hidden")
    (folder / "sub").mkdir()
    (folder / "sub" / "inner.wav").write_bytes(b"inner")
    (tmp_path / "outside.wav").write_bytes(b"outside")
    return folder


def put(store: Store, folder: Path, code: str = "2028") -> None:
    company = {"code": code, "name": "Demo", "appid": f"a{code}", "accesskey": "k", "voice_dir": str(folder)}
    config = Config.model_validate({"company": [company]})
    store.write_now(lambda conn: apply(conn, config, START))


def named(name: str) -> VoiceRef:
    return VoiceRef(VoiceKind.LIBRARY, name)


@BOTH_DATABASES
async def test_each_file_of_the_folder_is_a_voice_under_its_own_name(
    store: Store, folder: Path, make_voices: Callable[..., Voices]
) -> None:
    put(store, folder)
    voices = make_voices()
    for name, content in (("欢迎.wav", b"welcome"), ("bye.mp3", b"bye")):
        assert await voices.exists("2028", name)
        voice = await voices.prepare("2028", named(name), START)
        assert octets(dict(voice.files)) == content
        assert voice.seconds == (len(content) + 4) / 8000


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "sub", "sub/inner.wav", "../outside.wav", "../voices/bye.mp3", "BYE.MP3", "bye.mp3\x00"],
)
async def test_no_other_name_leads_anywhere(
    store: Store, folder: Path, make_voices: Callable[..., Voices], name: str
) -> None:
    put(store, folder)
    voices = make_voices()
    assert not await voices.exists("2028", name)
    with pytest.raises(VoiceUnavailable, match="has no voice file"):
        await voices.prepare("2028", named(name), START)


async def test_a_path_as_a_name_leads_nowhere(store: Store, folder: Path, make_voices: Callable[..., Voices]) -> None:
    put(store, folder)
    assert not await make_voices().exists("2028", str(folder / "bye.mp3"))


async def test_a_companys_voices_are_its_own(store: Store, folder: Path, make_voices: Callable[..., Voices]) -> None:
    put(store, folder)
    assert not await make_voices().exists("2029", "bye.mp3")


async def test_the_same_file_is_decoded_once_also_over_a_restart(
    store: Store, folder: Path, make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    put(store, folder)
    voices = make_voices()
    first = await voices.prepare("2028", named("bye.mp3"), START)
    assert await voices.prepare("2028", named("bye.mp3"), after(1)) == first
    assert await make_voices().prepare("2028", named("bye.mp3"), after(2)) == first
    assert len(decoder.decoded) == 1


async def test_a_file_that_was_replaced_is_heard_from_the_next_call_on(
    store: Store, folder: Path, make_voices: Callable[..., Voices]
) -> None:
    put(store, folder)
    voices = make_voices()
    before = await voices.prepare("2028", named("bye.mp3"), START)
    (folder / "bye.mp3").write_bytes(b"new")
    now = await voices.prepare("2028", named("bye.mp3"), after(1))
    assert octets(dict(now.files)) == b"new"
    # A call that was promised the old version still finds it, however long it waits.
    await voices.prepare("2028", named("bye.mp3"), after(7 * 86_400))
    assert octets(dict(before.files)) == b"bye"
    before.give_back()
    assert not any(path.exists() for path in before.files.values())
    assert octets(dict(now.files)) == b"new"


async def test_a_change_of_time_alone_is_a_change(
    store: Store, folder: Path, make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    put(store, folder)
    voices = make_voices()
    await voices.prepare("2028", named("bye.mp3"), START)
    os.utime(folder / "bye.mp3", ns=(0, 0))
    await voices.prepare("2028", named("bye.mp3"), START)
    assert len(decoder.decoded) == 2


async def test_a_file_that_is_gone_is_no_voice_any_more(
    store: Store, folder: Path, make_voices: Callable[..., Voices]
) -> None:
    put(store, folder)
    voices = make_voices()
    await voices.prepare("2028", named("bye.mp3"), START)
    (folder / "bye.mp3").unlink()
    assert not await voices.exists("2028", "bye.mp3")
    with pytest.raises(VoiceUnavailable):
        await voices.prepare("2028", named("bye.mp3"), START)


async def test_many_calls_at_once_decode_once(
    store: Store, folder: Path, make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    put(store, folder)
    voices = make_voices()
    decoder.gate.clear()
    calls = [asyncio.create_task(voices.prepare("2028", named("bye.mp3"), START)) for _ in range(50)]
    await asyncio.sleep(0)
    calls[0].cancel()
    await asyncio.sleep(0)
    decoder.gate.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert len(set(map(repr, outcomes[1:]))) == 1
    assert len(decoder.decoded) == 1


async def test_what_can_not_be_decoded_says_why_and_is_tried_again_when_it_has_changed(
    store: Store, folder: Path, make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    (folder / "page.mp3").write_bytes(b"not audio")
    put(store, folder)
    voices = make_voices()
    assert await voices.exists("2028", "page.mp3")
    for _ in range(2):
        with pytest.raises(VoiceUnavailable, match=r"page\.mp3 is no audio") as error:
            await voices.prepare("2028", named("page.mp3"), START)
        assert "page.mp3" in error.value.reason
    assert len(decoder.decoded) == 1, "a thousand calls don't try one by one"
    (folder / "page.mp3").write_bytes(b"audio now")
    assert octets(dict((await voices.prepare("2028", named("page.mp3"), START)).files)) == b"audio now"


@pytest.mark.parametrize("reason", [DecodeReason.BUSY, DecodeReason.FAILED])
async def test_what_was_not_decoded_for_a_fault_of_ours_is_tried_again(
    store: Store,
    folder: Path,
    make_voices: Callable[..., Voices],
    decoder: FakeDecoder,
    reason: DecodeReason,
) -> None:
    put(store, folder)
    voices = make_voices()
    decoder.error = DecodeError(reason, "not now")
    with pytest.raises(VoiceUnavailable, match="not now"):
        await voices.prepare("2028", named("bye.mp3"), START)
    decoder.error = None
    assert octets(dict((await voices.prepare("2028", named("bye.mp3"), START)).files)) == b"bye"


async def test_decoded_files_that_somebody_removed_are_made_again(
    store: Store, folder: Path, make_voices: Callable[..., Voices]
) -> None:
    put(store, folder)
    voices = make_voices()
    voice = await voices.prepare("2028", named("bye.mp3"), START)
    next(iter(voice.files.values())).unlink()
    again = await voices.prepare("2028", named("bye.mp3"), START)
    assert octets(dict(again.files)) == b"bye"


async def test_who_waits_when_the_room_is_closed_is_told(
    store: Store, folder: Path, make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    put(store, folder)
    voices = make_voices()
    decoder.gate.clear()
    call = asyncio.create_task(voices.prepare("2028", named("bye.mp3"), START))
    await asyncio.sleep(0)
    await voices.close()
    with pytest.raises(VoiceUnavailable, match="the server stops"):
        await call


async def test_a_start_removes_what_nothing_refers_to(
    store: Store, folder: Path, make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    put(store, folder)
    voice = await make_voices().prepare("2028", named("bye.mp3"), START)
    shelf = tmp_path / "data" / "voices" / "library"
    (shelf / "half.pcma.part").write_bytes(b"half")
    (shelf / "old-version.pcmu").write_bytes(b"old")
    make_voices()
    assert {path.name for path in shelf.iterdir()} == {path.name for path in voice.files.values()}


async def test_names_that_are_put_later_are_there_after_a_refresh(
    store: Store, folder: Path, make_voices: Callable[..., Voices]
) -> None:
    voices = make_voices()
    put(store, folder)
    assert not await voices.exists("2028", "bye.mp3")
    await voices.refresh()
    assert await voices.exists("2028", "bye.mp3")


@BOTH_DATABASES
def test_putting_them_twice_is_putting_them_once_and_names_that_left_the_folder_stay(
    store: Store, folder: Path
) -> None:
    from playvoice.voices.library import _read

    put(store, folder)
    (folder / "bye.mp3").unlink()
    put(store, folder)
    assert {code: sorted(files) for code, files in store.read_now(_read).items()} == {"2028": ["bye.mp3", "欢迎.wav"]}


def test_a_folder_that_can_not_be_read_is_named(store: Store, folder: Path) -> None:
    company = {"code": "1", "name": "D", "appid": "a", "accesskey": "k", "voice_dir": str(folder)}
    config = Config.model_validate({"company": [company]})
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    with pytest.raises(VoicesError, match=str(folder)):
        store.write_now(lambda conn: apply(conn, config, START))


async def test_a_version_that_comes_back_is_the_current_one_again(
    store: Store, folder: Path, make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    put(store, folder)
    voices = make_voices()
    first = await voices.prepare("2028", named("bye.mp3"), START)
    status = (folder / "bye.mp3").stat()
    (folder / "bye.mp3").write_bytes(b"new")
    (await voices.prepare("2028", named("bye.mp3"), after(1))).give_back()
    (folder / "bye.mp3").write_bytes(b"bye")
    os.utime(folder / "bye.mp3", ns=(status.st_atime_ns, status.st_mtime_ns))
    again = await voices.prepare("2028", named("bye.mp3"), after(2))
    first.give_back()
    again.give_back()
    assert octets(dict(again.files)) == b"bye", "nobody took it away for the time when it was not"
    assert len(decoder.decoded) == 2


async def test_a_link_out_of_the_folder_is_no_voice_and_one_within_it_is(
    store: Store, folder: Path, make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.mp3").write_bytes(b"another company's")
    (folder / "out.mp3").symlink_to(tmp_path / "other" / "secret.mp3")
    (folder / "in.mp3").symlink_to("bye.mp3")
    put(store, folder)
    voices = make_voices()
    assert not await voices.exists("2028", "out.mp3")
    assert octets(dict((await voices.prepare("2028", named("in.mp3"), START)).files)) == b"bye"
    (folder / "bye.mp3").unlink()
    (folder / "bye.mp3").symlink_to(tmp_path / "other" / "secret.mp3")
    for name in ("bye.mp3", "in.mp3"):
        assert not await voices.exists("2028", name)
        with pytest.raises(VoiceUnavailable):
            await voices.prepare("2028", named(name), after(1))


@pytest.mark.parametrize(("filed", "asked"), [("Cafe\u0301.mp3", "Caf\u00e9.mp3"), ("Caf\u00e9.mp3", "Cafe\u0301.mp3")])
async def test_a_name_is_the_same_however_its_accents_are_written(
    store: Store, folder: Path, make_voices: Callable[..., Voices], filed: str, asked: str
) -> None:
    (folder / filed).write_bytes(b"coffee")
    put(store, folder)
    voices = make_voices()
    assert await voices.exists("2028", asked)
    assert octets(dict((await voices.prepare("2028", named(asked), START)).files)) == b"coffee"
