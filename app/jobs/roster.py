"""Which worker processes are alive: one row each, renewed with every heartbeat."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from sqlalchemy import Row, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import jobs, workers
from app.jobs.clock import Clock
from app.jobs.states import Status

#: Rows of processes that have not been seen for this long are removed.
_FORGET = timedelta(days=1)


@dataclass(frozen=True)
class WorkerProcess:
    """A process that runs jobs, ``slots`` at the same time."""

    id: str
    host: str
    pid: int
    slots: int

    @classmethod
    def this(cls, slots: int) -> Self:
        """Describe the present process; the id is new at every start."""
        host, pid = socket.gethostname(), os.getpid()
        return cls(f"{host}-{pid}-{uuid4().hex[:6]}", host, pid, slots)


@dataclass(frozen=True)
class SeenWorker:
    """A process and when it was last seen."""

    process: WorkerProcess
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Silence:
    """Jobs in the hands of workers that give no sign of life.

    ``ids`` are the workers, and ``until`` is when the last of their leases ends.
    """

    ids: frozenset[str]
    jobs: int
    until: datetime

    @property
    def workers(self) -> int:
        """How many workers it is."""
        return len(self.ids)


class Roster:
    """The table of worker processes."""

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or Clock()

    async def seen(self, process: WorkerProcess, *, renewals: int = 0) -> None:
        """Note that ``process`` is alive, and how many leases it has renewed so far."""
        now = self._clock.now()
        lately = {"seen_at": now, "renewals": renewals}
        statement = insert(workers).values(
            id=process.id, host=process.host, pid=process.pid, slots=process.slots, started_at=now, **lately
        )
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=lately))

    async def left(self, process: WorkerProcess) -> None:
        """Remove ``process``, which has stopped, and those that have been silent for a day."""
        gone = (workers.c.id == process.id) | (workers.c.seen_at < self._clock.now(-_FORGET))
        async with self._engine.begin() as connection:
            await connection.execute(delete(workers).where(gone))

    async def alive(self, within: timedelta) -> list[SeenWorker]:
        """Return the processes that were seen within the given time, by id."""
        query = select(workers).where(workers.c.seen_at >= self._clock.now(-within)).order_by(workers.c.id)
        async with self._engine.connect() as connection:
            return [_seen(row) for row in await connection.execute(query)]

    async def find(self, worker_id: str) -> SeenWorker | None:
        """Return a process; None: it has left, or nobody remembers it."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(workers).where(workers.c.id == worker_id))).one_or_none()
        return _seen(row) if row else None

    async def silence(self, patience: timedelta) -> Silence | None:
        """Return what is held by workers that were not seen for longer than ``patience``; None: nothing is."""
        query = (
            select(func.array_agg(jobs.c.worker_id.distinct()), func.count(), func.max(jobs.c.lock_expires_at))
            .select_from(jobs.outerjoin(workers, workers.c.id == jobs.c.worker_id))
            .where(
                jobs.c.status == Status.PROCESSING.value,
                or_(workers.c.id.is_(None), workers.c.seen_at < self._clock.now(-patience)),
            )
        )
        async with self._engine.connect() as connection:
            silent, held, until = (await connection.execute(query)).one()
        return Silence(frozenset(silent), held, until) if held else None


def _seen(row: Row[Any]) -> SeenWorker:
    return SeenWorker(WorkerProcess(row.id, row.host, row.pid, row.slots), row.started_at, row.seen_at)
