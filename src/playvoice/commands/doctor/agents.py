"""The agents' phones: which extensions are registered, and which groups have nobody who could be rung."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from playvoice.commands.doctor.finding import Finding, ok, warning
from playvoice.commands.doctor.situation import Situation
from playvoice.lines.directory import Directory
from playvoice.lines.tables import registrations
from playvoice.migrations.due import known_revisions, revisions_of
from playvoice.store import StoreError
from playvoice.store.looking import look

CHECK = "agents"
MAX_TOLD = 5
"""Extensions that are named."""
_REGISTER = (
    "register a phone with the extension's number and password at an address of [sip] listen; register_refused in the"
    " server's log tells of wrong passwords"
)


def agents(situation: Situation) -> list[Finding]:
    """What the database, which the server keeps registrations in, says of phones."""
    try:
        with look(situation.config.server.database) as conn:
            if conn is None or revisions_of(conn) != known_revisions()[:1]:
                return [ok(CHECK, "who is registered is known after the first start")]
            return list(judge(Directory.read(conn), _registered(conn, datetime.now(UTC))))
    except StoreError:  # which the check of the database tells
        return []


def judge(directory: Directory, registered: set[str]) -> Iterator[Finding]:
    """Who can be rung."""
    enabled = sorted(each.number for each in directory.extensions.values() if each.enabled)
    if not enabled:
        yield ok(CHECK, "there is no extension", "playvoice extension add makes one, where calls go to agents")
        return
    away = [number for number in enabled if number not in registered]
    seen = f"{len(enabled) - len(away)} of {len(enabled)} extensions are registered"
    if away:
        more = f" and {len(away) - MAX_TOLD} more" if len(away) > MAX_TOLD else ""
        seen += f"; not {', '.join(away[:MAX_TOLD])}{more}"
    yield ok(CHECK, seen)
    there = registered & set(enabled)
    for group in directory.groups.values():
        if not there.intersection(group.members):
            members = f"none of its {len(group.members)} members is registered" if group.members else "it has no member"
            yield warning(
                f"agents of group {group.name} of company {group.company_code}",
                f"{members}: who is led there is hung up at once, 10008",
                _REGISTER if group.members else "playvoice group set gives it members",
            )


def _registered(conn: Connection, at: datetime) -> set[str]:
    return set(conn.execute(select(registrations.c.number).where(registrations.c.expires_at > at)).scalars())
