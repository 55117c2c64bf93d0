"""The rules of this machine's own firewall, as far as they can be read: whether our ports are let in.

This is a look for a rule that accepts a port, not a model of a firewall: what a rule's other conditions let through,
and what stands before the machine, can only be tested from outside, and the findings say so.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from playvoice.commands.doctor.finding import Finding, ok, warning
from playvoice.commands.invocation import playvoice
from playvoice.config import Config

COMMANDS = (("nft", "-j", "list", "ruleset"), ("iptables-save", "-t", "filter"), ("ip6tables-save", "-t", "filter"))
COMMAND_SECONDS = 5.0
_OUTSIDE = "what stands before this machine (router, security group) is seen only from outside: call, and look with"


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """Ports of one protocol."""

    protocol: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.protocol} {self.first}" + (f"-{self.last}" if self.last != self.first else "")

    def holds(self, other: "Ports") -> bool:
        return self.protocol == other.protocol and self.first <= other.first and other.last <= self.last


@dataclass(slots=True)
class Rules:
    """What is known of a firewall."""

    drops: bool = False
    """Whatever no rule accepts is not let in."""
    accepted: set[Ports] = field(default_factory=set)


def firewall(config: Config) -> list[Finding]:
    """Look at the rules of this machine."""
    return [judge(wanted(config), [_run(command) for command in COMMANDS if shutil.which(command[0])])]


def judge(needed: list[Ports], outputs: Sequence[str | None]) -> Finding:
    """What the rules mean for the ports that are needed; None stands for a tool that may not read them."""
    if not needed:
        return ok("firewall", "the server listens on loopback only, where none stands in the way")
    ports = ", ".join(str(each) for each in needed)
    look = f"tcpdump -ni any udp port {next((each.first for each in needed if each.protocol == 'udp'), 5060)}"
    readable = [output for output in outputs if output is not None]
    if not readable or len(readable) < len(outputs):
        why = "may be read by root only" if outputs else "can't be read: there is no nft and no iptables-save here"
        do = f"sudo {playvoice()} doctor; " if outputs else ""
        return ok("firewall", f"its rules {why}; {ports} must be let in", f"{do}{_OUTSIDE} {look}")
    rules = Rules()
    for output in readable:
        _read(output, rules)
    missing = [each for each in needed if not any(accepted.holds(each) for accepted in rules.accepted)]
    if not rules.drops:
        return ok("firewall", f"no rule of this machine keeps {ports} out", f"{_OUTSIDE} {look}")
    if not missing:
        return ok("firewall", f"rules of this machine accept {ports}", f"{_OUTSIDE} {look}")
    return warning(
        "firewall",
        f"this machine drops what no rule accepts, and no rule was found for {', '.join(map(str, missing))}",
        "let them in, from the carrier's addresses at least: "
        + "; ".join(f"nft add rule inet filter input {each.protocol} dport {_dport(each)} accept" for each in missing),
    )


def wanted(config: Config) -> list[Ports]:
    """The ports that others have to reach, which those on loopback are not."""
    http, rtp = config.server.http, config.rtp
    found = [Ports(each.transport, each.port, each.port) for each in config.sip.listen if not _is_loopback(each.host)]
    if found and not _is_loopback(rtp.address):
        found.append(Ports("udp", rtp.ports.first, rtp.ports.last))
    if not _is_loopback(http.host):
        found.append(Ports("tcp", http.port, http.port))
    return list(dict.fromkeys(each for each in found if each.first))


def _run(command: Iterable[str]) -> str | None:
    try:
        ran = subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout if ran.returncode == 0 else None


def _read(output: str, rules: Rules) -> None:
    if not output.lstrip().startswith("{"):
        read_iptables(output, rules)
        return
    try:
        read_nft(json.loads(output), rules)
    except (ValueError, TypeError, AttributeError, KeyError):
        pass  # a version that writes otherwise: its rules are not known, and nothing is said of them


def read_iptables(text: str, rules: Rules) -> None:
    """Add what `iptables-save -t filter` writes."""
    for line in text.splitlines():
        if re.match(r":INPUT (DROP|REJECT)\b", line) or re.match(r"-A INPUT -j (DROP|REJECT)\b", line):
            rules.drops = True
        found = re.match(r"-A .*-p (udp|tcp) .*--dports? (\S+).* -j ACCEPT", line)
        for part in found[2].split(",") if found else ():
            first, _, last = part.partition(":")
            rules.accepted.add(Ports(found[1], int(first), int(last or first)))  # type: ignore[index]


def read_nft(data: dict[str, Any], rules: Rules) -> None:
    """Add what `nft -j list ruleset` writes."""
    inputs = set()
    for entry in data["nftables"]:
        if (chain := entry.get("chain")) and chain.get("hook") == "input":
            inputs.add((chain["family"], chain["table"], chain["name"]))
            rules.drops |= chain.get("policy") == "drop"
    for entry in data["nftables"]:
        if rule := entry.get("rule"):
            expressions = rule.get("expr", [])
            verdict = {name for each in expressions for name in each} & {"accept", "drop", "reject"}
            matches = [each["match"] for each in expressions if "match" in each]
            conditional = matches or any("xt" in each for each in expressions)
            if verdict & {"drop", "reject"} and not conditional:
                rules.drops |= (rule["family"], rule["table"], rule["chain"]) in inputs
            if "accept" in verdict:
                for match in matches:
                    rules.accepted.update(_nft_ports(match))


def _nft_ports(match: dict[str, Any]) -> Iterator[Ports]:
    payload = match["left"].get("payload", {}) if isinstance(match["left"], dict) else {}
    if payload.get("field") != "dport" or match.get("op") not in ("==", "in"):
        return
    protocols = ("udp", "tcp") if payload.get("protocol") == "th" else (payload.get("protocol"),)
    right = match["right"]
    for each in right["set"] if isinstance(right, dict) and "set" in right else [right]:
        first, last = each["range"] if isinstance(each, dict) and "range" in each else (each, each)
        if isinstance(first, int) and isinstance(last, int):
            yield from (Ports(protocol, first, last) for protocol in protocols if protocol in ("udp", "tcp"))


def _dport(ports: Ports) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
