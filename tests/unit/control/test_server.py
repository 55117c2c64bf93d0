"""The control socket, over real sockets: who may open it, and what becomes of an order."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import until

from playvoice.control import CommandFailed, ControlError, ServerNotRunning
from playvoice.control import client as client_module
from playvoice.control import server as server_module
from playvoice.control.client import ask, stream
from playvoice.control.place import SOCKET, reachable
from playvoice.control.protocol import MAX_LINE, Result, Told
from playvoice.control.registry import Arguments, Command, Commands, Tell
from playvoice.control.server import MAX_CONNECTIONS, ControlServer
from playvoice.store import OutcomeUnknown, StoreUnavailable


class Text(Arguments):
    text: str


class World:
    """A server with a few commands."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.done: list[str] = []
        self.ended = asyncio.Event()
        self.go_on = asyncio.Event()
        self.server = ControlServer(
            data_dir,
            Commands(
                [
                    Command("echo", Text, self.echo),
                    Command("slow", Text, self.slow),
                    Command("follow", Arguments, self.follow, tells=True),
                    Command("refuse", Arguments, self.refuse),
                    Command("break", Arguments, self.fail),
                    Command("unstored", Arguments, self.unstored),
                    Command("unknown", Arguments, self.unknown),
                    Command("flood", Arguments, self.flood),
                    Command("list", Arguments, self.list_many),
                ]
            ),
        )

    async def echo(self, asked: Text, _tell: Tell) -> object:
        return asked.text

    async def slow(self, asked: Text, _tell: Tell) -> object:
        await self.go_on.wait()
        self.done.append(asked.text)
        return None

    async def follow(self, _asked: Arguments, tell: Tell) -> object:
        try:
            await tell(1)
            await tell(2)
            await self.go_on.wait()
        finally:
            self.ended.set()
        return "over"

    async def refuse(self, _asked: Arguments, _tell: Tell) -> object:
        raise CommandFailed("there is no such thing")

    async def fail(self, _asked: Arguments, _tell: Tell) -> object:
        raise RuntimeError("a secret")

    async def unstored(self, _asked: Arguments, _tell: Tell) -> object:
        raise StoreUnavailable("the disk is full")

    async def unknown(self, _asked: Arguments, _tell: Tell) -> object:
        raise OutcomeUnknown("the connection was lost")

    async def flood(self, _asked: Arguments, _tell: Tell) -> object:
        return "x" * MAX_LINE

    async def list_many(self, _asked: Arguments, _tell: Tell) -> object:
        return [{"number": number, "text": "x" * 100} for number in range(100_000)]

    async def ask(self, command: str, **arguments: Any) -> Any:
        return await asyncio.to_thread(ask, self.data_dir, command, arguments)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with reachable(self.data_dir) as path:
            return await asyncio.open_unix_connection(path)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    data_dir = tmp_path / ("a-long-name-" * 15)  # longer than a socket's path may be
    data_dir.mkdir()
    made = World(data_dir)
    await made.server.start()
    yield made
    made.go_on.set()
    await made.server.close()


async def test_an_order_is_answered_with_its_result(world: World) -> None:
    assert await world.ask("echo", text="早上好") == "早上好"


async def test_only_the_servers_own_user_may_open_the_socket(world: World) -> None:
    mode = (world.data_dir / SOCKET).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_another_user_is_told_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_PEER", _Peer())
    with pytest.raises(CommandFailed, match="only the user that the server runs as"):
        await world.ask("echo", text="x")


class _Peer:
    """What the kernel would say of a stranger."""

    size = server_module._PEER.size

    def unpack(self, _packed: bytes) -> tuple[int, int, int]:
        return 1, os.geteuid() + 1, 1


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("nothing", {}, "there is no command 'nothing'"),
        ("echo", {}, "text can.t be used: field required"),
        ("echo", {"text": "x", "more": 1}, "more can.t be used: extra inputs"),
        ("refuse", {}, "there is no such thing"),
        ("unstored", {}, "nothing could be stored: the disk is full"),
        ("unknown", {}, "^whether it was done is not known: the connection was lost; look before it is done again$"),
        ("flood", {}, "ask for less at once"),
    ],
)
async def test_a_refusal_says_why(world: World, command: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(CommandFailed, match=said):
        await world.ask(command, **arguments)


async def test_a_list_may_be_longer_than_a_line(world: World) -> None:
    assert [row["number"] for row in await world.ask("list")] == list(range(100_000))


async def test_a_fault_of_ours_tells_nothing_of_itself_and_the_server_goes_on(world: World) -> None:
    with pytest.raises(CommandFailed, match="a fault of the server") as caught:
        await world.ask("break")
    assert "secret" not in str(caught.value)
    assert await world.ask("echo", text="x") == "x"


async def test_what_a_command_tells_comes_before_its_result(world: World) -> None:
    world.go_on.set()
    answers = await asyncio.to_thread(lambda: list(stream(world.data_dir, "follow", {})))
    assert answers == [Told(1), Told(2), Result("over")]


async def test_a_command_that_tells_ends_with_who_looks_on(world: World) -> None:
    reader, writer = await world.open()
    writer.write(b'{"command":"follow","arguments":{}}\n')
    assert await reader.readline() == b'{"tell":1}\n'
    writer.close()
    async with asyncio.timeout(5):
        await world.ended.wait()


async def test_any_other_command_is_carried_out_to_its_end(world: World) -> None:
    reader, writer = await world.open()
    writer.write(b'{"command":"slow","arguments":{"text":"stored"}}\n')
    await writer.drain()
    await world.ask("echo", text="the order before has been read by now")
    closing = asyncio.create_task(world.server.close())
    await asyncio.sleep(0)
    world.go_on.set()
    await closing
    assert world.done == ["stored"]
    assert await reader.readline() == b'{"result":null}\n'
    writer.close()


@pytest.mark.parametrize(
    "order", [b'{"command":"slow","arguments":{"text":"x"}}', b'{"command":"list","arguments":{}}']
)
async def test_a_command_that_lasts_or_whose_answer_is_not_read_keeps_no_server_from_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch, order: bytes
) -> None:
    monkeypatch.setattr(server_module, "LAST_COMMANDS", 0.0)
    _, writer = await world.open()
    writer.write(order + b"\n")
    await writer.drain()
    await until(lambda: world.server._works, "the order is read")
    async with asyncio.timeout(30):
        await world.server.close()
    assert world.done == []
    writer.close()


async def test_a_socket_that_can_not_be_removed_keeps_no_server_from_its_end(world: World) -> None:
    """A folder in its place stands for a data directory that can only be read."""
    told = stream(world.data_dir, "follow", {})
    assert await asyncio.to_thread(next, told) == Told(1)
    (world.data_dir / SOCKET).unlink()
    (world.data_dir / SOCKET).mkdir()
    world.server.refuse()
    async with asyncio.timeout(30):
        await world.server.close()
    assert world.ended.is_set()
    with pytest.raises(ControlError, match="left without an answer"):
        await asyncio.to_thread(list, told)


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1\r\n", b"{}\n", b"\xff\n", b"x" * (MAX_LINE + 10)])
async def test_nonsense_is_answered_and_the_server_goes_on(world: World, line: bytes) -> None:
    reader, writer = await world.open()
    writer.write(line)
    assert (await reader.readline()).startswith(b'{"error":"')
    writer.close()
    assert await world.ask("echo", text="x") == "x"


async def test_operators_at_once_have_a_bound(world: World) -> None:
    opened = [await world.open() for _ in range(MAX_CONNECTIONS)]
    with pytest.raises(CommandFailed, match="commands run already"):
        await world.ask("echo", text="x")
    for _, each in opened:
        each.close()


async def test_who_says_nothing_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "ORDER_TIMEOUT", 0.0)
    reader, writer = await world.open()
    assert await reader.read() == b""
    writer.close()


async def test_a_socket_that_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / SOCKET))
    left.close()
    with pytest.raises(ServerNotRunning, match="no server answers"):
        ask(tmp_path, "echo", {})
    world = World(tmp_path)
    await world.server.start()
    assert await world.ask("echo", text="x") == "x"
    await world.server.close()
    assert not (tmp_path / SOCKET).exists()


def test_where_no_server_runs_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(ServerNotRunning, match=str(tmp_path)):
        ask(tmp_path, "echo", {})


async def test_a_server_that_hangs_is_told_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PATIENCE", 0.1)
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / SOCKET))
        hung.listen(1)
        with pytest.raises(ControlError, match=r"said nothing for 0\.1 s: it is stopped or hangs"):
            await asyncio.to_thread(ask, tmp_path, "echo", {})
        with socket.socket(socket.AF_UNIX) as waits:
            waits.connect(str(tmp_path / SOCKET))  # its backlog is full
            with pytest.raises(ControlError, match="hangs"):
                await asyncio.to_thread(ask, tmp_path, "echo", {})


async def test_a_long_command_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "ALIVE_EVERY", 0.01)
    reader, writer = await world.open()
    writer.write(b'{"command":"slow","arguments":{"text":"stored"}}\n')
    assert await reader.readline() == b"\n"
    assert await reader.readline() == b"\n"
    world.go_on.set()
    while (line := await reader.readline()) == b"\n":
        pass
    assert line == b'{"result":null}\n'
    writer.close()


def test_who_may_not_open_the_socket_is_told_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("playvoice.control.place.os.open", refuse)
    with pytest.raises(ControlError, match="type this as the user that the server runs as, or as root"):
        ask(tmp_path, "echo", {})


async def test_a_server_that_leaves_without_an_answer_is_told(world: World) -> None:
    told = stream(world.data_dir, "follow", {})
    assert await asyncio.to_thread(next, told) == Told(1)
    await world.server.close()
    with pytest.raises(ControlError, match="left without an answer"):
        await asyncio.to_thread(list, told)
