"""Adding to a library and removing from it, as gateway and command line do it."""

import asyncio
import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.unit.voices.conftest import BOTH_DATABASES, START, FakeDecoder, FakeWeb, after, octets

from playvoice.config import Config
from playvoice.media.decoded import DecodeError, DecodeReason, Sound
from playvoice.media.transcoder import Decoded
from playvoice.store import Store, StoreUnavailable, metadata
from playvoice.voices import LibraryVoice, Refusal, VoiceKind, VoiceRef, VoiceRefused, Voices, VoiceUnavailable, apply
from playvoice.voices.library import remove_all_of
from playvoice.voices.uploads import UploadLimits

NAME = "notice.wav"
REF = VoiceRef(VoiceKind.LIBRARY, NAME)


def nobody(_conn: Connection, _company_code: str) -> set[str]:
    """No call waits."""
    return set()


def files_of(tmp_path: Path, folder: str = "uploads") -> list[Path]:
    return sorted((tmp_path / "data" / "voices" / folder).iterdir())


async def heard(voices: Voices, name: str = NAME, code: str = "2028") -> bytes:
    voice = await voices.prepare(code, VoiceRef(VoiceKind.LIBRARY, name), START)
    try:
        return octets(dict(voice.files))
    finally:
        voice.give_back()


async def refusal(
    voices: Voices, data: bytes | Path = b"other", name: str = NAME, *, overwrite: bool = False
) -> Refusal:
    with pytest.raises(VoiceRefused) as refused:
        await voices.add("2028", name, data, START, overwrite=overwrite)
    return refused.value.reason


def put_operators(store: Store, folder: Path) -> None:
    company = {"code": "2028", "name": "Demo", "appid": "a", "accesskey": "k", "voice_dir": str(folder)}
    store.write_now(lambda conn: apply(conn, Config.model_validate({"company": [company]}), START))


@BOTH_DATABASES
async def test_what_is_added_is_described_and_heard_from_the_next_call_on_also_after_a_restart(
    make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    voices = make_voices()
    added = await voices.add("2028", NAME, b"welcome", after(1))
    assert added == LibraryVoice(NAME, True, 7, after(1), Sound("wav", 11, -20.0, -3.0))
    for room in (voices, make_voices()):
        assert await room.exists("2028", NAME)
        assert await room.entries("2028") == [added]
        assert await heard(room) == b"welcome"
    assert len(decoder.decoded) == 1, "what was decoded to check it is what is played"


async def test_a_file_is_added_by_its_path_and_stays_where_it_was(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    (tmp_path / "a.mp3").write_bytes(b"welcome")
    voices = make_voices()
    await voices.add("2028", NAME, tmp_path / "a.mp3", START)
    assert (tmp_path / "a.mp3").read_bytes() == b"welcome"
    assert await heard(voices) == b"welcome"


async def test_a_library_lists_its_files_by_name_and_each_companys_are_its_own(
    make_voices: Callable[..., Voices],
) -> None:
    voices = make_voices()
    for code, name in (("2028", "b"), ("2028", "a"), ("2029", "c")):
        await voices.add(code, name, name.encode(), START)
    assert [entry.name for entry in await voices.entries("2028")] == ["a", "b"]
    assert not await voices.exists("2028", "c")
    with pytest.raises(VoiceRefused) as refused:
        await voices.remove("2028", "c", nobody)
    assert refused.value.reason is Refusal.UNKNOWN
    assert await heard(voices, "c", "2029") == b"c"


async def test_libraries_are_listed_one_at_a_time(
    make_voices: Callable[..., Voices], monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = make_voices()
    for code in ("2028", "2029"):
        await voices.add(code, NAME, b"welcome", START)
    running: list[int] = [0]

    async def watched(function: Callable[..., object], *arguments: object) -> object:
        running.append(running[-1] + 1)
        await asyncio.sleep(0)
        running.append(running[-1] - 1)
        return function(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", watched)
    lists = await asyncio.gather(*(voices.entries(code) for code in ("2028", "2028", "2029")))
    assert [len(entries) for entries in lists] == [1, 1, 1]
    assert max(running) == 1


async def test_a_name_that_is_taken_is_refused_unless_it_is_to_be_replaced(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    voices = make_voices()
    await voices.add("2028", NAME, b"old", START)
    assert await refusal(voices, b"new") is Refusal.TAKEN
    assert await heard(voices) == b"old"
    replaced = await voices.add("2028", f" {NAME} ", b"newer", after(5), overwrite=True)
    assert (replaced.octets, replaced.changed_at) == (5, after(5))
    assert await heard(voices) == b"newer"
    assert len(files_of(tmp_path)) == 1, "the old file is gone"
    assert len(files_of(tmp_path, "library")) == 2, "and what was decoded of it, too"
    assert await heard(make_voices()) == b"newer"


async def test_the_same_octets_again_are_no_error_and_change_nothing(
    make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    voices = make_voices()
    first = await voices.add("2028", NAME, b"welcome", START)
    assert await voices.add("2028", NAME, b"welcome", after(60)) == first
    assert await voices.add("2028", NAME, b"welcome", after(60), overwrite=True) == first
    assert len(decoder.decoded) == 1


async def test_a_call_that_was_promised_the_old_file_plays_it_though_it_is_replaced_or_removed(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    voices = make_voices()
    await voices.add("2028", NAME, b"old", START)
    old = await voices.prepare("2028", REF, START)
    await voices.add("2028", NAME, b"new", START, overwrite=True)
    new = await voices.prepare("2028", REF, START)
    await voices.remove("2028", NAME, nobody)
    assert (octets(dict(old.files)), octets(dict(new.files))) == (b"old", b"new")
    old.give_back()
    new.give_back()
    assert files_of(tmp_path) == files_of(tmp_path, "library") == []


async def test_a_call_whose_file_is_replaced_before_its_turn_at_the_decoder_plays_the_new_one(
    make_voices: Callable[..., Voices], decoder: FakeDecoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = make_voices()
    await voices.add("2028", NAME, b"old", START)
    (old,) = files_of(tmp_path)
    for path in files_of(tmp_path, "library"):
        path.unlink()
    decode, replaced = decoder.decode, asyncio.Event()

    async def late(source: Path, to: Path, *, max_seconds: float) -> Decoded:
        if source != old:
            return await decode(source, to, max_seconds=max_seconds)
        await replaced.wait()
        raise DecodeError(DecodeReason.MISSING, "there is no such file")

    monkeypatch.setattr(decoder, "decode", late)
    decoder.gate.clear()
    decoder.began.clear()
    adding = asyncio.create_task(voices.add("2028", NAME, b"new", START, overwrite=True))
    await decoder.began.wait()
    call = asyncio.create_task(heard(voices))
    await asyncio.sleep(0)
    decoder.gate.set()
    await adding
    replaced.set()
    assert await call == b"new"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DecodeError(DecodeReason.NOT_AUDIO, "{} is no audio that can be read"), Refusal.NOT_AUDIO),
        (DecodeError(DecodeReason.EMPTY, "{} has no audio in it"), Refusal.EMPTY),
        (DecodeError(DecodeReason.TOO_LONG, "{} is longer than 3600 s"), Refusal.TOO_LONG),
        (DecodeError(DecodeReason.TOO_BIG, "{} is too big"), Refusal.TOO_BIG),
        (DecodeError(DecodeReason.BUSY, "1000 files wait to be decoded"), Refusal.BUSY),
        (DecodeError(DecodeReason.FAILED, "{} could not be decoded"), Refusal.FAILED),
    ],
)
async def test_what_can_not_be_decoded_is_refused_by_its_own_name_and_leaves_nothing(
    make_voices: Callable[..., Voices], decoder: FakeDecoder, tmp_path: Path, error: DecodeError, reason: Refusal
) -> None:
    voices = make_voices()
    decoder.error = error
    assert await refusal(voices) is reason
    assert await voices.entries("2028") == []
    assert files_of(tmp_path) == files_of(tmp_path, "library") == []


async def test_an_error_names_the_voice_and_not_our_file(
    make_voices: Callable[..., Voices], decoder: FakeDecoder
) -> None:
    with pytest.raises(VoiceRefused, match=r"^'notice\.wav' is no audio that can be read$"):
        await make_voices().add("2028", NAME, b"not audio", START)


async def test_nothing_and_too_much_are_refused_before_they_are_decoded(
    make_voices: Callable[..., Voices], decoder: FakeDecoder, tmp_path: Path
) -> None:
    voices = make_voices(upload_limits=UploadLimits(octets=5))
    assert await refusal(voices, b"") is Refusal.EMPTY
    assert await refusal(voices, b"123456") is Refusal.TOO_BIG
    (tmp_path / "big").write_bytes(b"123456")
    assert await refusal(voices, tmp_path / "big") is Refusal.TOO_BIG
    assert await refusal(voices, b"x", "../x") is Refusal.BAD_NAME
    assert decoder.decoded == files_of(tmp_path) == []
    assert (await voices.add("2028", NAME, b"12345", START)).octets == 5


async def test_a_path_that_can_not_be_read_is_named(make_voices: Callable[..., Voices], tmp_path: Path) -> None:
    for path in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(VoiceRefused, match=str(path)) as refused:
            await make_voices().add("2028", NAME, path, START)
        assert refused.value.reason is Refusal.UNREADABLE


async def test_a_company_has_so_many_files_and_no_more(make_voices: Callable[..., Voices]) -> None:
    voices = make_voices(upload_limits=UploadLimits(files=2))
    for name in ("a", "b"):
        await voices.add("2028", name, name.encode(), START)
    assert await refusal(voices, name="c") is Refusal.FULL
    await voices.add("2028", "b", b"another", START, overwrite=True)
    await voices.add("2029", "c", b"another company's", START)
    await voices.remove("2028", "a", nobody)
    await voices.add("2028", "c", b"c", START)


async def test_a_companys_files_take_so_many_octets_with_what_is_decoded_of_them(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    """The tests' decoder makes a sample of each octet, and four more, twice."""
    voices = make_voices(upload_limits=UploadLimits(kept_octets=2 * (4 + 16)))
    await voices.add("2028", "a", b"1234", START)
    assert await refusal(voices, b"12345", "b") is Refusal.FULL
    assert [entry.name for entry in await voices.entries("2028")] == ["a"]
    assert len(files_of(tmp_path, "library")) == 2, "what was decoded for nothing is gone"
    await voices.add("2028", "a", b"1", START, overwrite=True)
    await voices.add("2028", "b", b"1", START)


async def test_two_who_add_one_name_at_once_do_it_one_after_the_other(make_voices: Callable[..., Voices]) -> None:
    voices = make_voices()
    outcomes = await asyncio.gather(
        *(voices.add("2028", NAME, data, START) for data in (b"one", b"two")), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, VoiceRefused)]
    assert [error.reason for error in refused] == [Refusal.TAKEN]
    assert await heard(voices) in (b"one", b"two")


@BOTH_DATABASES
async def test_what_a_waiting_call_needs_is_not_removed_however_the_call_wrote_the_name(
    make_voices: Callable[..., Voices],
) -> None:
    voices = make_voices()
    await voices.add("2028", "Caf\u00e9.wav", b"coffee", START)
    with pytest.raises(VoiceRefused, match="waits") as refused:
        await voices.remove(
            "2028", "Caf\u00e9.wav", lambda _conn, code: {f" Cafe\u0301.wav{'' if code == '2028' else 'x'} "}
        )
    assert refused.value.reason is Refusal.NEEDED
    assert await heard(voices, "Cafe\u0301.wav") == b"coffee"
    await voices.remove("2028", "Cafe\u0301.wav", nobody)
    assert await voices.entries("2028") == await make_voices().entries("2028") == []
    with pytest.raises(VoiceUnavailable):
        await heard(voices, "Caf\u00e9.wav")


async def test_a_call_that_came_while_its_file_was_being_removed_keeps_it(make_voices: Callable[..., Voices]) -> None:
    voices = make_voices()
    await voices.add("2028", NAME, b"welcome", START)
    asked: list[bool] = []

    def needed(_conn: Connection, _code: str) -> set[str]:
        asked.append(True)
        return set() if len(asked) == 1 else {NAME}

    with pytest.raises(VoiceRefused) as refused:
        await voices.remove("2028", NAME, needed)
    assert refused.value.reason is Refusal.NEEDED
    assert await voices.exists("2028", NAME)
    assert await heard(voices) == b"welcome"


async def test_no_new_call_is_promised_a_file_that_is_being_removed(
    make_voices: Callable[..., Voices], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = make_voices()
    await voices.add("2028", NAME, b"welcome", START)
    seen: list[tuple[bool, bytes]] = []
    write = store.write

    async def slow(fact: Callable[[Connection], object]) -> object:
        seen.append((await voices.exists("2028", NAME), await heard(voices)))
        return await write(fact)

    monkeypatch.setattr(store, "write", slow)
    await voices.remove("2028", NAME, nobody)
    assert seen == [(False, b"welcome")], "but a call that was promised it before still has it"


async def test_an_operators_file_is_listed_and_neither_replaced_nor_removed(
    store: Store, make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    folder = tmp_path / "voices"
    folder.mkdir()
    (folder / NAME).write_bytes(b"the operator's")
    put_operators(store, folder)
    voices = make_voices()
    (entry,) = await voices.entries("2028")
    assert (entry.name, entry.is_uploaded, entry.octets, entry.sound) == (NAME, False, 14, None)
    assert await refusal(voices, overwrite=True) is Refusal.OPERATORS
    with pytest.raises(VoiceRefused, match="voice_dir") as refused:
        await voices.remove("2028", NAME, nobody)
    assert refused.value.reason is Refusal.OPERATORS
    assert await heard(voices) == b"the operator's"
    for room in (voices, make_voices()):
        (entry,) = await room.entries("2028")
        assert entry.sound == Sound("wav", 18, -20.0, -3.0), "it is known from its first playing on"
    (folder / NAME).write_bytes(b"another")
    (entry,) = await voices.entries("2028")
    assert entry.sound is None, "what is known is of the version that was played"


async def test_an_operators_file_is_heard_before_an_uploaded_one_which_is_there_again_when_it_goes(
    store: Store, make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    await make_voices().add("2028", NAME, b"uploaded", START)
    folder = tmp_path / "voices"
    folder.mkdir()
    (folder / NAME).write_bytes(b"the operator's")
    put_operators(store, folder)
    voices = make_voices()
    assert await heard(voices) == b"the operator's"
    (folder / NAME).unlink()
    assert await heard(voices) == b"uploaded"
    await voices.add("2028", NAME, b"again", START, overwrite=True)
    await voices.remove("2028", NAME, nobody)
    assert await voices.entries("2028") == []


async def test_where_nothing_can_be_stored_nothing_changes_and_a_start_clears_what_is_left(
    make_voices: Callable[..., Voices], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = make_voices()
    kept = await voices.add("2028", NAME, b"old", START)

    async def away(_fact: object) -> None:
        raise StoreUnavailable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", away)
        patch.setattr("playvoice.voices.uploads.MAX_DOUBTFUL", 2)
        for content in (b"1", b"2", b"3", b"4"):
            with pytest.raises(StoreUnavailable):
                await voices.add("2028", NAME, content, START, overwrite=True)
        with pytest.raises(StoreUnavailable):
            await voices.remove("2028", NAME, nobody)
    assert await voices.entries("2028") == [kept]
    assert await heard(voices) == b"old"
    assert len(files_of(tmp_path)) == 3, "the last two may be in the store all the same: nobody knows"
    assert await make_voices().entries("2028") == [kept]
    assert len(files_of(tmp_path)) == 1


async def test_a_full_disk_is_the_declared_error_and_leaves_nothing(
    make_voices: Callable[..., Voices], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = make_voices()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(VoiceRefused, match=r"'notice\.wav' could not be kept: No space left") as refused:
            await voices.add("2028", NAME, b"welcome", START)
    assert refused.value.reason is Refusal.FAILED
    assert files_of(tmp_path) == files_of(tmp_path, "library") == []
    await voices.add("2028", NAME, b"welcome", START)


async def test_a_file_that_somebody_removed_is_no_voice_and_may_be_added_again(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    voices = make_voices()
    await voices.add("2028", NAME, b"welcome", START)
    files_of(tmp_path)[0].unlink()
    assert not await voices.exists("2028", NAME)
    assert await voices.entries("2028") == []
    await voices.add("2028", NAME, b"welcome", START)
    assert await heard(voices) == b"welcome"
    files_of(tmp_path)[0].unlink()
    await voices.remove("2028", NAME, nobody)
    assert await refusal(voices, b"not audio") is Refusal.NOT_AUDIO, "nothing of it counts any more"


async def test_a_file_that_is_added_while_the_names_are_read_anew_is_there(
    make_voices: Callable[..., Voices], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = make_voices()
    read, reading, go_on = store.read, asyncio.Event(), asyncio.Event()
    asked: list[object] = []

    async def slow(query: Callable[[Connection], object]) -> object:
        found = await read(query)
        if isinstance(found, dict) and not found:  # no files of the operator's, then none that were uploaded
            asked.append(found)
        if len(asked) == 2:
            reading.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(store, "read", slow)
    refreshing = asyncio.create_task(voices.refresh())
    await reading.wait()
    adding = asyncio.create_task(voices.add("2028", NAME, b"welcome", START))
    await asyncio.wait({adding}, timeout=0.2)  # which it is not by then, or the names would be read over it
    go_on.set()
    await asyncio.gather(refreshing, adding)
    assert await voices.exists("2028", NAME)


async def test_what_a_company_uploaded_goes_with_the_company(
    make_voices: Callable[..., Voices], store: Store, tmp_path: Path
) -> None:
    voices = make_voices()
    for code in ("2028", "2029"):
        await voices.add(code, NAME, b"welcome", START)
    await store.write(lambda conn: remove_all_of(conn, "2028"))
    await voices.refresh()
    assert [await voices.exists(code, NAME) for code in ("2028", "2029")] == [False, True]
    assert len(files_of(tmp_path)) == 1


async def test_no_uploaded_file_is_removed_on_the_loop_which_would_stand_still(
    make_voices: Callable[..., Voices], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = make_voices()
    removed_by: list[threading.Thread] = []
    unlink = Path.unlink

    def watched(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name == "uploads" and path.exists():
            removed_by.append(threading.current_thread())
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    await voices.add("2028", NAME, b"old", START)
    await voices.add("2028", NAME, b"new", START, overwrite=True)
    await voices.remove("2028", NAME, nobody)
    await voices.add("2028", NAME, b"again", START)
    await store.write(lambda conn: remove_all_of(conn, "2028"))
    await voices.refresh()
    assert files_of(tmp_path) == []
    assert len(removed_by) == 3
    assert threading.current_thread() not in removed_by


async def test_a_start_empties_the_folder_of_what_was_on_its_way(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    incoming = make_voices().incoming
    (incoming / "half").write_bytes(b"half")
    assert make_voices().incoming == incoming
    assert list(incoming.iterdir()) == []


async def test_a_new_database_in_the_place_of_a_lost_one_costs_no_file(
    make_voices: Callable[..., Voices], decoder: FakeDecoder, web: FakeWeb, tmp_path: Path
) -> None:
    await make_voices().add("2028", NAME, b"welcome", START)
    other = Store.open(f"sqlite:///{tmp_path}/new.db")
    other.write_now(metadata.create_all)
    try:
        assert await Voices(other, decoder, web, tmp_path / "data").entries("2028") == []
    finally:
        other.close_now()
    assert await heard(make_voices()) == b"welcome"


async def test_another_folder_for_data_keeps_the_library(
    store: Store, decoder: FakeDecoder, web: FakeWeb, make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    added = await make_voices().add("2028", NAME, b"welcome", START)
    (tmp_path / "data").rename(tmp_path / "moved")
    moved = Voices(store, decoder, web, tmp_path / "moved")
    assert await moved.entries("2028") == [replace(added)]
    assert await heard(moved) == b"welcome"
