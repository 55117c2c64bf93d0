"""The commands about callbacks."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection

from playvoice.callbacks import manage
from playvoice.callbacks.tables import State
from playvoice.control.notes import done
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms


class SomeCallbacks(Arguments):
    """Which callbacks are listed."""

    company: str | None = None
    state: State | None = None
    call: str | None = None
    most: int = Field(default=50, ge=1, le=manage.MOST)


Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""A callback's: what a column of the store can hold."""


class OneCallback(Arguments):
    """A callback by its number."""

    id: Number


class Again(Arguments):
    """Which callbacks are sent again: these, or those that were given up, all or a company's."""

    ids: list[Number] = Field(default_factory=list, max_length=manage.MOST)
    given_up: bool = False
    company: str | None = None


def callback_commands(rooms: Rooms) -> list[Command[Any]]:
    """Return the commands `callback.*`."""

    async def list_some(asked: SomeCallbacks, _tell: Tell) -> object:
        return await rooms.store.read(
            lambda conn: manage.list_callbacks(
                conn, company_code=asked.company, state=asked.state, call_uuid=asked.call, most=asked.most
            )
        )

    async def show(asked: OneCallback, _tell: Tell) -> object:
        return await rooms.store.read(lambda conn: manage.show_callback(conn, asked.id))

    async def resend(asked: Again, _tell: Tell) -> object:
        def fact(conn: Connection, at: datetime) -> tuple[int, list[str]]:
            numbers = manage.given_up(conn, asked.company) if asked.given_up else asked.ids
            return len(numbers), manage.send_again(conn, numbers, at)

        count, companies = await rooms.change(fact)
        rooms.owed(companies)
        more = " (the next as many by the same command)" if count == manage.MOST else ""
        return done(f"{count} callbacks are sent again{more}")

    return [
        Command("callback.list", SomeCallbacks, list_some),
        Command("callback.show", OneCallback, show),
        Command("callback.resend", Again, resend),
    ]
