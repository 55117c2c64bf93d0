from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from playvoice.callbacks.tables import callbacks


@pytest.fixture
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        callbacks.create(connection)
        yield connection
    engine.dispose()
