"""Removing jobs with everything that belongs to them: audit trail, checkpoints, queue entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from app.jobs.checkpoints import CheckpointStore
from app.jobs.model import Caller, Job
from app.jobs.removal import Ended, RemovalStore, Seen
from app.problems import JobNotFound
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("jobs")

#: Jobs that one statement removes.
BATCH = 500

#: Most jobs that one request removes or changes; who wants more asks again.
MOST_AT_ONCE = 10_000


class Withdraw(Protocol):
    """Takes jobs out of the queue. It never fails: an entry that stays claims nothing."""

    async def withdraw(self, jobs: Sequence[Job]) -> None:
        """Remove the entries of ``jobs``."""


@dataclass(frozen=True)
class Cleared:
    """What clearing has removed, and how many jobs are left that it would remove."""

    deleted: int
    remaining: int


class Clearing:
    """Removes jobs. What a crash interrupts is found by the orphan finder: the row goes first."""

    def __init__(self, store: RemovalStore, checkpoints: CheckpointStore, queue: Withdraw) -> None:
        self._store = store
        self._checkpoints = checkpoints
        self._queue = queue

    async def delete(self, job_id: UUID, *, caller: Caller, reason: str | None = None, seen: Seen | None = None) -> Job:
        """Remove a job, also one that waits or runs; return it as it was.

        Raises:
            JobNotFound: no job has this id.
            IllegalTransition: the job is not as it was ``seen``; nothing was removed.
        """
        job = await self._store.delete(job_id, caller=caller, reason=reason, seen=seen)
        if job is None:
            raise JobNotFound(f"There is no job {job_id}.")
        await self._queue.withdraw([job])
        await self._clean(job, caller, reason)
        return job

    async def clear(self, ended: Ended, *, caller: Caller, reason: str, most: int = MOST_AT_ONCE) -> Cleared:
        """Remove at most ``most`` jobs that have ended, the oldest first."""
        deleted = 0
        while deleted < most:
            gone = await self._store.delete_ended(ended, limit=min(BATCH, most - deleted))
            for job in gone:
                await self._clean(job, caller, reason)
            deleted += len(gone)
            if not gone:
                break
        return Cleared(deleted, await self.count(ended))

    async def count(self, ended: Ended) -> int:
        """Return how many jobs ``clear`` would remove."""
        return await self._store.count_ended(ended)

    async def remove(self, job_ids: Sequence[UUID], *, caller: Caller, reason: str | None) -> int:
        """Remove those of the jobs that have ended; return how many."""
        gone = await self._store.delete_these(job_ids)
        for job in gone:
            await self._clean(job, caller, reason)
        return len(gone)

    async def _clean(self, job: Job, caller: Caller, reason: str | None) -> None:
        """Remove the job's checkpoints, and say who removed what: the audit trail is gone."""
        by = caller.by
        emit(
            log, LogEvent.JOB_DELETED, job_id=str(job.id), type=job.type, status=job.status.value, by=by, reason=reason
        )
        try:
            await self._checkpoints.delete(job.id)
        except Exception as error:
            emit(log, LogEvent.REMAINS_LEFT, jobs=[str(job.id)], error=str(error))
