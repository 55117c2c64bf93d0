"""The commands about callbacks."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from playvoice.callbacks import manage
from playvoice.callbacks.tables import State
from playvoice.control.notes import done
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms

MOST_AGAIN = 20_000
"""Callbacks that were given up, sent again by one command; about so many, in steps that hold up nothing."""


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
    """Which callbacks are sent again: these, or those that were given up, all or a company's, or of a time."""

    ids: list[Number] = Field(default_factory=list, max_length=manage.MOST)
    given_up: bool = False
    company: str | None = None
    since: datetime | None = None
    """When they arose; without a zone it is that of the server."""
    until: datetime | None = None
    """Likewise, and not included."""


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
        if asked.given_up:
            return await resend_given_up(asked)
        companies = await rooms.change(lambda conn, at: manage.send_again(conn, asked.ids, at))
        rooms.owed(companies)
        return done(f"{len(asked.ids)} callbacks are sent again")

    async def resend_given_up(asked: Again) -> object:
        wanted, at = manage.GivenUp(asked.company, zoned(asked.since), zoned(asked.until)), datetime.now(UTC)
        count = 0
        place: manage.Place | None = manage.Place()
        while place is not None and count < MOST_AGAIN:
            step = await rooms.store.write(partial(manage.send_given_up_again, wanted=wanted, after=place, at=at))
            if step.count and step.company_code is not None:
                rooms.owed([step.company_code])
            count, place = count + step.count, step.place
        more = "" if place is None else " (the next as many by the same command)"
        return done(f"{count} callbacks are sent again{more}")

    def zoned(at: datetime | None) -> datetime | None:
        return at if at is None or at.tzinfo else at.replace(tzinfo=rooms.config().server.timezone)

    return [
        Command("callback.list", SomeCallbacks, list_some),
        Command("callback.show", OneCallback, show),
        Command("callback.resend", Again, resend),
    ]
