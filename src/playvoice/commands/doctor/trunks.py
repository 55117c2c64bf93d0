"""The trunks: their names, whether they answer, whether they take our credentials."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import SystemRandom

from playvoice.commands.doctor.asking import Asker, Reply, asking
from playvoice.commands.doctor.finding import Finding, failure, ok, warning
from playvoice.config import Config
from playvoice.lines.resolving import Resolver, Service, Target, ask_for_services, ask_the_system, literal
from playvoice.lines.trunk import Trunk
from playvoice.sip import URI, SipError
from playvoice.sip.flow import format_host
from playvoice.sip.message import addresses_of

MAX_ASKED = 8
"""Addresses of a trunk that are asked."""


@dataclass(slots=True)
class TrunkReport:
    """What became of one trunk."""

    findings: list[Finding]
    targets: list[Target] = field(default_factory=list)
    seen_as: set[str] = field(default_factory=set)
    """Our address as the trunk saw it."""


@dataclass(slots=True)
class LookedUp:
    """What name servers said of a trunk's name."""

    targets: list[Target] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """Why something could not be found out."""


async def examine_trunks(config: Config, trunks: Sequence[Trunk]) -> dict[str, TrunkReport]:
    """Ask all trunks at once; by name."""
    try:
        async with asking(config) as (asker, own_ports):
            reports = await asyncio.gather(*(_examine(trunk, asker, own_ports) for trunk in trunks))
    except SipError as error:
        do = "give [sip] listen addresses of this machine; the findings about ports say more"
        return {trunk.name: TrunkReport([failure(f"trunk {trunk.name}", str(error), do)]) for trunk in trunks}
    return {trunk.name: report for trunk, report in zip(trunks, reports, strict=True)}


async def _examine(trunk: Trunk, asker: Asker, own_ports: bool) -> TrunkReport:
    found = await look_up(trunk.next_hop)
    report = TrunkReport([] if literal(trunk.next_hop) else [names(trunk, found)], found.targets)
    if not found.targets:
        return report
    asked = found.targets[:MAX_ASKED]
    registers = trunk.registers and trunk.credentials is not None
    replies = await asyncio.gather(
        *(asker.options(trunk, target) for target in asked),
        *([asker.bindings(trunk, asked[0])] if registers else []),
    )
    answers, registration = replies[: len(asked)], replies[len(asked) :]
    report.seen_as = {reply.seen_as for reply in replies if reply.seen_as is not None}
    report.findings.append(options(trunk, answers, own_ports, heard=any(each.response for each in registration)))
    report.findings += [registered(trunk, reply) for reply in registration]
    return report


async def look_up(uri: URI) -> LookedUp:
    """Look a trunk's name up the way the server does."""
    found, system = LookedUp(), ask_the_system()

    async def services(name: str) -> list[Service]:
        try:
            found.services = await ask_for_services(name)
        except OSError as error:
            found.reasons.append(str(error))
            raise
        return found.services

    async def addresses(name: str) -> list[str]:
        try:
            return await system(name)
        except OSError as error:
            found.reasons.append(f"{name}: {getattr(error, 'strerror', None) or error}")
            raise

    resolver = Resolver(SystemRandom(), look_up_service=services, look_up_address=addresses)
    found.targets = await resolver.resolve(uri)
    return found


def names(trunk: Trunk, found: LookedUp) -> Finding:
    """What a trunk's name leads to."""
    check, name = f"trunk {trunk.name}: DNS", trunk.next_hop.host
    if not found.targets:
        reason = "; ".join(found.reasons) or "no name server answered in time"
        return failure(check, f"{name} leads nowhere: {reason}", "check the name, and this machine's /etc/resolv.conf")
    way = "by SRV" if found.services else "by its address records"
    seen = f"{name} {way}: {', '.join(_text(target) for target in found.targets[:MAX_ASKED])}"
    if found.reasons:
        return warning(check, f"{seen}; but {'; '.join(found.reasons)}", "tell whoever keeps the zone")
    return ok(check, seen)


def options(trunk: Trunk, replies: Sequence[Reply], own_ports: bool, *, heard: bool = False) -> Finding:
    """What a trunk's addresses said to OPTIONS. `heard` is whether it answered anything else."""
    check = f"trunk {trunk.name}: OPTIONS"
    seen = "; ".join(_outcome(reply) for reply in replies)
    if not own_ports:
        seen += " (asked from a port of its own: those of the configuration are in use)"
    silent = [reply for reply in replies if reply.response is None]
    codes = {reply.response.code for reply in replies if reply.response is not None}
    if not codes:
        if heard or trunk.keepalive == 0:
            return warning(check, seen, "calls may work all the same; write keepalive = 0 in its [[trunk]]")
        return failure(
            check,
            seen,
            f"check address, port and transport of {trunk.next_hop}, that the carrier knows this machine's address,"
            " and that no firewall keeps its answers back",
        )
    if silent:
        return warning(check, seen, "calls go to the others; ask the carrier about the silent ones")
    if 403 in codes and not trunk.registers:
        return warning(
            check, seen, "it may not know our address: ask the carrier which address it lets in, and compare"
        )
    if any(map(_is_unwell, codes)):
        return warning(check, seen, "it is there, but not well: ask the carrier")
    return ok(check, seen)


def _is_unwell(code: int) -> bool:
    """Whether it could not do what was asked, rather than did not want to or know how."""
    return code == 408 or (code >= 500 and code not in (501, 513))


def registered(trunk: Trunk, reply: Reply) -> Finding:
    """What the registrar said to our credentials."""
    check, response = f"trunk {trunk.name}: registration", reply.response
    who = f"{trunk.address_of_record} at {_text(reply.target)}"
    if response is None:
        return failure(check, f"{who}: {reply.reason}", "as for OPTIONS: address, port, transport, firewall")
    said = f"{response.code} {response.phrase}".strip()
    if response.code < 300:
        contacts = _contacts(reply)
        now = f"{contacts} registered now" if contacts else "nobody is registered now"
        return ok(check, f"{who} takes the credentials; {now}")
    if response.code in (401, 403, 407):
        return failure(
            check,
            f"{who} refuses the credentials: {said}",
            "check username, password and, where the carrier names a domain of its own, from_domain in its [[trunk]]",
        )
    if response.code == 404:
        return failure(check, f"{who}: {said}", "it does not know this user: check username, from_user and from_domain")
    if _is_unwell(response.code):
        return failure(check, f"{who} can't register anybody now: {said}", "it is there, but not well: ask the carrier")
    return warning(
        check,
        f"{who} does not tell what is registered: {said}",
        "not every registrar does; whether ours works says the line trunk_registered in the server's log",
    )


def _contacts(reply: Reply) -> int:
    assert reply.response is not None
    try:
        return len(addresses_of(reply.response, "Contact"))
    except ValueError:
        return 0


def _outcome(reply: Reply) -> str:
    if reply.response is None:
        return f"{_text(reply.target)}: {reply.reason}"
    said = f"{reply.response.code} {reply.response.phrase}".strip()
    return f"{_text(reply.target)} answered {said} in {reply.seconds * 1000:.0f} ms"


def _text(target: Target) -> str:
    return f"{target.transport}:{format_host(target.host)}:{target.port}"
