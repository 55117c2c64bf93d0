import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from playvoice.gateway import body as room
from playvoice.gateway.body import FREE_OCTETS, MAX_BODY, MAX_DRAINED, MAX_HELD, BodyMemory, receive_body
from playvoice.gateway.errors import ClientGone, OperationFailed, RequestRefused


class Client:
    """Sends pieces, and counts how many were taken."""

    def __init__(self, pieces: Sequence[bytes], *, leaves: bool = False) -> None:
        self.pieces = list(pieces)
        self.leaves = leaves
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        if self.taken == len(self.pieces):
            if self.leaves:
                return {"type": "http.disconnect"}
            await asyncio.Event().wait()
        self.taken += 1
        more = self.leaves or self.taken < len(self.pieces)
        return {"type": "http.request", "body": self.pieces[self.taken - 1], "more_body": more}

    async def body(
        self, *, content_length: str = "", expects_continue: bool = False, memory: BodyMemory | None = None
    ) -> bytes:
        with (memory or BodyMemory()).share() as share:
            return await receive_body(
                self.receive, share, content_length=content_length, expects_continue=expects_continue
            )


async def test_a_body_in_pieces_is_put_together() -> None:
    assert await Client([b"a=1", b"&b", b"=2"]).body() == b"a=1&b=2"


@pytest.mark.parametrize("pieces", [[b"x" * MAX_BODY], [b"x" * (MAX_BODY - 1), b"x"]])
async def test_a_body_of_the_bound_is_taken(pieces: list[bytes]) -> None:
    assert len(await Client(pieces).body()) == MAX_BODY == 4_194_304


@pytest.mark.parametrize("pieces", [[b"x" * (MAX_BODY + 1)], [b"x" * MAX_BODY, b"x"], [b"x" * MAX_BODY, b"x", b"y"]])
async def test_a_body_past_the_bound_is_read_to_its_end_and_refused_with_a_closed_connection(
    pieces: list[bytes],
) -> None:
    client = Client(pieces)
    with pytest.raises(RequestRefused, match="more than 4194304 octets") as refused:
        await client.body()
    assert refused.value.close
    assert client.taken == len(pieces)


async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    client = Client([b"x" * MAX_BODY] * 40, leaves=True)
    with pytest.raises(RequestRefused, match="octets"):
        await client.body()
    assert client.taken == MAX_DRAINED // MAX_BODY + 1


async def test_a_client_that_asks_first_is_refused_before_it_sends() -> None:
    client = Client([b"x"])
    with pytest.raises(RequestRefused, match="octets"):
        await client.body(content_length=str(MAX_BODY + 1), expects_continue=True)
    assert client.taken == 0


async def test_a_client_that_leaves_half_way_is_not_answered() -> None:
    with pytest.raises(ClientGone):
        await Client([b"x"], leaves=True).body(content_length="nonsense")


@pytest.mark.parametrize("pieces", [[], [b"a"]])
async def test_a_body_that_takes_too_long_is_refused_with_a_closed_connection(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    monkeypatch.setattr(room, "MAX_SECONDS", 0.01)
    waiting = Client(pieces)

    async def receive() -> dict[str, Any]:
        message = await waiting.receive()
        return message | {"more_body": True}

    with BodyMemory().share() as share, pytest.raises(RequestRefused, match="not complete within") as refused:
        async with asyncio.timeout(5):
            await receive_body(receive, share, content_length="9", expects_continue=False)
    assert refused.value.close


async def test_past_the_memory_of_all_bodies_a_large_one_is_read_to_its_end_and_refused() -> None:
    memory = BodyMemory(1_000)
    late = Client([b"x" * FREE_OCTETS, b"x" * 1_001, b"x"])
    with pytest.raises(OperationFailed, match=f"no memory for a body of {FREE_OCTETS + 1_002} octets") as refused:
        await late.body(memory=memory)
    assert (refused.value.code, refused.value.retry_after) == (1003, room.RETRY_AFTER)
    assert late.taken == 3
    assert memory.left == 1_000
    assert await Client([b"x" * (FREE_OCTETS + 1_000)]).body(memory=memory), "there is room for one that fits"
    assert memory.left == 1_000


async def test_a_body_of_ordinary_size_needs_no_memory_of_others() -> None:
    assert len(await Client([b"x"] * FREE_OCTETS).body(memory=BodyMemory(0))) == FREE_OCTETS


async def test_memory_is_held_until_the_answer_and_given_back_whatever_happens() -> None:
    memory = BodyMemory()
    with memory.share() as first, memory.share() as second:
        assert first.hold(MAX_BODY)
        assert second.hold(MAX_BODY)
        assert memory.left == MAX_HELD - 2 * (MAX_BODY - FREE_OCTETS)
    assert memory.left == MAX_HELD
    for client in (Client([b"x" * MAX_BODY], leaves=True), Client([b"x" * (MAX_BODY + 1)])):
        with pytest.raises((ClientGone, RequestRefused)):
            await client.body(memory=memory)
        assert memory.left == MAX_HELD
