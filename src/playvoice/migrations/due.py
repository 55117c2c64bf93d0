"""Migrations that are due, run by alembic. Apart from `upgrade`, which most often finds none."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import playvoice
from playvoice.migrations.upgrade import MigrationError

_HERE = Path(__file__).parent


def migrate(conn: Connection) -> None:
    """Bring a database from wherever it is to the newest migration; MigrationError if that would be back."""
    _refuse_newer(conn)
    command.upgrade(alembic_config(conn), "head")


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
