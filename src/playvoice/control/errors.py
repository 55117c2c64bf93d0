"""What goes wrong between an operator and the server."""


class ControlError(Exception):
    """Base of all that this room raises; the text is for the operator."""


class CommandFailed(ControlError):
    """The command was understood and could not be carried out, or its arguments were wrong."""


class ServerNotRunning(ControlError):
    """Nothing answers on the control socket."""
