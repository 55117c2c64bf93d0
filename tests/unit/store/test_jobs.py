"""The queue's bound, and how outcomes find their way back."""

import asyncio
from concurrent.futures import Future

import pytest

from playvoice.store.errors import StoreUnavailable
from playvoice.store.jobs import Job, JobQueue


def make_job() -> Job:
    return Job(lambda conn: None, Future())


def test_a_full_queue_refuses_and_says_how_many_wait() -> None:
    queue = JobQueue(2, "facts")
    queue.put(make_job())
    queue.put(make_job())
    with pytest.raises(StoreUnavailable, match="2 facts wait"):
        queue.put(make_job())
    assert len(queue.take(10)) == 2
    queue.put(make_job())


def test_jobs_are_taken_oldest_first_and_no_more_than_asked_for() -> None:
    queue = JobQueue(10, "facts")
    jobs = [make_job() for _ in range(5)]
    for job in jobs:
        queue.put(job)
    assert queue.take(3) == jobs[:3]
    assert queue.take(3) == jobs[3:]


def test_a_closed_queue_gives_out_what_waits_and_then_nothing() -> None:
    queue = JobQueue(10, "facts")
    job = make_job()
    queue.put(job)
    queue.close()
    assert queue.take(10) == [job]
    assert queue.take(10) == []


def test_outcomes_for_a_loop_that_is_closed_are_dropped() -> None:
    loop = asyncio.new_event_loop()
    job = Job(lambda conn: None, loop.create_future(), loop)
    loop.close()
    Job.deliver([job])


async def test_a_batch_of_outcomes_wakes_its_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    wakes = 0
    original = loop.call_soon_threadsafe

    def count(*arguments: object, **keywords: object) -> object:
        nonlocal wakes
        wakes += 1
        return original(*arguments, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_soon_threadsafe", count)
    futures: list[asyncio.Future[None]] = [loop.create_future() for _ in range(50)]
    Job.deliver([Job(lambda conn: None, future, loop) for future in futures])
    assert await asyncio.gather(*futures) == [None] * 50
    assert wakes == 1
