"""The operator's end of the control socket; it blocks, since a command line has nothing else to do."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playvoice.control.errors import CommandFailed, ControlError, ServerNotRunning
from playvoice.control.place import SOCKET, reachable
from playvoice.control.protocol import ALIVE, MAX_LINE, Failure, Order, Part, Result, Told, read_answer, write_order

PATIENCE = 15.0
"""Seconds without any line after which a server is taken for one that hangs."""
_HANGS = (
    "the server has said nothing for {:g} s: it is stopped or hangs (see its log);"
    " whether the command is carried out is not known"
)


def stream(data_dir: Path, command: str, arguments: Mapping[str, Any]) -> Iterator[Told | Result]:
    """Yield what a running server tells, and at last its result.

    Raises ServerNotRunning where nothing answers, CommandFailed with the server's words, ControlError where it
    can't be understood or leaves.
    """
    order, rows = write_order(Order(command, arguments)), list[Any]()
    with _connect(data_dir) as sock, sock.makefile("rb") as lines:
        try:
            sock.sendall(order)
            while line := lines.readline(MAX_LINE + 1):
                if line == ALIVE:
                    continue
                answer = read_answer(line)
                if isinstance(answer, Failure):
                    raise CommandFailed(answer.text)
                if isinstance(answer, Part):
                    rows += answer.rows
                elif isinstance(answer, Result):
                    yield Result(rows + answer.value) if rows else answer
                    return
                else:
                    yield answer
        except TimeoutError:
            raise ControlError(_HANGS.format(PATIENCE)) from None
        except OSError as error:
            raise ControlError(f"the server was lost, stopped or killed: {error.strerror} (see its log)") from None
    raise ControlError("the server left without an answer: it was stopped, or it broke (see its log)")


def ask(data_dir: Path, command: str, arguments: Mapping[str, Any]) -> Any:
    """Return a command's result; raises what `stream` raises."""
    for answer in stream(data_dir, command, arguments):
        if isinstance(answer, Result):
            return answer.value
    raise ControlError("the server told no result")


def _connect(data_dir: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(PATIENCE)
    try:
        with reachable(data_dir) as path:
            sock.connect(path)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        sock.close()
        raise ServerNotRunning(f"no server answers on {data_dir / SOCKET}") from None
    except PermissionError:
        sock.close()
        raise ControlError(
            f"the server's socket {data_dir / SOCKET} may not be opened; type this as the user that the server runs as,"
            " or as root"
        ) from None
    except (TimeoutError, BlockingIOError):
        sock.close()
        raise ControlError(_HANGS.format(PATIENCE)) from None
    except OSError as error:
        sock.close()
        raise ControlError(f"the server can't be reached on {data_dir / SOCKET}: {error.strerror}") from None
    return sock
