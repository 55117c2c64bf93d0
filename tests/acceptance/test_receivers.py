"""The receivers of docs/receivers, as they stand there, take what the sender sends and nothing else."""

import asyncio
import base64
import hmac
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import ClassVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import Connection, select

from playvoice.callbacks import CallbackKind, Endpoint, Sender, callbacks, owe
from playvoice.callbacks.fields import sample_call_record, sample_extension_state
from playvoice.callbacks.payloads import to_text
from playvoice.callbacks.signing import signed_headers
from playvoice.callbacks.tables import State
from playvoice.store import Store
from playvoice.web import NetworkPolicy, WebClient

RECEIVERS = Path(__file__).parents[2] / "docs" / "receivers"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_b3RoZXIgc2VjcmV0IG9mIGEgY29tcGFueQ=="
COMMANDS = {
    "PHP": ("php", "-S", "127.0.0.1:0", "receiver.php"),
    "Python": (sys.executable, "receiver.py", "127.0.0.1:0"),
    "Node": ("node", "receiver.mjs", "127.0.0.1:0"),
    "Java": ("java", "Receiver.java", "127.0.0.1:0"),
}
PEERS = {"PHP": "php", "Node": "node", "Java": "java"}
BODY = to_text(sample_call_record()).encode()


@dataclass
class Receiver:
    """One that runs."""

    url: str
    inbox: Path
    ids: ClassVar[Iterator[str]] = (f"3418035c-4af5-41ea-afb2-fbc8753285b6-{number}" for number in range(10_000))

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            with urlopen(
                Request(self.url, body, {"content-type": "application/json", **headers}), timeout=10
            ) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    def files(self) -> dict[str, bytes]:
        """What it has kept, by webhook-id; nothing half written."""
        return {file.name.removesuffix(".json"): file.read_bytes() for file in self.inbox.iterdir()}


EACH = [pytest.param(name, marks=[pytest.mark.peer(PEERS[name])] if name in PEERS else []) for name in COMMANDS]


def start(name: str, inbox: Path, secret: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        COMMANDS[name],
        cwd=RECEIVERS,
        env={**os.environ, "PLAYVOICE_SECRET": secret, "PLAYVOICE_INBOX": str(inbox), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def running(name: str, inbox: Path, secret: str) -> Iterator[Receiver]:
    process = start(name, inbox, secret)
    assert process.stdout is not None
    try:
        started = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert started, process.stdout.read()
        yield Receiver(started[0] + "/callback", inbox)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module", params=EACH)
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with running(request.param, tmp_path_factory.mktemp("inbox"), SECRET) as receiver:
        yield receiver


NO_SECRET = ("", "whsec_")


@pytest.mark.peer("php")
@pytest.mark.parametrize("secret", NO_SECRET)
def test_a_web_server_without_the_secret_takes_nothing_that_everybody_could_sign(secret: str, tmp_path: Path) -> None:
    with running("PHP", tmp_path, secret) as receiver:
        webhook_id, now = next(receiver.ids), int(time.time())
        digest = hmac.digest(b"", f"{webhook_id}.{now}.".encode() + BODY, "sha256")
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        assert receiver.post(BODY, headers) == 500
        assert receiver.files() == {}


@pytest.mark.parametrize("secret", NO_SECRET)
@pytest.mark.parametrize("name", [each for each in EACH if each.values[0] != "PHP"])
def test_a_receiver_without_the_secret_does_not_start(name: str, secret: str, tmp_path: Path) -> None:
    process = start(name, tmp_path, secret)
    try:
        said, _ = process.communicate(timeout=30)
        assert said == "PLAYVOICE_SECRET is not set\n"
        assert process.returncode == 1
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True, slots=True)
class Book:
    """Both callbacks go to one address."""

    address: Endpoint

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint:
        return self.address


def states(conn: Connection) -> list[str]:
    return list(conn.scalars(select(callbacks.c.state).order_by(callbacks.c.id)))


@pytest.mark.parametrize("form", ["json", "form"])
async def test_what_the_sender_delivers_is_kept_to_the_letter(receiver: Receiver, form: str, tmp_path: Path) -> None:
    state, record = sample_extension_state(), {**sample_call_record(), "customuuid": "a b+c&d=“东城”"}
    store = Store.open(f"sqlite:///{tmp_path}/callbacks.db")
    await store.write(lambda conn: callbacks.create(conn))
    call = next(receiver.ids)[:36] + form

    def fact(conn: Connection) -> None:
        for kind, payload in ((CallbackKind.STATUS, state), (CallbackKind.CDR, record)):
            owe(conn, company_code="2028", call_uuid=call, kind=kind, payload=payload, at=datetime.now(UTC))

    await store.write(fact)
    web = WebClient(NetworkPolicy([ip_network("127.0.0.0/8")]))
    sender = Sender(store, web, Book(Endpoint(receiver.url, SECRET, form)), random=Random(1))
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(30):
        while await store.read(states) != [State.DELIVERED, State.DELIVERED]:
            pass
    await sender.stop()
    await running
    await web.aclose()
    await store.close()
    kept = [content for name, content in sorted(receiver.files().items()) if name.startswith(call)]
    assert kept == [to_text(state).encode(), to_text(record).encode()]


def test_a_callback_that_comes_again_is_taken_and_kept_once(receiver: Receiver) -> None:
    webhook_id, now = next(receiver.ids), int(time.time())
    before = receiver.files()
    for seconds in (0, 1, 5):
        assert receiver.post(BODY, signed_headers(SECRET, webhook_id, now - seconds, BODY)) == 204
    assert receiver.files() == {**before, webhook_id: BODY}


def test_senders_that_stop_half_way_keep_no_callback_waiting(receiver: Receiver) -> None:
    webhook_id, address = next(receiver.ids), urlsplit(receiver.url)
    with ExitStack() as stack:
        for _ in range(20):
            half = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=10))
            half.sendall(b"POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert receiver.post(BODY, signed_headers(SECRET, webhook_id, int(time.time()), BODY)) == 204
    assert receiver.files()[webhook_id] == BODY


def test_one_right_signature_among_several_is_enough(receiver: Receiver) -> None:
    webhook_id, now = next(receiver.ids), int(time.time())
    headers = signed_headers(SECRET, webhook_id, now, BODY)
    other = signed_headers(OTHER_SECRET, webhook_id, now, BODY)["webhook-signature"]
    headers["webhook-signature"] = f"v1a,abc {other} {headers['webhook-signature']}"
    assert receiver.post(BODY, headers) == 204
    assert receiver.files()[webhook_id] == BODY


def forged(case: str, webhook_id: str) -> tuple[bytes, dict[str, str], int]:
    """What somebody sends who does not have the secret, or only what was sent before; and the answer."""
    now = int(time.time())
    headers = signed_headers(SECRET, webhook_id, now, BODY)
    match case:
        case "another secret":
            return BODY, signed_headers(OTHER_SECRET, webhook_id, now, BODY), 401
        case "no secret":
            return BODY, signed_headers(None, webhook_id, now, BODY), 401
        case "another body":
            return BODY.replace(b"10001", b"10006"), headers, 401
        case "another id":
            return BODY, {**headers, "webhook-id": webhook_id + "0"}, 401
        case "another time":
            return BODY, {**headers, "webhook-timestamp": str(now + 1)}, 401
        case "an old one":
            return BODY, signed_headers(SECRET, webhook_id, now - 330, BODY), 401
        case "one of the future":
            return BODY, signed_headers(SECRET, webhook_id, now + 330, BODY), 401
        case "a signature with more behind it":
            return BODY, {**headers, "webhook-signature": headers["webhook-signature"] + "="}, 401
        case "a time that is none":
            return BODY, {**headers, "webhook-timestamp": f"{now}.0"}, 401
        case "a path for an id":
            return BODY, signed_headers(SECRET, f"../{webhook_id}", now, BODY), 400
        case "no headers":
            return BODY, {}, 400
        case "a body too large":
            body = b"x" * 65_537
            return body, signed_headers(SECRET, webhook_id, now, body), 413
    raise AssertionError(case)


@pytest.mark.parametrize(
    "case",
    [
        "another secret",
        "no secret",
        "another body",
        "another id",
        "another time",
        "an old one",
        "one of the future",
        "a signature with more behind it",
        "a time that is none",
        "a path for an id",
        "no headers",
        "a body too large",
    ],
)
def test_what_is_not_ours_is_refused_and_leaves_nothing(receiver: Receiver, case: str) -> None:
    before = receiver.files()
    body, headers, status = forged(case, next(receiver.ids))
    assert receiver.post(body, headers) == status
    assert receiver.files() == before
    assert not [file for file in receiver.inbox.parent.iterdir() if file.suffix == ".json"]
