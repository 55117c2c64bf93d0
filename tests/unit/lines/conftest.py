"""A store with this room's tables."""

from collections.abc import Iterator

import pytest

from playvoice.lines import tables
from playvoice.store import Store, metadata

TABLES = [tables.trunks, tables.extensions, tables.groups, tables.group_members, tables.registrations]


@pytest.fixture
def lines_store(sqlite_url: str) -> Iterator[Store]:
    """A store on SQLite: for tests of what has nothing to do with the database."""
    opened = Store.open(sqlite_url)
    opened.write_now(lambda conn: metadata.create_all(conn, TABLES))
    yield opened
    opened.close_now()
