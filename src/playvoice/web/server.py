"""uvicorn for a program that has its own way with signals."""

import contextlib
from collections.abc import Generator

import uvicorn


class HttpServer(uvicorn.Server):
    """Serves until `should_exit` is set, and leaves the process's signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
