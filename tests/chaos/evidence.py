"""What the far ends wrote down, read into what the checks compare. Pure: lines in, values out.

`time` is the machine's monotonic clock, which all processes share, so that what different far ends saw can be put in
order; `at` is the wall clock, for what the server reports in words for people.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Line = Mapping[str, Any]

ENDS = frozenset({"cancel", "bye", "hung_up", "rejected", "gave_up", "closed"})
"""Lines with which a phone's call is over. `gave_up`: nobody acknowledged its answer in 32 s; `closed`: the phone's
process ended."""
GAVE_UP = "gave_up"
LEFT = frozenset({"", GAVE_UP, "closed"})
"""Ends of a call that nobody ended."""
BY_SERVERS = frozenset({"cancel", "bye"})
"""Ends that the server made."""
RECORD = "record"
ON_ITS_WAY = 0.5
"""Seconds in which a busy machine's phones take what was sent."""


@dataclass(frozen=True, slots=True)
class Journals:
    """All lines of a run, each far end's in the order in which it wrote them."""

    client: Sequence[Line] = ()
    """`request` (number, key, userid), then `accepted` (uuid), `refused` (answer) or `unanswered` (why); at the end
    `recording` (uuid, file, status, seconds, problem) for each that a record names."""
    carrier: Sequence[Line] = ()
    agents: Sequence[Line] = ()
    receiver: Sequence[Line] = ()
    server: Sequence[Line] = ()
    """`started`, `ready`, `locked` (its database) and `unlocked`, `killed` (how), `child_killed` (role), `left_behind`
    (what), written by who did or saw it."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A call as the phone saw it. Times are those of its first line of each kind."""

    call: str
    """Call-ID."""
    number: str
    """What was dialled: the customer's number, or the extension."""
    caller: str
    """What was shown: to an agent the customer's number."""
    invited: float
    rang: float | None = None
    answered: float | None = None
    acknowledged: float | None = None
    ended: float | None = None
    end: str = ""
    heard: float | None = None
    """The first packet of the voice."""

    def is_open(self, time: float) -> bool:
        """Whether the call had come and was not over."""
        return self.invited <= time and (self.ended is None or self.ended > time)

    def is_left_by(self, kill: "Kill") -> bool:
        """Whether the killed server had sent the INVITE, and the call was not over."""
        return self.invited <= kill.heard_until and (self.ended is None or self.ended > kill.time)


@dataclass(frozen=True, slots=True)
class Kill:
    """A SIGKILL to the server, and when the next one that got so far was ready; None: none did."""

    time: float
    at: datetime
    ready: float | None
    only_media: bool = False
    """It was the media worker that was killed, and the server lived on."""
    locked: float | None = None
    """From when the database could not be written any more, if that was so."""

    @property
    def heard_until(self) -> float:
        """Until when what phones get comes from before the kill: the next server dials nobody while it starts."""
        if self.only_media:
            return self.time + ON_ITS_WAY
        return float("inf") if self.ready is None else self.time + (self.ready - self.time) / 2


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as the customer got it by the link in the call record."""

    uuid: str
    name: str
    status: int
    seconds: float
    problem: str
    """Why it is not whole; `""`: it is."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One delivery that the receiver answered with 2xx."""

    time: float
    at: datetime
    webhook_id: str
    body: str
    payload: Line
    event: tuple[str, str]
    """What it reports: (`record`, the call's uuid), or (state, the leg's buuid)."""

    @property
    def uuid(self) -> str:
        return str(self.payload.get("uuid"))

    @property
    def is_record(self) -> bool:
        return self.event[0] == RECORD

    @property
    def number(self) -> str:
        """The customer's."""
        return str(self.payload.get("destnumber" if self.is_record else "callee"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """The journals, read."""

    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Number to the uuids of its accepted requests, without repetition."""
    unanswered: frozenset[str] = frozenset()
    """Numbers whose requests got no answer, also when they were repeated: nobody told whether they are called."""
    refused: Mapping[str, Line] = field(default_factory=dict)
    """Number to the last refusal of its requests, of which none was accepted."""
    userids: Mapping[str, str] = field(default_factory=dict)
    """Number to what was asked for."""
    customers: tuple[Leg, ...] = ()
    agents: tuple[Leg, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    """Every delivery, in order of arrival."""
    kills: tuple[Kill, ...] = ()
    media_kills: tuple[Kill, ...] = ()
    outages: tuple[tuple[float, float], ...] = ()
    """From when until when the database could not be written."""
    recordings: Mapping[str, Recording] = field(default_factory=dict)
    """By the call's uuid."""
    left_behind: tuple[str, ...] = ()
    """Temporary files and processes that nobody needs any more, at the end of the run or of a server."""

    def all_kills(self) -> list[Kill]:
        """Those of the server and of its media worker, in order."""
        return sorted((*self.kills, *self.media_kills), key=lambda kill: kill.time)

    def first_deliveries(self) -> list[Callback]:
        """Each event's first delivery, in order of arrival: a repetition is allowed and says nothing about order."""
        return _firsts(self.callbacks, lambda callback: callback.event)

    def records(self) -> list[Callback]:
        """The first delivery of each call's record."""
        return [callback for callback in self.first_deliveries() if callback.is_record]


def read(journals: Journals) -> Evidence:
    """Read all journals."""
    accepted: dict[str, tuple[str, ...]] = {}
    for line in _of(journals.client, "accepted"):
        uuids = accepted.get(line["number"], ())
        accepted[line["number"]] = uuids if line["uuid"] in uuids else (*uuids, line["uuid"])
    refusals = {line["number"]: line for line in _of(journals.client, "refused")}
    answered = accepted.keys() | refusals.keys()
    return Evidence(
        accepted=accepted,
        unanswered=frozenset(
            line["number"] for line in _of(journals.client, "unanswered") if line["number"] not in answered
        ),
        refused={number: line for number, line in refusals.items() if number not in accepted},
        userids={line["number"]: line["userid"] for line in _of(journals.client, "request")},
        customers=read_legs(journals.carrier),
        agents=read_legs(journals.agents),
        callbacks=tuple(
            _callback(line)
            for line in _of(journals.receiver, "callback")
            if 200 <= line["status"] < 300 and isinstance(line["payload"], dict)
        ),
        kills=read_kills(journals.server),
        media_kills=tuple(
            Kill(float(line["time"]), datetime.fromisoformat(line["at"]), float(line["time"]), only_media=True)
            for line in _of(journals.server, "child_killed")
            if line["role"] == "media worker"
        ),
        outages=read_outages(journals.server),
        recordings={line["uuid"]: _recording(line) for line in _of(journals.client, "recording")},
        left_behind=tuple(str(line["what"]) for line in _of(journals.server, "left_behind")),
    )


def read_legs(journal: Iterable[Line]) -> tuple[Leg, ...]:
    """The calls that a process of phones saw, in the order in which they came."""
    lines: dict[str, list[Line]] = {}
    for line in journal:
        if "call" in line:
            lines.setdefault(line["call"], []).append(line)
    return tuple(_leg(call, of_call) for call, of_call in lines.items())


def _leg(call: str, lines: Sequence[Line]) -> Leg:
    def first(*events: str) -> Line | None:
        return next((line for line in lines if line["event"] in events), None)

    def time_of(line: Line | None) -> float | None:
        return None if line is None else float(line["time"])

    invite, end = lines[0], first(*ENDS)
    return Leg(
        call=call,
        number=str(invite["number"]),
        caller=str(invite.get("caller", "")),
        invited=float(invite["time"]),
        rang=time_of(first("ringing")),
        answered=time_of(first("answered")),
        acknowledged=time_of(first("ack")),
        ended=time_of(end),
        heard=time_of(first("rtp")),
        end="" if end is None else str(end["event"]),
    )


def _recording(line: Line) -> Recording:
    return Recording(
        uuid=str(line["uuid"]),
        name=str(line["file"]),
        status=int(line["status"]),
        seconds=float(line["seconds"]),
        problem=str(line["problem"]),
    )


def _callback(line: Line) -> Callback:
    payload = line["payload"]
    event = (str(payload["status"]), str(payload.get("buuid"))) if "status" in payload else None
    return Callback(
        time=float(line["time"]),
        at=datetime.fromisoformat(line["at"]),
        webhook_id=str(line["webhook_id"]),
        body=str(line["body"]),
        payload=payload,
        event=event or (RECORD, str(payload.get("uuid"))),
    )


def read_kills(server: Sequence[Line]) -> tuple[Kill, ...]:
    """The kills; which server was ready after which is told by the order of the lines."""
    kills: list[Kill] = []
    for place, line in enumerate(server):
        if line["event"] == "killed":
            ready = next((float(later["time"]) for later in server[place:] if later["event"] == "ready"), None)
            before = server[place - 1] if place else line
            locked = float(before["time"]) if before["event"] == "locked" else None
            kills.append(Kill(float(line["time"]), datetime.fromisoformat(line["at"]), ready, locked=locked))
    return tuple(kills)


def read_outages(server: Sequence[Line]) -> tuple[tuple[float, float], ...]:
    """The times between `locked` and `unlocked`; one that was not over is endless."""
    ends = iter(float(line["time"]) for line in _of(server, "unlocked"))
    return tuple((float(line["time"]), next(ends, float("inf"))) for line in _of(server, "locked"))


def _of(journal: Iterable[Line], event: str) -> list[Line]:
    return [line for line in journal if line["event"] == event]


def _firsts(callbacks: Iterable[Callback], key: Callable[[Callback], object]) -> list[Callback]:
    found: dict[object, Callback] = {}
    for callback in callbacks:
        found.setdefault(key(callback), callback)
    return list(found.values())
