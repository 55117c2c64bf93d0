from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from playvoice.callbacks.tables import callbacks


@pytest.fixture
def conn(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection with the table: in memory, or, where a test asks for `database_url`, on each kind of database."""
    url = request.getfixturevalue("database_url") if "database_url" in request.fixturenames else "sqlite://"
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        callbacks.create(connection)
        yield connection
    engine.dispose()
