"""The queue on PostgreSQL: BullMQ's tables live in the schema ``bullmq`` of our own database."""

import asyncio
import time
from collections.abc import Sequence

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.queue.bullmq import QUEUE, TIMEOUT, Bullmq
from app.queue.engine import Delivery

SCHEMA = "bullmq"


class BullmqPostgres(Bullmq):
    """The queue in the database at ``address``, which ``database`` is open on."""

    name = "bullmq-postgres"

    def __init__(self, address: str, database: AsyncEngine) -> None:
        super().__init__({"backend": "postgres", "connection": address, "schema": SCHEMA})
        self._database = database

    async def open(self) -> None:
        """Create or update BullMQ's tables; concurrent callers wait for the first."""
        await self._queue.backend.waitUntilReady()

    async def missing(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Return those that the queue does not hold."""
        wanted = {delivery.entry_id: delivery for delivery in deliveries}
        query = text(f"SELECT id FROM {SCHEMA}.job WHERE queue = :queue AND id = ANY(:ids)")  # noqa: S608 (constant)
        async with self._database.connect() as connection:
            held = set((await connection.execute(query, {"queue": QUEUE, "ids": list(wanted)})).scalars())
        return [delivery for entry_id, delivery in wanted.items() if entry_id not in held]

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
