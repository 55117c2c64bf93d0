"""`playvoice backup` and `playvoice restore`."""

import shutil
import time
from pathlib import Path
from typing import Annotated

import typer

from playvoice.commands.desk import DEFAULT_CONFIG, ConfigOption, carry_out, fail, read_config, take_data_dir
from playvoice.commands.output import show_done

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The backup.", file_okay=False)]


def backup(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A directory that is new, or empty; the server writes it.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    files: Annotated[bool, typer.Option("--files", help="Take recordings and uploaded voices along.")] = False,
) -> None:
    """Make a backup, also while the server runs: the database, and a list of the files that belong to it."""
    show_done(carry_out(config, "backup", {"directory": str(directory.absolute()), "files": files}))


def restore(directory: Directory, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Put a backup in the place of what is there, while no server runs; the database from before is kept beside it.

    Calls that waited in it are dialled at the next start, calls that ran in it are ended and reported, and callbacks
    that were owed in it are sent.
    """
    from playvoice.control.backup import DATABASE, Label, digest_of, listed_files
    from playvoice.control.errors import ControlError
    from playvoice.migrations.due import known_revisions, revisions_of
    from playvoice.store import StoreError
    from playvoice.store.looking import look_into_copy, replace_database

    settings = read_config(config)
    data_dir, copy = settings.server.data_dir, directory / DATABASE
    try:
        label = Label.read(directory)
        _check_list(directory, label.files)
        if digest_of(copy) != label.sha256:
            fail(f"{copy} is not what the backup was made with: its SHA-256 is another one")
        with look_into_copy(copy) as conn:
            known = known_revisions()
            newer = [each for each in revisions_of(conn) if each not in known]
        if newer:
            fail(f"the backup is of PlayVoice {label.version}, which is newer than this one; install that version")
        take_data_dir(data_dir)
        aside = f".before-restore-{time.strftime('%Y%m%dT%H%M%S')}"
        before = replace_database(settings.server.database, copy, aside)
    except (ControlError, StoreError, OSError) as error:
        fail(str(error))
    typer.echo(f"the backup of {label.made_at} is in place")
    if before is not None:
        typer.echo(f"the database from before is {before}")
    try:
        if label.with_files:
            _bring_back(directory, data_dir)
        missing = [path for octets, path in listed_files(directory) if not _is_whole(data_dir / path, octets)]
    except OSError as error:
        fail(f"not all of its files were put back: {error.filename}: {error.strerror}; mend that, and restore it again")
    if missing:
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        typer.echo(f"note: {len(missing)} of {label.files} recordings and voices are missing: {some}", err=True)


def _check_list(directory: Path, files: int) -> None:
    from playvoice.control.backup import LIST, listed_files
    from playvoice.control.errors import CommandFailed

    try:
        listed = sum(1 for _ in listed_files(directory))
    except (OSError, ValueError):
        listed = -1
    if listed != files:
        named = f"{files} {'file' if files == 1 else 'files'}"
        raise CommandFailed(
            f"{directory} is no whole backup: {directory / LIST} is missing or names other than {named}"
        )


def _bring_back(directory: Path, data_dir: Path) -> None:
    """Copy what the list has and is not there, or not whole, from where the backup has it whole.

    Nothing else that stands in the backup's folder is touched, and no link in it followed.
    """
    from playvoice.control.backup import FILES, listed_files

    files = (directory / FILES).resolve()
    for octets, path in listed_files(directory):
        source, to = files / path, data_dir / path
        if _is_whole(to, octets) or not _is_whole(source, octets) or source.resolve() != source:
            continue
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            part = to.with_name(f"{to.name}.part")
            try:
                shutil.copy2(source, part)
                part.rename(to)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(to)) from error


def _is_whole(path: Path, octets: int) -> bool:
    return path.is_file() and path.stat().st_size == octets
