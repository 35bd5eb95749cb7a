"""How full the queue was, and what was done, minute by minute: what charts over time are drawn from.

Every process looks whether the last minute has been noted; the first one notes it, for all of them. So the samples are
the same whichever process is asked, and a minute in which no process was there is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, extract, func, literal, not_, select
from sqlalchemy.dialects.postgresql import INTERVAL, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import ReturningInsert

from app.database.tables import job_events, jobs, queue_samples, workers
from app.jobs.clock import Clock
from app.jobs.due import WAITING, due_since, is_due
from app.jobs.states import Event, Status
from app.settings import Settings
from app.telemetry.health import liveness

#: Between two looks whether a minute is to be noted.
LOOK = timedelta(seconds=10)
#: A minute is noted so long after its end: entries of the audit trail carry the time at which they were begun.
SETTLED = timedelta(seconds=5)

_MINUTE = timedelta(minutes=1)
#: What shows how it was; of several minutes the highest counts.
_LEVELS = ("due", "pending", "processing", "paused", "slots", "oldest_seconds")
#: What shows what happened; it adds up.
_FLOWS = ("created", "completed", "failed", "cancelled", "repeated")


@dataclass(frozen=True)
class Point:
    """One stretch of time that begins ``at``, in UTC, of which ``minutes`` were noted.

    Attributes:
        due: pending jobs for which nothing but a worker was missing, at most.
        pending, processing, paused: jobs in these statuses, at most.
        slots: jobs that all live workers could run at the same time, at most.
        oldest_seconds: seconds that the oldest due job had waited, at most.
        created, completed, failed, cancelled: jobs to which this happened, in all minutes together.
        repeated: attempts that were repeated without anybody asking, in all minutes together.
    """

    at: datetime
    minutes: int
    due: int
    pending: int
    processing: int
    paused: int
    slots: int
    oldest_seconds: float
    created: int
    completed: int
    failed: int
    cancelled: int
    repeated: int


@dataclass(frozen=True)
class History:
    """The points of a time, oldest first, each ``step`` long; a point without a noted minute is left out."""

    step: timedelta
    points: Sequence[Point]


class Sampler:
    """Notes each minute once."""

    def __init__(self, engine: AsyncEngine, settings: Settings, clock: Clock) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock

    async def look(self) -> bool:
        """Note the last minute, unless it has been; tell whether it was done. Forgets what is too old."""
        async with self._engine.begin() as connection:
            noted = (await connection.execute(self._sample())).one_or_none() is not None
            if noted:
                old = queue_samples.c.at < self._clock.now(-timedelta(days=self._settings.history_days))
                await connection.execute(delete(queue_samples).where(old))
        return noted

    def _sample(self) -> ReturningInsert[Any]:
        end = func.date_trunc("minute", self._clock.now(-SETTLED))
        begin = end - literal(_MINUTE, INTERVAL)
        alive = workers.c.seen_at >= self._clock.now(-liveness(self._settings))
        oldest = extract("epoch", self._clock.now() - func.min(due_since()))
        levels: dict[str, Select[Any]] = {
            "due": select(func.count()).select_from(jobs).where(is_due(self._clock)),
            **{status: _in(Status(status)) for status in ("pending", "processing", "paused")},
            "slots": select(func.coalesce(func.sum(workers.c.slots), 0)).where(alive),
            "oldest_seconds": select(func.greatest(func.coalesce(oldest, 0), 0))
            .select_from(WAITING)
            .where(is_due(self._clock)),
        }
        happened = (
            select(*(func.count().filter(_counts(flow)).label(flow) for flow in _FLOWS))
            .where(job_events.c.at >= begin, job_events.c.at < end)
            .subquery()
        )
        shown = [levels[name].scalar_subquery() for name in _LEVELS]
        # Looked at only if the minute is missing; of two processes at once, the second writes nothing.
        missing = not_(exists().where(queue_samples.c.at == begin))
        columns = ["at", *_LEVELS, *_FLOWS]
        return (
            insert(queue_samples)
            .from_select(columns, select(begin, *shown, *happened.c).where(missing))
            .on_conflict_do_nothing()
            .returning(queue_samples.c.at)
        )


def _in(status: Status) -> Select[Any]:
    return select(func.count()).select_from(jobs).where(jobs.c.status == status.value)


def _counts(flow: str) -> ColumnElement[bool]:
    """Return which entries of the audit trail count for ``flow``."""
    if flow == "created":
        return job_events.c.event == Event.CREATE.value
    if flow == "repeated":
        return job_events.c.event.in_([Event.RESCHEDULE.value, Event.RESCUE.value])
    return job_events.c.to_status == Status(flow).value


async def history(engine: AsyncEngine, clock: Clock, *, minutes: int, points: int) -> History:
    """Return the last ``minutes`` in at most about ``points`` stretches of equal length."""
    step = _MINUTE * max(1, ceil(minutes / points))
    begin = func.date_bin(literal(step, INTERVAL), queue_samples.c.at, datetime(2000, 1, 1, tzinfo=UTC))
    query = (
        select(
            begin.label("at"),
            func.count().label("minutes"),
            *(func.max(queue_samples.c[name]).label(name) for name in _LEVELS),
            *(func.sum(queue_samples.c[name]).label(name) for name in _FLOWS),
        )
        .where(queue_samples.c.at >= clock.now(-_MINUTE * minutes))
        .group_by(begin)
        .order_by(begin)
    )
    async with engine.connect() as connection:
        return History(step, [Point(**row._mapping) for row in await connection.execute(query)])
