"""What this room raises."""


class LinesError(Exception):
    """A line that can't be used: a trunk without an address, a trunk that nobody knows."""
