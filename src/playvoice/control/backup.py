"""A backup of a server, made while it runs: the database, and a list of the files that belong to it.

    DIR/playvoice.db    one state of the database
    DIR/files.tsv       octets and path of each file that is its own: recordings, and voices that were uploaded
    DIR/files/…         those files, where they are wanted too
    DIR/backup.json     what made it and when, the database's digest: written last, so it says that all is there

The database is copied first: a file that its records name is there already, or still to be encoded.
"""

import asyncio
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from playvoice import __version__
from playvoice.control.errors import CommandFailed
from playvoice.control.notes import done
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms
from playvoice.store import Store, StoreError

DATABASE = "playvoice.db"
FILES = "files"
LIST = "files.tsv"
LABEL = "backup.json"
OWN = ("recordings", "voices/uploads")
"""Folders of `data_dir` with what can't be made anew."""


class WhereTo(Arguments):
    """Where a backup is made, and whether files are taken along."""

    directory: Path
    files: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What a backup says of itself."""

    version: str
    """Of the PlayVoice that made it."""
    made_at: str
    """ISO 8601, UTC."""
    octets: int
    sha256: str
    """Of the database, as `octets`."""
    files: int
    """That are listed."""
    with_files: bool

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read that of a backup; CommandFailed if this is none."""
        path = directory / LABEL
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{name: found[name] for name in cls.__dataclass_fields__})
        except (OSError, ValueError, KeyError, TypeError):
            raise CommandFailed(f"{directory} is no whole backup: {path} is missing or can't be read") from None


def backup_commands(rooms: Rooms) -> list[Command[Any]]:
    """Return the command `backup`."""

    async def backup(asked: WhereTo, _tell: Tell) -> object:
        data_dir, given_up = rooms.config().server.data_dir, threading.Event()
        try:
            label = await asyncio.to_thread(_make, rooms.store, asked, data_dir, given_up)
        except asyncio.CancelledError:  # the thread goes on until it looks, and takes back what it has begun
            given_up.set()
            raise
        except OSError as error:
            raise CommandFailed(f"the backup in {asked.directory} was not made: {error}") from None
        except StoreError as error:
            raise CommandFailed(str(error)) from None
        listed = f"{label.files} recordings and voices are {'in it' if label.with_files else 'listed'}"
        return done(f"the backup in {asked.directory} was made: {label.octets} octets of database; {listed}")

    return [Command("backup", WhereTo, backup)]


def listed_files(directory: Path) -> Iterator[tuple[int, str]]:
    """Yield octets and path of each file that belongs to a backup; ValueError where the list is cut off.

    Each path is one below `data_dir`, in a folder of `OWN`; ValueError for another one.
    """
    with (directory / LIST).open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            octets, _, path = line.partition("\t")
            if not path.endswith("\n"):
                raise ValueError(f"the line {line!r} of {LIST} is not whole")
            if not path.startswith(tuple(f"{folder}/" for folder in OWN)) or ".." in path.split("/"):
                raise ValueError(f"the line {line!r} of {LIST} names no recording and no voice")
            yield int(octets), path[:-1]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make(store: Store, asked: WhereTo, data_dir: Path, given_up: threading.Event) -> Label:
    _make_room(asked.directory)
    try:
        store.copy_to(asked.directory / DATABASE)
        return _list_files(asked.directory, data_dir, given_up, take=asked.files)
    except BaseException:
        _empty(asked.directory)
        raise


def _make_room(directory: Path) -> None:
    """An empty directory, which only its owner may look into: a backup has secrets in it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise CommandFailed(f"{directory} is not empty; give a new directory for each backup")


def _empty(directory: Path) -> None:
    """Take back what was begun, and the room that it has; another try finds the directory as this one did."""
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _list_files(directory: Path, data_dir: Path, given_up: threading.Event, *, take: bool) -> Label:
    count = 0
    with (directory / LIST).open("w", encoding="utf-8", errors="surrogateescape") as lines:
        for path in _own_files(data_dir):
            if given_up.is_set():
                raise CommandFailed("the server was stopped")
            try:
                octets = path.stat().st_size
                if take:
                    _take(path, directory / FILES / path.relative_to(data_dir))
            except FileNotFoundError:
                continue  # it was removed just now
            lines.write(f"{octets}\t{path.relative_to(data_dir)}\n")
            count += 1
    database = directory / DATABASE
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    label = Label(__version__, made_at, database.stat().st_size, digest_of(database), count, take)
    part = directory / f"{LABEL}.part"
    part.write_text(json.dumps(asdict(label), indent=2) + "\n", encoding="utf-8")
    part.rename(directory / LABEL)
    return label


def _own_files(data_dir: Path) -> Iterator[Path]:
    for folder in OWN:
        for parent, folders, names in os.walk(data_dir / folder, onerror=_unless_gone):
            folders[:] = sorted(name for name in folders if name != "raw")  # of calls that run
            yield from (Path(parent, name) for name in sorted(names) if not name.endswith(".part"))  # not whole yet


def _unless_gone(error: OSError) -> None:
    """A folder that is not there has no files; one that can't be read would be missing in silence."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _take(path: Path, to: Path) -> None:
    """A second name for the same file where the disk is the same: none of them is ever changed. Else a copy."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, to)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(path, to)
