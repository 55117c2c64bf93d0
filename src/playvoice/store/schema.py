"""The one collection of tables, and the column types that SQLite and PostgreSQL store alike."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Integer, MetaData
from sqlalchemy.types import TypeDecorator

from playvoice.clock import EPOCH

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every room declares its tables here; constraints have fixed names, so that migrations can name them."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""The type of a primary key that counts up by itself: 64 bits on both databases.

SQLite counts only an ``INTEGER PRIMARY KEY`` by itself, and gives a deleted last number out again unless
the table is declared with ``sqlite_autoincrement=True``; a table whose numbers are shown to customers says
so.
"""

_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware ``datetime``, stored as integer microseconds since 1970 UTC and read back in UTC.

    SQLite drops the zone of a datetime; an integer sorts, compares and survives on both databases. A naive
    datetime is a ``ValueError``: nobody can know which instant it means.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone, and {value.isoformat()} has none")
        return (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)
