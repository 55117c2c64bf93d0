"""However many ask, one question is on its way, and nobody waits longer than he wants."""

import asyncio

import pytest

from playvoice.monitoring.shared import Shared


class Oracle:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ask(self) -> int:
        self.asked += 1
        return await self.answer


async def test_all_who_ask_meanwhile_get_the_answer_of_one_question() -> None:
    oracle = Oracle()
    shared = Shared(oracle.ask)
    asking = [asyncio.create_task(shared.get(5)) for _ in range(3)]
    await asyncio.sleep(0)
    oracle.answer.set_result(7)
    assert await asyncio.gather(*asking) == [7, 7, 7]
    assert oracle.asked == 1


async def test_a_question_that_is_not_answered_is_not_asked_again_until_it_is() -> None:
    oracle = Oracle()
    shared = Shared(oracle.ask)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await shared.get(0)
    oracle.answer.set_result(7)
    assert await shared.get(5) == 7
    assert oracle.asked == 1
    assert await shared.get(5) == 7
    assert oracle.asked == 2


async def test_what_went_wrong_is_raised_to_who_waits_and_lost_on_nobody() -> None:
    oracle = Oracle()
    shared = Shared(oracle.ask)
    with pytest.raises(TimeoutError):
        await shared.get(0)
    oracle.answer.set_exception(OSError("no disk"))
    with pytest.raises(OSError, match="no disk"):
        await shared.get(5)


async def test_what_was_asked_is_given_up_at_the_end() -> None:
    oracle = Oracle()
    shared = Shared(oracle.ask)
    await shared.close()
    with pytest.raises(TimeoutError):
        await shared.get(0)
    await shared.close()
    assert oracle.answer.cancelled()
