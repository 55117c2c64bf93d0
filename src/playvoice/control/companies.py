"""The commands about companies, their caller numbers and their secrets."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from playvoice.calls.ledger import open_calls_of
from playvoice.companies import manage
from playvoice.config import CompanyConfig
from playvoice.config.pieces import changed_piece, new_piece
from playvoice.control.errors import CommandFailed
from playvoice.control.notes import done, undone
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms, of_company
from playvoice.lines import manage as lines
from playvoice.voices import library as voices

NOT_HERE = frozenset({"voice_dir"})
"""Keys of the file that say where things lie, and are of no use in the store."""


class OneCompany(Arguments):
    """A company by its code."""

    code: str


class SomeCompany(Arguments):
    """A company by its code, or all."""

    code: str | None = None


class CompanyFields(OneCompany):
    """A company with the keys that are to be set, as text."""

    fields: dict[str, str]


class Secret(OneCompany):
    """Whose secret, and whether it is made anew."""

    new: bool = False


class NewNumber(OneCompany):
    """A caller number and whose it becomes."""

    number: str


class OneNumber(Arguments):
    """A caller number."""

    number: str


class NumberSwitch(OneNumber):
    """Whether it may be shown."""

    enabled: bool


def company_commands(rooms: Rooms) -> list[Command[Any]]:
    """Return the commands `company.*`, `number.*`, `secret` and `token`."""

    def zone() -> ZoneInfo:
        return rooms.config().server.timezone

    def in_file(code: str) -> CompanyConfig | None:
        return next((company for company in rooms.config().companies if company.code == code), None)

    async def list_all(asked: SomeCompany, _tell: Tell) -> object:
        return await rooms.store.read(lambda conn: manage.list_companies(conn, zone(), asked.code))

    async def add(asked: CompanyFields, _tell: Tell) -> object:
        _refuse_places(asked.fields)
        company = new_piece(CompanyConfig, {"code": asked.code} | asked.fields)

        def fact(conn: Connection, at: datetime) -> None:
            _check_trunks(conn, company)
            manage.add_company(conn, company, zone(), at)

        await rooms.change(fact)
        return done(f"company {asked.code} was added")

    async def change(asked: CompanyFields, _tell: Tell) -> object:
        _refuse_places(asked.fields)
        company = changed_piece(CompanyConfig, asked.fields)

        def fact(conn: Connection, at: datetime) -> None:
            _check_trunks(conn, company)
            manage.change_company(conn, asked.code, company, zone(), at)

        await rooms.change(fact)
        return done(f"company {asked.code} was changed", in_file(asked.code), asked.fields)

    async def remove(asked: OneCompany, _tell: Tell) -> object:
        def fact(conn: Connection, _at: datetime) -> None:
            if running := open_calls_of(conn, asked.code):
                raise CommandFailed(
                    f"company {asked.code} has {running} calls that wait or run; set enabled=false, and remove it when"
                    " they have ended"
                )
            lines.remove_all_of(conn, asked.code)
            voices.remove_all_of(conn, asked.code)
            manage.remove_company(conn, asked.code)

        await rooms.change(fact)
        return done(f"company {asked.code} was removed", in_file(asked.code))

    async def secret(asked: Secret, _tell: Tell) -> object:
        if not asked.new:
            value = await rooms.store.read(lambda conn: manage.signing_secret(conn, asked.code))
            return {"signing_secret": value, "notes": []}
        value = await rooms.change(lambda conn, _at: manage.signing_secret(conn, asked.code, new=True))
        return {"signing_secret": value, "notes": undone(in_file(asked.code), ["signing_secret"])}

    async def token(asked: OneCompany, _tell: Tell) -> object:
        if rooms.companies.get(asked.code) is None:
            raise CommandFailed(f"there is no company {asked.code}")
        return await rooms.companies.issue_token(asked.code, datetime.now(UTC))

    async def list_numbers(asked: SomeCompany, _tell: Tell) -> object:
        return await rooms.store.read(of_company(asked.code, manage.list_numbers))

    async def add_number(asked: NewNumber, _tell: Tell) -> object:
        (number, *others) = changed_piece(CompanyConfig, {"numbers": asked.number}).numbers or ("",)
        if not number or others:
            raise CommandFailed("number is missing; expected one caller number")
        await rooms.change(lambda conn, _at: manage.add_number(conn, asked.code, number))
        return done(f"caller number {number} was added to company {asked.code}")

    async def switch_number(asked: NumberSwitch, _tell: Tell) -> object:
        await rooms.change(lambda conn, _at: manage.switch_number(conn, asked.number, enabled=asked.enabled))
        return done(f"caller number {asked.number} was switched {'on' if asked.enabled else 'off'}")

    async def remove_number(asked: OneNumber, _tell: Tell) -> object:
        await rooms.change(lambda conn, _at: manage.remove_number(conn, asked.number))
        owners = (company for company in rooms.config().companies if asked.number in company.numbers)
        return done(f"caller number {asked.number} was removed", next(owners, None))

    return [
        Command("company.list", SomeCompany, list_all),
        Command("company.add", CompanyFields, add),
        Command("company.set", CompanyFields, change),
        Command("company.remove", OneCompany, remove),
        Command("number.list", SomeCompany, list_numbers),
        Command("number.add", NewNumber, add_number),
        Command("number.set", NumberSwitch, switch_number),
        Command("number.remove", OneNumber, remove_number),
        Command("secret", Secret, secret),
        Command("token", OneCompany, token),
    ]


def _refuse_places(fields: dict[str, str]) -> None:
    if wrong := NOT_HERE & fields.keys():
        raise CommandFailed(f"{', '.join(wrong)} can only be set in the configuration file; see playvoice voice add")
    if "code" in fields:
        raise CommandFailed("code can't be changed; add a company of the other code")


def _check_trunks(conn: Connection, company: CompanyConfig) -> None:
    if "trunks" in company.model_fields_set and (missing := lines.missing_trunks(conn, company.trunks or ())):
        raise CommandFailed(f"there is no trunk {', '.join(missing)}; expected the name of a trunk")
