import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs

import pytest
import structlog
from sqlalchemy import Connection, select
from tests.waiting import PATIENCE, until

from playvoice.callbacks import CallbackKind, Endpoint, Sender, callbacks, manage, outbox, owe
from playvoice.callbacks import sender as sender_module
from playvoice.callbacks.payloads import to_body, to_text
from playvoice.callbacks.sweeps import Cursor, Reason, Sweep, take_step
from playvoice.callbacks.tables import State
from playvoice.clock import wall_clock
from playvoice.store import Store, StoreUnavailable
from playvoice.web import ConnectFailed, WebResponse

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
URL = "http://receiver.example/cb"
CORRECTED = "http://receiver.example/corrected"
Answer = Callable[[str, bytes, Mapping[str, str]], Awaitable[WebResponse]]


class Web:
    """A web client whose far end is a function."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.posts: list[tuple[str, bytes, dict[str, str]]] = []
        self.answer = answer

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> WebResponse:  # noqa: ASYNC109
        assert timeout == 10
        self.posts.append((url, body, dict(headers)))
        return WebResponse(200, {}, b"") if self.answer is None else await self.answer(url, body, headers)


class Book:
    def __init__(self, endpoint: Endpoint) -> None:
        self.value = endpoint

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint:
        return self.value


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/callbacks.db")
    await opened.write(lambda conn: callbacks.create(conn))
    yield opened
    await opened.close()


class Running:
    """A sender that runs, and ends with the block."""

    def __init__(self, store: Store, web: Web, endpoint: Endpoint | None = None, **options: Any) -> None:
        self.store = store
        self.clock: Callable[[], datetime] = options.get("clock", wall_clock)
        self.book = Book(endpoint or Endpoint(URL, SECRET, "json"))
        self.sender = Sender(store, web, self.book, random=Random(1), **options)

    async def __aenter__(self) -> "Running":
        self.task = asyncio.create_task(self.sender.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sender.stop(grace=0.1)
        await self.task

    async def owe(self, call: str, *payloads: Mapping[str, object]) -> None:
        def fact(conn: Connection) -> None:
            for payload in payloads:
                owe(
                    conn,
                    company_code="2028",
                    call_uuid=call,
                    kind=CallbackKind.STATUS,
                    payload=payload,
                    at=self.clock(),
                )

        await self.store.write(fact)
        self.sender.wake()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self.store.read(delivered)

    async def until_tried(self, attempts: list[int]) -> None:
        """Wait until each callback has been tried so often."""
        async with asyncio.timeout(PATIENCE):
            while [tried for tried, _, _ in await self.store.read(tries)] != attempts:
                pass

    async def until_delivered(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.store.read(delivered) < count:
                pass


def tries(conn: Connection) -> list[tuple[int, State, datetime]]:
    """Of each callback the attempts that counted, what it is, and when it is due."""
    return [
        (row.attempts, State(row.state), row.next_attempt)
        for row in conn.execute(select(callbacks).order_by(callbacks.c.id))
    ]


def delivered(conn: Connection) -> int:
    return len(conn.execute(select(callbacks.c.id).where(callbacks.c.state == State.DELIVERED)).all())


async def test_a_callback_goes_out_as_json_signed_and_in_order(store: Store) -> None:
    web = Web()
    payloads = [{"status": "ring", "组": "销售"}, {"status": "answer"}, {"status": "hangup"}]
    async with Running(store, web) as running:
        await running.owe("c1", *payloads)
        await running.until_delivered(3)
    assert [body for _, body, _ in web.posts] == [to_text(payload).encode() for payload in payloads]
    url, body, headers = web.posts[0]
    assert url == URL
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "c1-1"
    signed = f"c1-1.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60


async def test_a_company_may_have_a_form_with_one_field_detail(store: Store) -> None:
    web = Web()
    async with Running(store, web, Endpoint(URL, SECRET, "form")) as running:
        await running.owe("c1", {"a": "x&y=z 中"})
        await running.until_delivered(1)
    _, body, headers = web.posts[0]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"detail": ['{"a":"x&y=z 中"}']}


async def test_what_was_owed_before_the_start_goes_out_without_a_word(store: Store) -> None:
    web = Web()
    await Running(store, web).owe("c1", {"n": 1})
    async with Running(store, web) as running:
        await running.until_delivered(1)
    assert [headers["webhook-id"] for _, _, headers in web.posts] == ["c1-1"]


async def test_many_calls_are_delivered_and_nothing_is_left_behind(store: Store) -> None:
    web = Web()
    async with Running(store, web) as running:
        for index in range(100):
            await running.owe(f"c{index}", {"n": 1}, {"n": 2})
        await running.until_delivered(200)
        await running.until(lambda: running.sender.idle)
    assert len(web.posts) == 200


async def test_a_failure_is_written_down_and_logged_and_never_a_secret(store: Store) -> None:
    async def answer(url: str, body: bytes, headers: Mapping[str, str]) -> WebResponse:
        raise ConnectFailed("nobody listens at receiver.example port 80")

    with structlog.testing.capture_logs() as logs:
        async with Running(store, Web(answer)) as running:
            await running.owe("c1", {"n": 1})
            await running.until(lambda: bool(logs))
    row = await store.read(lambda conn: conn.execute(select(callbacks)).one())
    assert (row.state, row.attempts, row.failure) == ("pending", 1, "unreachable")
    assert row.last_error == "ConnectFailed: nobody listens at receiver.example port 80"
    assert 5 <= (row.next_attempt - row.attempted_at).total_seconds() <= 5.5
    assert (logs[0]["event"], logs[0]["uuid"]) == ("callback_failed", "c1")
    assert SECRET not in str(logs)


async def test_the_end_of_each_attempt_is_told(store: Store) -> None:
    statuses = iter([500, 410, 200])

    async def answer(url: str, body: bytes, headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(next(statuses), {}, b"")

    told: list[tuple[str, State]] = []
    running = Running(store, Web(answer), on_attempt=lambda company, state: told.append((company, state)))
    async with running:
        for number in range(3):
            await running.owe(f"c{number}", {"n": number})
            await running.until(lambda number=number: len(told) == number + 1)  # type: ignore[misc]
    assert told == [("2028", State.PENDING), ("2028", State.GONE), ("2028", State.DELIVERED)]


async def test_retry_after_of_an_answer_is_heard(store: Store) -> None:
    async def answer(url: str, body: bytes, headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(503, {"retry-after": "600"}, b"")

    web = Web(answer)
    async with Running(store, web) as running:
        await running.owe("c1", {"n": 1})
        await running.until(lambda: bool(web.posts) and running.sender.idle)
    row = await store.read(lambda conn: conn.execute(select(callbacks)).one())
    assert row.last_status == 503
    assert (row.next_attempt - row.attempted_at).total_seconds() == 600


@pytest.mark.parametrize("secret", ["whsec_a b", "nonsense"])
async def test_a_broken_secret_ends_nothing_but_the_attempt(store: Store, secret: str) -> None:
    web = Web()
    async with Running(store, web, Endpoint(URL, secret, "json")) as running:
        await running.owe("c1", {"n": 1})
        with structlog.testing.capture_logs() as logs:
            await running.until(lambda: bool(logs))
    assert web.posts == []


async def test_a_fault_in_the_web_client_is_logged_and_the_sender_goes_on(store: Store) -> None:
    async def answer(url: str, body: bytes, headers: Mapping[str, str]) -> WebResponse:
        if b"1" in body:
            raise RuntimeError("a fault")
        return WebResponse(204, {}, b"")

    with structlog.testing.capture_logs() as logs:
        async with Running(store, Web(answer)) as running:
            await running.owe("c1", {"n": 1})
            await running.owe("c2", {"n": 2})
            await running.until_delivered(1)
    assert "callback_attempt_broke" in [entry["event"] for entry in logs]


async def test_a_body_that_can_not_be_made_holds_up_nothing_but_itself(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(text: str, kind: str) -> tuple[bytes, str]:
        if "1" in text:
            raise RuntimeError("a fault")
        return to_body(text, kind)

    monkeypatch.setattr(sender_module, "to_body", faulty)
    with structlog.testing.capture_logs() as logs:
        async with Running(store, Web()) as running:
            await running.owe("c1", {"n": 1})
            await running.owe("c2", {"n": 2})
            await running.until_delivered(1)
    assert "callback_attempt_broke" in [entry["event"] for entry in logs]


async def test_a_stop_waits_a_little_and_what_it_cuts_off_is_sent_again_with_the_same_id(store: Store) -> None:
    never = asyncio.Event()

    async def hang(url: str, body: bytes, headers: Mapping[str, str]) -> WebResponse:
        await never.wait()
        raise AssertionError("unreachable")

    web = Web(hang)
    async with Running(store, web) as running:
        await running.owe("c1", {"n": 1})
        await running.until(lambda: bool(web.posts))
    web.answer = None
    async with Running(store, web) as running:
        await running.until_delivered(1)
    assert [headers["webhook-id"] for _, _, headers in web.posts] == ["c1-1", "c1-1"]


async def test_a_stop_delivers_what_is_owed_by_then_in_order(store: Store) -> None:
    web = Web()
    running = Running(store, web)
    await running.__aenter__()
    await running.owe("c1", {"n": 1}, {"n": 2}, {"n": 3})
    await running.sender.stop(grace=60)
    await running.task
    assert [json.loads(body)["n"] for _, body, _ in web.posts] == [1, 2, 3]
    assert await store.read(delivered) == 3


async def test_a_stop_writes_down_what_ends_in_the_second_half_of_its_grace_and_begins_nothing_there(
    store: Store,
) -> None:
    going = asyncio.Event()

    async def slow(url: str, body: bytes, headers: Mapping[str, str]) -> WebResponse:
        await going.wait()
        return WebResponse(200, {}, b"")

    web = Web(slow)
    running = Running(store, web)
    await running.__aenter__()
    await running.owe("c1", {"n": 1}, {"n": 2})
    await running.until(lambda: bool(web.posts))
    stopping = asyncio.create_task(running.sender.stop(grace=1.0))
    await until(lambda: running.sender._stopping)
    going.set()
    await stopping
    await running.task
    assert await store.read(delivered) == 1
    assert len(web.posts) == 1


async def test_results_soon_after_a_write_are_written_together_at_the_latest_by_a_stop(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playvoice.callbacks.sender.WRITE_SPACING", 3600.0)
    write, written = store.write, list[int]()

    async def counting(fact: Callable[[Connection], object]) -> object:
        if isinstance(fact, partial) and fact.func is outbox.record:
            written.append(len(fact.keywords["changes"]))
        return await write(fact)

    monkeypatch.setattr(store, "write", counting)
    web = Web()
    async with Running(store, web) as running:
        await running.owe("c0", {"n": 0})
        await running.until_delivered(1)  # the first result waits for nothing
        for number in range(1, 6):
            await running.owe(f"c{number}", {"n": number})
        await running.until(lambda: len(web.posts) == 6)
        assert written == [1]
    assert written == [1, 5]
    assert await store.read(delivered) == 6


async def test_a_sender_that_does_not_run_is_stopped_already(store: Store) -> None:
    await Running(store, Web()).sender.stop()


async def test_a_sender_whose_run_is_cancelled_leaves_no_task(store: Store) -> None:
    never = asyncio.Event()

    async def hang(url: str, body: bytes, headers: Mapping[str, str]) -> WebResponse:
        await never.wait()
        raise AssertionError("unreachable")

    web = Web(hang)
    running = Running(store, web)
    await running.__aenter__()
    await running.owe("c1", {"n": 1})
    await running.until(lambda: bool(web.posts))
    running.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running.task
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_sender_outlasts_a_store_that_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playvoice.callbacks.sender.STORE_PAUSE", 0.01)
    write, failures = store.write, iter([True, True, False])

    async def failing(fact: Callable[[Connection], object]) -> object:
        if next(failures, False):
            raise StoreUnavailable("no room")
        return await write(fact)

    web = Web()
    async with Running(store, web) as running:
        await running.owe("c1", {"n": 1}, {"n": 2})
        monkeypatch.setattr(store, "write", failing)
        await running.until_delivered(2)
    assert len(web.posts) == 2


async def test_what_an_operator_sends_again_goes_out_at_once_under_the_same_id(store: Store) -> None:
    web = Web()
    async with Running(store, web) as running:
        await running.owe("c1", {"status": "ring"})
        await running.until_delivered(1)
        companies = await store.write(lambda conn: manage.send_again(conn, [1], datetime.now(UTC)))
        running.sender.expect(companies)
        await running.until(lambda: len(web.posts) == 2)
        await running.until_delivered(1)
    assert [headers["webhook-id"] for _, _, headers in web.posts] == ["c1-1", "c1-1"]
    assert web.posts[0][1] == web.posts[1][1]


class Wall:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self.set = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.set


async def test_a_clock_that_is_set_back_keeps_nobody_waiting(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playvoice.callbacks.schedule.DELAYS", (timedelta(seconds=0.3),) * 10)
    monkeypatch.setattr("playvoice.callbacks.sender.LOOK_INTERVAL", 0.1)
    wall, refused = Wall(), asyncio.Event()

    async def answer(_url: str, _body: bytes, _headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(200 if refused.is_set() else 500, {}, b"")

    async with Running(store, Web(answer), clock=wall) as running:
        await running.owe("c1", {"n": 1})
        await running.until_tried([1])
        wall.set = timedelta(hours=-1)
        refused.set()
        await running.until_delivered(1)
        await running.owe("c2", {"n": 2})
        await running.until_delivered(2)


async def test_a_clock_that_is_set_back_waits_for_no_failing_address_longer_than_a_second(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playvoice.callbacks.sender.LOOK_INTERVAL", 0.1)
    wall, works = Wall(), False

    async def answer(_url: str, _body: bytes, _headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(200 if works else 500, {}, b"")

    async with Running(store, Web(answer), clock=wall) as running:
        for number in range(10):
            await running.owe(f"c{number}", {"n": number})
        await running.until_tried([1] * 10)
        works, wall.set = True, timedelta(hours=-1)
        await running.owe("fresh", {"n": 11})
        await running.until_delivered(1)


async def test_a_clock_that_is_set_forward_costs_one_attempt_and_not_the_schedule(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playvoice.callbacks.sender.LOOK_INTERVAL", 0.1)
    wall, web = Wall(), Web()

    async def answer(_url: str, _body: bytes, _headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(500, {}, b"")

    web.answer = answer
    async with Running(store, web, clock=wall) as running:
        await running.owe("c1", {"n": 1})
        await running.until(lambda: len(web.posts) == 1)
        wall.set = timedelta(hours=1)
        await running.until_tried([2])
        ((_, state, due),) = await store.read(tries)
        assert state is State.PENDING
        assert due > wall() + timedelta(seconds=30), "by the schedule from there"


async def test_what_was_owed_before_the_clock_was_set_back_goes_out_after_the_next_start(store: Store) -> None:
    async with Running(store, Web()) as running:
        wall = Wall()
        wall.set = timedelta(hours=-1)
        await running.sender.stop()
        await running.owe("c1", {"n": 1})
        async with Running(store, Web(), clock=wall) as again:
            await again.until_delivered(1)


async def test_a_corrected_address_heals_the_backlog_also_where_the_clock_is_set_back_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playvoice.callbacks.schedule.DELAYS", (timedelta(hours=3),) * 10)
    monkeypatch.setattr("playvoice.callbacks.sweeps.DELAYS", (timedelta(),))
    monkeypatch.setattr("playvoice.callbacks.sender.LOOK_INTERVAL", 0.1)
    monkeypatch.setattr("playvoice.callbacks.sender.STORE_PAUSE", 0.01)
    wall, write, status, away = Wall(), store.write, 404, False

    async def answer(_url: str, _body: bytes, _headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(status, {}, b"")

    async def sometimes(fact: Callable[[Connection], object]) -> object:
        if away:
            raise StoreUnavailable("no room")
        return await write(fact)

    async with Running(store, Web(answer), clock=wall) as running:
        await running.owe("c1", {"n": 1})
        await running.until_tried([1])
        monkeypatch.setattr(store, "write", sometimes)
        running.book.value = Endpoint(URL, SECRET, "json", wall())
        status, away = 200, True
        running.sender.moved([("2028", CallbackKind.STATUS)])
        with structlog.testing.capture_logs() as logs:
            wall.set = timedelta(hours=-1)
            await running.until(lambda: "callbacks_clock_set_back" in [line["event"] for line in logs])
        away = False
        await running.until_delivered(1)


async def test_a_corrected_address_heals_the_backlog_also_while_there_is_always_more_to_be_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playvoice.callbacks.outcomes.next_delay", lambda *_, **__: timedelta(hours=10))
    monkeypatch.setattr("playvoice.callbacks.sweeps.DELAYS", (timedelta(),))

    def due(
        conn: Connection, company_code: str, kind: CallbackKind, at: datetime, after: Cursor, most: int
    ) -> tuple[list[outbox.Owed], Cursor | None]:
        if kind is CallbackKind.CDR:
            return [], Cursor(at, 0)
        return read(conn, company_code, kind, at, after, most)

    async def answer(url: str, _body: bytes, _headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(200 if url == CORRECTED else 404, {}, b"")

    read = outbox.due
    monkeypatch.setattr(outbox, "due", due)
    async with Running(store, Web(answer)) as running:
        running.sender.expect(["2028"])
        await running.owe("c1", {})
        await running.until_tried([1])
        running.book.value = Endpoint(CORRECTED, SECRET, "json")
        running.sender.moved([("2028", CallbackKind.STATUS)])
        await running.until_delivered(1)


async def test_a_corrected_address_heals_the_whole_backlog_also_where_the_process_dies_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playvoice.callbacks.outcomes.next_delay", lambda *_, **__: timedelta(hours=10))
    monkeypatch.setattr("playvoice.callbacks.sweeps.DELAYS", (timedelta(),))
    monkeypatch.setattr("playvoice.callbacks.sender.BATCH", 3)
    stepped, url = asyncio.Event(), f"sqlite:///{tmp_path}/callbacks.db"

    async def answer(url: str, _body: bytes, _headers: Mapping[str, str]) -> WebResponse:
        return WebResponse(200 if url == CORRECTED else 404, {}, b"")

    def one_step(conn: Connection, sweep: Sweep, at: datetime, most: int) -> Cursor | None:
        if sweep.reason is Reason.MOVED:  # the first answer of all has begun another one
            if stepped.is_set():
                raise StoreUnavailable("no room")
            stepped.set()
        return take_step(conn, sweep, at, most)

    dying = Store.open(url)
    await dying.write(lambda conn: callbacks.create(conn))
    running = Running(dying, Web(answer))
    await running.__aenter__()
    for number in range(9):
        await running.owe(f"c{number}", {"n": number})
    await running.until_tried([1] * 9)
    running.book.value = Endpoint(CORRECTED, SECRET, "json", wall_clock())
    with monkeypatch.context() as patch:
        patch.setattr("playvoice.callbacks.sender.take_step", one_step)
        running.sender.moved([("2028", CallbackKind.STATUS)])
        await running.until_delivered(3)
        running.task.cancel()
        await asyncio.wait({running.task})
    await dying.close()
    store = Store.open(url)
    assert await store.read(delivered) == 3
    async with Running(store, Web(answer), running.book.value) as again:
        await again.until_delivered(9)
    await store.close()
