"""What can go wrong between us and a far end, by what it means for trying again."""


class WebError(Exception):
    """The request was not answered as asked; the text says why, without the query string."""


class AddressRefused(WebError):
    """The URL is malformed, its scheme is not allowed, or it leads to a network that it must not."""


class ConnectFailed(WebError):
    """No connection: the name does not resolve, nobody listens, TLS fails, or all connections are in use."""


class NoAnswer(WebError):
    """Connected, but no answer came in time, or the connection was cut before it was whole."""


class BadAnswer(WebError):
    """An answer came that can't be used.

    :ivar status: its HTTP status; None where what came was not HTTP.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status
