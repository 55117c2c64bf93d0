"""Reading the file: text, then TOML, then the environment over it, then every check, all problems at once."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from playvoice.config.checks import between_entries
from playvoice.config.environment import Location, overlay
from playvoice.config.lines import find_lines, line_of
from playvoice.config.models import (
    CompanyConfig,
    Config,
    ExtensionConfig,
    GroupConfig,
    MonitoringConfig,
    RetentionConfig,
    RtpConfig,
    SecurityConfig,
    ServerConfig,
    SipConfig,
    TraceConfig,
    TrunkConfig,
)
from playvoice.config.wording import in_words

MAX_OCTETS = 16 * 1024 * 1024
_MODELS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Config,
    ("server",): ServerConfig,
    ("security",): SecurityConfig,
    ("sip",): SipConfig,
    ("rtp",): RtpConfig,
    ("trace",): TraceConfig,
    ("retention",): RetentionConfig,
    ("monitoring",): MonitoringConfig,
    ("trunk",): TrunkConfig,
    ("company",): CompanyConfig,
    ("company", "extension"): ExtensionConfig,
    ("company", "group"): GroupConfig,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration."""

    where: str
    """The line and the key, or the environment variable; empty where the file as a whole is meant."""
    message: str
    """What is wrong and what was expected; never a secret."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class ConfigError(Exception):
    """The configuration can't be used; it names every problem that was found."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join([f"{path} can't be used:", *(f"  {problem}" for problem in problems)]))


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration; relative paths in it become relative to its directory.

    Raises ConfigError with all problems at once, in the order of the file.
    """
    text = _read(path)
    data = _parse(path, text)
    variables, stray = overlay(data, environ)
    lines = find_lines(text)
    found = list(between_entries(data))
    _fill_in_addresses(data)
    _make_absolute(data, path.absolute().parent)
    config: Config | None = None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        found += _describe(error)
    problems = [Problem(name, message) for name, message in stray.items()]
    problems += _locate(found, lines, variables)
    if config is None or problems:
        raise ConfigError(path, problems)
    return config


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_OCTETS + 1)
    except OSError as error:
        raise ConfigError(path, [Problem("", f"the file can't be read: {error.strerror}")]) from error
    if len(octets) > MAX_OCTETS:
        raise ConfigError(path, [Problem("", f"the file has more than {MAX_OCTETS} octets")])
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, [Problem(f"line {line}", "is no UTF-8; expected a text in UTF-8")]) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r" \(at line (\d+), column (\d+)\)| \(at end of document\)", message)
        if place is None:
            raise ConfigError(path, [Problem("", f"is no TOML: {message}")]) from error
        line = place[1] or str(text.count("\n") + 1)
        what = message.removesuffix(place[0])
        raise ConfigError(path, [Problem(f"line {line}", f"is no TOML: {what}")]) from error


def _fill_in_addresses(data: dict[str, Any]) -> None:
    """Let the addresses that the file does not name be those that follow from the ones it does name."""
    sip, rtp, server = (data.setdefault(name, {}) for name in ("sip", "rtp", "server"))
    if not all(isinstance(section, dict) for section in (sip, rtp, server)):
        return
    listen = sip.get("listen")
    first = listen[0] if isinstance(listen, list) and listen and isinstance(listen[0], str) else ""
    address = re.fullmatch(r"(?:udp|tcp):\[?([0-9A-Fa-f.:]+?)\]?:[0-9]+", first)
    if address is not None and address[1] not in ("0.0.0.0", "::"):
        rtp.setdefault("address", address[1])
    if isinstance(own := rtp.get("address"), str):
        seen = sip.get("external_address", own)
        sip.setdefault("domain", seen)
        server.setdefault("public_ip", seen)


def _make_absolute(data: dict[str, Any], base: Path) -> None:
    server = data["server"]
    if isinstance(server, dict):
        database = server.setdefault("database", ServerConfig().database)
        if isinstance(database, str) and (match := re.fullmatch(r"sqlite:///([^/?].*)", database)):
            server["database"] = f"sqlite:///{base / match[1]}"
        data_dir = server.setdefault("data_dir", str(ServerConfig().data_dir))
        if isinstance(data_dir, str):
            server["data_dir"] = str(base / data_dir)
    companies = data.get("company")
    for company in companies if isinstance(companies, list) else ():
        if isinstance(company, dict) and isinstance(company.get("voice_dir"), str):
            company["voice_dir"] = str(base / company["voice_dir"])


def _describe(error: ValidationError) -> Iterator[tuple[Location, str]]:
    """Say in our words what pydantic found; one finding for each place."""
    said: set[Location] = set()
    for details in error.errors(include_url=False):
        location = _to_keys(details["loc"])
        if location not in said:
            said.add(location)
            yield location, _in_words(location, details)


def _to_keys(loc: tuple[int | str, ...]) -> Location:
    """Leave out of a pydantic location what names no key: the members of a union."""
    keys: list[int | str] = []
    for part in loc:
        model = _MODELS.get(_names(tuple(keys)))
        if isinstance(part, int) or model is not None:
            keys.append(part)
    return tuple(keys)


def _in_words(location: Location, details: ErrorDetails) -> str:
    *table, key = _names(location)
    return in_words(_MODELS.get(tuple(table), BaseModel), key, details)


def _locate(
    found: list[tuple[Location, str]], lines: dict[Location, int], variables: Mapping[Location, str]
) -> list[Problem]:
    def place(finding: tuple[Location, str]) -> tuple[int, str]:
        return line_of(finding[0], lines) or 0, str(finding[0])

    problems = []
    for location, message in sorted(found, key=place):
        variable = next(
            (variables[location[:n]] for n in range(len(location), 0, -1) if location[:n] in variables), None
        )
        line = line_of(location, lines)
        where = ".".join(_names(location)) if location else "the file"
        problems.append(Problem(variable or (f"line {line}, {where}" if line else where), message))
    return problems


def _names(location: Location) -> tuple[str, ...]:
    return tuple(part for part in location if isinstance(part, str))
