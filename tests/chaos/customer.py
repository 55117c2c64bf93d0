"""The customer of a run: sends the plan's requests and writes down what was answered, across every kill, and what the
recordings are."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import httpx2
from tests.chaos import recordings
from tests.chaos.evidence import Callback
from tests.chaos.notebook import Notebook
from tests.chaos.plan import Request

from playvoice.simulator.client import Client

ENCODED_WITHIN = 15.0
"""Seconds from the end of all calls to the last recording."""

ACCEPTED = "播放命令发送成功"
AT_ONCE = 8
"""Requests that may wait for an answer at once."""


class Customer:
    """Sends requests from threads, so that one without an answer delays no other. Use it as a context manager."""

    def __init__(self, client: Client, notebook: Notebook, voice: str) -> None:
        self._client = client
        self._notebook = notebook
        self._voice = voice
        self._pool = ThreadPoolExecutor(AT_ONCE, "customer")
        self._lock = threading.Lock()
        self._sent: list[Future[None]] = []
        self._again: list[Request] = []
        self._last_accepted: Request | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def ask(self, request: Request) -> None:
        """Send a request, without waiting for its answer."""
        self._sent.append(self._pool.submit(self._ask, request))

    def settle(self) -> None:
        """Wait until each request sent so far was answered or failed."""
        sent, self._sent = self._sent, []
        for future in sent:
            future.result()

    def repeat(self) -> None:
        """Send what was not accepted once more, where it has a key; and the last accepted one, which must be known."""
        self.settle()
        with self._lock:
            again, self._again = self._again, []
            if self._last_accepted is not None:
                again.append(self._last_accepted)
        for request in again:
            self.ask(request)
        self.settle()

    def fetch_recordings(self, records: Iterable[Callback]) -> None:
        """Get each recording that a record names, and write down what it is."""
        until = time.monotonic() + ENCODED_WITHIN
        with httpx2.Client(trust_env=False) as http:
            for record in records:
                name, url = str(record.payload.get("recordfilename", "")), str(record.payload.get("recordurl", ""))
                if name:
                    status, content = recordings.fetch(http, url, until)
                    seconds, problem = recordings.read(name, content) if status == 200 else (0.0, "it can't be had")
                    self._notebook.write(
                        *("client", "recording"),
                        uuid=record.uuid,
                        file=name,
                        status=status,
                        seconds=round(seconds, 3),
                        problem=problem,
                    )

    def _ask(self, request: Request) -> None:
        number = request.destnumber
        self._notebook.write("client", "request", number=number, key=request.key, userid=request.userid)
        try:
            answer, uuid = self._client.play_voice(
                idempotency_key=request.key,
                voicetype="1",
                destnumber=number,
                voicefile=self._voice,
                chengshudu="1",
                userid=request.userid,
                customuuid=number,
                waittime="5",
                conntime="8",
            )
        except (httpx2.HTTPError, ValueError) as error:
            self._notebook.write("client", "unanswered", number=number, why=f"{type(error).__name__}: {error}")
            with self._lock:
                if request.key:
                    self._again.append(request)
            return
        data = answer.get("data")
        if uuid and isinstance(data, dict) and data.get("desc") == ACCEPTED:
            self._notebook.write("client", "accepted", number=number, uuid=uuid)
            with self._lock:
                if request.key:
                    self._last_accepted = request
        else:
            self._notebook.write("client", "refused", number=number, answer=answer)
            with self._lock:
                if request.key:
                    self._again.append(request)
