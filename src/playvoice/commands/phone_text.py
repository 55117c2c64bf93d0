"""What `playvoice phone` says to people: a line for each event, and the line that shows the phone now."""

from collections.abc import Callable, Mapping
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from playvoice.simulator.softphone.level import FLOOR
from playvoice.simulator.softphone.status import State, Status

Fields = Mapping[str, object]

HELP = "a answer · r reject · h hang up · 0-9 * # press · o hold, resume · q quit · ? help"
_HINTS = {
    State.IDLE: "q quit",
    State.RINGING: "a answer · r reject · q quit",
    State.CALLING: "h give up · q quit",
    State.TALKING: "h hang up · 0-9*# press · o hold",
    State.HOLDING: "h hang up · o resume",
    State.ENDING: "",
}
_BY = {"us": "we hung up", "them": "the far end hung up", "nobody": "the call was lost"}
_METER = "▁▂▃▄▅▆▇█"
_METER_CELLS = 8


def _ended(fields: Fields) -> str:
    keys = [
        f"keys {way} {fields[name]}"
        for way, name in (("received", "keys_heard"), ("sent", "keys_sent"))
        if fields[name]
    ]
    parts = [
        f"call with {fields['peer']}: {duration(_number(fields['seconds']))}, {_BY[str(fields['by'])]}",
        f"{fields['codec']}, {fields['sent']} packets sent, {fields['received']} received",
        f"{fields['lost']} lost ({fields['loss']} %), jitter {fields['jitter']} ms",
        *(keys or ["no keys"]),
        *([f"recorded in {fields['recording']}"] if "recording" in fields else []),
    ]
    return "; ".join(parts)


_LINES: Mapping[str, Callable[[Fields], str]] = {
    "ready": lambda f: f"listening on {f['sip']}",
    "registered": lambda f: f"registered as {f['account']}",
    "unregistered": lambda f: f"no longer registered as {f['account']}",
    "registration_failed": lambda f: f"not registered as {f['account']}: {f['why']}",
    "incoming": lambda f: f"{f['peer']} calls {f['to']}",
    "calling": lambda f: f"calling {f['to']}",
    "progress": lambda f: f"{f['peer']} rings" if f["status"] == 180 else f"{f['peer']} is being reached",
    "answered": lambda f: f"talking to {f['peer']}" + (f", {f['codec']}" if "codec" in f else ""),
    "key_heard": lambda f: f"{f['peer']} presses {f['keys']} ({f['way']})",
    "key_sent": lambda f: f"pressed {f['keys']} ({f['way']})",
    "key_refused": lambda f: f"a key did not go through: {f.get('why') or f['status']}",
    "held": lambda f: "on hold" if f["by"] == "us" else f"{f['peer']} holds the call",
    "resumed": lambda f: "resumed" if f["by"] == "us" else f"{f['peer']} has taken the call up again",
    "hold_refused": lambda f: f"{f['peer']} does not let itself be held: {f['status']}",
    "change_refused": lambda f: f"a change of the call can't be used: {f['why']}",
    "busy": lambda f: f"{f['peer']} called meanwhile and was told that we are busy",
    "rejected": lambda f: f"refused {f['peer']} with {f['status']}",
    "missed": lambda f: f"{f['peer']} gave up",
    "cancelled": lambda f: f"gave up calling {f['peer']}",
    "refused": lambda f: f"{f['peer']} refused: {f['status']} {f['reason']}",
    "failed": lambda f: f"the call with {f['peer']} failed: {f['why']}",
    "ended": _ended,
    "left_unanswered": lambda f: f"the far end did not confirm the end within {f['seconds']:g} s",
    "notice": lambda f: str(f["text"]),
}


def line_of(event: str, fields: Fields, at: datetime) -> str:
    """The line that tells of an event, without what could move a cursor: names come from strangers."""
    text = _LINES[event](fields)
    return f"{at:%H:%M:%S}  {''.join(each if each.isprintable() else '?' for each in text)}"


def status_line(status: Status, width: int) -> str:
    """The phone now, in one line of at most so many columns, of which a Chinese character takes two."""
    if status.state is State.IDLE:
        where = status.account or "phone"
        parts = [where if status.registered or not status.account else f"{where} (not registered)", str(status.state)]
    else:
        parts = ["held" if status.is_held else str(status.state), status.peer, duration(status.seconds)]
    if status.codec:
        figures = status.figures
        parts += [status.codec, f"received {figures.received}, lost {figures.lost}", meter(figures.level)]
    parts.append(_HINTS[status.state])
    line = " | ".join(part for part in parts if part)
    return line if cell_len(line) <= width else set_cell_size(line, width)


def meter(level: float | None) -> str:
    """A bar for a level in dBm0: empty at `FLOOR` and where nothing is heard, full at 0."""
    if level is None:
        return "·" * _METER_CELLS
    eighths = round(max(0.0, min(1.0, 1 - level / FLOOR)) * _METER_CELLS * len(_METER))
    whole, rest = divmod(eighths, len(_METER))
    return (_METER[-1] * whole + (_METER[rest - 1] if rest else "")).ljust(_METER_CELLS, "·")


def duration(seconds: float) -> str:
    """Minutes and seconds, `1:05`, with hours from the first on."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)
