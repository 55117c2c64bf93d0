"""Extensions and groups, in memory, as they were at the last refresh."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from playvoice.config import Strategy
from playvoice.lines.tables import extensions, group_members, groups

_EXTENSIONS = select(extensions)
_GROUPS = select(groups).order_by(groups.c.id)
_MEMBERS = select(group_members).order_by(group_members.c.group_id, group_members.c.position)


@dataclass(frozen=True, slots=True)
class Extension:
    """An agent's SIP account."""

    number: str
    company_code: str
    password: str = field(repr=False)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Extensions that share incoming transfers."""

    company_code: str
    name: str
    strategy: Strategy
    members: tuple[str, ...]
    """Extension numbers, in their order."""
    ring_time: int
    """Seconds for which an agent is rung."""
    max_wait: int
    """Seconds for which a customer waits in all."""


@dataclass(frozen=True, slots=True)
class Directory:
    """All extensions and groups of one moment."""

    extensions: dict[str, Extension]
    groups: dict[tuple[str, str], Group]

    @classmethod
    def read(cls, conn: Connection) -> "Directory":
        """Read them from the store."""
        members: dict[int, list[str]] = {}
        for member in conn.execute(_MEMBERS):
            members.setdefault(member.group_id, []).append(member.number)
        return cls({item.number: item for item in _extensions(conn)}, dict(_groups(conn, members)))

    def password(self, number: str) -> str | None:
        """The password of an extension that may register, None for any other."""
        extension = self.extensions.get(number)
        return extension.password if extension is not None and extension.enabled else None


def _extensions(conn: Connection) -> Iterator[Extension]:
    for row in conn.execute(_EXTENSIONS):
        yield Extension(row.number, row.company_code, row.password, row.enabled)


def _groups(conn: Connection, members: dict[int, list[str]]) -> Iterator[tuple[tuple[str, str], Group]]:
    for row in conn.execute(_GROUPS):
        group = Group(
            company_code=row.company_code,
            name=row.name,
            strategy=Strategy(row.strategy),
            members=tuple(members.get(row.id, ())),
            ring_time=row.ring_time,
            max_wait=row.max_wait,
        )
        yield (group.company_code, group.name), group
