"""`python -m playvoice.migrations "what changes"`: write the migration from the last one to the tables of today."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from playvoice.migrations.due import alembic_config
from playvoice.migrations.upgrade import upgrade
from playvoice.store import schema_connection


def main() -> None:
    """Make a database by the migrations so far, compare, and write what is missing."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('usage: python -m playvoice.migrations "what changes"')
    existing = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory) / 'compare.db'}"
        upgrade(url)
        with schema_connection(url) as conn:
            number = f"{len(existing) + 1:04d}"
            command.revision(alembic_config(conn), message=sys.argv[1], autogenerate=True, rev_id=number)


if __name__ == "__main__":
    main()
