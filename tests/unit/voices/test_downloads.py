"""Voices by URL: when they are asked for again, what many calls at once cost, and where the bounds are."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.voices.conftest import BOTH_DATABASES, FakeDecoder, FakeWeb, Page, after, octets

from playvoice.media.decoded import DecodeError, DecodeReason
from playvoice.store import Store
from playvoice.voices import Voice, VoiceKind, VoiceRef, Voices, VoiceUnavailable, downloads, full_url
from playvoice.web import AddressRefused, BadAnswer

URL = "http://wwww.baidu.com/test.mp3"


@pytest.fixture
def voices(make_voices: Callable[..., Voices]) -> Voices:
    return make_voices()


async def prepare(voices: Voices, seconds: float = 0, url: str = URL) -> Voice:
    return await voices.prepare("2028", VoiceRef(VoiceKind.URL, url), after(seconds))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("wwww.baidu.com/test.mp3", "http://wwww.baidu.com/test.mp3"),
        (" wwww.baidu.com/test.mp3 ", "http://wwww.baidu.com/test.mp3"),
        ("https://example.com/a.wav", "https://example.com/a.wav"),
        ("HTTP://example.com/a.wav", "HTTP://example.com/a.wav"),
        ("localhost:8080/a.wav", "http://localhost:8080/a.wav"),
        ("example.com/a?next=http://b", "http://example.com/a?next=http://b"),
        ("ftp://example.com/a.wav", "ftp://example.com/a.wav"),
    ],
)
def test_a_text_without_a_scheme_gets_that_of_the_web(text: str, url: str) -> None:
    assert full_url(text) == url


def test_the_url_of_the_customers_sample_is_understood(voices: Voices) -> None:
    assert voices.check_url("wwww.baidu.com/test.mp3") == URL


@pytest.mark.parametrize(
    "text", ["", "http://", "ftp://example.com/a", "127.0.0.1/a.wav", "0x7f.1/a", "2130706433/a", "[::1]/a", "a b/c"]
)
def test_a_malformed_url_and_a_private_address_are_refused_at_once(voices: Voices, text: str, web: FakeWeb) -> None:
    with pytest.raises(AddressRefused):
        voices.check_url(text)
    assert web.asked == []


async def test_a_download_is_decoded_and_its_source_is_not_kept(voices: Voices, web: FakeWeb, tmp_path: Path) -> None:
    voice = await prepare(voices, url="wwww.baidu.com/test.mp3")
    assert octets(dict(voice.files)) == b"voice"
    assert web.asked == [(URL, None, None)]
    shelf = tmp_path / "data" / "voices" / "downloads"
    assert sorted(shelf.iterdir()) == sorted(voice.files.values())


@pytest.mark.parametrize("page", [Page(etag='"1"'), Page(last_modified="Thu, 01 Jan 2026 00:00:00 GMT")])
async def test_with_a_validator_it_is_asked_again_after_60_s_and_kept_if_it_is_the_same(
    voices: Voices, web: FakeWeb, decoder: FakeDecoder, page: Page
) -> None:
    web.pages[URL] = page
    first = await prepare(voices)
    assert await prepare(voices, 59.9) == first
    assert len(web.asked) == 1
    assert await prepare(voices, 60) == first
    assert web.asked[1:] == [(URL, page.etag, page.last_modified)]
    # The answer counts from the second question on.
    assert await prepare(voices, 119.9) == first
    assert len(web.asked) == 2
    assert len(decoder.decoded) == 1


async def test_what_has_changed_is_decoded_anew_and_the_old_version_stays_until_it_is_given_back(
    voices: Voices, web: FakeWeb
) -> None:
    web.pages[URL] = Page(b"old", etag='"1"')
    first = await prepare(voices)
    web.pages[URL] = Page(b"new", etag='"2"')
    second = await prepare(voices, 60)
    assert octets(dict(second.files)) == b"new"
    assert octets(dict(first.files)) == b"old"
    await prepare(voices, 60 + 7 * 86_400)
    assert octets(dict(first.files)) == b"old", "a call may wait for a week"
    first.give_back()
    assert not any(path.exists() for path in first.files.values())
    assert octets(dict(second.files)) == b"new"


async def test_without_a_validator_it_is_downloaded_again_after_10_minutes(voices: Voices, web: FakeWeb) -> None:
    await prepare(voices)
    web.pages[URL].content = b"new"
    assert octets(dict((await prepare(voices, 599.9)).files)) == b"voice"
    assert octets(dict((await prepare(voices, 600)).files)) == b"new"
    assert web.asked == [(URL, None, None)] * 2


async def test_many_calls_at_once_cause_one_download(voices: Voices, web: FakeWeb, decoder: FakeDecoder) -> None:
    found = await asyncio.gather(*(prepare(voices) for _ in range(100)))
    assert len(set(map(repr, found))) == 1
    assert (len(web.asked), len(decoder.decoded)) == (1, 1)


def passes(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have the loop's clock stand so many seconds further."""
    loop = asyncio.get_running_loop()
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + seconds)


async def test_a_failure_fails_all_that_wait_and_who_comes_in_the_next_seconds(
    voices: Voices, web: FakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages[URL] = Page(error=BadAnswer("http://wwww.baidu.com/test.mp3 answered with status 404", 404))
    outcomes = await asyncio.gather(*(prepare(voices) for _ in range(10)), return_exceptions=True)
    assert all(isinstance(o, VoiceUnavailable) and "status 404" in o.reason for o in outcomes)
    web.pages[URL] = Page()
    with pytest.raises(VoiceUnavailable, match="status 404"):
        await prepare(voices)
    assert len(web.asked) == 1
    await prepare(voices, url="http://example.com/another")
    passes(monkeypatch, 5)
    assert octets(dict((await prepare(voices)).files)) == b"voice"


async def test_only_so_many_failures_are_remembered(
    voices: Voices, web: FakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_FAILED", 2)
    for n in range(3):
        web.pages[f"http://example.com/{n}"] = Page(error=BadAnswer("status 404", 404))
        with pytest.raises(VoiceUnavailable):
            await prepare(voices, url=f"http://example.com/{n}")
    for n in (1, 2, 0):
        with pytest.raises(VoiceUnavailable):
            await prepare(voices, url=f"http://example.com/{n}")
    assert [url for url, *_ in web.asked[3:]] == ["http://example.com/0"]


async def test_what_fails_for_a_fault_of_ours_is_tried_again_at_once(
    voices: Voices, web: FakeWeb, decoder: FakeDecoder
) -> None:
    decoder.error = DecodeError(DecodeReason.FAILED, "its process ended with status -11")
    with pytest.raises(VoiceUnavailable, match="status -11"):
        await prepare(voices)
    decoder.error = None
    assert octets(dict((await prepare(voices)).files)) == b"voice"


async def test_a_failed_question_fails_the_call_and_the_next_one_is_still_conditional(
    voices: Voices, web: FakeWeb, decoder: FakeDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages[URL] = Page(etag='"1"')
    first = await prepare(voices)
    web.pages[URL].error = BadAnswer("status 503", 503)
    with pytest.raises(VoiceUnavailable, match="503"):
        await prepare(voices, 61)
    web.pages[URL].error = None
    passes(monkeypatch, 5)
    assert await prepare(voices, 62) == first
    assert web.asked[-1] == (URL, '"1"', None)
    assert len(decoder.decoded) == 1


async def test_what_is_not_audio_is_not_kept(
    voices: Voices, web: FakeWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages[URL] = Page(b"not audio", etag='"1"')
    for _ in range(2):
        with pytest.raises(VoiceUnavailable, match=r"http://wwww\.baidu\.com/test\.mp3 can't be played: .* no audio"):
            await prepare(voices)
        passes(monkeypatch, 5)
    assert len(web.asked) == 2
    assert list((tmp_path / "data" / "voices" / "downloads").iterdir()) == []


@BOTH_DATABASES
async def test_downloads_outlive_a_restart_with_their_validators(
    make_voices: Callable[..., Voices], web: FakeWeb, tmp_path: Path
) -> None:
    web.pages[URL] = Page(etag='"1"', last_modified="Thu")
    first = await prepare(make_voices())
    (tmp_path / "data" / "voices" / "downloads" / "half.download").write_bytes(b"half")
    restarted = make_voices()
    assert await prepare(restarted, 30) == first
    assert await prepare(restarted, 90) == first
    assert web.asked == [(URL, None, None), (URL, '"1"', "Thu")]
    assert not (tmp_path / "data" / "voices" / "downloads" / "half.download").exists()


async def test_files_that_somebody_removed_are_downloaded_again_without_condition(voices: Voices, web: FakeWeb) -> None:
    web.pages[URL] = Page(etag='"1"')
    voice = await prepare(voices)
    for path in voice.files.values():
        path.unlink()
    assert octets(dict((await prepare(voices, 1)).files)) == b"voice"
    assert web.asked == [(URL, None, None)] * 2


async def test_a_clock_that_was_set_back_makes_nothing_fresh_for_ever(voices: Voices, web: FakeWeb) -> None:
    await prepare(voices, 1000)
    await prepare(voices, 0)
    assert len(web.asked) == 2


async def test_servers_that_never_answer_hold_nobody_else_up(voices: Voices, web: FakeWeb) -> None:
    stalled = [f"http://example.com/{n}" for n in range(50)]
    web.held = {url: asyncio.Event() for url in stalled}
    waiting = [asyncio.create_task(prepare(voices, url=url)) for url in stalled]
    async with asyncio.timeout(10):
        await web.holding.wait()
        assert octets(dict((await prepare(voices, url="http://example.com/there")).files)) == b"voice"
    for event in web.held.values():
        event.set()
    await asyncio.gather(*waiting)


@BOTH_DATABASES
@pytest.mark.parametrize("bound", [{"kept": 3}, {"kept_octets": 54}])
async def test_at_the_bound_the_voice_that_was_not_used_for_longest_goes(
    make_voices: Callable[..., Voices], bound: dict[str, int], tmp_path: Path
) -> None:
    voices = make_voices(**bound)
    lent = [await prepare(voices, n, url=f"http://example.com/{n}") for n in range(3)]
    for voice in lent:
        voice.give_back()
    first = await prepare(voices, 100, url="http://example.com/0")
    new = await prepare(voices, 101, url="http://example.com/new")
    assert all(path.exists() for path in first.files.values()), "it was used after the others"
    shelf = tmp_path / "data" / "voices" / "downloads"
    assert len(list(shelf.iterdir())) == 6
    assert all(path.exists() for path in new.files.values())
    # The store has forgotten it too: a start finds no row without files, and no file without a row.
    make_voices(**bound)
    assert len(list(shelf.iterdir())) == 6


async def test_while_all_that_is_kept_is_to_be_played_a_new_one_can_not_be_had(
    make_voices: Callable[..., Voices], web: FakeWeb
) -> None:
    voices = make_voices(kept=2)
    first = await prepare(voices, 0, url="http://example.com/0")
    await prepare(voices, 1, url="http://example.com/1")
    with pytest.raises(VoiceUnavailable, match="no room"):
        await prepare(voices, 7 * 86_400, url="http://example.com/2")
    # A new version of one that is kept has its place.
    web.pages["http://example.com/0"].content = b"new"
    again = await prepare(voices, 700, url="http://example.com/0")
    assert octets(dict(again.files)) == b"new"
    first.give_back()
    again.give_back()
    assert octets(dict((await prepare(voices, 701, url="http://example.com/2")).files)) == b"voice"
    assert not any(path.exists() for path in (*first.files.values(), *again.files.values()))


async def test_many_more_voices_than_are_kept_can_be_played_one_after_the_other(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    """As where each call has a text of its own, spoken behind a URL of its own."""
    voices = make_voices(kept=3)
    for n in range(50):
        voice = await prepare(voices, 0, url=f"http://example.com/{n}")
        assert octets(dict(voice.files)) == b"voice"
        voice.give_back()
    assert len(list((tmp_path / "data" / "voices" / "downloads").iterdir())) == 6


async def test_what_is_being_asked_for_again_is_not_evicted_meanwhile(
    make_voices: Callable[..., Voices], web: FakeWeb
) -> None:
    web.pages[URL] = Page(etag='"1"')
    voices = make_voices(kept=1)
    (await prepare(voices)).give_back()
    web.held[URL] = asyncio.Event()
    asking = asyncio.create_task(prepare(voices, 60))
    await web.holding.wait()
    with pytest.raises(VoiceUnavailable, match="no room"):
        await prepare(voices, 61, url="http://example.com/new")
    web.held[URL].set()
    assert octets(dict((await asking).files)) == b"voice"


async def test_who_stops_waiting_leaves_the_download_to_the_others(
    voices: Voices, web: FakeWeb, decoder: FakeDecoder
) -> None:
    decoder.gate.clear()
    one, other = (asyncio.create_task(prepare(voices)) for _ in range(2))
    await decoder.began.wait()
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    decoder.gate.set()
    assert octets(dict((await other).files)) == b"voice"
    assert len(web.asked) == 1


async def test_a_store_that_can_not_be_written_fails_no_call(voices: Voices, store: Store) -> None:
    await asyncio.to_thread(store.close_now)
    assert octets(dict((await prepare(voices)).files)) == b"voice"
    assert octets(dict((await prepare(voices, 1)).files)) == b"voice"


@BOTH_DATABASES
async def test_what_was_not_used_since_a_time_is_removed_a_few_at_once_the_oldest_first(
    make_voices: Callable[..., Voices], tmp_path: Path
) -> None:
    voices, day = make_voices(), 86_400
    for number in range(4):
        (await prepare(voices, number * day, url=f"http://example.com/{number}")).give_back()
    (await prepare(voices, 3 * day + 1, url="http://example.com/0")).give_back()
    border = 2 * day + downloads.FRESH_WITHOUT.total_seconds()
    assert await voices.remove_unused(after(border), 1) == 1
    assert await voices.remove_unused(after(border), 10) == 0, "the next one was used at that time, or later"
    assert await voices.remove_unused(after(border + 1), 10) == 1
    shelf = tmp_path / "data" / "voices" / "downloads"
    assert len(list(shelf.iterdir())) == 4
    make_voices()  # the store has forgotten them, too
    assert len(list(shelf.iterdir())) == 4


async def test_what_a_call_is_going_to_play_is_not_removed_however_old_and_hides_none_behind_it(
    voices: Voices,
) -> None:
    lent = await prepare(voices, 0)
    (await prepare(voices, 1, url="http://example.com/other")).give_back()
    assert await voices.remove_unused(after(10 * 86_400), 1) == 1
    assert all(path.exists() for path in lent.files.values())
    lent.give_back()
    assert await voices.remove_unused(after(10 * 86_400), 1) == 1
    assert not any(path.exists() for path in lent.files.values())


async def test_what_is_being_asked_for_again_is_not_removed_meanwhile(voices: Voices, web: FakeWeb) -> None:
    web.pages[URL] = Page(etag='"1"')
    (await prepare(voices)).give_back()
    web.held[URL] = asyncio.Event()
    asking = asyncio.create_task(prepare(voices, 10 * 86_400))
    await web.holding.wait()
    assert await voices.remove_unused(after(10 * 86_400), 10) == 0
    web.held[URL].set()
    assert octets(dict((await asking).files)) == b"voice"
