"""A soak: calls at a steady rate among far ends that live as long, counted before and after.

start ──> warm-up, counts ──> the second company's receiver dies ──> calls, memory ──> it heals ──> idle, counts
"""

import http.server
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from tests.chaos.notebook import Notebook
from tests.soak.counts import memory, not_back, processes, read_counts
from tests.soak.plan import AGENTS, SECOND, Request, callee_table, draw

from playvoice.control.client import ask
from playvoice.control.errors import ControlError
from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import LOOPBACK
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.program import Line, Program
from playvoice.simulator.sound import ASSETS, load, write_g711
from playvoice.simulator.world import Cast, World

VOICE = "notice.wav"
WARM_UP = 60
"""Calls before the first counts: what is made once, when it is first needed, is no leak."""
AT_ONCE = 16
"""Requests that may wait for an answer at once."""
DRAINED_WITHIN = 180.0
"""Seconds from the last request to the last call record."""
IDLE_WITHIN = 90.0
"""Seconds from the last record until all is given back: a transaction lasts 32 s more, a connection rests 30 s."""
STEADY = 4.0
"""Seconds of looks for the counts before; the least count stands."""
LOOK = 0.5
PLACES = 20
"""Of the memory's curve."""
SECOND_CREDENTIALS = ("soak-appid", "soak-accesskey")


@dataclass(slots=True)
class Outcome:
    """What was counted and measured."""

    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    memory: list[dict[str, Any]] = field(default_factory=list)
    """At each place `calls`, `seconds`, and the resident and proportional MB of each process."""
    seconds: float = 0.0
    """From the first request of the load to the last."""
    asked: int = 0
    owed: int = 0
    """Callbacks of the second company when its receiver came back."""


class Soak:
    """One server's soak in a directory; the notebook has what the far ends saw."""

    def __init__(self, notebook: Notebook, say: Callable[[str], None], *, rate: float, seed: int) -> None:
        self.outcome = Outcome()
        self._notebook = notebook
        self._say = say
        self._rate = rate
        self._requests = draw(seed)
        self._accepted: set[str] = set()
        self._recorded: set[str] = set()
        self._stack = ExitStack()
        self._world: World
        self._clients: dict[str, Client] = {}
        self._url = ""

    def play(self, *, calls: int | None, seconds: float | None) -> None:
        """So many calls, or as many as there are in so many seconds. SimulatorError where it can't be played."""
        with self._stack:
            self._start()
            self._call(WARM_UP)
            self._drain()
            before = self.outcome.before
            before.update(self._least_counts())
            before.update(transactions=0, timers=0)  # those of the phones' registrations are still there
            with dead_receiver() as dead:
                self._receiver_of_second(dead)
                total = calls if calls is not None else round((seconds or 0) * self._rate)
                began = time.monotonic()
                self._call(total, every=max(1, total // PLACES))
                self.outcome.seconds = time.monotonic() - began
                self.outcome.owed = self._counts()["callbacks_owed"]
                self._receiver_of_second(self._receiver)
            self._drain()
            for client in self._clients.values():
                client.__exit__(None, None, None)
            self._settle()
            self._sample(self.outcome.asked, began)

    # --- the world ------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        directory = self._notebook.directory
        voices = directory / "voices"
        voices.mkdir()
        speech = load(ASSETS / "notice.mp3")[Codec.PCMA]
        write_g711(voices / VOICE, speech[:SAMPLE_RATE], Codec.PCMA)
        self._url = self._stack.enter_context(_web(voices))
        self._world = World(directory / "world", voices, _cast(), on_line=self._take)
        self._stack.enter_context(self._world)
        self._receiver = str(self._world.receiver.wait_for("ready")["http"])
        self._clients[""] = self._world.client()
        second = self._clients[SECOND] = self._stack.enter_context(Client(self._world.http))
        second.login(*SECOND_CREDENTIALS)

    def _take(self, program: Program, line: Line) -> None:
        self._notebook.on_line(program, line)
        if line["event"] == "callback" and line["path"] == "/cdr" and line["payload"]:
            self._recorded.add(line["payload"]["uuid"])

    @property
    def _data(self) -> Path:
        return self._world.directory / "data"

    def _receiver_of_second(self, address: str) -> None:
        urls = {f"{kind}_callback": f"http://{address}/{kind}" for kind in ("cdr", "status")}
        ask(self._data, "company.set", {"code": SECOND, "fields": urls})

    # --- calls ----------------------------------------------------------------------------------------------------

    def _call(self, calls: int, every: int | None = None) -> None:
        """Ask at the steady rate; a place of the memory's curve is taken at each `every` calls."""
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sent = []
            for place, request in enumerate(itertools.islice(self._requests, calls)):
                time.sleep(max(0.0, began + place / self._rate - time.monotonic()))
                sent.append(pool.submit(self._ask, request))
                if every is not None and place % every == 0:
                    self._sample(place, began)
            for future in sent:
                future.result()
        self.outcome.asked += calls

    def _ask(self, request: Request) -> None:
        number = request.destnumber
        self._notebook.write("client", "request", number=number, key="", userid=request.userid)
        voice = {"voicetype": "1", "voicefile": VOICE}
        if request.voice != "library":
            name = VOICE if request.voice == "url" else "missing.wav"
            voice = {"voicetype": "2", "voicefile": f"{self._url}/{name}?{request.url}"}
        try:
            answer, uuid = self._clients[request.company].play_voice(
                **voice,
                destnumber=number,
                chengshudu="1",
                userid=request.userid,
                customuuid=number,
                waittime="5",
                conntime="20",
            )
        except (httpx2.HTTPError, ValueError) as error:
            self._notebook.write("client", "unanswered", number=number, why=f"{type(error).__name__}: {error}")
            return
        if uuid:
            self._accepted.add(uuid)
            self._notebook.write("client", "accepted", number=number, uuid=uuid)
        else:
            self._notebook.write("client", "refused", number=number, answer=answer)

    # --- counts ---------------------------------------------------------------------------------------------------

    def _sample(self, calls: int, began: float) -> None:
        sizes = {name: memory(pid) for name, pid in processes(self._world.server.pid).items()}
        place = {"calls": calls, "seconds": round(time.monotonic() - began, 1), **sizes}
        self.outcome.memory.append(place)
        words = ", ".join(f"{name} {size['rss']:.1f} ({size['pss']:.1f})" for name, size in sizes.items())
        self._say(f"{calls:6} calls, {place['seconds']:7.1f} s: MB resident (proportional): {words}")

    def _counts(self) -> dict[str, int]:
        try:
            return read_counts(self._world.server.pid, self._data)
        except (ControlError, OSError) as error:
            raise SimulatorError(f"the server can't be counted: {error}") from error

    def _least_counts(self) -> dict[str, int]:
        least: dict[str, int] = {}
        deadline = time.monotonic() + STEADY
        while time.monotonic() < deadline:
            for name, number in self._counts().items():
                least[name] = min(number, least.get(name, number))
            time.sleep(LOOK)
        return least

    def _drain(self) -> None:
        """Wait until each accepted call has its record; the checks say which has not."""
        began = time.monotonic()
        while not self._recorded >= self._accepted and time.monotonic() - began < DRAINED_WITHIN:
            time.sleep(LOOK)
        missing = len(self._accepted - self._recorded)
        self._say(f"waited {time.monotonic() - began:.1f} s for the last records; {missing} are missing")

    def _settle(self) -> None:
        """Wait until all has come back, at most `IDLE_WITHIN`; the last look stands."""
        began = time.monotonic()
        while True:
            self.outcome.after = self._counts()
            if not not_back(self.outcome.before, self.outcome.after) or time.monotonic() - began > IDLE_WITHIN:
                break
            time.sleep(LOOK)
        self._say(f"waited {time.monotonic() - began:.1f} s until all was given back")


def _cast() -> Cast:
    appid, accesskey = SECOND_CREDENTIALS
    second = {
        "code": SECOND,
        "name": "Second",
        "appid": appid,
        "accesskey": accesskey,
        "numbers": ["2120290001"],
        "record": False,
    }
    return Cast(
        callee=callee_table(),
        agent=AGENTS,
        extensions=dict.fromkeys(AGENTS, "secret"),
        keep_audio=False,
        setting={
            "company": {"key_time": 1},
            "group": {"strategy": "longest-idle", "ring_time": 2, "max_wait": 5},
            "more_companies": [second],
        },
    )


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Nothing: a line for each voice is of no use."""


@contextmanager
def _web(folder: Path) -> Iterator[str]:
    """A web server of this folder's files; its address."""
    with http.server.ThreadingHTTPServer((LOOPBACK, 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def dead_receiver() -> Iterator[str]:
    """A receiver that takes connections and never says a word; its address."""
    with socket.create_server((LOOPBACK, 0), backlog=1_000) as sock:
        yield f"{LOOPBACK}:{sock.getsockname()[1]}"
