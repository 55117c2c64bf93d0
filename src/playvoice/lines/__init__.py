"""Lines: trunks to carriers and their upkeep, extensions with their phones, and groups of extensions."""

from playvoice.lines.apply import apply
from playvoice.lines.directory import Directory, Extension, Group
from playvoice.lines.errors import LinesError
from playvoice.lines.lines import Lines
from playvoice.lines.nat import ToldAddress
from playvoice.lines.registrations import ContactBinding
from playvoice.lines.trunk import Trunk
from playvoice.lines.trunks import Trunks

__all__ = [
    "ContactBinding",
    "Directory",
    "Extension",
    "Group",
    "Lines",
    "LinesError",
    "ToldAddress",
    "Trunk",
    "Trunks",
    "apply",
]
