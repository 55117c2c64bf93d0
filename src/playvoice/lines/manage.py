"""What operators do to trunks, extensions and groups, one at a time.

Each is a function of a connection, one transaction; `Lines.refresh` follows. What is listed has the names of the
configuration file, and no passwords. Whether there is such a company is the caller's to check.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from playvoice.config import ExtensionConfig, GroupConfig, TrunkConfig
from playvoice.lines.apply import save_extension, save_group, save_trunk
from playvoice.lines.errors import LinesError
from playvoice.lines.tables import extensions, group_members, groups, registrations, trunks

_t, _e, _g, _m = trunks.c, extensions.c, groups.c, group_members.c
_HIDDEN = frozenset({"password", "position", "created_at", "updated_at"})
_MEMBERSHIPS = select(_m.number, _g.name).join(groups, _m.group_id == _g.id).order_by(_g.name)
_LISTS = frozenset({"codecs", "hosts"})

# --- trunks -----------------------------------------------------------------------------------------------------------


def list_trunks(conn: Connection, name: str | None = None) -> list[dict[str, Any]]:
    """Return all trunks in the order in which they are tried, or the one of this name."""
    wanted = select(trunks).order_by(_t.position, _t.name)
    if name is not None:
        wanted = wanted.where(_t.name == name)
    rows = conn.execute(wanted).mappings().all()
    if name is not None and not rows:
        raise _no_trunk(name)
    return [_trunk(row) for row in rows]


def add_trunk(conn: Connection, trunk: TrunkConfig, at: datetime) -> None:
    """Create a trunk, to be tried after the others; LinesError if there is one of this name."""
    if conn.execute(select(_t.name).where(_t.name == trunk.name)).first():
        raise LinesError(f"there is a trunk {trunk.name!r} already")
    last = conn.execute(select(func.coalesce(func.max(_t.position), -1))).scalar_one()
    save_trunk(conn, trunk.name, trunk, last + 1, at)
    _check_account(conn, trunk.name)


def change_trunk(conn: Connection, name: str, change: TrunkConfig, at: datetime) -> None:
    """Overwrite the fields of a trunk that are set in `change`."""
    position = conn.execute(select(_t.position).where(_t.name == name)).scalar()
    if position is None:
        raise _no_trunk(name)
    save_trunk(conn, name, change, position, at)
    _check_account(conn, name)


def remove_trunk(conn: Connection, name: str) -> None:
    """Delete a trunk; calls that run over it go on."""
    if not conn.execute(delete(trunks).where(_t.name == name)).rowcount:
        raise _no_trunk(name)


def missing_trunks(conn: Connection, names: Iterable[str]) -> list[str]:
    """Return those of these names that are no trunk's."""
    known = set(conn.execute(select(_t.name)).scalars())
    return [name for name in names if name not in known]


def _trunk(row: RowMapping) -> dict[str, Any]:
    values: dict[str, Any] = {key: value for key, value in row.items() if key not in _HIDDEN}
    return values | {key: [item for item in values[key].split(",") if item] for key in _LISTS}


def _check_account(conn: Connection, name: str) -> None:
    row = conn.execute(select(trunks).where(_t.name == name)).mappings().one()
    if row["password"] is not None and row["username"] is None:
        raise LinesError("username is missing beside password; expected the user name")
    if row["register"] and (row["username"] is None or row["password"] is None):
        raise LinesError("register is true; expected username and password beside it")


# --- extensions -------------------------------------------------------------------------------------------------------


def list_extensions(conn: Connection, company_code: str | None = None) -> list[dict[str, Any]]:
    """Return all extensions, or a company's."""
    wanted = select(extensions).order_by(_e.company_code, _e.number)
    if company_code is not None:
        wanted = wanted.where(_e.company_code == company_code)
    groups_of: dict[str, list[str]] = {}
    for number, name in conn.execute(_MEMBERSHIPS):
        groups_of.setdefault(number, []).append(name)
    return [
        {
            "number": row.number,
            "company": row.company_code,
            "enabled": row.enabled,
            "groups": groups_of.get(row.number, []),
        }
        for row in conn.execute(wanted)
    ]


def add_extension(conn: Connection, company_code: str, extension: ExtensionConfig, at: datetime) -> None:
    """Create an extension; LinesError if the number is taken."""
    owner = conn.execute(select(_e.company_code).where(_e.number == extension.number)).scalar()
    if owner is not None:
        raise LinesError(f"extension {extension.number} belongs to company {owner} already")
    save_extension(conn, company_code, extension, at)


def change_extension(
    conn: Connection, number: str, at: datetime, *, password: str | None = None, enabled: bool | None = None
) -> None:
    """Give an extension another password, or let it register or not; None leaves it as it is."""
    row: dict[str, Any] = {"updated_at": at}
    row |= {} if password is None else {"password": password}
    row |= {} if enabled is None else {"enabled": enabled}
    if not conn.execute(update(extensions).where(_e.number == number).values(row)).rowcount:
        raise _no_extension(number)


def remove_extension(conn: Connection, number: str) -> None:
    """Delete an extension; it leaves its groups, and its phones are registered no more."""
    conn.execute(delete(group_members).where(_m.number == number))
    conn.execute(delete(registrations).where(registrations.c.number == number))
    if not conn.execute(delete(extensions).where(_e.number == number)).rowcount:
        raise _no_extension(number)


# --- groups -----------------------------------------------------------------------------------------------------------


def list_groups(conn: Connection, company_code: str | None = None, name: str | None = None) -> list[dict[str, Any]]:
    """Return all groups, a company's, or the one of this name."""
    wanted = select(groups).order_by(_g.company_code, _g.id)
    if company_code is not None:
        wanted = wanted.where(_g.company_code == company_code)
    if name is not None:
        wanted = wanted.where(_g.name == name)
    rows = conn.execute(wanted).all()
    if name is not None and not rows:
        raise _no_group(company_code, name)
    return [
        {
            "company": row.company_code,
            "name": row.name,
            "strategy": row.strategy,
            "ring_time": row.ring_time,
            "max_wait": row.max_wait,
            "members": list(_members_of(conn, row.id)),
        }
        for row in rows
    ]


def add_group(conn: Connection, company_code: str, group: GroupConfig, at: datetime) -> None:
    """Create a group; LinesError if the company has one of this name, or a member is none of its extensions."""
    if conn.execute(select(_g.id).where(_g.company_code == company_code, _g.name == group.name)).first():
        raise LinesError(f"company {company_code} has a group {group.name!r} already")
    _check_members(conn, company_code, group.members)
    save_group(conn, company_code, group.name, group, at)


def change_group(conn: Connection, company_code: str, name: str, change: GroupConfig, at: datetime) -> None:
    """Overwrite the fields of a group that are set in `change`; `members`, where set, are all that it has then."""
    list_groups(conn, company_code, name)
    if "members" in change.model_fields_set:
        _check_members(conn, company_code, change.members)
    save_group(conn, company_code, name, change, at)


def remove_group(conn: Connection, company_code: str, name: str) -> None:
    """Delete a group; a call that a key leads there finds nobody."""
    group_id = conn.execute(select(_g.id).where(_g.company_code == company_code, _g.name == name)).scalar()
    if group_id is None:
        raise _no_group(company_code, name)
    conn.execute(delete(group_members).where(_m.group_id == group_id))
    conn.execute(delete(groups).where(_g.id == group_id))


def remove_all_of(conn: Connection, company_code: str) -> None:
    """Delete a company's groups and extensions."""
    for group in list_groups(conn, company_code):
        remove_group(conn, company_code, group["name"])
    for extension in list_extensions(conn, company_code):
        remove_extension(conn, extension["number"])


def _members_of(conn: Connection, group_id: int) -> Iterable[str]:
    return conn.execute(select(_m.number).where(_m.group_id == group_id).order_by(_m.position)).scalars()


def _check_members(conn: Connection, company_code: str, members: Iterable[str]) -> None:
    own = set(conn.execute(select(_e.number).where(_e.company_code == company_code)).scalars())
    foreign = [member for member in members if member not in own]
    if foreign:
        raise LinesError(f"extension {', '.join(foreign)} is none of company {company_code}'s; add it first")


def _no_trunk(name: str) -> LinesError:
    return LinesError(f"there is no trunk {name!r}")


def _no_extension(number: str) -> LinesError:
    return LinesError(f"there is no extension {number}")


def _no_group(company_code: str | None, name: str) -> LinesError:
    return LinesError(f"company {company_code} has no group {name!r}")
