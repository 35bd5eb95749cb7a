"""Finds what a crash left behind: expired leases, and pending jobs that never reached the queue.

What it does with each is said by the table in ``app.jobs.decisions``.
"""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from app.jobs.decisions import Case, Decision, EntryState, LeaseState, Rule, Wait, decide
from app.jobs.model import Caller, Job
from app.jobs.reader import JobReader
from app.jobs.recovery import RecoveryStore, Verdict
from app.jobs.registry import Registry
from app.jobs.retry import UNKNOWN_TYPE_WAIT
from app.queue.outbox import QUIET, Outbox
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("recovery")

#: Jobs that are looked at, or written, at the same time.
BATCH = 500


class Recovery:
    """One look repairs everything that is broken now; many processes may look at the same time."""

    def __init__(
        self,
        store: RecoveryStore,
        reader: JobReader,
        outbox: Outbox,
        registry: Registry,
        *,
        chance: Callable[[], float] = random.random,
        batch: int = BATCH,
    ) -> None:
        self._store = store
        self._reader = reader
        self._outbox = outbox
        self._registry = registry
        self._chance = chance
        self._batch = batch
        self._caller = Caller.system("recovery")

    async def look(self) -> None:
        """Take back jobs with expired leases, and hand over pending jobs that the queue does not hold."""
        await self.take_back()
        await self._store.settle_waiting()
        await self.reconcile()

    # -- leases

    async def take_back(self) -> list[Job]:
        """Take back every job whose lease has expired; return them as they are now, waiting or failed."""
        taken: list[Job] = []
        while True:
            batch = await self._store.take_back(self._judge, limit=self._batch, caller=self._caller)
            for job, verdict in batch:
                if verdict.rule.decision is Decision.FAIL:
                    emit(log, LogEvent.JOB_ABANDONED, job_id=str(job.id), type=job.type, retry_count=job.retry_count)
                else:
                    emit(log, LogEvent.JOB_RESCUED, job_id=str(job.id), type=job.type, retry_count=job.retry_count)
            await self._outbox.dispatch([job for job, verdict in batch if verdict.rule.decision is Decision.REQUEUE])
            taken += [job for job, _ in batch]
            if len(batch) < self._batch:
                return taken

    def _judge(self, job: Job) -> Verdict:
        """Return what is to be done with a job whose lease has expired."""
        rule = decide(
            Case(
                status=job.status,
                lease=LeaseState.EXPIRED,
                entry=None,
                attempts_left=job.retry_count < job.max_retries,
                type_known=job.type in self._registry,
            )
        )
        return Verdict(rule, self._wait(rule, job))

    def _wait(self, rule: Rule, job: Job) -> timedelta:
        # The next worker only meets the request, and runs nothing that might end it too.
        if job.control_request:
            return timedelta()
        if rule.wait is Wait.BACKOFF:
            return self._registry[job.type].retry.delay(job.retry_count + 1, self._chance())
        return UNKNOWN_TYPE_WAIT if rule.wait is Wait.MINUTE else timedelta()

    # -- entries

    async def reconcile(self) -> int:
        """Hand over pending jobs that the queue does not hold; return how many there were."""
        found, after = 0, None
        # Jobs of limited types wait outside of the queue until it is their turn.
        limited = self._registry.limited
        while True:
            waiting = await self._reader.pending(after=after, limit=self._batch, quiet=QUIET, without=limited)
            missing = await self._outbox.missing(waiting)
            if missing:
                found += len(await self._store.requeue(missing, self._hand_over, caller=self._caller))
            if len(waiting) < self._batch:
                break
            after = waiting[-1][0]
        if found:
            emit(log, LogEvent.JOB_REQUEUED, count=found)
        return found

    async def _hand_over(self, jobs: Sequence[Job]) -> list[tuple[Job, Rule]]:
        """Look once more, now that no other process can hand these jobs over, and do so."""
        missing = set(await self._outbox.missing([(job.id, job.run) for job in jobs]))
        rules = [(job, self._rule(job, (job.id, job.run) in missing)) for job in jobs]
        handed = [(job, rule) for job, rule in rules if rule.decision is Decision.REQUEUE]
        await self._outbox.hand_over([job for job, _ in handed])
        return handed

    def _rule(self, job: Job, missing: bool) -> Rule:
        return decide(
            Case(
                status=job.status,
                lease=LeaseState.NONE,
                entry=EntryState.MISSING if missing else EntryState.HELD,
                attempts_left=job.retry_count < job.max_retries,
                type_known=job.type in self._registry,
            )
        )
