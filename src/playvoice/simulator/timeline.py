"""The demo's timeline: what each far end saw, in words, as it happens."""

import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, TextIO

from playvoice.simulator.program import Line, Program

COLOURS = {"customer": "36", "carrier": "33", "agents": "32", "receiver": "35", "server": "34", "demo": "1"}
NAMES = {"carrier": "carrier", "agents": "agent", "receiver": "callbacks", "server": "server"}


class Timeline:
    """Prints aligned lines; coloured on a terminal only. Lines come from several threads."""

    def __init__(self, output: TextIO = sys.stdout) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._coloured = output.isatty()

    def start(self) -> None:
        """Let the time of the lines begin now."""
        self._start = time.monotonic()

    def say(self, who: str, text: str, at: float | None = None) -> None:
        """Print one line; `at` is the machine's monotonic clock."""
        seconds = (time.monotonic() if at is None else at) - self._start
        name = NAMES.get(who, who)
        label = f"{name:<10}"
        if self._coloured:
            label = f"\033[{COLOURS.get(who, '0')}m{label}\033[0m"
        with self._lock:
            self._output.write(f"{seconds:7.2f} s  {label} {text}\n")
            self._output.flush()

    def on_line(self, program: Program, line: Line) -> None:
        """Tell what a far end wrote."""
        text = tell(line)
        if text:
            self.say(program.name, text, float(line.get("time", 0.0)) or None)


def tell(line: Mapping[str, Any]) -> str:
    """One line of a far end's journal in words, `""` for what nobody needs to read."""
    match line["event"]:
        case "ready":
            listening = line.get("http") or ", ".join(line.get("sip", ()))
            http = f" and http:{line['http']}" if "sip" in line and "http" in line else ""
            return f"ready on {', '.join(line['sip'])}{http}" if "sip" in line else f"ready on http:{listening}"
        case "registered":
            return f"extension {line['extension']} is registered (digest authentication)"
        case "registration_failed":
            return f"extension {line['extension']} could not register: {line['why']}"
        case "invite":
            return f"INVITE for {line['number']}, shows {line['caller']}"
        case "ringing":
            return "180 Ringing"
        case "answered":
            return f"200 OK: answers, {line['codec']}"
        case "ack":
            return "ACK"
        case "rtp":
            return f"first RTP packet, {1000 * float(line['after']):.0f} ms after the answer"
        case "presses":
            return f"presses {' '.join(line['keys'])}"
        case "says":
            return f"speaks, {line['seconds']:g} s"
        case "cancel":
            return "CANCEL: stops ringing"
        case "rejected":
            return f"{line['status']}: refuses the call"
        case "bye":
            return "BYE received"
        case "gave_up":
            return "no ACK came: gives up, BYE sent"
        case "hung_up":
            return "hangs up: BYE sent"
        case "audio":
            return f"heard {line['packets']} RTP packets, {line['lost']} lost"
        case "callback":
            return _tell_callback(line)
        case _:
            return ""


def _tell_callback(line: Mapping[str, Any]) -> str:
    payload = line["payload"]
    if not isinstance(payload, dict):
        return f"POST {line['path']}: not readable"
    signed = f"signature {line['signature']}"
    if "status" in payload:
        return f"{payload['status']:<7} of extension {payload.get('extnumber')}, {signed}"
    return f"call record: cause {payload.get('hangupcause')}, direction {payload.get('hangupdirection')}, {signed}"
