"""Headers that are found by their name, and not by a walk through all of them as those of `sipmessage` are.

A message of a call has a dozen headers, and each of them is asked for several times.
"""

from sipmessage import URI, Request, Response, message


class Headers(message.Headers):
    """Headers in their order; a name counts in any case, and goes out as it was first written."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[str, list[str]]] = {}

    def add(self, key: str, value: str) -> None:
        """Add a value behind those that the header has."""
        self._lines.setdefault(key.lower(), (key, []))[1].append(value)

    def get(self, key: str, default: str | None = None) -> str | None:
        """The first value of a header."""
        line = self._lines.get(key.lower())
        return default if line is None else line[1][0]

    def getlist(self, key: str) -> list[str]:
        """All values of a header."""
        line = self._lines.get(key.lower())
        return [] if line is None else line[1]

    def keys(self) -> list[str]:
        """The names, as they were first written."""
        return [name for name, _ in self._lines.values()]

    def remove(self, key: str) -> None:
        """Drop a header with all its values."""
        self._lines.pop(key.lower(), None)

    def set(self, key: str, value: str) -> None:
        """Put this value in the place of all that the header has."""
        self.setlist(key, [value])

    def setlist(self, key: str, values: list[str]) -> None:
        """Put these values in the place of all that the header has."""
        name, _ = self._lines.get(key.lower(), (key, values))
        self._lines[key.lower()] = name, values

    def __getitem__(self, key: str) -> str:
        return self._lines[key.lower()][1][0]

    def __str__(self) -> str:
        return "".join(f"{name}: {value}\r\n" for name, values in self._lines.values() for value in values) + "\r\n"


def new_request(method: str, uri: URI) -> Request:
    """A request without headers."""
    request = Request(method, uri)
    request.headers = Headers()
    return request


def new_response(status: int, reason: str, body: bytes = b"") -> Response:
    """A response without headers."""
    response = Response(status, reason, body)
    response.headers = Headers()
    return response
