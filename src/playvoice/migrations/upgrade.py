"""Bringing a database up to the newest migration, and nothing else; there is no way down but a backup."""

import importlib
import pkgutil
from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect, text

import playvoice
from playvoice.store import metadata, schema_connection

_HERE = Path(__file__).parent


class MigrationError(Exception):
    """The database can't be brought to this version."""


def upgrade(url: str) -> None:
    """Make or change the tables of the database at `url` as this version needs them.

    Raises MigrationError, and changes nothing, if a newer version has been at work there; StoreError if it can't be
    opened.
    """
    with schema_connection(url) as conn:
        if _revision(conn) != newest():
            from playvoice.migrations.due import migrate  # alembic, which most starts don't need

            migrate(conn)


def newest() -> str:
    """Return the number of the newest migration."""
    return max(path.name.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*_*.py"))


def all_tables() -> MetaData:
    """Return the tables of every room, whichever rooms there are."""
    for module in pkgutil.iter_modules(playvoice.__path__, "playvoice."):
        if module.ispkg and (_HERE.parent / module.name.removeprefix("playvoice.") / "tables.py").is_file():
            importlib.import_module(f"{module.name}.tables")
    return metadata


def _revision(conn: Connection) -> str | None:
    """The migration that the database is at; None where there was none yet."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
