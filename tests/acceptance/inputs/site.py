"""A server with more than one company and no far end: every answer is looked at, and every row that it stored."""

import hashlib
import http.client
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.acceptance.hostile.strangers import Log

from playvoice.simulator.program import Program
from playvoice.simulator.world import START

FORM = "application/x-www-form-urlencoded"
GROUP, NUMBER, FILE = "extGroup-1", "2120280001", "notice.mp3"
FOREIGN_GROUP, FOREIGN_NUMBER, FOREIGN_FILE = "theirs", "2190170001", "theirs.mp3"
OPEN, CLOSED = "127.0.0.2", "127.0.0.1"
"""Loopback addresses that voices may be downloaded from, and may not."""
CONFIG = f"""
[server]
http = "127.0.0.1:0"
database = "sqlite:///playvoice.db"
data_dir = "data"
[security]
allow_networks = ["{OPEN}/32"]
[sip]
listen = ["udp:127.0.0.1:0"]
domain = "127.0.0.1"
[[trunk]]
name = "nobody"
address = "sip:127.0.0.1:9"
keepalive = 0
[[company]]
code = "2028"
name = "Demo"
appid = "demo-appid"
accesskey = "demo-accesskey"
numbers = ["{NUMBER}"]
voice_dir = "voices"
  [[company.group]]
  name = "{GROUP}"
[[company]]
code = "9017"
name = "Other"
appid = "other-appid"
accesskey = "other-accesskey"
numbers = ["{FOREIGN_NUMBER}"]
voice_dir = "other"
  [[company.group]]
  name = "{FOREIGN_GROUP}"
[[company]]
code = "3"
name = "Off"
appid = "off-appid"
accesskey = "off-accesskey"
enabled = false
[[company]]
code = "4"
name = "Over"
appid = "over-appid"
accesskey = "over-accesskey"
licensed_until = 2020-01-01
[[company]]
code = "5"
name = "Elsewhere"
appid = "elsewhere-appid"
accesskey = "elsewhere-accesskey"
ipwhite = ["192.0.2.1"]
"""
CALL = {
    "service": "App.Sip_Call.PlayVoice",
    "destnumber": "13333333333",
    "voicetype": "1",
    "voicefile": FILE,
    "chengshudu": "1",
    "userid": f"1@{GROUP}",
    "disnumber": NUMBER,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        assert self.status == 200
        assert self.headers["content-type"] == "application/json;charset=utf-8"
        value: dict[str, Any] = json.loads(self.body)
        assert list(value) == ["ret", "data", "msg"]
        return value

    @property
    def refusal(self) -> tuple[int, str]:
        """`ret` and `msg` of an exception."""
        assert self.json["data"] == []
        return self.json["ret"], self.json["msg"]

    @property
    def code(self) -> int:
        """The business code of a failure; 0 of a success."""
        assert (self.json["ret"], self.json["msg"]) == (200, "")
        data = self.json["data"]
        assert data["status"] == (1 if "errors" in data else 0)
        return int(data["errors"]["code"]) if data["status"] else 0


class Site:
    """The server."""

    def __init__(self, server: Program, directory: Path) -> None:
        self.server = server
        host, port = str(server.wait_for("ready", START)["http"]).split(":")
        self.address = host, int(port)
        self.directory = directory
        self.log = Log(directory / "server.log")
        self._database = directory / "playvoice.db"
        self.token = self.login("demo-appid", "demo-accesskey")

    def send(
        self, body: bytes, content_type: str = FORM, *, query: str = "", english: bool = False, **headers: str
    ) -> Answer:
        """One POST on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        language = {"Accept-Language": "en"} if english else {}
        try:
            connection.request("POST", f"/{query}", body, {"Content-Type": content_type, **language, **headers})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def call(self, **changes: str | None) -> Answer:
        """PlayVoice as a form, with fields changed, or left out where they are None."""
        return self.send(form({**CALL, "token": self.token, **changes}))

    def login(self, appid: str, accesskey: str) -> str:
        fields: dict[str, str | None] = {"service": "App.Sip_Auth.Login", "appid": appid, "accesskey": accesskey}
        return str(self.send(form(fields)).json["data"]["result"]["token"])

    def calls(self) -> int:
        """Calls in the store, of whatever state."""
        return int(self.query("SELECT count(*) FROM calls")[0][0])

    def query(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=10) as database:
            rows = database.execute(statement, values).fetchall()
        database.close()
        return rows

    def expired_token(self) -> str:
        """A token whose time is over, as the server itself would have stored it."""
        token = secrets.token_hex(16)
        row = (hashlib.sha256(token.encode()).hexdigest(), "2028", 1_000_000, 2_000_000)
        with sqlite3.connect(self._database, timeout=10) as database:
            database.execute("INSERT INTO tokens (digest, company_code, issued_at, expires_at) VALUES (?,?,?,?)", row)
        database.close()
        return token


def form(fields: Mapping[str, str | None]) -> bytes:
    return urlencode({name: value for name, value in fields.items() if value is not None}).encode()
