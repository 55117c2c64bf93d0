"""What receivers do with a request."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

from tests.receivers.world import START
from tests.unit.web.conftest import Behaviour, Exchange


async def take(exchange: Exchange) -> None:
    await exchange.answer(204)


def answer(status: int, **headers: str) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.answer(status, b"", **headers)

    return behave


async def hang(exchange: Exchange) -> None:
    await asyncio.Event().wait()


def take_after(seconds: float) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await exchange.answer(204)

    return behave


def drip(pause: float) -> Behaviour:
    """A right answer, octet by octet."""

    async def behave(exchange: Exchange) -> None:
        for octet in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
            await exchange.send(bytes([octet]))
            await asyncio.sleep(pause)

    return behave


async def cut_at_once(exchange: Exchange) -> None:
    exchange.writer.close()


async def cut_in_the_head(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    exchange.writer.close()


async def cut_in_the_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    exchange.writer.close()


async def not_http(exchange: Exchange) -> None:
    await exchange.send(b"220 mail.example ESMTP\r\n\r\n")


async def endless_head(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nX: ")
    while not exchange.writer.is_closing():
        await exchange.send(b"x" * 4096)


async def endless_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not exchange.writer.is_closing():
        await exchange.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def until(seconds: float, first: Behaviour, then: Behaviour) -> Behaviour:
    """One way until so many seconds after the start, and another way from then on."""

    async def behave(exchange: Exchange) -> None:
        await (first if asyncio.get_running_loop().time() < seconds else then)(exchange)

    return behave


def http_date(seconds: float) -> str:
    """An instant after the start, as HTTP writes it."""
    return format_datetime(START + timedelta(seconds=seconds), usegmt=True)
