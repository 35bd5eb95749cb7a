"""BullMQ's worker with its entries taken, and ended, several at the same time.

Its library takes an entry for each free place by itself, and keeps the place until the entry has ended. What is taken
together is claimed together, in one statement, and that is what makes a worker quick.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from bullmq import Job
from bullmq.backend import Backend

from app.database.together import Together
from app.queue.bullmq import EntryWorker


@dataclass(frozen=True)
class Done:
    """An entry that is to end, and the lock that it was taken under."""

    job: Job
    token: str


class Batches(Backend):  # type: ignore[misc]  # the library ships no types
    """What a backend of the library does in batches; the library's own constructor gets what follows ``report``."""

    def __init__(self, report: Callable[[Exception], None], *args: Any) -> None:
        super().__init__(*args)
        self._report = report
        #: For what takes and what ends entries: who waits for the other gathers more meanwhile, and a call for one
        #: entry costs hardly less than one for ten.
        self.turn = asyncio.Lock()
        self._ends: Together[Done, None] = Together(self._end, self.turn)
        self._ending: set[asyncio.Task[None]] = set()
        #: Entries that have been taken and that nobody has begun to work on, and the work on the others.
        self.untouched: dict[str, Job] = {}
        self.working: set[asyncio.Task[Any]] = set()

    @abstractmethod
    async def end(self, done: Sequence[Done]) -> None:
        """End entries, and remove them; one whose lock is lost is left to who has it now."""

    async def moveToCompleted(self, job: Job, _value: object, _remove: object, token: str, fetch_next: bool) -> None:  # noqa: N802 (the library's call)
        """End an entry, and remove it, soon.

        The job's row has its end already, so nobody waits. An entry that stays is delivered once more when its lock has
        ended, and dropped.
        """
        if fetch_next:
            raise ValueError("the worker fetches by itself")
        ending = asyncio.create_task(self._ends.ask(Done(job, token)), name="end of an entry")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end(self, done: Sequence[Done]) -> list[None]:
        # Twice, because a store that was restarted has forgotten what it knew of us. What has ended is no longer held.
        for _ in range(2):
            try:
                await self.end(done)
                break
            except Exception as error:
                self._report(error)
        return [None] * len(done)

    async def close(self, force: bool = False) -> None:
        """Close when the entries that are worked on have ended, and those that nobody works on are back.

        The library waits for what it knew of when it was told to close, and more may have been taken meanwhile.
        """
        if not force:
            await self._give_back()
            while under_way := self.working | self._ending:
                await asyncio.wait(under_way)
        await super().close(force=force)

    async def _give_back(self) -> None:
        """Put entries back in front of all others, or they would wait until their locks have ended."""
        while self.untouched:
            _, job = self.untouched.popitem()
            try:
                await self.retryJob(job.id, True, job.token)
            except Exception as error:
                self._report(error)


class BatchWorker(EntryWorker, ABC):
    """Takes entries for all its free places at once, and ends together those that are done at the same time."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.backend: Any = self._batches(self.backend)
        self._places: list[asyncio.Future[Job | None]] = []
        self._fetching: asyncio.Task[None] | None = None
        self._resting: asyncio.Task[int] | None = None

    @abstractmethod
    def _batches(self, backend: Any) -> Batches:
        """Return a backend that works in batches, with the connections of ``backend``."""

    @abstractmethod
    async def _taken(self, token: str, most: int) -> list[Job]:
        """Take at most ``most`` entries, the first first, under locks that are called after ``token``."""

    async def getNextJob(self, token: str) -> Job | None:  # noqa: N802 (the library's name)
        """Return an entry for a place that is free, as soon as there is one; None: the worker closes, or ask again."""
        place = asyncio.get_running_loop().create_future()
        self._places.append(place)
        # Who asks while the queue is empty is served with those that have asked before.
        self._fetching = self._fetching or asyncio.create_task(self._fetch(token))
        return await place

    async def _fetch(self, token: str) -> None:
        taken: list[Job] = []
        error: Exception | None = None
        try:
            while not taken and not self.closing:
                if self.drained:
                    await self._rest()
                taken = await self._take(token)
        except Exception as failure:
            error = failure
        # A place that was given up meanwhile gets nothing: its entry would wait until its lock has ended.
        places = [place for place in self._places if not place.done()]
        self._places, self._fetching = [], None
        for place, job in zip_longest(places, taken[: len(places)]):
            if error:
                place.set_exception(error)
            else:
                place.set_result(job)

    async def _rest(self) -> None:
        """Wait until the queue tells of an entry, or one may have become due."""
        self._resting = asyncio.create_task(self.waitForJob())
        with suppress(asyncio.CancelledError):
            await self._resting
        # Until when to rest next is said by what finds nothing to take.
        self.blockUntil = 0

    async def _take(self, token: str) -> list[Job]:
        async with self.backend.turn:
            if self.closing:
                return []
            wanted = len(self._places)
            taken = await self._taken(token, wanted)
            self.backend.untouched |= {job.id: job for job in taken}
        # What comes from now on is told of, so there is no need to look again before it does.
        self.drained = len(taken) < wanted
        return taken

    async def processJob(self, job: Job, token: str) -> None:  # noqa: N802 (the library's name)
        """Work on an entry, unless it has been given back."""
        if self.backend.untouched.pop(job.id, None) is None:
            return
        task = asyncio.current_task()
        self.backend.working.add(task)
        try:
            await super().processJob(job, token)
        finally:
            self.backend.working.discard(task)

    async def close(self, force: bool = False) -> None:
        """Take no more entries, and return when those under way are ended."""
        self.closing = True
        if self._resting:
            self._resting.cancel()
        if self._fetching and not force:
            # What it has taken is given back, or worked on, before the store is closed.
            await asyncio.wait([self._fetching])
        await super().close(force)
