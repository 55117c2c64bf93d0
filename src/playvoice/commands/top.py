"""The page of `playvoice top`: one look at a server as a terminal shows it."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

_STATES = ("dialling", "ringing", "playing", "waiting", "transferring", "talking")
_WIDTHS = {"call": 36}
"""A uuid is copied to other commands: what stands beside it is cut first."""
_COLOURS = {"up": "green", "down": "red", "talking": "green", "ringing": "yellow", "idle": "cyan", "offline": "dim"}


def follow(looks: Iterator[Any], zone: tzinfo) -> None:
    """Show each look in place of the last until the server or the operator leaves."""
    console = Console(highlight=False)
    try:
        if not console.is_terminal:
            for look in looks:
                console.print(page(look, zone))
            return
        with Live(console=console, screen=True, auto_refresh=False) as live:
            for look in looks:
                live.update(page(look, zone), refresh=True)
    except KeyboardInterrupt:
        pass


def page(look: dict[str, Any], zone: tzinfo) -> RenderableType:
    """Return the page of one look, at the time of day in this zone."""
    return Group(*_head(look, zone), Text(), _trunks(look), Text(), _agents(look), Text(), _calls(look))


def _head(look: dict[str, Any], zone: tzinfo) -> Iterator[Text]:
    at, started = (datetime.fromisoformat(look[name]) for name in ("at", "started_at"))
    up = str(at - started).partition(".")[0]
    yield Text(f"playvoice {look['version']}  {at.astimezone(zone):%H:%M:%S}  up {up}", style="bold")
    calls, states = look["calls"], look["calls"]["by_state"]
    by_state = "  ".join(f"{name} {states.get(name, 0)}" for name in _STATES)
    yield Text(f"calls      {calls['running']} running:  {by_state}")
    waiting = look["waiting"]
    yield Text(f"queue      {sum(waiting.values())} wait to be dialled{_of(waiting)}")
    for company, reason in list(look["waiting_for"].items())[:5]:
        yield Text(f"           the next one of {company} waits: {reason}", style="yellow")
    for each in look["customers_waiting_for_agents"]:
        yield Text(f"           {each['customers']} customers wait for group {each['group']} of {each['company']}")
    owed, most = look["callbacks"]["owed"], look["callbacks"]["counted_up_to"]
    more = "+" if any(count >= most for count in owed.values()) else ""
    under_way = look["callbacks"]["under_way"]
    yield Text(f"callbacks  {sum(owed.values())}{more} owed, {under_way} under way{_of(owed)}")
    media = look["media"]
    tick = "no stream" if media["tick_ms"] is None else f"tick {media['tick_ms']:.1f} of 5 ms"
    late = f", {media['late_ticks']} late" if media["late_ticks"] else ""
    yield Text(f"media      {media['streams']} of {media['capacity']} streams, {tick}{late}")


def _of(counts: dict[str, int]) -> str:
    """The companies that have the most, where there is more than one."""
    most = sorted(((count, code) for code, count in counts.items() if count), reverse=True)[:5]
    return f"  ({', '.join(f'{code}: {count}' for count, code in most)})" if len(counts) > 1 and most else ""


def _trunks(look: dict[str, Any]) -> RenderableType:
    table = _table("trunk", "calls", "OPTIONS", "registered", "begun", "failed", "addresses")
    for trunk in look["trunks"]:
        registered = {None: "-", True: "yes", False: "no"}[trunk["registered"]]
        table.add_row(
            Text(trunk["name"], style="" if trunk["usable"] else "red"),
            f"{trunk['calls']}/{trunk['max_calls']}",
            _coloured(trunk["state"]),
            Text(registered, style="red" if registered == "no" else ""),
            str(trunk["begun"]),
            str(trunk["failed"]),
            Text(", ".join(trunk["addresses"]) or "unresolved"),
        )
    return table if look["trunks"] else Text("no trunk", style="dim")


def _agents(look: dict[str, Any]) -> RenderableType:
    table = _table("agent", "company", "state", "phones", "call")
    for agent in look["agents"][:20]:
        table.add_row(
            agent["extension"], agent["company_code"], _coloured(agent["state"]), str(agent["phones"]), agent["call"]
        )
    if look["agents_in_all"] > 20:
        table.add_row(f"{look['agents_in_all'] - 20} more")
    return table if look["agents"] else Text("no agent", style="dim")


def _calls(look: dict[str, Any]) -> RenderableType:
    table = _table("call", "company", "number", "state", "trunk", "key", "agents")
    for call in look["calls"]["latest"]:
        table.add_row(
            call["uuid"],
            call["company_code"],
            Text(call["destnumber"]),
            _coloured(call["state"]),
            Text(call["trunk"]),
            call["key"],
            ", ".join(call["agents"]),
        )
    return table if look["calls"]["latest"] else Text("no call runs", style="dim")


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True, min_width=_WIDTHS.get(column))
    return table


def _coloured(state: str) -> Text:
    return Text(state, style=_COLOURS.get(state, ""))
