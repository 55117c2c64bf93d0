"""The commands about companies' voice files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playvoice.calls.queue import voices_of_waiting
from playvoice.control.errors import CommandFailed
from playvoice.control.notes import done
from playvoice.control.registry import Arguments, Command, Tell
from playvoice.control.rooms import Rooms
from playvoice.voices import LibraryVoice


class OfCompany(Arguments):
    """Whose voice files."""

    company: str


class OneVoice(OfCompany):
    """A voice file by its name."""

    name: str


class NewVoice(OneVoice):
    """A file of this machine, and the name that it gets."""

    path: Path
    overwrite: bool = False


def voice_commands(rooms: Rooms) -> list[Command[Any]]:
    """Return the commands `voice.*`."""

    async def list_all(asked: OfCompany, _tell: Tell) -> object:
        _check_company(rooms, asked.company)
        return [_plain(voice) for voice in await rooms.voices.entries(asked.company)]

    async def add(asked: NewVoice, _tell: Tell) -> object:
        _check_company(rooms, asked.company)
        if not asked.path.is_absolute():
            raise CommandFailed(f"{asked.path} is no absolute path")
        at = datetime.now(UTC)
        voice = await rooms.voices.add(asked.company, asked.name, asked.path, at, overwrite=asked.overwrite)
        return done(f"voice file {voice.name} was added to company {asked.company}") | {"voice": _plain(voice)}

    async def remove(asked: OneVoice, _tell: Tell) -> object:
        _check_company(rooms, asked.company)
        await rooms.voices.remove(asked.company, asked.name, voices_of_waiting)
        return done(f"voice file {asked.name} was removed")

    return [
        Command("voice.list", OfCompany, list_all),
        Command("voice.add", NewVoice, add),
        Command("voice.remove", OneVoice, remove),
    ]


def _check_company(rooms: Rooms, code: str) -> None:
    if rooms.companies.get(code) is None:
        raise CommandFailed(f"there is no company {code}")


def _plain(voice: LibraryVoice) -> dict[str, Any]:
    sound = voice.sound
    return {
        "name": voice.name,
        "from": "upload" if voice.is_uploaded else "voice_dir",
        "format": None if sound is None else sound.format,
        "seconds": None if sound is None else round(sound.seconds, 2),
        "level_dbfs": None if sound is None else round(sound.rms, 1),
        "peak_dbfs": None if sound is None else round(sound.peak, 1),
        "octets": voice.octets,
        "changed_at": voice.changed_at.isoformat(timespec="seconds"),
    }
