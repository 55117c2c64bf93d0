"""The decoder is shared by all companies, and does one file after the other: a company has at most one waiting there.

So the decoder's queue goes round the companies, and however many long files one of them has, another one's voice waits
for a file of each of the others at most.
"""

import asyncio
from collections import defaultdict
from pathlib import Path

from playvoice.media.transcoder import Decoded
from playvoice.voices.voice import Decoder


class Turns:
    """A decoder that is asked for one file of each company at a time."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def decode(self, company_code: str, source: Path, to: Path, *, max_seconds: float) -> Decoded:
        """:meth:`Decoder.decode`, when the company's files before this one are done."""
        async with self._turns[company_code]:
            return await self._decoder.decode(source, to, max_seconds=max_seconds)
