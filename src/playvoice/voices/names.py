"""Names of voice files.

A name is only ever looked up, and no path is made of one; what it may not have is what would make it look like one, or
what nobody could read or type."""

import unicodedata

from playvoice.voices.refusals import Refusal, VoiceRefused
from playvoice.voices.tables import MAX_NAME

MAX_WRITTEN = 4 * MAX_NAME
"""Characters of a name whose accents are taken apart, of which a letter has at most three."""


def normal(text: str) -> str:
    """A name in the one form of all its ways of being written: some systems take accents apart in files' names.

    A text that is too long for a name comes back as it is: marks in a row take time in the square of their number.
    """
    return unicodedata.normalize("NFC", text) if len(text) <= MAX_WRITTEN else text


def checked(text: str) -> str:
    """The name that a new file gets, white space around it dropped.

    :raises VoiceRefused: it can be none.
    """
    name = normal(text.strip())
    if not name:
        raise _bad("a voice file needs a name")
    if len(name) > MAX_NAME:
        raise _bad(f"the name {name[:40]}… has {len(name)} characters, more than {MAX_NAME}")
    if not name.isprintable():
        raise _bad(f"the name {name!r} has characters that can't be shown")
    if "/" in name or "\\" in name or name.startswith("."):
        raise _bad(f"the name {name!r} has a / or \\ in it, or begins with a full stop")
    return name


def _bad(text: str) -> VoiceRefused:
    return VoiceRefused(Refusal.BAD_NAME, text)
