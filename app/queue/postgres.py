"""The queue on PostgreSQL: BullMQ's tables live in the schema ``bullmq`` of our own database."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
from bullmq import Job
from bullmq.backends import PostgresBackend
from sqlalchemy import Text, cast, column, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.queue.batches import Batches, BatchWorker, Done
from app.queue.bullmq import PAGE, QUEUE, TIMEOUT, Bullmq
from app.queue.engine import Delivery

SCHEMA = "bullmq"

#: BullMQ's own table, as far as it is read here.
_entries = table("job", column("queue"), column("id"), column("state"), schema=SCHEMA)

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


class _Backend(Batches, PostgresBackend):  # type: ignore[misc]  # the library ships no types
    async def end(self, done: Sequence[Done]) -> None:
        ids, tokens = [one.job.id for one in done], [one.token for one in done]
        await self.connection.run(_END, [self.queue_name, ids, tokens, _now()])


class _Worker(BatchWorker):
    """Takes and ends several entries in one statement, which calls the library's functions once for each."""

    def _batches(self, backend: Any) -> Batches:
        return _Backend(self.report, self.name, backend.connection)

    async def _taken(self, token: str, most: int) -> list[Job]:
        values = [self.name, token, self.opts["lockDuration"], _now(), most]
        taken = await self.backend.connection.run(_TAKE, values)
        return [self._job(row) for row in taken.maps()]

    def _job(self, row: dict[str, Any]) -> Job:
        job = Job(self, row["name"], row["data"], row["opts"], row["id"])
        job.token, job.deferredFailure = row["lock_token"], row["deferred_failure"]
        return job


class BullmqPostgres(Bullmq):
    """The queue in the database at ``address``, which ``database`` is open on."""

    name = "bullmq-postgres"
    _worker = _Worker

    def __init__(self, address: str, database: AsyncEngine) -> None:
        super().__init__({"backend": "postgres", "connection": address, "schema": SCHEMA})
        self._database = database

    def _prepare(self, backend: Any) -> None:
        # Its statements are short, but the planner takes them for long ones, which it would compile first.
        backend.connection._options += " -c jit=off"

    async def open(self) -> None:
        """Create or update BullMQ's tables; concurrent callers wait for the first."""
        await self._queue.backend.waitUntilReady()

    async def _add(self, jobs: list[dict[str, Any]]) -> None:
        # What the library does for several jobs makes two temporary tables each time; this does not, and takes a tenth
        # of the time for the few that usually come together.
        entries = [Job(self._queue, job["name"], job["data"], job["opts"]) for job in jobs]
        await self._queue.backend.addFlow([{"job": entry} for entry in entries])

    async def missing(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Return those that the queue does not hold."""
        wanted = {delivery.entry_id: delivery for delivery in deliveries}
        query = select(_entries.c.id).where(_entries.c.queue == QUEUE, _entries.c.id.in_(wanted))
        async with self._database.connect() as connection:
            held = set((await connection.execute(query)).scalars())
        return [delivery for entry_id, delivery in wanted.items() if entry_id not in held]

    async def waiting(self) -> AsyncIterator[list[str]]:
        """Yield the ids of the entries that no worker has, in batches."""
        query = (
            select(_entries.c.id)
            .where(_entries.c.queue == QUEUE, cast(_entries.c.state, Text).in_(["waiting", "delayed"]))
            .order_by(_entries.c.id)
            .limit(PAGE)
        )
        after = ""
        while True:
            async with self._database.connect() as connection:
                page = list((await connection.execute(query.where(_entries.c.id > after))).scalars())
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1]

    async def ping(self) -> float:
        """Return the seconds of one round trip to the database.

        Raises:
            ConnectionError: the database does not answer.
        """
        started = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT), self._database.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, psycopg.Error, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        return time.perf_counter() - started


def _now() -> int:
    return int(time.time() * 1000)
