"""The trunks, extensions and groups of the configuration file become rows.

The file overwrites the fields that it names and deletes nothing. A trunk that only the database knows comes after
those of the file. An extension that the file gives to another company goes there, and leaves the groups of the old one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.sql import Delete

from playvoice.config import CompanyConfig, Config, ExtensionConfig, GroupConfig, TrunkConfig
from playvoice.lines.tables import extensions, group_members, groups, trunks
from playvoice.store import upsert

_g, _m = groups.c, group_members.c
_TRUNK_FIELDS: Mapping[str, Callable[[Any], object]] = {
    "codecs": ",".join,
    "caller_id": str,
    "hosts": lambda networks: ",".join(str(network) for network in networks),
}
_TRUNK_COLUMNS = {"register": "register_"} | {
    column.name: column.name
    for column in trunks.columns
    if column.name in TrunkConfig.model_fields and column.name != "name"
}
_TRUNK = select(trunks.c.name).where(trunks.c.name == bindparam("name"))
_OTHER_TRUNKS = (
    select(trunks.c.name)
    .where(trunks.c.name.not_in(bindparam("names", expanding=True)))
    .order_by(trunks.c.position, trunks.c.name)
)
_MOVE_TRUNK = update(trunks).where(trunks.c.name == bindparam("trunk")).values(position=bindparam("place"))
_EXTENSION = select(extensions.c.company_code).where(extensions.c.number == bindparam("number"))
_GROUP_ID = select(_g.id).where(_g.company_code == bindparam("company"), _g.name == bindparam("group"))
_MEMBERS_OF_GROUP = delete(group_members).where(_m.group_id == bindparam("group"))


def apply(conn: Connection, config: Config, at: datetime) -> None:
    """Create or update the lines that the file describes."""
    for position, trunk in enumerate(config.trunks):
        _apply_trunk(conn, trunk, position, at)
    named = [trunk.name for trunk in config.trunks]
    for position, name in enumerate(conn.execute(_OTHER_TRUNKS, {"names": named}).scalars().all(), len(named)):
        conn.execute(_MOVE_TRUNK, {"trunk": name, "place": position})
    for company in config.companies:
        for extension in company.extensions:
            _apply_extension(conn, company.code, extension, at)
    for company in config.companies:
        for group in company.groups:
            _apply_group(conn, company, group, at)


def _apply_trunk(conn: Connection, trunk: TrunkConfig, position: int, at: datetime) -> None:
    new = conn.execute(_TRUNK, {"name": trunk.name}).first() is None
    row: dict[str, Any] = {"name": trunk.name, "position": position, "updated_at": at}
    for column, field in _TRUNK_COLUMNS.items():
        if new or field in trunk.model_fields_set:
            value = getattr(trunk, field)
            row[column] = _TRUNK_FIELDS[field](value) if field in _TRUNK_FIELDS else value
    if new:
        conn.execute(insert(trunks), row | {"created_at": at})
    else:
        conn.execute(update(trunks).where(trunks.c.name == trunk.name), row)


def _apply_extension(conn: Connection, company_code: str, extension: ExtensionConfig, at: datetime) -> None:
    if conn.execute(_EXTENSION, {"number": extension.number}).scalar() not in (None, company_code):
        conn.execute(_memberships_elsewhere(company_code, extension.number))
    row = {
        "number": extension.number,
        "company_code": company_code,
        "password": extension.password,
        "enabled": True,
        "created_at": at,
        "updated_at": at,
    }
    upsert(conn, extensions, ["number"], row, keep=["enabled", "created_at"])


def _memberships_elsewhere(company_code: str, number: str) -> Delete:
    foreign = select(_g.id).where(_g.company_code != company_code)
    return delete(group_members).where(_m.number == number, _m.group_id.in_(foreign))


def _apply_group(conn: Connection, company: CompanyConfig, group: GroupConfig, at: datetime) -> None:
    key = {"company": company.code, "group": group.name}
    new = conn.execute(_GROUP_ID, key).first() is None
    row: dict[str, Any] = {"company_code": company.code, "name": group.name, "updated_at": at}
    for field in ("strategy", "ring_time", "max_wait"):
        if new or field in group.model_fields_set:
            value = getattr(group, field)
            row[field] = value if isinstance(value, int) else str(value)
    if new:
        conn.execute(insert(groups), row | {"created_at": at})
    else:
        conn.execute(update(groups).where(_g.company_code == company.code, _g.name == group.name), row)
    if "members" not in group.model_fields_set:
        return
    group_id = conn.execute(_GROUP_ID, key).scalar_one()
    conn.execute(_MEMBERS_OF_GROUP, {"group": group_id})
    if group.members:
        members = [
            {"group_id": group_id, "number": number, "position": position}
            for position, number in enumerate(group.members)
        ]
        conn.execute(insert(group_members), members)
