"""What alembic runs for each command; the connection, with its transaction, comes from the caller."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from playvoice.migrations import all_tables
from playvoice.store import Instant


def render_item(type_: str, item: Any, _autogen_context: object) -> str | Literal[False]:
    """Write an instant as what it is stored as: a migration must not change when the code does."""
    return "sa.BigInteger()" if type_ == "type" and isinstance(item, Instant) else False


connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)
context.configure(
    connection=connection,
    target_metadata=all_tables(),
    render_item=render_item,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
