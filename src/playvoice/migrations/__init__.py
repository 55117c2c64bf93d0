"""Migrations: how the tables of a database become those that this version's code expects.

`upgrade(url)` is called at each start, once the store is open and holds the one-server lock. It is one transaction on
both databases: a server that is killed half-way finds the database as it was.

To make a migration, change the tables in the rooms, then:

    python -m playvoice.migrations "what changes"

It compares all tables with what the migrations so far make and writes `versions/NNNN_what_changes.py`, to be read and
corrected by hand; the tests compare its outcome with the tables, on both databases. A database of the version before it
has to be kept for the tests, if none is yet (docs/releasing.md).
"""

from playvoice.migrations.upgrade import MigrationError, all_tables, upgrade

__all__ = ["MigrationError", "all_tables", "upgrade"]
