"""What keeps a server from starting."""


class StartError(Exception):
    """The server could not start; the text says why, in words for the operator."""
