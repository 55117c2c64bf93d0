"""The gateway over rooms that are played, called as ASGI: no socket, a clock that stands still."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tests import samples

from playvoice.calls.archive import Recorded
from playvoice.calls.bills import BillPage, BillQuery
from playvoice.calls.errors import IdempotencyMismatch, QueueFull, RecordingUnknown
from playvoice.calls.links import Link, RecordingLinks
from playvoice.calls.queue import Accepted
from playvoice.calls.request import PlayVoice
from playvoice.companies import (
    AddressNotAllowed,
    BadCredentials,
    Company,
    CompanyDisabled,
    LicenceExpired,
    NumberDisabled,
    NumberForeign,
    NumberUnknown,
    TokenUnknown,
)
from playvoice.gateway import create_app
from playvoice.media.decoded import Sound
from playvoice.voices import LibraryVoice, Refusal, VoiceRefused, full_url
from playvoice.voices.names import checked
from playvoice.voices.uploads import Needed
from playvoice.web import NetworkPolicy

AT = datetime(2020, 2, 10, 3, 58, 19, tzinfo=UTC)
TOKEN = "0123456789abcdef0123456789abcdef"
UUID = "3418035c-4af5-41ea-afb2-fbc8753285b6"
FORM = "application/x-www-form-urlencoded"
COMPANY = replace(samples.COMPANY, name="Demo 公司", appid="demo-appid")
SAMPLE = {
    "service": "App.Sip_Call.PlayVoice",
    "token": TOKEN,
    "voicetype": "2",
    "destnumber": "13333333333",
    "voicefile": "wwww.baidu.com/test.mp3",
    "chengshudu": "1",
    "userid": "1@extGroup-1",
    "disnumber": "2120280001",
    "customuuid": "13333333333",
}
SAMPLE_ANSWER = (
    '{"ret":200,"data":{"status":0,"desc":"播放命令发送成功","reqtime":1581307099,"rsptime":1581307099},"msg":""}'
)


class Companies:
    """One company, whose state is set by the test."""

    def __init__(self) -> None:
        self.refuses: Exception | None = None
        self.ended: list[str] = []
        self.company = COMPANY

    async def authenticate(self, token: str, *, source: str, at: datetime) -> Company:
        if token != TOKEN:
            raise TokenUnknown("there is no such token")
        if self.refuses is not None:
            raise self.refuses
        return self.company

    async def login(self, appid: str, accesskey: str, *, source: str, at: datetime) -> tuple[Company, str]:
        if (appid, accesskey) != ("demo-appid", "demo-accesskey"):
            raise BadCredentials("the appid is unknown or the key is wrong")
        if self.refuses is not None:
            raise self.refuses
        return COMPANY, TOKEN

    async def logout(self, *, token: str, at: datetime) -> None:
        if token != TOKEN:
            raise TokenUnknown("there is no such token")
        self.ended.append(token)

    async def logout_all(self, appid: str, accesskey: str, *, source: str) -> None:
        if (appid, accesskey) != ("demo-appid", "demo-accesskey"):
            raise BadCredentials("the appid is unknown or the key is wrong")
        self.ended.append(appid)

    async def caller_number(self, company: Company, disnumber: str) -> str:
        match disnumber:
            case "":
                return "2120280002"
            case "2120280001":
                return disnumber
            case "777":
                raise NumberForeign("it is another company's")
            case "888":
                raise NumberDisabled("it is switched off")
        raise NumberUnknown("there is none")


class Calls:
    """Keeps what it accepts."""

    def __init__(self) -> None:
        self.accepted: list[PlayVoice] = []
        self.raises: Exception | None = None

    async def earlier(self, company_code: str, key: str, fingerprint: str, at: datetime) -> Accepted | None:
        for request in self.accepted:
            if request.idempotency_key == key:
                if request.fingerprint != fingerprint:
                    raise IdempotencyMismatch("other parameters")
                return Accepted(UUID, repeated=True, at=AT)
        return None

    async def accept(self, request: PlayVoice, at: datetime) -> Accepted:
        if self.raises is not None:
            raise self.raises
        self.accepted.append(request)
        return Accepted(UUID, repeated=False, at=AT)


class Recordings:
    disk_is_low = False


class Bills:
    """Gives what the test has put there, and keeps what it was asked."""

    def __init__(self) -> None:
        self.page = BillPage(0, ())
        self.raises: Exception | None = None
        self.asked: list[BillQuery] = []

    async def fetch(self, query: BillQuery, at: datetime) -> BillPage:
        if self.raises is not None:
            raise self.raises
        self.asked.append(query)
        return self.page


class Archive:
    """Recordings of COMPANY, as many as the test puts there."""

    def __init__(self) -> None:
        self.links = RecordingLinks("https://pv.example.com", bytes(32))
        self.recorded: dict[str, Recorded] = {}
        self.raises: Exception | None = None

    def add(self, path: Path, *, encoded: bool = True) -> str:
        """Take a file for a recording, and give the query of its link."""
        self.recorded[path.name] = Recorded(COMPANY.code, path, path.stat() if encoded else None)
        return self.links.link(path.name, AT).url.partition("?")[2]

    def check(self, name: str, expires: str, signature: str, at: datetime) -> None:
        self.links.check(name, expires, signature, at)

    async def find(self, name: str) -> Recorded:
        if self.raises is not None:
            raise self.raises
        if name not in self.recorded:
            raise RecordingUnknown("there is none")
        return self.recorded[name]

    async def link(self, company_code: str, name: str, at: datetime) -> Link:
        if (await self.find(name)).company_code != company_code:
            raise RecordingUnknown("another company's")
        return self.links.link(name, at)


class Groups:
    def group(self, company_code: str, name: str) -> object | None:
        return object() if name in ("extGroup-1", "sales", "销售") else None


class Library:
    """The voice files of one company, as many as a test adds; `raises` is what adding and removing end with."""

    def __init__(self, incoming: Path = Path("/nonexistent")) -> None:
        self.incoming = incoming
        self.voices: dict[str, tuple[LibraryVoice, bytes]] = {}
        self.raises: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.began = asyncio.Semaphore(0)
        """Released by each `add`."""
        self.asked: list[object] = []

    async def add(
        self, company_code: str, name: str, data: bytes | Path, at: datetime, *, overwrite: bool
    ) -> LibraryVoice:
        self.asked.append((company_code, name, at, overwrite))
        self.began.release()
        await self.gate.wait()
        if self.raises is not None:
            raise self.raises
        content = data if isinstance(data, bytes) else await asyncio.to_thread(data.read_bytes)
        voice = LibraryVoice(checked(name), True, len(content), at, Sound("mp3", 28_160, -20.5, -3.0))
        self.voices[name] = voice, content
        return voice

    async def entries(self, company_code: str) -> list[LibraryVoice]:
        return [voice for _, (voice, _) in sorted(self.voices.items())]

    async def remove(self, company_code: str, name: str, needed: Needed) -> None:
        self.asked.append((company_code, name, needed))
        if self.raises is not None:
            raise self.raises
        if self.voices.pop(name, None) is None:
            raise VoiceRefused(Refusal.UNKNOWN, f"there is no {name}")

    async def exists(self, company_code: str, name: str) -> bool:
        return name in ("notice.wav", "通知.mp3")

    def check_url(self, text: str) -> str:
        NetworkPolicy().check_url(full_url(text))
        return full_url(text)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def ret(self) -> int:
        return int(self.json["ret"])

    @property
    def msg(self) -> str:
        return str(self.json["msg"])

    @property
    def code(self) -> int:
        """The business code of a failure."""
        return int(self.json["data"]["errors"]["code"])


@dataclass
class World:
    """A gateway and the rooms below it."""

    companies: Companies = field(default_factory=Companies)
    calls: Calls = field(default_factory=Calls)
    recordings: Recordings = field(default_factory=Recordings)
    bills: Bills = field(default_factory=Bills)
    archive: Archive = field(default_factory=Archive)
    library: Library = field(default_factory=Library)
    zone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        self.app = create_app(
            companies=self.companies,
            calls=self.calls,
            groups=Groups(),
            library=self.library,
            recordings=self.recordings,
            bills=self.bills,
            archive=self.archive,
            zone=ZoneInfo(self.zone),
            clock=lambda: AT,
        )

    async def request(
        self,
        method: str = "POST",
        path: str = "/",
        *,
        query: bytes = b"",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        parts: list[bytes] | None = None,
    ) -> Answer:
        """Send one request; `parts` are the pieces that its body comes in."""
        pieces = [body] if parts is None else parts
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": query,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()
            ],
            "client": ("192.0.2.7", 40000),
            "server": ("127.0.0.1", 8080),
        }
        messages = [
            {"type": "http.request", "body": piece, "more_body": index + 1 < len(pieces)}
            for index, piece in enumerate(pieces)
        ]
        answer = Answer(0, {}, b"")

        async def receive() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        await self.app(scope, receive, send)
        return answer

    async def post(self, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form."""
        body = urlencode(fields).encode()
        return await self.request(headers={"content-type": FORM, **(headers or {})}, body=body)

    async def play_voice(self, headers: Mapping[str, str] | None = None, **changes: str | None) -> Answer:
        """Send the sample with some fields changed, or left out where they are None."""
        fields = {name: value for name, value in (SAMPLE | changes).items() if value is not None}
        return await self.post(fields, headers)


REFUSALS: list[tuple[Exception, int]] = [
    (CompanyDisabled("switched off"), 601),
    (LicenceExpired("over"), 602),
    (AddressNotAllowed("not from there"), 604),
]
FULL = QueueFull("20,000 calls wait")
