"""The companies' callback addresses: where they lead, whether somebody is there, and what he says to a test."""

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from playvoice.callbacks import CallbackKind, ExtensionState, call_record, extension_state
from playvoice.callbacks.payloads import to_body, to_text
from playvoice.callbacks.signing import signed_headers
from playvoice.commands.doctor.finding import Finding, failure, ok, warning
from playvoice.commands.invocation import playvoice
from playvoice.companies import Company
from playvoice.web import AddressRefused, NetworkPolicy, WebClient, WebError

REACH_SECONDS = 6.0
DELIVERY_SECONDS = 10.0
"""As for a real one."""
CERTIFICATE_DAYS = 14
TEST = "playvoice-doctor-test"
"""What a test delivery says of itself in every field that is free for it."""
_NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Receiver:
    """One address of one company."""

    company: Company
    kind: CallbackKind
    url: str

    @property
    def check(self) -> str:
        key = "cdr_callback" if self.kind is CallbackKind.CDR else "status_callback"
        return f"{key} of company {self.company.code}"


def receivers(companies: Iterable[Company]) -> Iterator[Receiver]:
    """All addresses that are set."""
    for company in companies:
        for kind, url in ((CallbackKind.CDR, company.cdr_callback), (CallbackKind.STATUS, company.status_callback)):
            if url is not None:
                yield Receiver(company, kind, url)


def missing(companies: Iterable[Company]) -> Iterator[Finding]:
    """Companies that hear of nothing."""
    for company in companies:
        if company.cdr_callback is None:
            yield warning(
                f"cdr_callback of company {company.code}",
                "none is set: nobody is told how its calls ended",
                "write cdr_callback in its [[company]], if it wants to be told",
            )


async def receiver(each: Receiver, web: WebClient, policy: NetworkPolicy, *, deliver: bool) -> Finding:
    """Reach an address as a delivery would, and send a test only where that is wanted."""
    try:
        address = web.check_url(each.url)
        ends = await web.reach(each.url, timeout=REACH_SECONDS)
    except AddressRefused as error:
        return failure(each.check, str(error), _open(each.url, policy))
    except WebError as error:
        do = "check the address, that its server runs, its name, and its certificate where it is https"
        return failure(each.check, str(error), do)
    if ends is not None and (left := (ends - time.time()) / 86_400) < CERTIFICATE_DAYS:
        return warning(each.check, f"{address}: its certificate ends in {left:.0f} days", "have it renewed")
    if deliver:
        return await _deliver(each, web)
    return ok(
        each.check, f"{address} is reached; nothing was sent", f"{playvoice()} doctor --deliver sends a signed test"
    )


async def _deliver(each: Receiver, web: WebClient) -> Finding:
    body, headers = make_test(each, datetime.now(UTC))
    began = time.monotonic()
    try:
        response = await web.post(each.url, body, headers, timeout=DELIVERY_SECONDS)
    except WebError as error:
        return failure(each.check, f"the test was not answered: {error}", "look into the log of that server")
    took = (time.monotonic() - began) * 1000
    seen = f"{web.check_url(each.url)} answered the test with {response.status} in {took:.0f} ms"
    if 200 <= response.status < 300:
        return ok(each.check, seen)
    return failure(each.check, seen, _after(response.status, each.company.code))


def _after(status: int, code: str) -> str:
    """What to do about a status that is not 2xx."""
    if status in (401, 403):
        return (
            "it refuses the signature, or wants a login that callbacks don't have: compare its secret with that of"
            f" {playvoice()} secret {code}, and its clock with this one"
        )
    if status // 100 == 3:
        return "a redirect counts as a failure: write the address that it leads to"
    return "a receiver that does not answer 2xx gets each callback again; it must take what it does not know"


def make_test(each: Receiver, at: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a callback that says of itself that it is none: no call has the uuid of zeros."""
    company = each.company
    if each.kind is CallbackKind.CDR:
        payload = call_record(
            id=0,
            uuid=str(_NOBODY),
            company_code=company.code,
            destnumber="0",
            disnumber="0",
            started_at=at,
            answered_at=None,
            ended_at=at,
            hangupcause=10007,
            hangupdirection=10007,
            extnumber="",
            crmid="",
            userkey="",
            customuuid=TEST,
            chengshudu="",
            memberid="",
            recordfilename="",
            downloadip="",
            zone=UTC,
            fields=company.callback_fields,
        )
    else:
        payload = extension_state(
            buuid=str(_NOBODY),
            callee="0",
            extnumber=TEST,
            company_code=company.code,
            disnumber="0",
            started_at=at,
            status=ExtensionState.HANGUP,
            uuid=str(_NOBODY),
            ip="",
        )
    body, content_type = to_body(to_text(payload), company.callback_format.value)
    headers = signed_headers(company.signing_secret, f"test-{uuid.uuid4()}", int(at.timestamp()), body)
    return body, {**headers, "content-type": content_type}


def _open(url: str, policy: NetworkPolicy) -> str:
    """What would let an address in."""
    general = "if it is yours, add its network to [security] allow_networks"
    try:
        policy.check_url(url)
    except AddressRefused:
        host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        host = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
        try:
            return f'if it is yours, add "{ip_address(host)}" to [security] allow_networks'
        except ValueError:
            pass
    return general
