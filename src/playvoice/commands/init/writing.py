"""The text of the file: what was answered, what each line means, and what else there is.

A line that begins with `# KEY =` is an option that is left at its default, as in `playvoice.example.toml`.
"""

import json
from collections.abc import Iterable, Mapping

from playvoice.commands.init.answers import Answers
from playvoice.commands.init.guesses import networks_beside, networks_to_allow
from playvoice.sip.flow import format_host

_COLUMN = 46
_HEAD = """\
# PlayVoice's configuration. Paths are relative to this file, which has secrets in it: let nobody else read it.
# What stands here is created or overwritten at each start; nothing is deleted.
# A line that begins with "# KEY =" is an option with its default or, where it says so, an example of one without.
# `playvoice doctor` looks whether all of it works.
"""


def text(answers: Answers, passwords: Mapping[str, str]) -> str:
    """The file; `passwords` are those of the extensions."""
    parts = [
        _HEAD,
        _server(answers),
        _sip(answers),
        _trace(),
        _retention(),
        _monitoring(),
        _trunk(answers),
        _company(answers),
    ]
    parts += [_extension(number, passwords[number]) for number in answers.extensions]
    parts.append(_group(answers))
    return "\n".join(parts)


def _server(answers: Answers) -> str:
    allowed = networks_to_allow([answers.cdr_callback, answers.status_callback])
    allow = "private networks that voices and callbacks may use"
    return _lines(
        "[server]",
        _set("http", answers.http, "where the API listens; nginx or Caddy in front give it https"),
        _set("database", "sqlite:///data/playvoice.db", "or postgresql://user@host/db"),
        _set("data_dir", "data", "recordings and downloaded voices"),
        _set("timezone", answers.timezone, "of the times that the API and callbacks tell"),
        _example("public_ip", "203.0.113.7", "in callbacks; by default external_address, else that of [rtp]"),
        _example("public_url", "https://voice.example.com", "what links to recordings begin with"),
        _default("stop_timeout", 5, "seconds that running calls have at a stop to end by themselves"),
        "",
        "[security]",
        _set("allow_networks", allowed, allow) if allowed else _example("allow_networks", ["10.0.0.0/8"], allow),
    )


def _sip(answers: Answers) -> str:
    host, port, external = format_host(answers.listen), answers.sip_port, answers.external_address
    beside = "who is told our own address all the same"
    return _lines(
        "[sip]",
        _set("listen", [f"udp:{host}:{port}", f"tcp:{host}:{port}"], "for carriers and for agents' phones"),
        _set("domain", format_host(external or answers.listen), "the realm of phones; the host of From"),
        _set("external_address", external, "of the NAT, told in Via, Contact and SDP")
        if external
        else _example("external_address", "203.0.113.7", "behind a NAT: its address, told in Via, Contact and SDP"),
        _set("local_networks", networks_beside(answers.listen), beside)
        if external
        else _example("local_networks", ["10.0.0.0/8"], beside),
        _example("edges", ["192.0.2.20"], "SIP proxies of yours, whose Path of a phone counts"),
        "",
        "[rtp]",
        _set("address", answers.listen, "where audio is sent from and received"),
        _set("ports", answers.rtp_ports, "each leg of a call takes two; let them in, UDP"),
    )


def _trace() -> str:
    return _lines(
        "[trace]                                       # what `playvoice trace` shows of a call that has ended",
        _default("max_megabytes", 512, "of all calls, compressed: about 250,000; 0: nothing is kept"),
        _default("mask_numbers", False, "true: 138****5678 in what is kept and shown, and in --trace-sip"),
    )


def _retention() -> str:
    return _lines(
        "[retention]                                   # days that what is stored is kept, docs/backup.md",
        _default("calls", 0, "call records (bills) with their legs; 0: for ever"),
        _default("recordings", 0, "never longer than calls; 0: as long as calls"),
        _default("callbacks", 7, "delivered ones, from 7; given up ones at least 30; 0: for ever"),
        _default("tokens", 1, "from Login, which gives them 12 hours"),
        _default("idempotency_keys", 1, "from the request; they count for 24 hours"),
        _default("downloaded_voices", 30, "without a call that plays them; 0: as long as there is room"),
        _default("traces", 7, "what [trace] keeps; 0: as long as there is room"),
    )


def _monitoring() -> str:
    return _lines(
        "[monitoring]                                  # /healthz, /readyz and /metrics at the address of http",
        _default("allow", ["127.0.0.0/8", "::1/128"], "who may read them, never through a proxy"),
    )


def _trunk(answers: Answers) -> str:
    account = answers.account
    return _lines(
        "[[trunk]]                                     # the carrier; several are tried in turn, see docs/trunks.md",
        _set("name", "carrier", "your name for it"),
        _set("address", answers.trunk, "where calls go; ;transport=tcp for TCP"),
        _example("proxy", "sip:sbc.example.com", "where requests go instead of address"),
        _example("hosts", ["192.0.2.0/28"], "whose requests count as this trunk's, too"),
        *_account(account.username, account.password) if account is not None else _no_account(),
        _default("max_calls", 30, "at once; ask the carrier"),
        _default("calls_per_second", 5.0, "ask the carrier"),
        _default("codecs", ["PCMA", "PCMU"], "in the order of preference"),
        _default("dtmf", "auto", 'how keys come: "auto", "rfc4733", "info" or "inband"'),
        _example("strip", "+86", "digits taken off the number"),
        _example("prefix", "9", "digits put before it"),
        _example("from_user", "861012345678", "in From instead of the caller number"),
        _example("from_domain", "pbx.example.com", "the host of From"),
        _default("caller_id", "from", 'where the caller number stands: "from", "pai", "ppi" or "rpid"'),
        _default("keepalive", 30, "seconds between OPTIONS; 0: none"),
        _default("trunk_timeout", 4, "seconds without a response before the next trunk is tried"),
    )


def _account(username: str, password: str) -> Iterable[str]:
    yield _set("register", True, "it knows us by a registration")
    yield _set("username", username, "for digest authentication")
    yield _set("password", password, "or PLAYVOICE_TRUNK__CARRIER__PASSWORD in the environment")


def _no_account() -> Iterable[str]:
    yield _default("register", False, "it knows us by our address; true needs username and password")
    yield _example("username", "861012345678", "for digest authentication")
    yield _example("password", "secret", "likewise")


def _company(answers: Answers) -> str:
    return _lines(
        "[[company]]                                   # who asks for calls; there may be several",
        _set("code", answers.code, "companycode"),
        _set("name", answers.name, "companyname"),
        _set("appid", answers.appid, "for Login, together with accesskey"),
        _set("accesskey", answers.accesskey, "made at random"),
        _url("cdr_callback", answers.cdr_callback, "one record of each call, when it has ended"),
        _url("status_callback", answers.status_callback, "each state of an agent: ring, answer, hangup"),
        _set("signing_secret", answers.signing_secret, "signs callbacks; made at random"),
        _default("callback_format", "json", 'or "form": one field detail that holds the JSON'),
        _example("callback_fields", ["direction", "userid", "ext", "recordurl"], "more fields of the record"),
        _set("numbers", answers.numbers, "caller numbers that the carrier lets you show"),
        _example("trunks", ["carrier"], "all, where none are named"),
        _example("ipwhite", ["198.51.100.0/24"], "where requests may come from: anywhere"),
        _default("record", "always", '"never", or "transferred": calls that reached an agent'),
        _default("record_format", "mp3", 'or "wav"'),
        _set("voice_dir", answers.voice_dir, "its files are the library (voicetype 1)"),
        _default("expire_after", 3600, "seconds that a call waits at most for a free trunk"),
        _default("key_time", 5, "seconds that remain for a key when the voice has ended"),
        _default("enabled", True, "false: its requests get ret 601"),
        "# licensed_until = 2030-12-31".ljust(_COLUMN) + "# none by default; after this day requests get ret 602",
    )


def _extension(number: str, password: str) -> str:
    return _lines(
        "[[company.extension]]                         # an agent's phone: a SIP account",
        _set("number", number, "its user name"),
        _set("password", password, "made at random"),
    )


def _group(answers: Answers) -> str:
    return _lines(
        "[[company.group]]                             # who is rung when a callee presses a key",
        _set("name", answers.group, f"userid=1@{answers.group}: key 1 leads here"),
        _set("strategy", "ring-all", 'or "longest-idle": one after the other'),
        _set("members", answers.extensions, "extensions of this company"),
        _default("ring_time", 20, "seconds that an agent's phone rings"),
        _default("max_wait", 60, "seconds that a customer waits for an agent"),
    )


def _url(key: str, value: str | None, comment: str) -> str:
    return _set(key, value, comment) if value else _example(key, "https://crm.example.com/calls", comment)


def _set(key: str, value: object, comment: str) -> str:
    return f"{key} = {_value(value)}".ljust(_COLUMN - 1) + f" # {comment}"


def _default(key: str, value: object, comment: str) -> str:
    return _set(f"# {key}", value, comment)


def _example(key: str, value: object, comment: str) -> str:
    return _set(f"# {key}", value, f"none by default; {comment}")


def _value(value: object) -> str:
    """Write a value as TOML: what JSON writes is TOML, too, but for DEL."""
    written = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
    return written.replace("\x7f", "\\u007f")


def _lines(*lines: str) -> str:
    return "\n".join((*lines, ""))
