"""A process on simulated time: its event loop's clock is a number, and its store commits at once, late or never."""

import asyncio
import heapq
from collections.abc import Callable
from contextvars import Context
from inspect import getclosurevars, isfunction, ismethod
from itertools import count
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Connection

from playvoice.store import Store, StoreUnavailable

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is what `now` says. Whoever runs it never waits for anything but a turn."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.turns = 0
        """Callbacks that were called soon, so far."""
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = count()
        super().__init__()

    def time(self) -> float:
        return self._now()

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.turns += 1
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = super().call_at(when, callback, *args, context=context)
        heapq.heappush(self._timers, (when, next(self._order), handle))
        return handle

    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """Done at once: nothing of a process is on another thread."""
        done = self.create_future()
        done.set_result(func(*args))
        return done

    def next_timer(self) -> float | None:
        """When the next timer is due that is neither over nor cancelled."""
        while self._timers and (self._timers[0][2].cancelled() or self._timers[0][0] <= self.time()):
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def waiting_for(self, name: str) -> set[object]:
        """Whose methods of this name timers will call, under whatever guard."""
        waiting: list[Any] = [handle for at, _, handle in self._timers if at > self.time() and not handle.cancelled()]
        guards = [handle._callback for handle in waiting if isfunction(handle._callback)]
        guarded = [getclosurevars(guard).nonlocals.get("take") for guard in guards]
        return {take.__self__ for take in guarded if ismethod(take) and take.__name__ == name}


class ProcessStore(Store):
    """The store of one process, in the turn of its loop, so that each run gives the same order."""

    away = False
    """Nothing can be stored."""
    in_doubt = False
    """What is stored is said not to be: the database went away between the commit and its answer."""
    dead = False
    """The process is."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._held: list[tuple[Callable[[Connection], Any], asyncio.Future[None]]] | None = None

    async def write(self, fact: Callable[[Connection], T]) -> T:
        await asyncio.sleep(0)
        if self._held is not None:
            its_turn = asyncio.get_running_loop().create_future()
            self._held.append((fact, its_turn))
            await its_turn
        self._must_be_there()
        result = self.write_now(fact)
        if self.in_doubt:
            raise StoreUnavailable("the connection was lost while it committed")
        return result

    async def read(self, query: Callable[[Connection], T]) -> T:
        await asyncio.sleep(0)
        self._must_be_there()
        return self.read_now(query)

    @property
    def is_well(self) -> bool:
        return not (self.away or self.in_doubt or self._held is not None)

    def hold(self) -> None:
        """Let commits wait."""
        if self._held is None:
            self._held = []

    def heal(self) -> None:
        """Let commits go on, those that waited first."""
        self.away = self.in_doubt = False
        held, self._held = self._held, None
        for _, its_turn in held or ():
            if not its_turn.done():
                its_turn.set_result(None)

    def land(self) -> None:
        """Commit what waits, of which the process hears nothing any more."""
        for fact, _ in self._held or ():
            self.write_now(fact)
        self._held = None

    def _must_be_there(self) -> None:
        if self.dead:
            raise AssertionError("a process that has died stores something")
        if self.away:
            raise StoreUnavailable("the disk is full")
