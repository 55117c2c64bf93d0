"""What was kept for long enough goes, kind by kind; what is needed, and what it is told by, stays right."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs
from tests.samples import COMPANY, REQUEST
from tests.unit.calls.rooms import Encoder
from tests.unit.calls.stored import run
from tests.unit.calls.world import LINKS, SETTINGS
from tests.waiting import until

from playvoice import retention
from playvoice.callbacks import CallbackKind, Endpoint, Sender
from playvoice.callbacks.tables import callbacks
from playvoice.calls import ledger, trace_store
from playvoice.calls.archive import Archive
from playvoice.calls.bills import BillQuery, Bills, Sync
from playvoice.calls.errors import RecordingUnknown
from playvoice.calls.ledger import End, Reports, StoredCall
from playvoice.calls.queue import CallQueue
from playvoice.calls.recordings import Recordings
from playvoice.calls.tables import calls
from playvoice.calls.trace_parts import Packed
from playvoice.codes import HangupCause as Cause
from playvoice.config import Config
from playvoice.media.transcoder import Transcoder
from playvoice.retention import Kind, Retention, kinds
from playvoice.store import Store, StoreUnavailable
from playvoice.voices import Voices
from playvoice.web import WebResponse

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Unused:
    """Voices, of which none was downloaded."""

    async def remove_unused(self, before: datetime, most: int) -> int:
        return 0


class Pile:
    """Things of which each look finds so many that are old."""

    def __init__(self, old: int) -> None:
        self.old = old
        self.asked: list[tuple[datetime, int]] = []

    async def remove(self, before: datetime, most: int) -> int:
        self.asked.append((before, most))
        removed = min(self.old, most)
        self.old -= removed
        return removed

    def kind(self, name: str, days: int) -> Kind:
        return Kind(name, timedelta(days=days), self.remove)


def keeping(store: Store, folder: Path, **days: int) -> Retention:
    config = Config.model_validate({"server": {"data_dir": folder}, "retention": days})
    return Retention(kinds(config, store, cast(Voices, Unused())), at_once=2, rest=0)


def limits(**sections: dict[str, int]) -> dict[str, int]:
    config = Config.model_validate(sections)
    return {kind.name: kind.keep.days for kind in kinds(config, cast(Store, None), cast(Voices, Unused()))}


async def ended(store: Store, at: datetime, recording: str = "", **changes: Any) -> StoredCall:
    """A call that ended then, whose record is owed."""
    accepted = await CallQueue(store).accept(replace(REQUEST, **changes), at - timedelta(minutes=1))
    stored = await store.read(lambda conn: ledger.read_call(conn, accepted.uuid))
    assert stored is not None
    end = End(at, at, at, Cause.NORMAL, Cause.CALLEE_HUNG_UP, recordfilename=recording.format(accepted.uuid))
    run(store, lambda conn: Reports(stored, COMPANY, SETTINGS).ended(conn, end))
    return stored


def told(logs: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """The kinds of which some were removed, and how many."""
    return [(line["kind"], line["removed"]) for line in logs if line["event"] == "retention"]


# --- the loop ---------------------------------------------------------------------------------------------------------


async def test_a_few_are_removed_at_once_until_no_more_are_old_and_it_is_told_how_many() -> None:
    many, none, exact = Pile(5), Pile(0), Pile(4)
    kept = [many.kind("many", 30), none.kind("none", 1), exact.kind("exact", 7)]
    with capture_logs() as logs:
        await Retention(kept, at_once=2, rest=0).look(NOW)
    assert many.asked == [(NOW - 30 * DAY, 2)] * 3
    assert none.asked == [(NOW - DAY, 2)]
    assert exact.asked == [(NOW - 7 * DAY, 2)] * 3
    assert sorted(told(logs)) == [("exact", 4), ("many", 5)]


async def test_a_kind_of_which_much_is_old_makes_no_other_wait() -> None:
    """Records that were kept for ever and now are for a month, say, take an hour."""
    order: list[str] = []

    def kind(name: str, old: int) -> Kind:
        pile = Pile(old)

        async def remove(before: datetime, most: int) -> int:
            order.append(name)
            return await pile.remove(before, most)

        return Kind(name, DAY, remove)

    await Retention([kind("many", 6), kind("few", 1), kind("some", 3)], at_once=2, rest=0).look(NOW)
    assert order == ["many", "few", "some", "many", "some", "many", "many"]


async def test_a_look_that_removes_nothing_says_nothing() -> None:
    with capture_logs() as logs:
        await Retention([Pile(0).kind("none", 1)], rest=0).look(NOW)
    assert logs == []


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError("a disk that is gone"), "retention_failed"), (StoreUnavailable("full"), "retention_waits_for_store")],
)
async def test_a_kind_that_can_not_be_removed_is_told_and_keeps_no_other(error: Exception, said: str) -> None:
    async def fail(before: datetime, most: int) -> int:
        raise error

    other = Pile(1)
    with capture_logs() as logs:
        await Retention([Kind("files", DAY, fail), other.kind("others", 1)], rest=0).look(NOW)
    assert [(line["event"], line["kind"]) for line in logs] == [(said, "files"), ("retention", "others")]
    assert other.old == 0


async def test_it_looks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "EVERY", 0)
    pile = Pile(0)
    running = asyncio.create_task(Retention([pile.kind("none", 1)], rest=0).run())
    await until(lambda: len(pile.asked) > 2, "three looks")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# --- the kinds --------------------------------------------------------------------------------------------------------


def test_each_kind_has_its_limit_and_none_goes_before_what_the_contract_promises() -> None:
    assert limits() == {
        "callbacks": 7,
        "callbacks_given_up": 30,
        "tokens": 1,
        "idempotency_keys": 1,
        "downloaded_voices": 30,
        "traces": 7,
        "traces_over_size": 0,
    }
    named = dict.fromkeys(("calls", "callbacks", "tokens", "idempotency_keys", "downloaded_voices", "traces"), 100)
    given_up = {"callbacks_given_up": 100, "recordings": 100, "traces_over_size": 0}
    assert limits(retention=named) == named | given_up


def test_what_may_be_kept_for_ever_is_not_looked_for() -> None:
    for_ever = dict.fromkeys(("calls", "recordings", "callbacks", "downloaded_voices", "traces"), 0)
    assert set(limits(retention=for_ever)) == {"tokens", "idempotency_keys", "traces_over_size"}


@pytest.mark.parametrize(
    ("calls_days", "recordings_days", "kept"), [(0, 7, 7), (30, 7, 7), (7, 0, 7), (7, 30, 7), (7, 7, 7)]
)
def test_no_recording_outlasts_the_record_that_names_it(calls_days: int, recordings_days: int, kept: int) -> None:
    assert limits(retention={"calls": calls_days, "recordings": recordings_days})["recordings"] == kept


@pytest.mark.parametrize(
    ("key", "days"), [("callbacks", 6), ("callbacks", 1), ("tokens", 0), ("idempotency_keys", 0), ("calls", -1)]
)
def test_less_than_the_contract_promises_can_not_be_configured(key: str, days: int) -> None:
    with pytest.raises(ValueError, match=key):
        Config.model_validate({"retention": {key: days}})


# --- all together -----------------------------------------------------------------------------------------------------


async def test_a_record_that_was_removed_is_in_no_bill_and_its_recording_behind_no_link(
    store: Store, tmp_path: Path
) -> None:
    recordings = Recordings(tmp_path / "recordings", cast(Transcoder, Encoder()))
    archive, names = Archive(store, recordings, LINKS), []
    for age in (31 * DAY, 29 * DAY):
        call = await ended(store, NOW - age, "{}.mp3")
        names.append(f"{call.uuid}.mp3")
        recordings.raw(call.uuid).write_bytes(b"\xd5\xd5")
        recordings.finish(call.uuid, names[-1], NOW - age)
    await recordings.encoded()
    with capture_logs() as logs:
        await keeping(store, tmp_path, calls=30).look(NOW)
    assert sorted(told(logs)) == [("calls", 1), ("recordings", 1)]
    bills = Bills(store, public_ip="192.0.2.1", zone=ZoneInfo("UTC"))
    page = await bills.fetch(BillQuery("2028", NOW - 90 * DAY, NOW, sync=Sync.ALL, page_size=100), NOW)
    assert [bill["recordfilename"] for bill in page.bills] == names[1:]
    with pytest.raises(RecordingUnknown):
        await archive.find(names[0])
    assert (await archive.find(names[1])).status is not None


async def test_a_recording_goes_before_its_record_where_it_is_kept_shorter(store: Store, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / "recordings", cast(Transcoder, Encoder()))
    call = await ended(store, NOW - 10 * DAY, "{}.mp3")
    recordings.raw(call.uuid).write_bytes(b"\xd5\xd5")
    recordings.finish(call.uuid, f"{call.uuid}.mp3", NOW - 10 * DAY)
    await recordings.encoded()
    await keeping(store, tmp_path, calls=30, recordings=7).look(NOW)
    with pytest.raises(RecordingUnknown, match="not there any more"):
        await Archive(store, recordings, LINKS).find(f"{call.uuid}.mp3")
    bills = Bills(store, public_ip="192.0.2.1", zone=ZoneInfo("UTC"))
    page = await bills.fetch(BillQuery("2028", NOW - 90 * DAY, NOW, sync=Sync.ALL, page_size=100), NOW)
    assert [bill["recordfilename"] for bill in page.bills] == [f"{call.uuid}.mp3"]


async def test_a_callback_that_is_owed_stays_however_old_and_is_sent_without_its_record(
    store: Store, tmp_path: Path
) -> None:
    call, posts = await ended(store, NOW - 400 * DAY), asyncio.Queue[bytes]()

    class Web:
        async def post(self, url: str, body: bytes, headers: object, *, timeout: float) -> WebResponse:  # noqa: ASYNC109
            posts.put_nowait(body)
            return WebResponse(200, {}, b"")

    class Book:
        def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint:
            return Endpoint("http://receiver.example/cdr", None, "json")

    await keeping(store, tmp_path, calls=1).look(NOW)
    assert store.read_now(lambda conn: conn.execute(select(func.count()).select_from(calls)).scalar_one()) == 0
    sender = Sender(store, Web(), Book(), random=Random(1))
    sending = asyncio.create_task(sender.run())
    async with asyncio.timeout(10):
        assert call.uuid.encode() in await posts.get()
    await sender.stop()
    await sending
    await keeping(store, tmp_path, calls=1).look(datetime.now(UTC) + 6 * DAY)
    owed: Callable[[], object] = lambda: store.read_now(lambda conn: conn.execute(select(callbacks.c.state)).all())  # noqa: E731
    assert owed() == [("delivered",)]
    await keeping(store, tmp_path, calls=1).look(datetime.now(UTC) + 8 * DAY)
    assert owed() == []


async def test_traces_go_by_age_and_by_size_and_all_of_them_where_none_are_kept(store: Store, tmp_path: Path) -> None:
    half = trace_store.MEGABYTE // 2

    def keep(*ages: timedelta) -> None:
        parts = [Packed("call", NOW - age, bytes(half), lambda: None) for age in ages]
        run(store, lambda conn: trace_store.keep(conn, parts))

    def look(megabytes: int) -> Retention:
        config = Config.model_validate({"server": {"data_dir": tmp_path}, "trace": {"max_megabytes": megabytes}})
        return Retention(kinds(config, store, cast(Voices, Unused())), at_once=2, rest=0)

    keep(8 * DAY, 7 * DAY)
    await look(100).look(NOW)
    assert store.read_now(trace_store.size) == half
    keep(*[DAY] * 6)
    await look(1).look(NOW)
    assert store.read_now(trace_store.size) == 2 * half
    await look(0).look(NOW)
    assert store.read_now(trace_store.size) == 0
