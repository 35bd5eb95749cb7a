"""The queue on PostgreSQL: BullMQ's tables live in the schema ``bullmq`` of our own database."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
from bullmq import Job
from sqlalchemy import Text, cast, column, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.queue.batches import BatchWorker
from app.queue.bullmq import PAGE, QUEUE, TIMEOUT, Bullmq
from app.queue.engine import Delivery

SCHEMA = "bullmq"

#: BullMQ's own table, as far as it is read here.
_entries = table("job", column("queue"), column("id"), column("state"), schema=SCHEMA)


class BullmqPostgres(Bullmq):
    """The queue in the database at ``address``, which ``database`` is open on."""

    name = "bullmq-postgres"
    _worker = BatchWorker

    def __init__(self, address: str, database: AsyncEngine) -> None:
        super().__init__({"backend": "postgres", "connection": address, "schema": SCHEMA})
        self._database = database

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
