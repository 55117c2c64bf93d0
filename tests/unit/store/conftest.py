"""The store of this room's tests has a table of its own and none of the other rooms'."""

from collections.abc import Iterator

import pytest
from tests.unit.store.notes import tables

from playvoice.store import Store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store.open(database_url)
    opened.write_now(tables.create_all)
    yield opened
    opened.close_now()
