"""`playvoice company|number|trunk|extension|group list|show|add|set|remove`, `secret` and `token`.

What can be set is typed as in the configuration file, KEY=VALUE, a list with commas; `password=-` asks without echo, or
reads a line of standard input where that is no terminal.
"""

import sys
from typing import Annotated, Any

import typer

from playvoice.commands.desk import DEFAULT_CONFIG, ConfigOption, carry_out, fail
from playvoice.commands.output import show_done, show_fields, show_json, show_table
from playvoice.commands.panels import SET_UP
from playvoice.config import CompanyConfig, GroupConfig, TrunkConfig
from playvoice.config.pieces import ExtensionPiece, keys_of
from playvoice.config.wording import SECRETS

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Fields = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE…", help="As in the configuration file.")]
CompanyOption = Annotated[str | None, typer.Option("--company", help="Only this company's.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="The company's code.")]

company = typer.Typer(help="Customers: credentials, callback addresses, settings.", no_args_is_help=True)
number = typer.Typer(help="The caller numbers that companies may show.", no_args_is_help=True)
trunk = typer.Typer(help="SIP connections to carriers and PBXs.", no_args_is_help=True)
extension = typer.Typer(help="Agents' SIP accounts.", no_args_is_help=True)
group = typer.Typer(help="Groups of agents that a key leads to.", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    """Put these commands into the command line."""
    for name, each in (
        ("company", company),
        ("number", number),
        ("trunk", trunk),
        ("extension", extension),
        ("group", group),
    ):
        cli.add_typer(each, name=name, rich_help_panel=SET_UP)
    cli.command(rich_help_panel=SET_UP)(secret)
    cli.command(rich_help_panel=SET_UP)(token)


def read_fields(texts: list[str] | None) -> dict[str, str]:
    """Read KEY=VALUE; leaves with 1 where one is not written so."""
    fields: dict[str, str] = {}
    for text in texts or []:
        key, equals, value = text.partition("=")
        if not equals or not key:
            fail(f"{text!r} is not KEY=VALUE")
        if key in fields:
            fail(f"{key} is given twice")
        fields[key] = _ask(key) if value == "-" and key in SECRETS else value
    return fields


def _ask(key: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(key, hide_input=True, confirmation_prompt=True))
    try:
        line = sys.stdin.readline()
        line.encode()
    except UnicodeError:
        fail(f"{key} is not UTF-8")
    return line.rstrip("\r\n") or str(fail(f"{key} is missing: standard input has no line for it"))


def _keys(model: Any, *left_out: str) -> str:
    """The keys of an entry, for a command's help."""
    lines = [f"{key}: {about}" for key, about in keys_of(model).items() if key not in left_out]
    return "\b\n" + "\n".join(
        [
            *lines,
            "",
            "A list is typed with commas, KEY= takes a value away, and a secret is best typed as",
            "KEY=-: it is asked for, and stands in no list of processes.",
        ]
    )


# --- companies --------------------------------------------------------------------------------------------------------


@company.command("list")
def list_companies(config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the companies."""
    rows = carry_out(config, "company.list", {})
    columns = ("code", "name", "appid", "enabled", "numbers", "record", "cdr_callback", "status_callback")
    show_json(rows) if as_json else show_table(rows, columns, "there is no company; see playvoice company add --help")


@company.command("show")
def show_company(code: Code, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show all that is set of a company."""
    (row,) = carry_out(config, "company.list", {"code": code})
    show_json(row) if as_json else show_fields(row)


@company.command("add", epilog=_keys(CompanyConfig, "code", "voice_dir"))
def add_company(
    code: Code, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Add a company: name, appid and accesskey at least."""
    show_done(carry_out(config, "company.add", {"code": code, "fields": read_fields(fields)}), as_json=as_json)


@company.command("set", epilog=_keys(CompanyConfig, "code", "voice_dir"))
def set_company(
    code: Code, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Change what is given of a company; KEY= takes a value away."""
    show_done(carry_out(config, "company.set", {"code": code, "fields": read_fields(fields)}), as_json=as_json)


@company.command("remove")
def remove_company(code: Code, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Remove a company with its numbers, extensions, groups and voice files; its call records stay."""
    show_done(carry_out(config, "company.remove", {"code": code}), as_json=as_json)


def secret(
    code: Code,
    new: Annotated[bool, typer.Option("--new", help="Make a new one, which signs from now on.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show what a company's callbacks are signed with."""
    result = carry_out(config, "secret", {"code": code, "new": new})
    show_json(result) if as_json else show_done(result | {"done": result["signing_secret"]})


def token(code: Code, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Issue a token of a company, as Login would, valid for 12 hours."""
    value = carry_out(config, "token", {"code": code})
    show_json({"token": value}) if as_json else typer.echo(value)


# --- caller numbers ---------------------------------------------------------------------------------------------------


@number.command("list")
def list_numbers(of: CompanyOption = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the caller numbers."""
    rows = carry_out(config, "number.list", {"code": of})
    show_json(rows) if as_json else show_table(rows, ("number", "company", "enabled"), "there is no caller number")


@number.command("add")
def add_number(
    code: Code,
    new: Annotated[str, typer.Argument(metavar="NUMBER")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Let a company show a caller number."""
    show_done(carry_out(config, "number.add", {"code": code, "number": new}), as_json=as_json)


@number.command("set")
def set_number(
    which: Annotated[str, typer.Argument(metavar="NUMBER")],
    enabled: Annotated[bool, typer.Option("--on/--off", help="Whether it may be shown.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Switch a caller number on or off."""
    show_done(carry_out(config, "number.set", {"number": which, "enabled": enabled}), as_json=as_json)


@number.command("remove")
def remove_number(
    which: Annotated[str, typer.Argument(metavar="NUMBER")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Take a caller number away; calls that were accepted with it are still made."""
    show_done(carry_out(config, "number.remove", {"number": which}), as_json=as_json)


# --- trunks -----------------------------------------------------------------------------------------------------------

TrunkName = Annotated[str, typer.Argument(metavar="NAME", help="The trunk's name.")]


@trunk.command("list")
def list_trunks(config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the trunks, in the order in which they are tried."""
    rows = carry_out(config, "trunk.list", {})
    columns = ("name", "address", "register", "username", "max_calls", "calls_per_second", "codecs", "dtmf")
    show_json(rows) if as_json else show_table(rows, columns, "there is no trunk; see playvoice trunk add --help")


@trunk.command("show")
def show_trunk(name: TrunkName, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show all that is set of a trunk."""
    (row,) = carry_out(config, "trunk.list", {"name": name})
    show_json(row) if as_json else show_fields(row)


@trunk.command("add", epilog=_keys(TrunkConfig, "name"))
def add_trunk(
    name: TrunkName, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Add a trunk: address at least."""
    show_done(carry_out(config, "trunk.add", {"name": name, "fields": read_fields(fields)}), as_json=as_json)


@trunk.command("set", epilog=_keys(TrunkConfig, "name"))
def set_trunk(
    name: TrunkName, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Change what is given of a trunk; KEY= takes a value away. Calls that run over it go on."""
    show_done(carry_out(config, "trunk.set", {"name": name, "fields": read_fields(fields)}), as_json=as_json)


@trunk.command("remove")
def remove_trunk(name: TrunkName, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Remove a trunk; calls that run over it go on."""
    show_done(carry_out(config, "trunk.remove", {"name": name}), as_json=as_json)


# --- extensions -------------------------------------------------------------------------------------------------------

Extension = Annotated[str, typer.Argument(metavar="NUMBER", help="The extension's number.")]


@extension.command("list")
def list_extensions(of: CompanyOption = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the extensions, with the phones that are registered."""
    rows = carry_out(config, "extension.list", {"company": of})
    columns = ("number", "company", "enabled", "groups", "phones", "called_at")
    show_json(rows) if as_json else show_table(
        rows, columns, "there is no extension; see playvoice extension add --help"
    )


@extension.command("add", epilog=_keys(ExtensionPiece, "number"))
def add_extension(
    code: Code, which: Extension, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Add an extension with password=VALUE, or password=- to be asked for it."""
    values = read_fields(fields or ["password=-"])
    show_done(carry_out(config, "extension.add", {"company": code, "number": which, "fields": values}), as_json=as_json)


@extension.command("set", epilog=_keys(ExtensionPiece, "number"))
def set_extension(
    which: Extension, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Change password=VALUE or enabled=true|false."""
    show_done(carry_out(config, "extension.set", {"number": which, "fields": read_fields(fields)}), as_json=as_json)


@extension.command("remove")
def remove_extension(which: Extension, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Remove an extension; it leaves its groups."""
    show_done(carry_out(config, "extension.remove", {"number": which}), as_json=as_json)


# --- groups -----------------------------------------------------------------------------------------------------------

GroupName = Annotated[str, typer.Argument(metavar="NAME", help="The group's name.")]


@group.command("list")
def list_groups(of: CompanyOption = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the groups."""
    rows = carry_out(config, "group.list", {"company": of})
    columns = ("company", "name", "strategy", "ring_time", "max_wait", "members")
    show_json(rows) if as_json else show_table(rows, columns, "there is no group; see playvoice group add --help")


@group.command("add", epilog=_keys(GroupConfig, "name"))
def add_group(
    code: Code, name: GroupName, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Add a group of a company."""
    show_done(
        carry_out(config, "group.add", {"company": code, "name": name, "fields": read_fields(fields)}), as_json=as_json
    )


@group.command("set", epilog=_keys(GroupConfig, "name"))
def set_group(
    code: Code, name: GroupName, fields: Fields = None, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Change what is given of a group; `members` are all that it has afterwards."""
    show_done(
        carry_out(config, "group.set", {"company": code, "name": name, "fields": read_fields(fields)}), as_json=as_json
    )


@group.command("remove")
def remove_group(code: Code, name: GroupName, config: ConfigOption = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Remove a group; a call that a key leads there finds nobody."""
    show_done(carry_out(config, "group.remove", {"company": code, "name": name}), as_json=as_json)
