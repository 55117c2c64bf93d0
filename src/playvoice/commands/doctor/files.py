"""The configuration file itself: what is wrong in it, who can read it, and secrets that are easily guessed."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from playvoice.commands.doctor.finding import Finding, failure, ok, warning
from playvoice.commands.doctor.setup import Setup
from playvoice.commands.invocation import playvoice
from playvoice.config import Config, ConfigError, load

SHORT_KEY = 16
"""Characters below which an access key can be guessed in time."""
SHORT_PASSWORD = 8
"""The same of a phone's password, which strangers try all day where SIP is open to them."""
_EXAMPLES = frozenset({"demo-accesskey", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
"""Secrets of the example file, which everybody can read."""


def read_configuration(path: Path, environ: Mapping[str, str]) -> tuple[Config | None, list[Finding]]:
    """Read the file; the findings are all of its problems."""
    try:
        config = load(path, environ)
    except ConfigError as error:
        match error.__cause__:
            case FileNotFoundError():
                do = f"make one with `{playvoice()} init`, or name another with --config"
            case OSError():
                do = f"let this user read {path}, or name another with --config"
            case _:
                do = f"change it in {path}"
        return None, [failure("configuration", str(problem), do) for problem in error.problems]
    return config, [ok("configuration", f"{path} can be used")]


def parts(setup: Setup) -> Finding:
    """What there is to make a call with, by the file or by commands."""
    seen = ", ".join(
        (
            _count(len(setup.trunks), "trunk"),
            _count(len(setup.companies), "company", "companies"),
            _count(setup.extensions, "extension"),
        )
    )
    if not setup.trunks:
        return warning("set-up", seen, "add a [[trunk]]: without one nobody can be called")
    if not setup.companies:
        return warning("set-up", seen, "add a [[company]]: without one nobody can ask for calls")
    return ok("set-up", seen)


def secrets(path: Path, config: Config) -> list[Finding]:
    """Who can read the file and what is stored, and whether its secrets can be guessed."""
    return [_permissions(path), *_stored(config.server.data_dir), *_guessable(config)]


def _permissions(path: Path) -> Finding:
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o007:
        return warning(
            "file permissions",
            f"every user of this machine can read {path} and the secrets in it (mode {mode:04o})",
            f"chmod 600 {path}, owned by the user that the server runs as",
        )
    return ok("file permissions", f"mode {mode:04o}")


def _stored(data_dir: Path) -> Iterator[Finding]:
    """A directory that the server makes is its user's alone; one that was there is as it was."""
    if os.path.isdir(data_dir) and (mode := stat.S_IMODE(data_dir.stat().st_mode)) & 0o005:
        yield warning(
            "data permissions",
            f"every user of this machine can enter {data_dir}, where database and recordings are (mode {mode:04o})",
            f"chmod 700 {data_dir}",
        )


def _guessable(config: Config) -> Iterator[Finding]:
    for company in config.companies:
        weak = []
        if company.accesskey in _EXAMPLES or len(company.accesskey) < SHORT_KEY:
            weak.append("accesskey")
        if company.signing_secret in _EXAMPLES:
            weak.append("signing_secret")
        weak += [
            f"the password of extension {extension.number}"
            for extension in company.extensions
            if len(extension.password) < SHORT_PASSWORD or extension.password == extension.number
        ]
        if weak:
            yield warning(
                f"secrets of company {company.code}",
                f"easily guessed, or those of the example: {', '.join(weak[:5])}{_more(len(weak) - 5)}",
                'write random ones: python3 -c "import secrets; print(secrets.token_hex(16))"',
            )


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
