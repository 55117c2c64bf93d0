"""Callback addresses: reached without a request, refused, or sent a test that says that it is one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from urllib.parse import parse_qs

import pytest
from tests.samples import COMPANY

from playvoice.callbacks import CallbackKind
from playvoice.callbacks.signing import signed_headers
from playvoice.commands.doctor.finding import Finding, Outcome
from playvoice.commands.doctor.receivers import Receiver, make_test, missing, receiver, receivers
from playvoice.companies import Company
from playvoice.config import CallbackFormat
from playvoice.web import NetworkPolicy, WebClient

LOOPBACK = NetworkPolicy([ip_network("127.0.0.0/8")])
SECRET = "whsec_" + "A" * 32
AT = datetime(2026, 1, 1, tzinfo=UTC)


def cdr(url: str, company: Company = COMPANY) -> Receiver:
    return Receiver(company, CallbackKind.CDR, url)


async def look_at(url: str, *, policy: NetworkPolicy = LOOPBACK, deliver: bool = False) -> Finding:
    web = WebClient(policy)
    try:
        return await receiver(cdr(url), web, policy, deliver=deliver)
    finally:
        await web.aclose()


@asynccontextmanager
async def far_end(status: str = "200 OK") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A web server that answers everything alike; gives its URL and what came."""
    came: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.read(65_536))
        if came[-1]:
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/calls?key=secret", came


async def test_an_address_is_reached_and_nothing_is_sent() -> None:
    async with far_end() as (url, came):
        finding = await look_at(url)
        await asyncio.sleep(0)
    assert finding.outcome is Outcome.OK
    assert "--deliver" in finding.do
    assert b"".join(came) == b""
    assert "secret" not in str(finding)


async def test_a_test_is_delivered_where_that_is_wanted() -> None:
    async with far_end() as (url, came):
        finding = await look_at(url, deliver=True)
    assert finding.outcome is Outcome.OK
    assert "answered the test with 200" in finding.seen
    assert any(b"webhook-id: test-" in each for each in came)


@pytest.mark.parametrize(
    ("status", "do"),
    [
        ("500 Oh", "must take what it does not know"),
        ("401 Who", "secret 2028"),
        ("302 There", "the address that it leads to"),
    ],
)
async def test_a_receiver_that_refuses_the_test_is_a_failure(status: str, do: str) -> None:
    async with far_end(status) as (url, _):
        finding = await look_at(url, deliver=True)
    assert (finding.outcome, f"answered the test with {status[:3]}" in finding.seen) == (Outcome.FAILURE, True)
    assert do in finding.do


async def test_one_that_speaks_no_http_is_a_failure() -> None:
    async with far_end("\0") as (url, _):
        finding = await look_at(url, deliver=True)
    assert (finding.outcome, "was not answered" in finding.seen) == (Outcome.FAILURE, True)


@pytest.mark.parametrize(
    ("url", "do"),
    [
        ("http://127.0.0.1:1/", 'add "127.0.0.1" to [security] allow_networks'),
        ("http://user:pw@10.1.2.3/x", 'add "10.1.2.3"'),
        ("http://[::1]:8/x", 'add "::1"'),
        ("http://localhost:1/", "add its network"),
        ("http://2130706433/", "add its network"),
    ],
)
async def test_an_address_that_is_not_allowed_is_told_with_what_would_allow_it(url: str, do: str) -> None:
    finding = await look_at(url, policy=NetworkPolicy())
    assert finding.outcome is Outcome.FAILURE
    assert do in finding.do


async def test_a_port_on_which_nobody_listens_is_a_failure() -> None:
    async with far_end() as (url, _):
        pass
    finding = await look_at(url)
    assert (finding.outcome, "no connection" in finding.seen) == (Outcome.FAILURE, True)


class _Certified(WebClient):
    """Reaches everything, by a certificate that ends then."""

    def __init__(self, ends: float) -> None:
        super().__init__(LOOPBACK)
        self._ends = ends

    async def reach(self, url: str, *, timeout: float) -> float | None:  # noqa: ASYNC109
        return self._ends


@pytest.mark.parametrize(("days", "outcome"), [(13, Outcome.WARNING), (15, Outcome.OK)])
async def test_a_certificate_that_soon_ends_is_told(days: int, outcome: Outcome) -> None:
    ends = datetime.now(UTC).timestamp() + days * 86_400 + 60
    finding = await receiver(cdr("https://crm.example.com/"), _Certified(ends), LOOPBACK, deliver=False)
    assert finding.outcome is outcome


def test_a_test_record_is_a_record_that_no_call_has() -> None:
    each = cdr("http://127.0.0.1/", replace(COMPANY, signing_secret=SECRET, callback_fields=("userid",)))
    body, headers = make_test(each, AT)
    payload = json.loads(body)
    assert payload["uuid"] == "00000000-0000-0000-0000-000000000000"
    assert payload["customuuid"] == "playvoice-doctor-test"
    assert (payload["id"], payload["destnumber"], "userid" in payload) == (0, "0", True)
    identity = headers["webhook-id"]
    assert identity.startswith("test-")
    signed = signed_headers(SECRET, identity, int(AT.timestamp()), body)
    assert {name: headers[name] for name in signed} == signed
    assert identity != make_test(each, AT)[1]["webhook-id"]


def test_a_test_state_is_written_as_the_company_wants_it() -> None:
    company = replace(COMPANY, callback_format=CallbackFormat.FORM, signing_secret="")
    body, headers = make_test(Receiver(company, CallbackKind.STATUS, "http://127.0.0.1/"), AT)
    payload = json.loads(parse_qs(body.decode())["detail"][0])
    assert (payload["extnumber"], payload["status"]) == ("playvoice-doctor-test", "hangup")
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert "webhook-signature" not in headers, "no secret is known before the first start"


def test_each_address_that_is_set_is_looked_at_and_a_missing_record_address_is_told() -> None:
    deaf = replace(COMPANY, code="77", cdr_callback=None, status_callback=None)
    assert [each.check for each in receivers([COMPANY, deaf])] == [
        "cdr_callback of company 2028",
        "status_callback of company 2028",
    ]
    assert [(each.outcome, each.check) for each in missing([COMPANY, deaf])] == [
        (Outcome.WARNING, "cdr_callback of company 77")
    ]
