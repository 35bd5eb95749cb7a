"""BullMQ's worker on PostgreSQL, with one statement for several entries.

Its library takes and ends entries one by one, and each of these calls is a transaction of its own. Its functions in the
database do the same for many in one: a statement calls them once for each entry.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from bullmq import Job
from bullmq.backends import PostgresBackend

from app.database.together import Together
from app.queue.bullmq import EntryWorker

#: Takes entries one after another until there are as many as wanted, or none is left.
_TAKE = """
WITH RECURSIVE taken AS (
    SELECT 1 AS place, entry.* FROM move_to_active($1, $2, $3, $4, NULL, NULL, NULL) AS entry
    UNION ALL
    SELECT place + 1, entry.*
    FROM taken, LATERAL move_to_active($1, $2 || '.' || place, $3, $4, NULL, NULL, NULL) AS entry
    WHERE place < $5
)
SELECT id, name, data, opts, lock_token, deferred_failure FROM taken ORDER BY place
"""

#: Ends those entries whose locks are still held; the functions would let one that has lost its lock spoil all.
_END = """
SELECT count(move_to_completed($1, held.id, held.lock_token, 'null', $4, true, NULL, NULL))
FROM (
    SELECT id, lock_token
    FROM job JOIN unnest($2::text[], $3::text[]) AS ended (entry, token) ON id = entry AND lock_token = token
    WHERE queue = $1 AND state = 'active' ORDER BY id FOR UPDATE OF job
) AS held
"""


@dataclass(frozen=True)
class _Held:
    id: str
    token: str


class _Backend(PostgresBackend):  # type: ignore[misc]  # the library ships no types
    def __init__(self, name: str, connection: Any, report: Callable[[Exception], None]) -> None:
        super().__init__(name, connection)
        self._report = report
        #: For what takes and what ends entries: who waits for the other gathers more meanwhile, and a statement for one
        #: entry costs hardly less than one for ten.
        self.turn = asyncio.Lock()
        self._ends: Together[_Held, None] = Together(self._end, self.turn)
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self, token: str, lock_ms: int, most: int) -> list[dict[str, Any]]:
        """Take at most ``most`` entries, the first first, each under a lock that is called after ``token``."""
        taken = await self.connection.run(_TAKE, [self.queue_name, token, lock_ms, _now(), most])
        rows: list[dict[str, Any]] = taken.maps()
        return rows

    async def moveToCompleted(self, job: Job, _value: object, _remove: object, token: str, fetch_next: bool) -> None:  # noqa: N802 (the library's call)
        """End an entry, and remove it, soon; one whose lock is lost is left to who has it now.

        The job's row has its end already, so nobody waits. An entry that stays is delivered once more when its lock has
        ended, and dropped.
        """
        if fetch_next:
            raise ValueError("the worker fetches by itself")
        ending = asyncio.create_task(self._end_soon(_Held(job.id, token)), name="end of an entry")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end_soon(self, held: _Held) -> None:
        try:
            await self._ends.ask(held)
        except Exception as error:
            self._report(error)

    async def close(self, force: bool = False) -> None:
        """Close when the entries that are about to end have ended."""
        if self._ending and not force:
            await asyncio.wait(self._ending)
        await super().close(force=force)

    async def _end(self, done: Sequence[_Held]) -> list[None]:
        ids, tokens = [one.id for one in done], [one.token for one in done]
        await self.connection.run(_END, [self.queue_name, ids, tokens, _now()])
        return [None] * len(done)


class BatchWorker(EntryWorker):
    """Takes entries for all its free places at once, and ends together those that are done at the same time."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.backend: _Backend = _Backend(self.name, self.backend.connection, self.report)
        self._places: list[asyncio.Future[Job | None]] = []
        self._fetching: asyncio.Task[None] | None = None
        self._resting: asyncio.Task[int] | None = None

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

    async def _take(self, token: str) -> list[Job]:
        if self.closing:
            return []
        async with self.backend.turn:
            wanted = len(self._places)
            rows = await self.backend.take(token, self.opts["lockDuration"], wanted)
        # What comes from now on is told of, so there is no need to look again before it does.
        self.drained = len(rows) < wanted
        return [self._job(row) for row in rows]

    async def close(self, force: bool = False) -> None:
        """Take no more entries, and return when those under way are ended."""
        self.closing = True
        if self._resting:
            self._resting.cancel()
        await super().close(force)

    def _job(self, row: dict[str, Any]) -> Job:
        job = Job(self, row["name"], row["data"], row["opts"], row["id"])
        job.token, job.deferredFailure = row["lock_token"], row["deferred_failure"]
        return job


def _now() -> int:
    return int(time.time() * 1000)
