"""The writes of recovery: jobs of lost workers, and jobs that the queue does not hold.

Many processes recover at the same time. Each takes the rows that no other has locked, so that every decision is made,
and recorded, once.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, column, func, insert, select, tuple_, values
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.tables import job_events, jobs
from app.jobs.channels import EVENTS_CHANNEL
from app.jobs.decisions import Rule
from app.jobs.dependents import overdue
from app.jobs.failures import ABANDONED
from app.jobs.model import Caller, Job
from app.jobs.reader import read_job
from app.jobs.states import Event, Status
from app.jobs.store import JobStore
from app.jobs.transition import UNHELD


@dataclass(frozen=True)
class Verdict:
    """What is to be done with one job: the row of the table, and how long the job waits."""

    rule: Rule
    wait: timedelta = timedelta()


class RecoveryStore(JobStore):
    """What recovery writes."""

    async def take_back(
        self, judge: Callable[[Job], Verdict], *, limit: int, caller: Caller
    ) -> list[tuple[Job, Verdict]]:
        """Take back at most ``limit`` jobs whose lease has expired, as ``judge`` says; return them as they are now."""
        expired = (
            select(jobs)
            .where(jobs.c.status == Status.PROCESSING.value, jobs.c.lock_expires_at < self.clock.now())
            .order_by(jobs.c.lock_expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self.engine.begin() as connection:
            found = [read_job(row) for row in await connection.execute(expired)]
            verdicts = {job.id: judge(job) for job in found}
            taken: list[Job] = []
            for rule in dict.fromkeys(verdict.rule for verdict in verdicts.values()):
                waits = {id: verdict.wait for id, verdict in verdicts.items() if verdict.rule == rule}
                taken += await self._follow(connection, rule, waits, caller)
            free = await self.dependents.follow(connection, taken)
        await self.tell_freed(free)
        return [(job, verdicts[job.id]) for job in taken]

    async def _follow(
        self, connection: AsyncConnection, rule: Rule, waits: dict[UUID, timedelta], caller: Caller
    ) -> list[Job]:
        expired = jobs.c.lock_expires_at < self.clock.now()
        if rule.event is Event.RESCUE:
            named = values(column("id", Uuid), column("wait", INTERVAL), name="waits").data(list(waits.items()))
            guard = [jobs.c.id == named.c.id, expired, jobs.c.retry_count < jobs.c.max_retries]
            to, effect = Status.PENDING, {
                **UNHELD,
                "run": jobs.c.run + 1,
                "retry_count": jobs.c.retry_count + 1,
                "next_retry_at": self.clock.now() + named.c.wait,
            }  # fmt: skip
        elif rule.event is Event.ABANDON:
            guard = [jobs.c.id.in_(waits), expired, jobs.c.retry_count >= jobs.c.max_retries]
            entry = {"message": f"No attempts are left, and {rule.reason}.", "code": ABANDONED}
            to, effect = Status.FAILED, {**UNHELD, **self._ended(), "error_log": self._log([entry])}
        else:
            raise ValueError(f"recovery cannot do {rule.event} to a job whose lease has expired")
        return await self._apply(
            connection, rule.event, Status.PROCESSING, to, guard, effect, caller=caller, reason=rule.reason
        )

    async def settle_waiting(self) -> int:
        """Settle the jobs that wait for one that has ended or is gone; return how many wait no more.

        The end of a job settles what waits for it; this finds what a deleted row or a write by hand has left.
        """
        async with self.engine.begin() as connection:
            free = await self.dependents.look(connection, overdue())
        await self.tell_freed(free)
        return len(free)

    async def requeue(
        self,
        waiting: Sequence[tuple[UUID, int]],
        hand_over: Callable[[list[Job]], Awaitable[list[tuple[Job, Rule]]]],
        *,
        caller: Caller,
    ) -> list[Job]:
        """Have pending jobs handed over once more, and record it; jobs that another process looks after are left out.

        ``waiting`` names jobs by id and run. ``hand_over`` gets those that are still so, looks again, hands over what
        is missing, and returns that with the rule; when it raises, nothing is recorded. The rows stay locked meanwhile,
        so a worker that is quick waits until it is recorded.
        """
        query = (
            select(jobs)
            .where(jobs.c.status == Status.PENDING.value, tuple_(jobs.c.id, jobs.c.run).in_(waiting))
            .order_by(jobs.c.id)
            .with_for_update(skip_locked=True)
        )
        async with self.engine.begin() as connection:
            taken = await hand_over([read_job(row) for row in await connection.execute(query)])
            if taken:
                entries = [self._requeued(job, rule, caller) for job, rule in taken]
                announced = func.pg_notify(EVENTS_CHANNEL, "")
                await connection.execute(insert(job_events).values(entries).returning(announced))
        return [job for job, _ in taken]

    def _requeued(self, job: Job, rule: Rule, caller: Caller) -> dict[str, Any]:
        return {
            "job_id": job.id,
            "at": self.clock.now(),
            "event": Event.REQUEUE.value,
            "actor": caller.actor.value,
            "actor_id": caller.id,
            "from_status": job.status.value,
            "to_status": job.status.value,
            "run": job.run,
            "reason": rule.reason,
        }
