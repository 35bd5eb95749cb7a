"""Makes job rows and queue entries agree: the row is committed first, then handed over, and looked after."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from app.jobs.model import Job
from app.jobs.reader import JobReader
from app.queue.engine import Delivery, Engine, Entry
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("queue")

#: A job that was committed less than this ago may still be on its way to the queue.
QUIET = timedelta(seconds=2)

#: For how long no job is handed over after one could not be; the reconciler finds those that were made meanwhile.
_SPARED_SECONDS = 5.0

#: Jobs that one look-up asks the queue about.
_BATCH = 1000


class Outbox:
    """Hands committed jobs to the queue, and finds those that never arrived."""

    def __init__(self, engine: Engine, reader: JobReader) -> None:
        self._engine = engine
        self._reader = reader
        self._spared_until = 0.0

    async def dispatch(self, jobs: Sequence[Job]) -> None:
        """Hand pending jobs over; one that cannot be handed over now stays pending for the reconciler."""
        if not jobs or time.monotonic() < self._spared_until:
            return
        try:
            await self._engine.enqueue([_entry(job) for job in jobs])
        except Exception as error:
            # Whoever creates a job waits for this call: while the queue is away, only one of them waits in vain.
            self._spared_until = time.monotonic() + _SPARED_SECONDS
            emit(log, LogEvent.QUEUE_UNAVAILABLE, jobs=[str(job.id) for job in jobs[:10]], error=str(error))

    async def reconcile(self) -> int:
        """Enqueue pending jobs that the queue does not hold; return how many there were."""
        found, after = 0, None
        while True:
            batch = await self._reader.pending(after=after, limit=_BATCH, quiet=QUIET)
            missing = await self._missing(batch)
            if missing:
                await self._engine.enqueue([_entry(job) for job in missing])
                found += len(missing)
            if len(batch) < _BATCH:
                break
            after = batch[-1].id
        if found:
            emit(log, LogEvent.JOB_REQUEUED, count=found)
        return found

    async def _missing(self, jobs: Sequence[Job]) -> list[Job]:
        if not jobs:
            return []
        by_delivery: dict[tuple[UUID, int], Job] = {(job.id, job.run): job for job in jobs}
        missing = await self._engine.missing([Delivery(job.id, job.run) for job in jobs])
        return [by_delivery[delivery.job_id, delivery.run] for delivery in missing]


def _entry(job: Job) -> Entry:
    delay = job.next_retry_at - datetime.now(UTC) if job.next_retry_at else timedelta()
    return Entry(Delivery(job.id, job.run), job.type, job.priority, max(delay, timedelta()))
