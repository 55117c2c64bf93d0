"""The control socket: a Unix socket in the data directory that only the server's own user, and root, may open."""

import asyncio
import contextlib
import os
import socket
import struct
from pathlib import Path
from typing import Any

import structlog

from playvoice.control.errors import CommandFailed, ControlError
from playvoice.control.place import SOCKET, reachable
from playvoice.control.protocol import (
    ALIVE,
    ALIVE_EVERY,
    MAX_LINE,
    Answer,
    Failure,
    Result,
    Told,
    parts_of,
    read_order,
    write_answer,
)
from playvoice.control.registry import Command, Commands
from playvoice.store import StoreError

MAX_CONNECTIONS = 32
"""Operators at once; a further one is told so."""
ORDER_TIMEOUT = 5.0
"""Seconds in which an operator's line has to be there."""
LAST_COMMANDS = 1.0
"""Seconds that commands have at a stop to be carried out and answered; the rest of it waits for them."""
_PEER = struct.Struct("3i")

log = structlog.get_logger(__name__)


class ControlServer:
    """Takes orders and carries them out."""

    def __init__(self, data_dir: Path, commands: Commands) -> None:
        self._data_dir = data_dir
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._works: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; what an earlier server left there is taken away. OSError if it can't be listened on."""
        sock = _listen(self._data_dir)
        try:
            self._server = await asyncio.start_unix_server(self._connected, sock=sock, limit=MAX_LINE, backlog=16)
        except BaseException:
            sock.close()
            raise

    def refuse(self) -> None:
        """Take no more orders; what tells ends, the rest goes on until `close`."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        with contextlib.suppress(OSError):  # it may be a disk that can only be read; the next start takes it away, too
            (self._data_dir / SOCKET).unlink()
        for task in list(self._connections):
            task.cancel()

    async def close(self) -> None:
        """Refuse, and wait `LAST_COMMANDS` for what is carried out: it may take long, or nobody read its answer."""
        self.refuse()
        if under_way := self._connections | self._works:
            await asyncio.wait(under_way, timeout=LAST_COMMANDS)
        for work in list(self._works):
            work.cancel()
        await asyncio.gather(*self._connections, *self._works, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # the operator has left
        except asyncio.CancelledError:
            pass  # the server stops, and nobody waits for this task but `close`
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ORDER_TIMEOUT):
                line = await reader.readline()
            self._refuse_beyond_bounds(writer.get_extra_info("socket"))
            order = read_order(line)
            command = self._commands.find(order.command)
        except ControlError as error:
            await _answer(writer, Failure(str(error)))
            return None
        except ValueError:  # the reader's limit
            await _answer(writer, Failure(f"the line has more than {MAX_LINE} octets"))
            return None
        work = asyncio.get_running_loop().create_task(self._carry_out(command, order.arguments, writer))
        if not command.tells:
            self._works.add(work)
            work.add_done_callback(self._works.discard)
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:  # the server stops: it is carried out and answered first
                return await work
        left = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (work, left):
                each.cancel()
            await asyncio.gather(work, left, return_exceptions=True)
        return None

    def _refuse_beyond_bounds(self, sock: Any) -> None:
        if not _is_allowed(sock):
            raise CommandFailed("only the user that the server runs as, or root, may do this")
        if len(self._connections) > MAX_CONNECTIONS:
            raise CommandFailed(f"{MAX_CONNECTIONS} commands run already; try again")

    async def _carry_out(self, command: Command[Any], arguments: Any, writer: asyncio.StreamWriter) -> None:
        async def tell(value: Any) -> None:
            await _answer(writer, Told(value))

        answer: Answer
        alive = asyncio.get_running_loop().create_task(_tell_alive(writer))
        try:
            answer = Result(await command.run(arguments, tell))
        except CommandFailed as error:
            answer = Failure(str(error))
        except StoreError as error:
            answer = Failure(f"nothing could be stored: {error}")
        except ConnectionError:
            return
        except Exception:
            log.exception("command_broke", command=command.name)
            answer = Failure("this is a fault of the server; its log says more")
        finally:
            alive.cancel()
        log.info("command", command=command.name, failed=answer.text if isinstance(answer, Failure) else None)
        with contextlib.suppress(ConnectionError):
            for line in parts_of(answer.value) if isinstance(answer, Result) else (answer,):
                if not await _answer(writer, line):
                    return
                await asyncio.sleep(0)  # others' turn: a list may be long


def _listen(data_dir: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with reachable(data_dir) as path:
            Path(path).unlink(missing_ok=True)
            sock.bind(path)
    except BaseException:
        sock.close()
        raise
    finally:
        os.umask(before)
    return sock


async def _tell_alive(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        await asyncio.sleep(ALIVE_EVERY)
        writer.write(ALIVE)


async def _answer(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Write an answer; False where it is too long, which is answered instead."""
    fits = True
    try:
        line = write_answer(answer)
    except ControlError as error:
        fits, line = False, write_answer(Failure(str(error)))
    writer.write(line)
    await writer.drain()
    return fits


def _is_allowed(sock: Any) -> bool:
    """Whether the far end is of our user, or root (`SO_PEERCRED`, unix(7))."""
    _, user, _ = _PEER.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return user in (0, os.geteuid())
