"""A table to write to, for the tests of the store."""

from sqlalchemy import Column, Connection, ForeignKey, MetaData, String, Table, func, select

from playvoice.store import Instant, RowId

tables = MetaData()
notes = Table(
    "notes",
    tables,
    Column("id", RowId, primary_key=True),
    Column("key", String(40), nullable=False, unique=True),
    Column("text", String(40)),
    Column("at", Instant),
    sqlite_autoincrement=True,
)
remarks = Table("remarks", tables, Column("note_key", String(40), ForeignKey("notes.key"), primary_key=True))


class Notes:
    """Facts and queries about notes."""

    @staticmethod
    def add(conn: Connection, key: str) -> str:
        conn.execute(notes.insert(), {"key": key})
        return key

    @staticmethod
    def count(conn: Connection) -> int:
        return conn.execute(select(func.count()).select_from(notes)).scalar_one()

    @staticmethod
    def keys(conn: Connection) -> list[str]:
        return list(conn.execute(select(notes.c.key).order_by(notes.c.id)).scalars())
