"""Calls that are answered together."""

import asyncio

import pytest

from app.database.together import Together

pytestmark = pytest.mark.anyio


class Desk:
    """Answers when it is told to, and remembers what it was asked."""

    def __init__(self):
        self.batches, self.begun, self.open = [], asyncio.Event(), asyncio.Event()
        self.together = Together(self.answer)

    async def answer(self, asked):
        self.batches.append(list(asked))
        self.begun.set()
        await self.open.wait()
        if "bad" in asked:
            raise ValueError("bad")
        return [name.upper() for name in asked]


async def test_who_comes_while_others_are_under_way_goes_with_the_next():
    desk = Desk()
    first = asyncio.create_task(desk.together.ask("a"))
    await desk.begun.wait()
    others = [asyncio.create_task(desk.together.ask(name)) for name in "bcd"]
    await asyncio.sleep(0)
    others[1].cancel()
    desk.open.set()
    assert await first == "A"
    assert await asyncio.gather(others[0], others[2]) == ["B", "D"]
    assert desk.batches == [["a"], ["b", "c", "d"]], "who is cancelled leaves the others under way"


async def test_an_error_is_every_callers_and_the_next_ones_are_answered():
    desk = Desk()
    desk.open.set()
    answers = await asyncio.gather(*(desk.together.ask(name) for name in ("a", "bad")), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["bad", "bad"]
    assert await desk.together.ask("c") == "C"
