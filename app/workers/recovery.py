"""Finds what a crash left behind: expired leases, and pending jobs that never reached the queue."""

import structlog

from app.jobs.model import Caller
from app.jobs.store import JobStore
from app.queue.outbox import Outbox
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("recovery")


class Recovery:
    """One look repairs everything that is broken now; many processes may look at the same time."""

    def __init__(self, store: JobStore, outbox: Outbox) -> None:
        self._store = store
        self._outbox = outbox

    async def look(self) -> None:
        """Take back jobs with expired leases, and enqueue pending jobs that the queue does not hold."""
        rescued, abandoned = await self._store.rescue(caller=Caller.system("recovery"))
        for job in rescued:
            emit(log, LogEvent.JOB_RESCUED, job_id=str(job.id), type=job.type, retry_count=job.retry_count)
        for job in abandoned:
            emit(log, LogEvent.JOB_ABANDONED, job_id=str(job.id), type=job.type, retry_count=job.retry_count)
        await self._outbox.dispatch(rescued)
        await self._outbox.reconcile()
