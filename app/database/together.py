"""Calls that are answered together: who comes while others are under way goes with the next ones."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass
class _Batch(Generic[Asked, Answer]):
    asked: list[Asked] = field(default_factory=list)
    answers: asyncio.Task[Sequence[Answer]] | None = None


class Together(Generic[Asked, Answer]):
    """Passes what is asked to ``answer``, which returns one answer for each, in order.

    One batch is under way at a time, and the next one gathers meanwhile. So nobody waits for company: a caller that is
    alone is answered at once, and the more there are, the less each of them costs. An error is every caller's.

    Those that share ``turn`` go one after the other, so that each gathers more while others are under way. A semaphore
    lets several batches be under way at a time.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]],
        turn: asyncio.Lock | asyncio.Semaphore | None = None,
    ) -> None:
        self._answer = answer
        self._gathering: _Batch[Asked, Answer] = _Batch()
        self._turn = turn or asyncio.Lock()

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer to ``asked``. Who is cancelled meanwhile leaves the others' answers under way."""
        batch, place = self._gathering, len(self._gathering.asked)
        batch.asked.append(asked)
        batch.answers = batch.answers or asyncio.create_task(self._answers(batch), name="together")
        return (await asyncio.shield(batch.answers))[place]

    async def _answers(self, batch: _Batch[Asked, Answer]) -> Sequence[Answer]:
        async with self._turn:
            self._gathering = _Batch()
            return await self._answer(batch.asked)
