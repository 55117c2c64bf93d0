"""Bringing a database up to the newest migration, and nothing else; there is no way down but a backup."""

import importlib
import pkgutil
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

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
        _refuse_newer(conn)
        command.upgrade(alembic_config(conn), "head")


def all_tables() -> MetaData:
    """Return the tables of every room, whichever rooms there are."""
    for module in pkgutil.iter_modules(playvoice.__path__, "playvoice."):
        if module.ispkg and (_HERE.parent / module.name.removeprefix("playvoice.") / "tables.py").is_file():
            importlib.import_module(f"{module.name}.tables")
    return metadata


def alembic_config(conn: Connection | None = None) -> Config:
    """Return what alembic wants to know, with the connection that it works on."""
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = conn
    return config


def known_revisions() -> tuple[str, ...]:
    """Return the migrations of this version, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions())


def revisions_of(conn: Connection) -> tuple[str, ...]:
    """Return the newest migration that a database has seen, nothing where it has no tables of ours."""
    return MigrationContext.configure(conn).get_current_heads()


def _refuse_newer(conn: Connection) -> None:
    known = known_revisions()
    for revision in revisions_of(conn):
        if revision not in known:
            raise MigrationError(
                f"the database is of a newer PlayVoice (its migration {revision} is not known to version"
                f" {playvoice.__version__}); start that version, or restore the backup from before it was upgraded"
            )
