"""From a delivery to a settled job: claim, run, settle."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from app.database.together import Together
from app.jobs.checkpoints import CheckpointStore
from app.jobs.files import FileStore
from app.jobs.gate import Gate, NotNow
from app.jobs.model import Job, Lease, Request
from app.jobs.registry import Registry
from app.jobs.retry import UNKNOWN_TYPE_WAIT
from app.jobs.service import Dispatch
from app.jobs.states import Event, Status
from app.jobs.store import Checkpoint, End, JobStore
from app.problems import Problem, UnknownJobType
from app.queue.engine import Delivery
from app.queue.feeder import Feeder
from app.telemetry import tracing
from app.telemetry.events import LogEvent, emit
from app.workers.execution import Execution
from app.workers.outcome import Completed, Failed, Lost, Outcome, Stopped

log = structlog.get_logger("worker")

#: What the error log keeps of an error's text, in characters.
_MESSAGE_LIMIT = 2000

#: How an attempt ends that was stopped at a boundary, by who asked for it; None: the worker shuts down.
_STOPS = {
    Request.PAUSE: (Event.SUSPEND, LogEvent.JOB_SUSPENDED),
    Request.CANCEL: (Event.STOP, LogEvent.JOB_STOPPED),
    None: (Event.RELEASE, LogEvent.JOB_RELEASED),
}


class Executor:
    """Runs deliveries for one worker process; ``running`` are the jobs that it holds."""

    def __init__(
        self,
        *,
        worker_id: str,
        store: JobStore,
        registry: Registry,
        checkpoints: CheckpointStore,
        files: FileStore,
        dispatch: Dispatch,
        gate: Gate,
        feeder: Feeder,
        lease: timedelta,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.worker_id = worker_id
        self.running: set[Execution] = set()
        self._store = store
        self._registry = registry
        self._checkpoints = checkpoints
        self._files = files
        self._dispatch = dispatch
        self._gate = gate
        self._feeder = feeder
        self._lease = lease
        self._chance = chance
        self._closing = False
        self._ends: Together[End, bool] = Together(store.complete_all, store.turn)

    def close(self) -> None:
        """Take no more jobs, and stop the running ones at their next boundary."""
        self._closing = True
        for execution in self.running:
            execution.shutting_down = True

    async def consume(self, delivery: Delivery) -> None:
        """Claim the delivered job and run it; drop the delivery when the job cannot be claimed, or not yet."""
        if self._closing:
            # The row stays pending, and the reconciler of a living process enqueues it.
            return
        wanted = Lease(delivery.job_id, delivery.run, self.worker_id)
        job = await self._gate.claim(wanted, delivery.type, lasts=self._lease)
        if job is None:
            emit(log, LogEvent.DELIVERY_DROPPED, job_id=str(delivery.job_id), run=delivery.run)
            return
        if isinstance(job, NotNow):
            # No other delivery can be made while this one is under way; the feeder makes it later.
            seconds = round(job.wait.total_seconds(), 3)
            emit(log, LogEvent.DELIVERY_DEFERRED, job_id=str(delivery.job_id), run=delivery.run, wait_seconds=seconds)
            self._feeder.later(delivery.type, job.wait)
            return
        about: tracing.Attributes = {
            "job.id": str(job.id),
            "job.type": job.type,
            "job.run": job.run,
            "worker.id": self.worker_id,
        }
        with (
            tracing.span(tracing.ATTEMPT, about, within=tracing.within(job.trace_parent)),
            structlog.contextvars.bound_contextvars(job_id=str(job.id), type=job.type, run=job.run),
        ):
            emit(log, LogEvent.JOB_CLAIMED, worker_id=self.worker_id)
            try:
                await self._run(job)
            except Exception as error:
                emit(log, LogEvent.DELIVERY_FAILED, error=str(error))
                raise

    async def _run(self, job: Job) -> None:
        try:
            job_type = self._registry.resolve(job.type)
        except UnknownJobType as error:
            # An older process met a newer job: another process may know it, so it is not a permanent failure.
            await self._settle_failure(job, Failed(error, job.stage or "", transient=True))
            return
        execution = Execution(
            job, job_type, store=self._store, checkpoints=self._checkpoints, files=self._files, lease=self._lease
        )
        self.running.add(execution)
        try:
            execution.shutting_down = self._closing
            outcome = await execution.run()
            await self._settle(execution, outcome)
        finally:
            self.running.discard(execution)

    async def _settle(self, execution: Execution, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            tracing.fail(tracing.current(), outcome.error)
        match outcome:
            case Completed():
                await self._complete(execution)
            case Stopped():
                await self._end(execution.job, *_STOPS[outcome.request], checkpoint=execution.unlinked)
            case Failed() if outcome.transient and execution.request:
                # A person wants it to stop: that comes before trying again.
                await self._end(
                    execution.job, *_STOPS[execution.request], error=_entry(outcome), checkpoint=execution.unlinked
                )
            case Failed():
                await self._settle_failure(execution.job, outcome, execution.unlinked)
            case Lost():
                emit(log, LogEvent.JOB_LEASE_LOST, worker_id=self.worker_id)

    async def _complete(self, execution: Execution) -> None:
        """Write the end of a job that is done, together with others that are done now."""
        end = End(execution.lease, execution.unlinked)
        if not await self._ends.ask(end):
            # Others wait for it, or the lease is lost.
            await self._end(execution.job, Event.COMPLETE, LogEvent.JOB_COMPLETED, checkpoint=execution.unlinked)
            return
        await self._told(execution.job, Event.COMPLETE, LogEvent.JOB_COMPLETED)

    async def _settle_failure(self, job: Job, failure: Failed, checkpoint: Checkpoint | None = None) -> None:
        entry = _entry(failure)
        attempts_left = job.retry_count < job.max_retries
        if failure.transient and attempts_left:
            policy = self._registry[job.type].retry if job.type in self._registry else None
            delay = policy.delay(job.retry_count + 1, self._chance()) if policy else UNKNOWN_TYPE_WAIT
            settled = await self._end(
                job, Event.RESCHEDULE, LogEvent.JOB_RESCHEDULED, error=entry, delay=delay, reason=entry["message"],
                checkpoint=checkpoint,
            )  # fmt: skip
        else:
            settled = await self._end(
                job, Event.FAIL, LogEvent.JOB_FAILED, error=entry, reason=entry["message"], checkpoint=checkpoint
            )
        if settled and not isinstance(failure.error, Problem):
            emit(log, LogEvent.JOB_ERROR, exc_info=failure.error)

    async def _end(
        self,
        job: Job,
        event: Event,
        line: LogEvent,
        *,
        error: dict[str, Any] | None = None,
        delay: timedelta | None = None,
        reason: str | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> bool:
        """Write the end of this attempt; the job goes back to the queue where the event says so."""
        lease = job.lease
        if lease is None:
            raise ValueError(f"job {job.id} has not been claimed")
        settled = await self._store.settle(lease, event, error=error, delay=delay, reason=reason, checkpoint=checkpoint)
        if settled is None:
            emit(log, LogEvent.JOB_LEASE_LOST, worker_id=self.worker_id)
            return False
        extra = {"error": error["message"]} if error else {}
        if delay:
            extra["retry_in_seconds"] = f"{delay.total_seconds():.1f}"
        if settled.status is Status.PENDING:
            await self._dispatch.dispatch([settled])
        await self._told(job, event, line, **extra)
        return True

    async def _told(self, job: Job, event: Event, line: LogEvent, **extra: str) -> None:
        """Tell of the end of an attempt that is written."""
        tracing.current().set_attribute("job.outcome", event.value)
        emit(log, line, **extra)
        await self._feeder.ended(job.type)


def _entry(failure: Failed) -> dict[str, Any]:
    """Return what the error log keeps of a failure."""
    return {
        "stage": failure.stage,
        "message": describe(failure.error),
        "code": code(failure.error),
        "transient": failure.transient,
    }


def describe(error: BaseException) -> str:
    """Return an error's text for people, cut to what the error log keeps."""
    text = error.detail if isinstance(error, Problem) else str(error) or type(error).__name__
    return text[:_MESSAGE_LIMIT]


def code(error: BaseException) -> str:
    """Return what kind of error it is: a problem's code, else the name of its class."""
    return error.code if isinstance(error, Problem) else type(error).__name__
