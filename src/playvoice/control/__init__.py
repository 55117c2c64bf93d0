"""Control: what operators do to the server, as commands over a local socket that only its own user may open.

The command line sends one command a connection, as one line of JSON, and gets lines of JSON back: what the command has
to tell while it runs, and at last its result or what was wrong. Where no server runs, the command line carries the same
commands out itself, under the database's one-server lock: two writers never meet.

What a command does is a function of the rooms below (`companies`, `lines`, `voices`, `callbacks`, `calls`); here stand
its name, its arguments, and which rooms are told that something has changed.
"""

from playvoice.control.errors import CommandFailed, ControlError, ServerNotRunning

__all__ = ["CommandFailed", "ControlError", "ServerNotRunning"]
