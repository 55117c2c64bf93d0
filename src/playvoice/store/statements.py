"""Statements that SQLAlchemy spells differently for each database."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from playvoice.store.prepared import Prepared


def upsert(
    conn: Connection,
    table: Table,
    key: Sequence[str],
    row: Mapping[str, Any],
    *,
    keep: Sequence[str] = (),
) -> None:
    """Insert a row, or overwrite the one that has the same values in the columns ``key``.

    ``key`` are the columns of a primary key or of a unique constraint. Of a row that exists the columns
    ``keep`` and those that ``row`` does not name stay as they are.
    """
    _statement(conn.dialect.name, table, tuple(key), frozenset(row), frozenset(keep)).change(conn, row)


@lru_cache(maxsize=256)
def _statement(
    dialect: str, table: Table, key: tuple[str, ...], columns: frozenset[str], keep: frozenset[str]
) -> Prepared:
    names = [column.name for column in table.columns if column.name in columns]
    if unknown := columns - set(names):
        raise ValueError(f"table {table.name} has no columns {sorted(unknown)}")
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    insert = insert.values({name: bindparam(name) for name in names})
    overwritten = [name for name in names if name not in keep and name not in key]
    if not overwritten:
        return Prepared(insert.on_conflict_do_nothing(index_elements=key))
    excluded = {name: insert.excluded[name] for name in overwritten}
    return Prepared(insert.on_conflict_do_update(index_elements=key, set_=excluded))
