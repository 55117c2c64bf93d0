"""A customer's client of the HTTP API: logs in and sends PlayVoice as multipart, as the known clients do."""

from types import TracebackType
from typing import Any, Self

import httpx2

from playvoice.simulator.configuration import ACCESSKEY, APPID
from playvoice.simulator.errors import SimulatorError

Answer = dict[str, Any]


class Client:
    """One customer's connection to a server at HOST:PORT. Use it as a context manager."""

    def __init__(self, http: str, *, timeout: float = 10.0) -> None:
        self._http = httpx2.Client(base_url=f"http://{http}", timeout=timeout, trust_env=False)
        self.token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def login(self, appid: str = APPID, accesskey: str = ACCESSKEY) -> Answer:
        """Get a token, which all later requests carry. SimulatorError if there is none."""
        answer, _ = self.post("App.Sip_Auth.Login", appid=appid, accesskey=accesskey)
        try:
            self.token = answer["data"]["result"]["token"]
        except (KeyError, TypeError):
            raise SimulatorError(f"Login was answered {answer}") from None
        return answer

    def play_voice(self, *, idempotency_key: str = "", **fields: str) -> tuple[Answer, str]:
        """Ask for a call; gives the answer and the call's uuid, `""` where it was refused."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer, answered = self.post("App.Sip_Call.PlayVoice", headers=headers, token=self.token, **fields)
        return answer, answered.get("x-call-uuid", "")

    def post(
        self, service: str, *, headers: dict[str, str] | None = None, **fields: str
    ) -> tuple[Answer, httpx2.Headers]:
        """Send one request; `httpx2.HTTPError` where nothing answers."""
        parts = {name: (None, value) for name, value in {"service": service, **fields}.items()}
        response = self._http.post("/", files=parts, headers=headers)
        answer: Answer = response.json()
        return answer, response.headers
