"""Makes job rows and queue entries agree: the row is committed first, then handed over, and looked after."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from app.database.together import Together
from app.jobs.model import Job
from app.jobs.states import Status
from app.queue.engine import Delivery, Engine, Entry
from app.telemetry import tracing
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("queue")

#: A job that was committed less than this ago may still be on its way to the queue.
QUIET = timedelta(seconds=2)

#: For how long no job is handed over after one could not be; the reconciler finds those that were made meanwhile.
_SPARED_SECONDS = 5.0

#: The longest delay that an entry of the queue gets. Who comes before its time is delayed again.
LONGEST_DELAY = timedelta(days=365)


class Outbox:
    """Hands committed jobs to the queue, and tells which of them it does not hold."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spared_until = 0.0
        self._sending: Together[Sequence[Job], None] = Together(self._send)

    async def dispatch(self, jobs: Sequence[Job]) -> None:
        """Hand pending jobs over; one that cannot be handed over now stays pending for the reconciler.

        Those that wait for other jobs are left out. What comes while others are on their way goes together.
        """
        jobs = [job for job in jobs if not job.waits_for and job.status is Status.PENDING]
        if not jobs or time.monotonic() < self._spared_until:
            return
        try:
            await self._sending.ask(jobs)
        except Exception as error:
            # Whoever creates a job waits for this call: while the queue is away, only one of them waits in vain.
            self._spared_until = time.monotonic() + _SPARED_SECONDS
            emit(log, LogEvent.QUEUE_UNAVAILABLE, jobs=[str(job.id) for job in jobs[:10]], error=str(error))

    async def _send(self, asked: Sequence[Sequence[Job]]) -> list[None]:
        await self.hand_over([job for jobs in asked for job in jobs])
        return [None] * len(asked)

    async def hand_over(self, jobs: Sequence[Job]) -> None:
        """Hand pending jobs over; raises what the engine raises when it cannot."""
        if not jobs:
            return
        about: tracing.Attributes = {"messaging.system": self._engine.name, "messaging.batch.message_count": len(jobs)}
        with tracing.span(tracing.ENQUEUE, about):
            await self._engine.enqueue([_entry(job) for job in jobs])

    async def withdraw(self, jobs: Sequence[Job]) -> None:
        """Remove the entries of jobs that are gone; one that stays claims nothing, and is found as an orphan."""
        try:
            await self._engine.remove([Delivery(job.id, job.run).entry_id for job in jobs])
        except Exception as error:
            emit(log, LogEvent.REMAINS_LEFT, jobs=[str(job.id) for job in jobs[:10]], error=str(error))

    async def missing(self, waiting: Sequence[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
        """Return those jobs, by id and run, that the queue does not hold."""
        if not waiting:
            return []
        found = await self._engine.missing([Delivery(job_id, run) for job_id, run in waiting])
        return [(delivery.job_id, delivery.run) for delivery in found]


def _entry(job: Job) -> Entry:
    delay = job.next_retry_at - datetime.now(UTC) if job.next_retry_at else timedelta()
    delay = min(max(delay, timedelta()), LONGEST_DELAY)
    return Entry(Delivery(job.id, job.run), job.type, job.priority, delay, aged=job.aged_at is not None)
