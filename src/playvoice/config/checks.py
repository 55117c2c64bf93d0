"""Checks between entries: what must be unique, and what must be named elsewhere in the file.

They work on the raw data, so that they are said together with what is wrong inside the entries, and pass over
whatever has not the shape it should have: that is said elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from playvoice.config.environment import Location

Finding = tuple[Location, str]

_YES = ("true", "1", "yes", "on")
"""What the environment may write for true."""


@dataclass(slots=True)
class _Unique:
    """Values that may occur once, with who has them."""

    what: str
    owners: dict[str, str] = field(default_factory=dict)

    def check(self, location: Location, value: object, owner: str) -> Iterator[Finding]:
        if not isinstance(value, str):
            return
        first = self.owners.setdefault(value, owner)
        if first is not owner:
            yield location, f"{self.what} {value!r} is taken by {first}; expected another"


def between_entries(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what is wrong between the entries of the file."""
    trunk_names = [trunk.get("name") for _, trunk in _tables(data, "trunk")]
    yield from _trunks(data)
    yield from _transports(data)
    yield from _companies(data, trunk_names)
    yield from _wildcard(data)


def _trunks(data: Mapping[str, Any]) -> Iterator[Finding]:
    names = _Unique("the trunk name")
    for index, trunk in _tables(data, "trunk"):
        place: Location = ("trunk", index)
        yield from names.check((*place, "name"), trunk.get("name"), f"trunk {index + 1}")
        if "password" in trunk and "username" not in trunk:
            yield (*place, "username"), "is missing beside password; expected the user name"
        if str(trunk.get("register", "")).lower() in _YES and not {"username", "password"} <= trunk.keys():
            yield (*place, "register"), "is true; expected username and password beside it"


def _transports(data: Mapping[str, Any]) -> Iterator[Finding]:
    """A trunk is reached from an address of its transport that is listened on."""
    listen = [each for _, each in _items(_table(data, "sip"), "listen") if isinstance(each, str)]
    for index, trunk in _tables(data, "trunk"):
        key = "proxy" if "proxy" in trunk else "address"
        uri = trunk.get(key)
        if not listen or not isinstance(uri, str):
            continue
        transport = "tcp" if re.search(r";transport=tcp(;|$)", uri, re.IGNORECASE) else "udp"
        if not any(each.startswith(f"{transport}:") for each in listen):
            yield ("trunk", index, key), f"is reached over {transport}; expected a {transport}: address in [sip] listen"


def _companies(data: Mapping[str, Any], trunk_names: list[Any]) -> Iterator[Finding]:
    codes, appids = _Unique("the company code"), _Unique("the appid")
    numbers, extensions = _Unique("the caller number"), _Unique("the extension number")
    for index, company in _tables(data, "company"):
        place: Location = ("company", index)
        owner = f"company {index + 1}"
        yield from codes.check((*place, "code"), company.get("code"), owner)
        yield from appids.check((*place, "appid"), company.get("appid"), owner)
        for at, number in _items(company, "numbers"):
            yield from numbers.check((*place, "numbers", at), number, f"{owner}, number {at + 1}")
        for at, extension in _tables(company, "extension"):
            where = (*place, "extension", at, "number")
            yield from extensions.check(where, extension.get("number"), f"{owner}, extension {at + 1}")
        for at, name in _items(company, "trunks"):
            if isinstance(name, str) and name not in trunk_names:
                yield (*place, "trunks", at), f"there is no trunk {name!r}; expected the name of a [[trunk]]"
        yield from _groups(company, place)


def _groups(company: Mapping[str, Any], place: Location) -> Iterator[Finding]:
    members = {extension.get("number") for _, extension in _tables(company, "extension")}
    names = _Unique("the group name")
    for index, group in _tables(company, "group"):
        where: Location = (*place, "group", index)
        yield from names.check((*where, "name"), group.get("name"), f"group {index + 1} of this company")
        once = _Unique("the member")
        for at, member in _items(group, "members"):
            if isinstance(member, str) and member not in members:
                yield (
                    (*where, "members", at),
                    f"extension {member!r} is none of this company's; expected a [[company.extension]]",
                )
            yield from once.check((*where, "members", at), member, f"member {at + 1} of this group")


def _wildcard(data: Mapping[str, Any]) -> Iterator[Finding]:
    """A wildcard is fine to listen on, but it can't be told to anybody as an address to send to."""
    address = _table(data, "rtp").get("address")
    for at, listen in _items(_table(data, "sip"), "listen"):
        if not isinstance(listen, str) or not re.fullmatch(r"[a-z]+:(0\.0\.0\.0|\[::\]):[0-9]+", listen):
            continue
        if address is None:
            yield (
                ("sip", "listen", at),
                f"{listen!r} says no address that audio could be sent to; expected address in [rtp] beside it",
            )
            return
        if (":" in str(address)) != ("[" in listen):
            yield (
                ("sip", "listen", at),
                f"{listen!r} says no address to be reached at, and that in [rtp] is of the other family; "
                "expected the address itself",
            )


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _tables(data: Mapping[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    return ((index, table) for index, table in _items(data, key) if isinstance(table, dict))


def _items(data: Mapping[str, Any], key: str) -> Iterator[tuple[int, Any]]:
    value = data.get(key)
    return iter(enumerate(value)) if isinstance(value, list) else iter(())
