"""A fault of ours in one moment of a call: of all that the call asks of the rooms below, the k-th thing fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from typing import Any

import pytest
from tests.unit.calls.model import Model

from playvoice.calls import running, traces
from playvoice.calls.owners import Ending
from playvoice.media.client import Stream
from playvoice.sip import OutgoingCall


class Fault:
    """Counts what is asked, and raises once, at the `at`-th time; never if that is 0."""

    def __init__(self, error: Exception, at: int = 0) -> None:
        self.error, self.at, self.asked = error, at, 0

    def strike(self) -> None:
        self.asked += 1
        if self.asked == self.at:
            raise self.error

    def before(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """What does the same, if it does not fail."""
        if iscoroutinefunction(work):

            async def later(*arguments: Any, **named: Any) -> Any:
                self.strike()
                return await work(*arguments, **named)

            return later

        def now(*arguments: Any, **named: Any) -> Any:
            self.strike()
            return work(*arguments, **named)

        return now


PLACES: dict[str, Callable[[Model], list[tuple[Any, tuple[str, ...]]]]] = {
    "store": lambda model: [(model.store, ("write",))],
    "streams": lambda model: [(model.house.media, ("reserve",))],
    "media": lambda _model: [(Stream, ("load", "connect", "record", "play", "bridge", "stop_recording"))],
    "sip": lambda _model: [(OutgoingCall, ("send", "ack", "bye", "cancel", "redirect"))],
    "invites": lambda model: [(model.house.wire.agent, ("prepare_invite",))],
    "endings": lambda _model: [(Ending, ("_begin", "_take", "_over"))],
    "trunks": lambda model: [(model.house.routes, ("take", "heard", "failed", "is_silent", "remain", "exist"))],
    "agents": lambda model: [(model.house.parts.agents, ("choose", "wait")), (model.house.groups, ("group", "member"))],
    "recordings": lambda model: [(model.house.recordings, ("raw", "name", "finish"))],
    "voices": lambda model: [(model.house.voices, ("prepare",))],
    "companies": lambda model: [(model.house.companies, ("get",))],
    "who is told": lambda model: [(model.house, ("wake",))],
    "traces": lambda _model: [(traces.CallTrace, ("note", "follow"))],
    "commands": lambda _model: [(running.RunningCall, ("_do",))],
}
"""What can fail: by name, the objects and their methods."""


@contextmanager
def failing(model: Model, place: str, fault: Fault) -> Iterator[None]:
    """Have a place fail as long as this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for target, methods in PLACES[place](model):
            for method in methods:
                patch.setattr(target, method, fault.before(getattr(target, method)))
        yield
