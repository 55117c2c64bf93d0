"""`playvoice voice list|add|remove`: the voice files of a company's library."""

from pathlib import Path
from typing import Annotated

import typer

from playvoice.commands.desk import DEFAULT_CONFIG, ConfigOption, carry_out, read_config, the_company
from playvoice.commands.output import in_zone, show_done, show_json, show_table
from playvoice.commands.panels import SET_UP

CompanyOption = Annotated[
    str | None, typer.Option("--company", help="The company's code; not needed where there is one.")
]

voice = typer.Typer(help="The voice files of companies' libraries.", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    """Put these commands into the command line."""
    cli.add_typer(voice, name="voice", rich_help_panel=SET_UP)


@voice.command("list")
def list_voices(
    of: CompanyOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """List a company's voice files; length and level are known once a file was added or played."""
    rows = carry_out(config, "voice.list", {"company": the_company(config, of)})
    columns = ("name", "from", "format", "seconds", "level_dbfs", "peak_dbfs", "octets", "changed_at")
    if as_json:
        show_json(rows)
        return
    zone = read_config(config).server.timezone
    show_table([in_zone(row, zone) for row in rows], columns, "there is no voice file; see playvoice voice add --help")


@voice.command("add")
def add_voice(
    file: Annotated[Path, typer.Argument(help="wav, mp3, ogg, flac or m4a.", exists=True, dir_okay=False)],
    name: Annotated[str | None, typer.Option(help="What calls name it by; by default the file's own name.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Take the place of one of this name.")] = False,
    of: CompanyOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Put a voice file into a company's library, once it was decoded."""
    code = the_company(config, of)
    show_done(add(config, code, file, name or file.name, overwrite=overwrite))


@voice.command("remove")
def remove_voice(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As in the list.")],
    of: CompanyOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Remove a voice file that no waiting call needs; a call that plays it plays on."""
    show_done(carry_out(config, "voice.remove", {"company": the_company(config, of), "name": name}))


def add(config: Path, code: str, file: Path, name: str, *, overwrite: bool = False) -> dict[str, object]:
    """Put a file of this machine into a company's library; leaves with 1 where it is refused."""
    asked = {"company": code, "name": name, "path": str(file.absolute()), "overwrite": overwrite}
    result: dict[str, object] = carry_out(config, "voice.add", asked)
    return result
