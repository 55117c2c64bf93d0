"""The trunks and companies as the server has them once it has started: the file over what the database knows already.

The server's own code makes them, in a database in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from playvoice import companies, lines
from playvoice.companies import Company
from playvoice.companies.company import from_row
from playvoice.companies.tables import companies as company_table
from playvoice.config import Config
from playvoice.lines.tables import extensions, trunks
from playvoice.lines.trunk import Trunk
from playvoice.lines.trunks import read_trunks
from playvoice.migrations.due import known_revisions, revisions_of
from playvoice.migrations.upgrade import all_tables
from playvoice.store import StoreError
from playvoice.store.looking import look

_TABLES = (company_table, trunks, extensions)


@dataclass(frozen=True, slots=True)
class Setup:
    """Who there is."""

    trunks: tuple[Trunk, ...]
    companies: tuple[Company, ...]
    """Without a signing secret where none is known yet: the first start makes it."""
    extensions: int


def setup_of(config: Config) -> Setup:
    """Put the file over what is stored; a database that can't be read counts as empty, as another check tells."""
    try:
        stored = _stored(config.server.database)
    except StoreError:
        stored = {}
    engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    try:
        with engine.begin() as conn:
            return _laid_over(conn, stored, config)
    finally:
        engine.dispose()


def _stored(url: str) -> dict[Table, Sequence[Any]]:
    """The rows of a database whose tables are those of this version."""
    with look(url) as conn:
        if conn is None or revisions_of(conn) != known_revisions()[:1]:
            return {}
        return {table: conn.execute(select(table)).mappings().all() for table in _TABLES}


def _laid_over(conn: Connection, stored: dict[Table, Sequence[Any]], config: Config) -> Setup:
    all_tables().create_all(conn)
    for table, rows in stored.items():
        if rows:
            conn.execute(insert(table), [dict(row) for row in rows])
    now = datetime.now(UTC)
    companies.apply(conn, config, now)
    lines.apply(conn, config, now)
    known = {row["code"] for row in stored.get(company_table, ())}
    known |= {company.code for company in config.companies if company.signing_secret is not None}
    found = [from_row(row) for row in conn.execute(select(company_table).order_by(company_table.c.code))]
    return Setup(
        trunks=tuple(read_trunks(conn, config.sip.domain)),
        companies=tuple(each if each.code in known else replace(each, signing_secret="") for each in found),
        extensions=len(conn.execute(select(extensions.c.number)).all()),
    )
