"""Every command, over the rooms of a server."""

from playvoice.control.backup import backup_commands
from playvoice.control.callbacks import callback_commands
from playvoice.control.companies import company_commands
from playvoice.control.lines import extension_commands, group_commands, trunk_commands
from playvoice.control.registry import Commands
from playvoice.control.rooms import Rooms
from playvoice.control.voices import voice_commands


def stored_commands(rooms: Rooms) -> Commands:
    """Return what can be done whether the server runs or not: it is about what is stored."""
    return Commands(
        [
            *company_commands(rooms),
            *trunk_commands(rooms),
            *extension_commands(rooms),
            *group_commands(rooms),
            *voice_commands(rooms),
            *callback_commands(rooms),
            *backup_commands(rooms),
        ]
    )
