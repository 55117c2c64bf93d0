"""What ends a request before its answer; each knows which answer the contract has for it."""

from playvoice.codes import RET_TEXTS, BusinessCode, Ret, Text


class GatewayError(Exception):
    """Base of every error that `playvoice.gateway` raises."""


class RequestRefused(GatewayError):
    """An exception of the contract: `ret` other than 200."""

    def __init__(self, ret: Ret, detail: Text | None = None, *, close: bool = False) -> None:
        """`detail` follows the prefix of 400; with `close` the connection ends with the answer."""
        super().__init__(RET_TEXTS[ret].en if detail is None else detail.en)
        self.ret = ret
        self.detail = detail
        self.close = close


class OperationFailed(GatewayError):
    """A business failure: `ret` 200, `status` 1, and the code says why."""

    def __init__(
        self, code: BusinessCode, why: str, *, retry_after: int | None = None, detail: Text | None = None
    ) -> None:
        """`why` is for the log; `retry_after` is seconds, where it may be done later; `detail` follows `desc`."""
        super().__init__(why)
        self.code = code
        self.retry_after = retry_after
        self.detail = detail


class ClientGone(GatewayError):
    """The client hung up before its request was whole; nobody is there to be answered."""


def bad_request(zh: str, en: str, *, close: bool = False) -> RequestRefused:
    """Return the refusal 400 with what is wrong, in both languages."""
    return RequestRefused(Ret.BAD_REQUEST, Text(zh, en), close=close)
