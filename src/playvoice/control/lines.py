"""The commands about trunks, extensions and groups."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from playvoice.companies.manage import check_company, users_of_trunk
from playvoice.config import ExtensionConfig, GroupConfig, TrunkConfig
from playvoice.config.pieces import ExtensionPiece, changed_piece, new_piece
from playvoice.control.errors import CommandFailed
from playvoice.control.notes import done
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms, of_company
from playvoice.lines import ContactBinding, manage


class AllTrunks(Arguments):
    """Every trunk, or one."""

    name: str | None = None


class OneTrunk(Arguments):
    """A trunk by its name."""

    name: str


class TrunkFields(OneTrunk):
    """A trunk with the keys that are to be set, as text."""

    fields: dict[str, str]


class OfCompany(Arguments):
    """A company's, or all."""

    company: str | None = None


class OneExtension(Arguments):
    """An extension by its number."""

    number: str


class ExtensionFields(OneExtension):
    """An extension with the keys that are to be set, as text."""

    fields: dict[str, str]


class NewExtension(ExtensionFields):
    """An extension and whose it becomes."""

    company: str


class OneGroup(Arguments):
    """A company's group by its name."""

    company: str
    name: str


class GroupFields(OneGroup):
    """A group with the keys that are to be set, as text."""

    fields: dict[str, str]


def trunk_commands(rooms: Rooms) -> list[Command[Any]]:
    """Return the commands `trunk.*`."""

    def in_file(name: str) -> TrunkConfig | None:
        return next((trunk for trunk in rooms.config().trunks if trunk.name == name), None)

    async def list_all(asked: AllTrunks, _tell: Tell) -> object:
        return await rooms.store.read(lambda conn: manage.list_trunks(conn, asked.name))

    async def add(asked: TrunkFields, _tell: Tell) -> object:
        _refuse_key("name", asked.fields)
        trunk = new_piece(TrunkConfig, {"name": asked.name} | asked.fields)
        _check_transport(rooms, trunk)
        await rooms.change(lambda conn, at: manage.add_trunk(conn, trunk, at))
        return done(f"trunk {asked.name} was added")

    async def change(asked: TrunkFields, _tell: Tell) -> object:
        _refuse_key("name", asked.fields)
        trunk = changed_piece(TrunkConfig, asked.fields)
        _check_transport(rooms, trunk)
        await rooms.change(lambda conn, at: manage.change_trunk(conn, asked.name, trunk, at))
        return done(f"trunk {asked.name} was changed", in_file(asked.name), asked.fields)

    async def remove(asked: OneTrunk, _tell: Tell) -> object:
        def fact(conn: Connection, _at: datetime) -> None:
            if users := users_of_trunk(conn, asked.name):
                raise CommandFailed(
                    f"trunk {asked.name} is one that company {', '.join(users)} uses; set its trunks first"
                )
            manage.remove_trunk(conn, asked.name)

        await rooms.change(fact)
        return done(f"trunk {asked.name} was removed", in_file(asked.name))

    return [
        Command("trunk.list", AllTrunks, list_all),
        Command("trunk.add", TrunkFields, add),
        Command("trunk.set", TrunkFields, change),
        Command("trunk.remove", OneTrunk, remove),
    ]


def extension_commands(rooms: Rooms) -> list[Command[Any]]:
    """Return the commands `extension.*`."""

    def in_file(number: str) -> ExtensionConfig | None:
        found = (each for company in rooms.config().companies for each in company.extensions if each.number == number)
        return next(found, None)

    async def list_all(asked: OfCompany, _tell: Tell) -> object:
        listed = await rooms.store.read(of_company(asked.company, manage.list_extensions))
        return [row | _phones(rooms.lines.contacts(row["number"]), rooms.lines.at()) for row in listed]

    async def add(asked: NewExtension, _tell: Tell) -> object:
        _refuse_key("number", asked.fields)
        extension = new_piece(ExtensionPiece, {"number": asked.number} | asked.fields)

        def fact(conn: Connection, at: datetime) -> None:
            check_company(conn, asked.company)
            manage.add_extension(conn, asked.company, extension, at)
            manage.change_extension(conn, asked.number, at, enabled=extension.enabled)

        await rooms.change(fact)
        return done(f"extension {asked.number} was added to company {asked.company}")

    async def change(asked: ExtensionFields, _tell: Tell) -> object:
        _refuse_key("number", asked.fields)
        extension = changed_piece(ExtensionPiece, asked.fields)
        enabled = extension.enabled if "enabled" in extension.model_fields_set else None

        def fact(conn: Connection, at: datetime) -> None:
            manage.change_extension(conn, asked.number, at, password=extension.password, enabled=enabled)

        await rooms.change(fact)
        return done(f"extension {asked.number} was changed", in_file(asked.number), asked.fields)

    async def remove(asked: OneExtension, _tell: Tell) -> object:
        await rooms.change(lambda conn, _at: manage.remove_extension(conn, asked.number))
        return done(f"extension {asked.number} was removed", in_file(asked.number))

    return [
        Command("extension.list", OfCompany, list_all),
        Command("extension.add", NewExtension, add),
        Command("extension.set", ExtensionFields, change),
        Command("extension.remove", OneExtension, remove),
    ]


def group_commands(rooms: Rooms) -> list[Command[Any]]:
    """Return the commands `group.*`."""

    def in_file(company_code: str, name: str) -> GroupConfig | None:
        companies = (company for company in rooms.config().companies if company.code == company_code)
        return next((group for company in companies for group in company.groups if group.name == name), None)

    async def list_all(asked: OfCompany, _tell: Tell) -> object:
        return await rooms.store.read(of_company(asked.company, manage.list_groups))

    async def add(asked: GroupFields, _tell: Tell) -> object:
        _refuse_key("name", asked.fields)
        group = new_piece(GroupConfig, {"name": asked.name} | asked.fields)
        _refuse_twice(group.members)

        def fact(conn: Connection, at: datetime) -> None:
            check_company(conn, asked.company)
            manage.add_group(conn, asked.company, group, at)

        await rooms.change(fact)
        return done(f"group {asked.name} was added to company {asked.company}")

    async def change(asked: GroupFields, _tell: Tell) -> object:
        _refuse_key("name", asked.fields)
        group = changed_piece(GroupConfig, asked.fields)
        _refuse_twice(group.members)
        await rooms.change(lambda conn, at: manage.change_group(conn, asked.company, asked.name, group, at))
        return done(f"group {asked.name} was changed", in_file(asked.company, asked.name), asked.fields)

    async def remove(asked: OneGroup, _tell: Tell) -> object:
        await rooms.change(lambda conn, _at: manage.remove_group(conn, asked.company, asked.name))
        return done(f"group {asked.name} was removed", in_file(asked.company, asked.name))

    return [
        Command("group.list", OfCompany, list_all),
        Command("group.add", GroupFields, add),
        Command("group.set", GroupFields, change),
        Command("group.remove", OneGroup, remove),
    ]


def _phones(contacts: Sequence[ContactBinding], at: datetime) -> dict[str, list[str]]:
    """The phones by their Contact, and where each is called: another address than the Contact's is a NAT's."""
    called_at = [f"{contact.flow} for {(contact.expires_at - at).total_seconds():.0f} s" for contact in contacts]
    return {"phones": [str(contact.uri) for contact in contacts], "called_at": called_at}


def _refuse_key(key: str, fields: dict[str, str]) -> None:
    """The key that an entry is found by is told once, and stays."""
    if key in fields:
        raise CommandFailed(f"{key} can't be changed; add another and remove this one")


def _refuse_twice(members: Sequence[str]) -> None:
    if twice := [member for member, times in Counter(members).items() if times > 1]:
        raise CommandFailed(f"members names {', '.join(twice)} twice; expected each extension once")


def _check_transport(rooms: Rooms, trunk: TrunkConfig) -> None:
    """A trunk is reached from an address of its transport that is listened on."""
    key = "proxy" if trunk.proxy is not None else "address"
    if key not in trunk.model_fields_set:
        return
    transport = "tcp" if ";transport=tcp" in str(getattr(trunk, key)).lower() else "udp"
    if all(listen.transport != transport for listen in rooms.config().sip.listen):
        raise CommandFailed(f"{key} is reached over {transport}; expected a {transport}: address in [sip] listen")
