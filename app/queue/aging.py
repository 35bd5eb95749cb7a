"""Keeps jobs of a low priority from waiting for ever behind those of a higher one."""

from datetime import timedelta
from operator import attrgetter

import structlog
from sqlalchemy import not_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import jobs
from app.jobs.clock import Clock
from app.jobs.due import WAITING, due_since, is_due
from app.jobs.pauses import was_held
from app.queue.engine import Delivery, Engine
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("queue")

#: Jobs that one look puts first.
_BATCH = 200


class Aging:
    """Puts jobs first that have been due for ``after``: the one that has waited longest before all others."""

    def __init__(self, database: AsyncEngine, engine: Engine, clock: Clock, *, after: timedelta) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._after = after

    async def look(self) -> int:
        """Put first what has waited too long; return how many jobs. Each job once, also with many processes."""
        old = (
            select(jobs.c.id, due_since().label("since"))
            .select_from(WAITING)
            .where(
                jobs.c.aged_at.is_(None),
                jobs.c.updated_at <= self._clock.now(-self._after),
                is_due(self._clock, self._after),
                # What waited because its type was paused has not waited behind others.
                not_(was_held(self._clock.now(-self._after))),
            )
            .order_by(jobs.c.updated_at)
            .limit(_BATCH)
            .with_for_update(of=jobs, skip_locked=True)
            .cte("old")
        )
        # From when it had waited too long, not from this look on: so that those of one look keep their order.
        mark = update(jobs).where(jobs.c.id == old.c.id).values(aged_at=old.c.since + self._after)
        async with self._database.begin() as connection:
            rows = await connection.execute(mark.returning(jobs.c.id, jobs.c.run, jobs.c.aged_at))
            aged = sorted(rows, key=attrgetter("aged_at", "id"))
            if not aged:
                return 0
            # The mark is committed after the move: if the queue is away, the next look tries again.
            await self._engine.promote([Delivery(job.id, job.run) for job in aged])
        emit(log, LogEvent.JOBS_AGED, count=len(aged))
        return len(aged)
