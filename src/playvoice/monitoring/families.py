"""The figures that are read when somebody looks, as Prometheus wants them: names end in their unit, seconds or octets.

A label is a company, trunk, group or state, so that there are as many series as the operator has written down, and none
that a caller could make.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from playvoice import __version__
from playvoice.callbacks.manage import Backlog
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.readiness import PARTS
from playvoice.monitoring.storage import Space, Stored

STATES = ("dialling", "ringing", "playing", "waiting", "transferring", "talking")
"""Of calls that run: those that none is in are told as 0."""

Values = Mapping[tuple[str, ...], float]


def families(
    rooms: Watched,
    stored: Stored | None,
    spaces: Mapping[str, Space],
    missing: Collection[str],
    *,
    now: float,
    at: datetime,
) -> Iterator[Metric]:
    """Yield the figures of this moment: `now` of the monotonic clock, `at` of the wall clock.

    `missing` are the parts for which the server is not ready.
    """
    yield _gauge("playvoice_info", "The version that runs.", {(__version__,): 1}, ["version"])
    ready = {part: part not in missing for part in PARTS}
    yield _gauge("playvoice_ready", "1: this part does what a call needs of it.", _keyed(ready), ["part"])
    yield from _calls(rooms, stored, at)
    yield from _trunks(rooms, now)
    yield from _phones(rooms)
    yield from _media(rooms)
    yield from _callbacks(rooms, stored, at)
    yield from _store(rooms, stored, now)
    yield _gauge("playvoice_disk_free_bytes", "Room on a disk.", _named(spaces, "free"), ["holds"])
    yield _gauge("playvoice_disk_size_bytes", "Size of a disk.", _named(spaces, "size"), ["holds"])


def _calls(rooms: Watched, stored: Stored | None, at: datetime) -> Iterator[Metric]:
    states = dict.fromkeys(STATES, 0) | dict(rooms.calls.states())
    yield _gauge("playvoice_calls", "Calls that run.", _keyed(states), ["state"])
    waiting = dict.fromkeys(rooms.companies(), 0) | dict(rooms.waiting.counts())
    yield _gauge("playvoice_calls_waiting", "Calls that wait to be dialled.", _keyed(waiting), ["company"])
    if stored is not None:
        seconds = 0.0 if stored.oldest_waiting is None else _age(stored.oldest_waiting, at)
        yield _gauge("playvoice_calls_waiting_oldest_seconds", "Age of the oldest call that waits.", {(): seconds})
    yield _gauge(
        "playvoice_customers_waiting",
        "Customers on the line who wait for an agent.",
        {(code, group): count for (code, group), count in rooms.agents.customers.items()},
        ["company", "group"],
    )
    yield _gauge("playvoice_agents_busy", "Agents who are rung, or talk.", {(): len(rooms.agents.taken)})


def _trunks(rooms: Watched, now: float) -> Iterator[Metric]:
    views = rooms.trunks.views(now)

    def each(values: Iterable[float]) -> Values:
        return {(view.name,): value for view, value in zip(views, values, strict=True)}

    label = ["trunk"]
    yield _gauge("playvoice_trunk_calls", "Calls that hold a place.", each(view.calls for view in views), label)
    yield _gauge("playvoice_trunk_max_calls", "Places of a trunk.", each(view.max_calls for view in views), label)
    yield _gauge(
        "playvoice_trunk_usable",
        "1: calls try it first; 0: it is down, not registered, without an address, or asked for no calls.",
        each(view.usable for view in views),
        label,
    )
    yield _gauge(
        "playvoice_trunk_up",
        "By OPTIONS: 1 up, 0 down; nothing where that is not known.",
        {(view.name,): view.state == "up" for view in views if view.state != "unknown"},
        label,
    )
    yield _gauge(
        "playvoice_trunk_registered",
        "1: our registration there holds; nothing where none is wanted.",
        {(view.name,): view.registered for view in views if view.registered is not None},
        label,
    )
    yield _counter("playvoice_trunk_calls_begun", "Calls that were tried over it.", each(v.begun for v in views), label)
    yield _counter(
        "playvoice_trunk_failures",
        "Tries that an address of it did not take: no connection, no response, or 503.",
        each(view.failed for view in views),
        label,
    )


def _phones(rooms: Watched) -> Iterator[Metric]:
    extensions: dict[str, int] = {}
    registered: dict[str, int] = {}
    phones: dict[str, int] = {}
    for extension in rooms.phones.extensions:
        if extension.enabled:
            code, contacts = extension.company_code, len(rooms.phones.contacts(extension.number))
            extensions[code] = extensions.get(code, 0) + 1
            registered[code] = registered.get(code, 0) + (contacts > 0)
            phones[code] = phones.get(code, 0) + contacts
    label = ["company"]
    yield _gauge("playvoice_extensions", "Extensions that are enabled.", _keyed(extensions), label)
    yield _gauge("playvoice_extensions_registered", "Those with a phone.", _keyed(registered), label)
    yield _gauge("playvoice_phones_registered", "Phones that are registered.", _keyed(phones), label)


def _media(rooms: Watched) -> Iterator[Metric]:
    media = rooms.media
    yield _gauge("playvoice_media_streams", "RTP streams that are reserved.", {(): media.streams})
    yield _gauge("playvoice_media_capacity_streams", "Streams that the worker carries.", {(): media.capacity})
    yield _gauge("playvoice_media_worker_up", "1: there is a media worker.", {(): media.pid is not None})
    yield _counter(
        "playvoice_media_worker_restarts",
        "Media workers that were started in the place of one that died.",
        {(): media.workers_started - 1},
    )
    work, transcoder = ["work"], rooms.transcoder
    yield _gauge(
        "playvoice_transcoder_files_waiting",
        "Voices that wait to be decoded, recordings that wait to be encoded.",
        _keyed(transcoder.waiting),
        work,
    )
    yield _counter(
        "playvoice_transcoder_failures",
        "How often the process that decodes or encodes died, got stuck, or could not be started.",
        _keyed(transcoder.failures),
        work,
    )


def _callbacks(rooms: Watched, stored: Stored | None, at: datetime) -> Iterator[Metric]:
    yield _gauge("playvoice_callback_sender_up", "1: the sender of callbacks runs.", {(): rooms.sends()})
    yield _gauge("playvoice_callbacks_under_way", "Attempts that run.", {(): rooms.sender.under_way})
    if stored is not None:
        nothing = dict.fromkeys(rooms.companies(), Backlog(0, at))
        backlogs, label = nothing | dict(stored.backlogs), ["company"]
        yield _gauge(
            "playvoice_callbacks_owed",
            "Callbacks that are not delivered yet, up to 10,000 of a company.",
            {(code,): backlog.count for code, backlog in backlogs.items()},
            label,
        )
        yield _gauge(
            "playvoice_callbacks_owed_oldest_seconds",
            "Age of the oldest of them.",
            {(code,): _age(backlog.oldest, at) for code, backlog in backlogs.items()},
            label,
        )


def _store(rooms: Watched, stored: Stored | None, now: float) -> Iterator[Metric]:
    writing = rooms.store.writing
    yield _gauge("playvoice_store_writable", "1: the last commit held.", {(): writing.available})
    yield _gauge("playvoice_store_readable", "1: these figures could be read.", {(): stored is not None})
    yield _gauge("playvoice_store_facts_waiting", "Facts that wait for a commit, of 20,000.", {(): writing.waiting})
    yield _counter("playvoice_store_commits", "Commits that held.", {(): writing.commits})
    yield _counter("playvoice_store_failed_commits", "Commits that did not hold.", {(): writing.failures})
    yield _counter("playvoice_store_facts", "Facts that were committed.", {(): writing.facts})
    yield _counter("playvoice_store_commit_seconds", "What commits took.", {(): writing.seconds})
    if writing.committed_at is not None:
        age = max(0.0, now - writing.committed_at)
        yield _gauge("playvoice_store_last_commit_age_seconds", "Since the last commit that held.", {(): age})


def _gauge(name: str, text: str, values: Values, labels: list[str] | None = None) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels or [])
    for key, value in values.items():
        family.add_metric(key, float(value))
    return family


def _counter(name: str, text: str, values: Values, labels: list[str] | None = None) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels or [])
    for key, value in values.items():
        family.add_metric(key, float(value))
    return family


def _keyed(values: Mapping[str, float]) -> Values:
    return {(name,): value for name, value in values.items()}


def _named(spaces: Mapping[str, Space], what: str) -> Values:
    return {(name,): getattr(space, what) for name, space in spaces.items()}


def _age(since: datetime, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds())
