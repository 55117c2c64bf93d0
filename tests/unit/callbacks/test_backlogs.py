"""Backlogs in a world whose memory is tiny: nearly all waits in the store, and every bound is met all the time."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select
from tests.unit.callbacks.world import OK, REFUSED, SILENT, START, Book, World

from playvoice.callbacks.manage import send_again
from playvoice.callbacks.outcomes import Answered, Outcome
from playvoice.callbacks.sweeps import Cursor
from playvoice.callbacks.tables import CallbackKind, callbacks

STATUS, CDR = CallbackKind
COMPANIES = ("1", "2", "3")
URLS = ("http://a.example/", "http://b.example/", "http://c.example/", "http://d.example/")
LATER = Answered(503, timedelta(hours=1))
BOUNDS = {
    "lanes.MAX_CALLS": 12,
    "lanes.MAX_CALLS_OF_LANE": 6,
    "lanes.MAX_CALLBACKS": 20,
    "lanes.FEWEST_CALLS": 4,
    "lanes.REFILL_BELOW": 2,
    "lanes.REFILL_CALLS": 3,
    "lanes.WAITING_FOR_FAILING": 1,
    "deliveries.WAITING_FOR_FAILING": 1,
    "addresses.MAX_AT_ONCE": 2,
    "addresses.FAILING_AT": 3,
    "outbox.MOST_READ": 6,
    "outbox.CALLS_AT_ONCE": 2,
    "outbox.LOOKED_AT": 3,
}


class Chance:
    """What happens to three companies and four receivers, as a seed has it."""

    def __init__(self, conn: Connection, seed: int) -> None:
        self.random = random.Random(seed)
        self.outcomes: dict[str, list[Outcome]] = {url: [OK] for url in URLS}
        urls = {(code, kind): self.random.choice(URLS) for code in COMPANIES for kind in CallbackKind}
        self.world = World(
            conn, Book(urls), lambda attempt, at: self.random.choice(self.outcomes[attempt.endpoint.url])
        )
        self.calls = 0

    def owe(self) -> None:
        for _ in range(self.random.randrange(1, 8)):
            self.calls += 1
            company = self.random.choice(COMPANIES)
            for what in ("ring", "hangup")[: self.random.randrange(3)]:
                self.world.owe(f"c{self.calls}", what, STATUS, company)
            self.world.owe(f"c{self.calls}", "record", CDR, company)

    def change_receiver(self) -> None:
        url = self.random.choice(URLS)
        self.outcomes[url] = self.random.choice([[OK], [REFUSED], [SILENT], [OK, REFUSED, SILENT, LATER]])
        self.world.flights[url] = timedelta(seconds=self.random.choice([0.01, 0.5, 3, 10]))

    def move(self) -> None:
        company, kind = self.random.choice(COMPANIES), self.random.choice(list(CallbackKind))
        self.world.book.urls[company, kind] = self.random.choice(URLS)
        self.world.deliveries.moved(company, kind, self.world.at)

    def send_again(self) -> None:
        numbers = self.world.conn.scalars(select(callbacks.c.id)).all()
        if numbers:
            some = [self.random.choice(numbers) for _ in range(3)]
            self.world.deliveries.expect(send_again(self.world.conn, some, self.world.at))

    def step(self) -> None:
        self.world.step()

    def run(self) -> None:
        self.world.run(self.world.at - START + timedelta(seconds=self.random.choice([1, 10, 100, 1_000, 8_000])))
        assert_nothing_is_forgotten(self.world)


def assert_nothing_is_forgotten(world: World) -> None:
    """What is pending is under way with its call, or the store will be asked for it by the time that it is due."""
    lanes = world.deliveries._lanes
    for row in world.conn.execute(select(callbacks).where(callbacks.c.next_attempt.is_not(None))):
        owed = world.deliveries._owed.get(row.id)
        if owed is not None and (owed.due <= row.next_attempt or row.id in world.deliveries._calls[row.call_uuid].busy):
            continue
        ask = lanes._lanes[row.company_code].asks[CallbackKind(row.kind)]
        assert ask.after < Cursor(row.next_attempt, row.id)
        assert ask.when <= max(row.next_attempt, world.at)
        assert not ask.waits or lanes._lanes[row.company_code].calls, "nothing will leave and make room"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_nothing_is_forgotten_and_all_is_delivered_when_everybody_answers(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for name, bound in BOUNDS.items():
        monkeypatch.setattr(f"playvoice.callbacks.{name}", bound)
    chance = Chance(conn, seed)
    world = chance.world
    often: list[Callable[[], None]] = [chance.owe, chance.step, chance.run]
    seldom = [chance.change_receiver, chance.move, chance.send_again, world.restart]
    for _ in range(80):
        chance.random.choice([*often, *often, *seldom])()
    chance.outcomes = {url: [OK] for url in URLS}
    world.run(world.at - START + timedelta(days=2))
    assert not conn.execute(select(callbacks.c.id).where(callbacks.c.next_attempt.is_not(None))).all()
    assert world.deliveries.idle
    assert len(world.deliveries._lanes) == 0
