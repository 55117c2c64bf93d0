"""Whose file is decoded next, where all companies share one decoder."""

import asyncio
from pathlib import Path

import pytest

from playvoice.media.decoded import DecodeError, DecodeReason, Sound, voice_files
from playvoice.media.transcoder import Decoded
from playvoice.voices.turns import Turns


class OneByOne:
    """Decodes in the order in which it is asked, as the transcoder does; the first file is a long one."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.began = asyncio.Event()
        self.first_is_done = asyncio.Event()
        self._lane = asyncio.Lock()

    async def decode(self, source: Path, to: Path, *, max_seconds: float) -> Decoded:
        async with self._lane:
            self.order.append(source.name)
            self.began.set()
            await self.first_is_done.wait()
            if source.name.endswith(".bomb"):
                raise DecodeError(DecodeReason.TOO_LONG, f"{source.name} is not decoded")
            return Decoded(voice_files(to), Sound("wav", 8000, -20.0, -3.0))


async def test_a_company_with_many_files_costs_the_others_one_of_them_each_time() -> None:
    decoder = OneByOne()
    turns = Turns(decoder)
    files = [("1", f"{number}.bomb") for number in range(4)] + [("2", "a.wav"), ("2", "b.wav"), ("3", "c.wav")]
    tasks = [
        asyncio.create_task(turns.decode(company, Path(name), Path("stem"), max_seconds=60)) for company, name in files
    ]
    async with asyncio.timeout(10):
        await decoder.began.wait()
        decoder.first_is_done.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert decoder.order == ["0.bomb", "a.wav", "c.wav", "1.bomb", "b.wav", "2.bomb", "3.bomb"]
    assert [isinstance(outcome, DecodeError) for outcome in outcomes] == [True] * 4 + [False] * 3


async def test_who_does_not_wait_any_more_has_no_turn() -> None:
    decoder = OneByOne()
    turns = Turns(decoder)
    first, second, third = (
        asyncio.create_task(turns.decode("1", Path(name), Path("stem"), max_seconds=60)) for name in "abc"
    )
    async with asyncio.timeout(10):
        await decoder.began.wait()
        second.cancel()
        decoder.first_is_done.set()
        await asyncio.gather(first, third)
    with pytest.raises(asyncio.CancelledError):
        await second
    assert decoder.order == ["a", "c"]
