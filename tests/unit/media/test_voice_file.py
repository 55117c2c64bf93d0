import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.media.bench import Bench
from tests.waiting import wait_until

from playvoice.media import protocol as p
from playvoice.media import voice_file
from playvoice.media.g711 import Codec
from playvoice.media.rtp import FRAME
from playvoice.media.voice_file import Voices


def written(folder: Path, octets: bytes, name: str = "voice") -> str:
    path = folder / name
    path.write_bytes(octets)
    return str(path)


@given(st.binary(max_size=4 * FRAME))
def test_a_voice_is_its_octets_in_frames_and_the_last_is_filled_up_with_silence(
    tmp_path_factory: pytest.TempPathFactory, octets: bytes
) -> None:
    path = written(tmp_path_factory.getbasetemp(), octets)
    voice = Voices().get(path, Codec.PCMU)
    frames = max(1, -(-len(octets) // FRAME))
    assert len(voice) == frames
    assert voice.cut(0, frames) == octets.ljust(frames * FRAME, bytes([Codec.PCMU.silence]))
    for number in range(frames):
        assert voice.cut(number, number + 1) == voice.cut(0, frames)[number * FRAME : (number + 1) * FRAME]
    assert voice.cut(frames, frames) == b""


def test_a_file_is_mapped_once_until_it_is_another(tmp_path: Path) -> None:
    voices = Voices()
    path = written(tmp_path, b"a" * FRAME)
    first = voices.get(path, Codec.PCMA)
    assert voices.get(path, Codec.PCMA) is first
    assert voices.get(path, Codec.PCMU) is not first
    written(tmp_path, b"b" * FRAME, "new")
    os.replace(tmp_path / "new", path)  # noqa: PTH105
    assert voices.get(path, Codec.PCMA).cut(0, 1) == b"b" * FRAME
    assert first.cut(0, 1) == b"a" * FRAME, "what is being played stays what it was"


def test_the_voice_that_was_asked_for_longest_ago_goes_at_the_bound_with_its_descriptor(tmp_path: Path) -> None:
    voices = Voices(most=2)
    paths = [written(tmp_path, bytes([number]) * FRAME, f"voice-{number}") for number in range(3)]
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    kept = [voices.get(paths[0], Codec.PCMA)]
    voices.get(paths[1], Codec.PCMA)
    voices.get(paths[0], Codec.PCMA)
    voices.get(paths[2], Codec.PCMA)
    assert repr(voices) == "<Voices 2 mapped>"
    assert voices.get(paths[0], Codec.PCMA) is kept[0]
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Voices().get(str(tmp_path / "none"), Codec.PCMA)


def removed_but_open(folder: Path) -> set[str]:
    """Files whose room on the disk we hold though they have no name any more."""
    links = (os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink())  # noqa: PTH115
    found = (Path(link) for link in links if link.endswith(" (deleted)"))
    return {path.name.removesuffix(" (deleted)") for path in found if path.parent == folder}


def until_loaded(voices: Voices, count: int = 1) -> None:
    wait_until(lambda: len(voices._loaded) >= count, f"{count} are loaded")


def test_what_was_loaded_is_found_mapped_in_both_laws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voices = Voices()
    path = written(tmp_path, b"a" * FRAME * 100)
    voices.load({"8": path, "0": path})
    until_loaded(voices, 2)
    monkeypatch.setattr(voice_file, "_map", None)
    assert voices.get(path, Codec.PCMA).cut(0, 1) == b"a" * FRAME
    assert voices.get(path, Codec.PCMU).cut(99, 100) == b"a" * FRAME
    assert repr(voices) == "<Voices 2 mapped>"


def test_loading_what_can_not_be_read_is_nothing_and_what_follows_is_loaded(tmp_path: Path) -> None:
    voices = Voices()
    for path in (str(tmp_path / "none"), "\0", str(tmp_path)):
        voices.load({"8": path})
    path = written(tmp_path, b"")
    voices.load({"8": path})
    until_loaded(voices)
    assert voices.get(path, Codec.PCMA).cut(0, 1) == bytes([Codec.PCMA.silence]) * FRAME
    with pytest.raises(FileNotFoundError):
        voices.get(str(tmp_path / "none"), Codec.PCMA)


def test_what_waits_to_be_loaded_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_file, "MAX_LOADING", 0)
    voices = Voices()
    path = written(tmp_path, b"a" * FRAME)
    voices.load({"8": path})
    assert voices._loader is None
    assert voices.get(path, Codec.PCMA).cut(0, 1) == b"a" * FRAME, "it is read when it is played"


def test_what_is_loaded_and_never_played_is_bounded_with_its_descriptors(tmp_path: Path) -> None:
    """As where a thousand callees are busy, each with a voice of its own."""
    voices = Voices(most=2)
    paths = [written(tmp_path, bytes([number]) * FRAME, f"voice-{number}") for number in range(20)]
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for path in paths:
        voices.load({"8": path})
        until_loaded(voices)
    voices.load({})
    assert repr(voices) == "<Voices 2 mapped>"
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208


def test_what_is_going_to_be_played_again_does_not_go_at_the_bound(tmp_path: Path) -> None:
    """The server tells of it once for hundreds of others, and takes it to be at hand meanwhile."""
    voices = Voices(most=2)
    paths = [written(tmp_path, bytes([number]) * FRAME, f"voice-{number}") for number in range(3)]
    for path in paths[:2]:
        voices.get(path, Codec.PCMA)
    voices.load({"8": paths[0]})
    voices.load({"8": paths[2]})
    until_loaded(voices)
    voices.load({})
    assert [Path(key[0]).name for key in voices._mapped] == ["voice-0", "voice-2"]


def test_a_new_version_under_the_same_path_is_loaded_beside_the_old_one(tmp_path: Path) -> None:
    voices = Voices()
    path = written(tmp_path, b"a" * FRAME)
    first = voices.get(path, Codec.PCMA)
    written(tmp_path, b"b" * FRAME, "new")
    os.replace(tmp_path / "new", path)  # noqa: PTH105
    voices.load({"8": path})
    until_loaded(voices)
    assert voices.get(path, Codec.PCMA).cut(0, 1) == b"b" * FRAME
    assert first.cut(0, 1) == b"a" * FRAME


def test_a_file_that_was_removed_is_let_go_of_and_its_room_on_the_disk_with_it(tmp_path: Path) -> None:
    voices = Voices()
    paths = [written(tmp_path, b"a" * FRAME, f"voice-{number}") for number in range(3)]
    played = voices.get(paths[0], Codec.PCMA)
    for path in paths[1:]:
        voices.get(path, Codec.PCMA)
    for path in paths[:2]:
        os.remove(path)  # noqa: PTH107
    voices.let_go()
    wait_until(lambda: len(voices._removed) == 2, "the files were looked for")
    voices.load({})
    assert repr(voices) == "<Voices 1 mapped>"
    wait_until(lambda: removed_but_open(tmp_path) == {"voice-0"}, "all but the one that is being played are unmapped")
    assert played.cut(0, 1) == b"a" * FRAME


def test_a_stream_plays_what_was_loaded_for_it(tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reserved, phone = bench.phone()
    paths = {"8": written(tmp_path, b"a" * FRAME)}
    bench.do(p.Load(reserved.stream, paths), p.Load(999, paths))
    until_loaded(bench.engine._voices)
    monkeypatch.setattr(voice_file, "_map", None)
    bench.do(p.Play(reserved.stream, paths, False))
    bench.run(0.02)
    assert [packet.payload for packet in phone.heard()] == [b"a" * FRAME]
