"""The questions, in the order in which they are asked; each can be answered by an option beforehand."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import TypeVar

import typer

from playvoice.commands.init import guesses, rules
from playvoice.commands.init.answers import Account, Answers
from playvoice.config import (
    CompanyConfig,
    ExtensionConfig,
    GroupConfig,
    RtpConfig,
    ServerConfig,
    SipConfig,
    TrunkConfig,
)
from playvoice.sip.message import parse_uri

T = TypeVar("T")
ADDRESS, REGISTRATION = "address", "registration"
_WAYS = {"1": ADDRESS, "2": REGISTRATION, ADDRESS: ADDRESS, REGISTRATION: REGISTRATION}


class Unusable(Exception):
    """What an option says can't be used."""


class Dialogue:
    """Asks until the answer can be used; what an option has answered, or `yes` takes as it is, is not asked."""

    def __init__(self, given: Mapping[str, str], *, yes: bool) -> None:
        self._given = given
        self._yes = yes

    def has(self, option: str) -> bool:
        """Whether an option was given."""
        return option in self._given

    def ask(self, option: str, question: str, default: str, read: rules.Read[T], *, hidden: bool = False) -> T:
        """One answer. Unusable where an option's can't be used, or where there is none to take."""
        if option in self._given or self._yes:
            try:
                return read(self._given.get(option, default).strip())
            except ValueError as error:
                raise Unusable(f"--{option}: {error}") from None
        while True:
            typed = typer.prompt(
                question, default=default, show_default=bool(default) and not hidden, hide_input=hidden
            )
            try:
                return read(str(typed).strip())
            except ValueError as error:
                typer.echo(f"  {error}")

    def say(self, line: str) -> None:
        """Explain, where somebody is asked."""
        if not self._yes:
            typer.echo(line)


def ask_all(dialogue: Dialogue, zone: str) -> Answers:
    """Ask everything that was not said; `zone` is this machine's time zone. Unusable as in `Dialogue.ask`."""
    ask = dialogue.ask
    dialogue.say("The carrier, or the PBX that leads to it:")
    trunk = ask(
        "trunk",
        "  Its address, HOST or HOST:PORT, ;transport=tcp for TCP",
        "127.0.0.1:5080",
        rules.sip_uri(rules.of(TrunkConfig, "address")),
    )
    account = _ask_account(dialogue)
    dialogue.say("This machine:")
    host = parse_uri(trunk).host
    listen = ask(
        "listen", "  Its IP address towards the carrier, for SIP and audio", guesses.own_address(host), rules.address
    )
    sip_port = ask("sip-port", "  The port for SIP, UDP and TCP", "5060", rules.port)
    external = _ask_external(dialogue, listen)
    rtp_ports = ask(
        "rtp-ports", "  UDP ports for audio, two for each leg of a call", "10000-29999", rules.of(RtpConfig, "ports")
    )
    http = ask(
        "http",
        "  Where the API listens; 0.0.0.0:8080 for all the network",
        "127.0.0.1:8080",
        rules.of(ServerConfig, "http"),
    )
    timezone = ask("timezone", "  Time zone of the times in the API", zone, rules.of(ServerConfig, "timezone"))
    dialogue.say("The company that asks for calls:")
    code = ask("company", "  Its code, 1 to 9 digits", "2028", rules.of(CompanyConfig, "code"))
    return Answers(
        trunk=trunk,
        account=account,
        listen=listen,
        sip_port=sip_port,
        external_address=external,
        rtp_ports=rtp_ports,
        http=http,
        timezone=timezone,
        code=code,
        name=ask("name", "  Its name", "Demo", rules.of(CompanyConfig, "name")),
        numbers=ask(
            "number",
            "  Caller numbers that the carrier lets it show",
            f"21{code}0001",
            rules.several(CompanyConfig, "numbers"),
        ),
        extensions=ask(
            "extension", "  Agents' extensions, one or several", f"{code}0003", rules.each(ExtensionConfig, "number")
        ),
        group=ask("group", "  The group that they are in", "extGroup-1", rules.of(GroupConfig, "name")),
        cdr_callback=_ask_url(dialogue, "cdr-callback", "  URL that gets a record of each call", "cdr_callback"),
        status_callback=_ask_url(dialogue, "status-callback", "  URL that gets the agents' states", "status_callback"),
        voice_dir=ask("voice-dir", "  Folder of its voice files", "voices", _folder),
    )


def _ask_account(dialogue: Dialogue) -> Account | None:
    """How the carrier knows us. A user name that was given says it, too."""
    if dialogue.has("username"):
        way = REGISTRATION
    else:
        way = dialogue.ask("by", "  It knows you 1 by your IP address, or 2 by a registration", "1", _way)
    if way == ADDRESS:
        return None
    username = dialogue.ask(
        "username", "  User name of the registration", "", _needed(rules.of(TrunkConfig, "username"))
    )
    password = dialogue.ask(
        "password", "  Its password (not shown)", "", _needed(rules.of(TrunkConfig, "password")), hidden=True
    )
    return Account(username, password)


def _ask_external(dialogue: Dialogue, listen: str) -> str | None:
    read = rules.or_nothing(_same_family(listen))
    if not dialogue.has("external-address") and not guesses.may_be_behind_nat(listen):
        return None
    question = (
        "  Public address of the NAT that it is behind; empty: there is none, or the carrier is on this side of it"
    )
    return dialogue.ask("external-address", question, "", read)


def _same_family(listen: str) -> rules.Read[str]:
    read = rules.of(SipConfig, "external_address")

    def same(text: str) -> str:
        read(text)
        if ip_address(text).version != ip_address(listen).version:
            raise ValueError(f"{text!r} can't be used; expected an address of the same family as {listen}")
        return text

    return same


def _ask_url(dialogue: Dialogue, option: str, question: str, key: str) -> str | None:
    return dialogue.ask(option, f"{question}; empty: none", "", rules.or_nothing(rules.of(CompanyConfig, key)))


def _way(text: str) -> str:
    if text.lower() not in _WAYS:
        raise ValueError(f"{text!r} can't be used; expected 1 (address) or 2 (registration)")
    return _WAYS[text.lower()]


def _needed(read: rules.Read[str]) -> rules.Read[str]:
    def needed(text: str) -> str:
        if not text:
            raise ValueError("it is needed for a registration; the carrier has given it to you")
        return read(text)

    return needed


def _folder(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"{text!r} can't be used; expected the path of a folder, which is made where there is none")
    return text
