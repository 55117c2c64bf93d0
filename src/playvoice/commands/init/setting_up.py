"""Writes the file and makes the folder of voices; nothing that is there is overwritten."""

import os
import secrets
import shutil
from pathlib import Path

from playvoice.commands.init.answers import Answers, phone_password
from playvoice.commands.init.writing import text
from playvoice.config import ConfigError, load
from playvoice.simulator.sound import ASSETS

SAMPLE = "notice.mp3"
"""The recording that is put into an empty folder of voices, so that there is one to try with."""


class SetupError(Exception):
    """Something could not be written; the text says what and why."""


def set_up(path: Path, answers: Answers, *, force: bool) -> str:
    """Make the folder of voices, then the file; gives the name of a voice to try with.

    The file appears only when it is whole and has been read back without a problem, with mode 0600.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        voice = _make_voices(path.parent / answers.voice_dir)
        _write(path, answers, force=force)
    except OSError as error:
        raise SetupError(f"{error.filename or path} can't be written: {error.strerror}") from None
    return voice


def _make_voices(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(each.name for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    if found:
        return SAMPLE if SAMPLE in found else found[0]
    shutil.copyfile(ASSETS / SAMPLE, folder / SAMPLE)
    return SAMPLE


def _write(path: Path, answers: Answers, *, force: bool) -> None:
    passwords = {number: phone_password() for number in answers.extensions}
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text(answers, passwords))
        load(aside, {})
        if force:
            aside.replace(path)
        else:
            path.hardlink_to(aside)
    except FileExistsError:  # somebody has made it meanwhile
        raise SetupError(f"{path} is there already and stays as it is; give --force to overwrite it") from None
    except ConfigError as error:
        problems = "; ".join(str(problem) for problem in error.problems)
        raise SetupError(f"these answers do not go together: {problems}") from None
    finally:
        aside.unlink(missing_ok=True)
