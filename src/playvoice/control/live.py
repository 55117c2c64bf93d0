"""The commands about what runs now: only a running server can carry them out."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from playvoice import __version__
from playvoice.callbacks import Sender, manage
from playvoice.calls.agents import Agents
from playvoice.calls.conductor import Conductor
from playvoice.calls.ledger import read_call
from playvoice.calls.owners import Owners
from playvoice.calls.trace_parts import Note
from playvoice.calls.traces import Traces
from playvoice.calls.views import AgentView, CallView
from playvoice.calls.waiting import Waiting
from playvoice.control.errors import CommandFailed
from playvoice.control.notes import done
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms
from playvoice.media.supervisor import MediaSupervisor
from playvoice.sip import UserAgent

MOST_AGENTS = 100
"""Agents that an overview shows."""
MOST_NOTES = 1_000
"""Notes of a call that wait for an operator who does not read; more are left out."""
LOOK_AGAIN = 1.0
"""Seconds without a note after which it is looked whether the call is still there."""
LAST_NOTES = frozenset({"call_ended", "call_abandoned"})
OWED_EVERY = 5.0
"""Seconds between two counts of what callbacks are owed."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a running server has beside its rooms."""

    conductor: Conductor
    waiting: Waiting
    agents: Agents
    sender: Sender
    media: MediaSupervisor
    traces: Traces
    owners: Owners
    agent: UserAgent
    http: str
    """HOST:PORT of the API."""
    clock: Callable[[], float] = time.monotonic
    started_at: datetime = dataclasses.field(default_factory=lambda: datetime.now(UTC))


class OneCall(Arguments):
    """A call by its uuid."""

    uuid: str


class Pace(Arguments):
    """Seconds between two looks."""

    every: float = Field(default=1.0, ge=0.2, le=60)


def live_commands(rooms: Rooms, live: Live) -> list[Command[Any]]:
    """Return the commands `call.list`, `call.follow`, `call.hangup`, `status` and `top`."""

    async def list_calls(_asked: Arguments, _tell: Tell) -> object:
        return [_plain(view) for view in live.conductor.views()]

    async def hang_up(asked: OneCall, _tell: Tell) -> object:
        if not await live.conductor.hang_up(asked.uuid):
            raise CommandFailed(f"no call {asked.uuid} waits or runs")
        return done(f"call {asked.uuid} was hung up")

    async def status(_asked: Arguments, _tell: Tell) -> object:
        return _overview(rooms, live, await _owed(rooms))

    async def top(asked: Pace, tell: Tell) -> object:
        owed, counted_at = await _owed(rooms), live.clock()
        while True:
            await tell(_overview(rooms, live, owed))
            await asyncio.sleep(asked.every)
            if live.clock() - counted_at >= OWED_EVERY:
                owed, counted_at = await _owed(rooms), live.clock()

    async def follow(asked: OneCall, tell: Tell) -> object:
        notes: asyncio.Queue[Note] = asyncio.Queue(MOST_NOTES)

        def watch(note: Note) -> None:
            if not notes.full():
                notes.put_nowait(note)

        uuid = asked.uuid
        if not live.conductor.has(uuid) and not live.traces.is_traced(uuid):
            known = await rooms.store.read(lambda conn: read_call(conn, uuid))
            if known is None:
                raise CommandFailed(f"there is no call {uuid}")
            raise CommandFailed(f"call {uuid} has ended already; its story: playvoice trace {uuid}")
        for note in live.traces.watch(uuid, watch):
            notes.put_nowait(note)
        try:
            while True:
                try:
                    async with asyncio.timeout(LOOK_AGAIN):
                        note = await notes.get()
                except TimeoutError:
                    if live.conductor.has(uuid):
                        continue
                    break
                await tell({"at": note.at.isoformat(), "event": note.event, "values": dict(note.values)})
                if note.event in LAST_NOTES:
                    break
        finally:
            live.traces.unwatch(uuid, watch)
        return {"ended": True}

    return [
        Command("call.list", Arguments, list_calls),
        Command("call.follow", OneCall, follow, tells=True),
        Command("call.hangup", OneCall, hang_up),
        Command("status", Arguments, status),
        Command("top", Pace, top, tells=True),
    ]


async def _owed(rooms: Rooms) -> dict[str, int]:
    backlogs = await rooms.store.read(manage.backlogs)
    return {each.code: backlogs[each.code].count if each.code in backlogs else 0 for each in rooms.companies}


def _overview(rooms: Rooms, live: Live, owed: dict[str, int]) -> dict[str, Any]:
    """All that a page shows of a server at one moment."""
    calls = live.conductor.views()
    states: dict[str, int] = {}
    for call in calls:
        states[call.state] = states.get(call.state, 0) + 1
    pace = live.media.pace
    return {
        "version": __version__,
        "http": live.http,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "started_at": live.started_at.isoformat(timespec="seconds"),
        "calls": {"running": len(calls), "by_state": states, "latest": [_plain(call) for call in calls[-20:]]},
        "waiting": live.waiting.counts(),
        "waiting_for": live.conductor.hold_ups,
        "trunks": [dataclasses.asdict(view) for view in rooms.lines.trunks.views(live.clock())],
        "agents": [dataclasses.asdict(view) for view in _agents(rooms, live.agents.taken, calls)],
        "agents_in_all": len(rooms.lines.extensions),
        "customers_waiting_for_agents": [
            {"company": company, "group": group, "customers": customers}
            for (company, group), customers in sorted(live.agents.customers.items())
        ],
        "callbacks": {"owed": owed, "counted_up_to": manage.COUNTED, "under_way": live.sender.under_way},
        "media": {
            "streams": live.media.streams,
            "capacity": live.media.capacity,
            "tick_ms": None if pace is None or not live.media.streams else pace.longest_us / 1000,
            "late_ticks": None if pace is None or not live.media.streams else pace.late,
        },
        "held": _held(live),
    }


def _held(live: Live) -> dict[str, int]:
    """What calls take and have to give back: whether all of it comes back is for whoever counts before and after."""
    return {
        "tasks": len(asyncio.all_tasks()),
        "dialogs": len(live.agent.dialogs),
        "invites": live.agent.dialogs.invites,
        "transactions": live.agent.core.transaction_count,
        "timers": live.agent.core.timer_count,
        "sip_calls": len(live.owners),
        "followed_legs": live.traces.followed,
        "trace_octets": live.traces.held,
    }


def _agents(rooms: Rooms, taken: frozenset[str], calls: list[CallView]) -> list[AgentView]:
    """The extensions, those at work first, with what each does."""
    at_work = {agent: call for call in calls for agent in call.agents}
    views = []
    busy = at_work.keys() | taken
    for extension in sorted(rooms.lines.extensions, key=lambda each: each.number not in busy)[:MOST_AGENTS]:
        call, phones = at_work.get(extension.number), len(rooms.lines.contacts(extension.number))
        if not extension.enabled:
            state = "disabled"
        elif call is not None and call.state == "talking":
            state = "talking"
        elif call is not None or extension.number in taken:
            state = "ringing"
        else:
            state = "idle" if phones else "offline"
        uuid = "" if call is None else call.uuid
        views.append(AgentView(extension.number, extension.company_code, state, phones, uuid))
    return views


def _plain(call: CallView) -> dict[str, Any]:
    return {
        name: value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(call).items()
    }
