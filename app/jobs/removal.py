"""The writes that remove jobs. The audit trail goes with its job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.tables import jobs
from app.jobs.channels import PROGRESS_CHANNEL
from app.jobs.model import Caller, Job, actions
from app.jobs.reader import read_job
from app.jobs.states import TERMINAL, Event, Status, names, target
from app.jobs.store import JobStore
from app.problems import IllegalTransition


@dataclass(frozen=True)
class Seen:
    """What somebody has seen of a job: ``run`` tells a job from the same one after it was retried or resumed."""

    status: Status
    run: int

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return what there is to see of ``job``."""
        return cls(job.status, job.run)


@dataclass(frozen=True)
class Ended:
    """Which jobs are removed: those in ``status``, which is a final one, that ended at least ``age`` ago."""

    status: Status
    age: timedelta = timedelta()

    def __post_init__(self) -> None:
        if self.status not in TERMINAL:
            raise ValueError(f"{self.status} is not the end of a job")


class RemovalStore(JobStore):
    """What removes jobs."""

    async def delete(self, job_id: UUID, *, caller: Caller, reason: str | None, seen: Seen | None = None) -> Job | None:
        """Remove a job, whatever its status; return it as it was. None: no job has this id.

        Raises IllegalTransition, and removes nothing, when the job is not as it was ``seen``.

        One that has not ended is ended first, by the transition that needs no worker, so that whoever hears of the ends
        of jobs hears of this one too. A worker that holds it loses its lease.
        """
        async with self.engine.begin() as connection:
            row = (await connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update())).one_or_none()
            if row is None:
                return None
            job = read_job(row)
            if seen is not None and Seen.of(job) != seen:
                raise IllegalTransition(
                    f"The job has changed since it was looked at: it is {job.status} now.",
                    current_status=job.status.value,
                    allowed_actions=[action.value for action in actions(job)],
                )
            free: list[Job] = []
            if job.status not in TERMINAL:
                event = Event.FORCE_FAIL if job.status is Status.PROCESSING else Event.CANCEL
                to = target(job.status, event)
                if to is None:
                    raise ValueError(f"the transition table has no {event} of a job that is {job.status}")
                ended = await self._apply(
                    connection, event, job.status, to, [jobs.c.id == job_id], self._effect(event, job, reason),
                    caller=caller, reason=reason,
                )  # fmt: skip
                free = await self.dependents.follow(connection, ended)
            await _remove(connection, jobs.c.id == job_id)
        await self.tell_freed(free)
        return job

    async def delete_ended(self, ended: Ended, *, limit: int) -> list[Job]:
        """Remove at most ``limit`` jobs, the oldest first; those that another process removes now are left out."""
        chosen = (
            select(jobs.c.id)
            .where(*self._are(ended))
            .order_by(jobs.c.completed_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self.engine.begin() as connection:
            return await _remove(connection, jobs.c.id.in_(chosen))

    async def delete_these(self, job_ids: Sequence[UUID]) -> list[Job]:
        """Remove those of the jobs that have ended, and return them."""
        ended = jobs.c.status.in_(names(TERMINAL))
        async with self.engine.begin() as connection:
            return await _remove(connection, jobs.c.id.in_(job_ids), ended)

    async def count_ended(self, ended: Ended) -> int:
        """Return how many jobs ``delete_ended`` would remove."""
        async with self.engine.connect() as connection:
            return (
                await connection.execute(select(func.count()).select_from(jobs).where(*self._are(ended)))
            ).scalar_one()

    def _are(self, ended: Ended) -> list[ColumnElement[bool]]:
        return [jobs.c.status == ended.status.value, jobs.c.completed_at <= self.clock.now(-ended.age)]


async def _remove(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[Job]:
    """Remove jobs and return them; those who follow jobs hear that they are gone."""
    removed = [read_job(row) for row in await connection.execute(delete(jobs).where(*which).returning(*jobs.c))]
    ids = literal([str(job.id) for job in removed], ARRAY(Text))
    await connection.execute(select(func.pg_notify(PROGRESS_CHANNEL, func.unnest(ids))))
    return removed
