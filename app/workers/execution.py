"""One attempt at one job: its stages, its steps, and the requests that reach it meanwhile."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.checkpoints import CheckpointStore
from app.jobs.context import Context, Interrupted, LeaseLost, Step
from app.jobs.files import FileStore
from app.jobs.model import Job, Lease, Request
from app.jobs.registry import JobType
from app.jobs.retry import AttemptTimedOut, is_transient
from app.jobs.store import Checkpoint, JobStore
from app.problems import StorageUnavailable
from app.telemetry import tracing
from app.telemetry.events import LogEvent, emit
from app.workers.outcome import Completed, Failed, Lost, Outcome, Stopped

log = structlog.get_logger("worker")

#: Seconds that a handler gets to end after its attempt was cut off; one that hangs in a thread is left behind.
_CUT_SECONDS = 5.0


class Execution:
    """A claimed job on its way through its stages. It implements ``app.jobs.context.Recorder``."""

    def __init__(
        self,
        job: Job,
        job_type: JobType,
        *,
        store: JobStore,
        checkpoints: CheckpointStore,
        files: FileStore,
        lease: timedelta,
    ) -> None:
        if job.worker_id is None:
            raise ValueError(f"job {job.id} has not been claimed")
        self.job = job
        self.lease = Lease(job.id, job.run, job.worker_id)
        self.request = job.control_request
        self.shutting_down = False
        self.lost = False
        self._type = job_type
        self._store = store
        self._checkpoints = checkpoints
        self._files = files
        self._extend = lease
        self._task: asyncio.Task[Outcome] | None = None
        self._stage_name = ""
        #: The stage that the row says the job is in.
        self._told_stage = job.stage
        #: A checkpoint that is in storage, and of which the row says nothing yet.
        self.unlinked: Checkpoint | None = None
        #: Where the stage under way stands; empty between two stages.
        self._state: dict[str, Any] = dict(job.current_state)

    # -- what reaches it from outside

    def lose(self) -> None:
        """The lease is gone: stop the handler at once, whatever it waits for."""
        self.lost = True
        if self._task:
            self._task.cancel()

    # -- the recorder of its context

    async def record(self, connection: AsyncConnection, stage: str, step: Step) -> Request | None:
        """Write ``step`` under the lease; remember what a person has asked for."""
        if self.lost:
            raise LeaseLost(f"job {self.job.id} is no longer held by {self.lease.worker_id}")
        self.request = await self._store.record(
            connection, self.lease, stage, step, extend=self._extend, checkpoint=self.unlinked
        )
        # Should this transaction fail, the attempt fails with it, and the next one finds the checkpoint in storage.
        self._told_stage, self.unlinked = stage, None
        if step.state is not None:
            self._state = {"stage": stage, "state": dict(step.state)}
        return self.request

    def interruption(self) -> Interrupted | None:
        """Return why the job should stop at this boundary."""
        if self.request:
            return Interrupted(self.request)
        return Interrupted(None) if self.shutting_down else None

    # -- running

    async def run(self) -> Outcome:
        """Run the stages that are not finished yet and return what came of it; raises nothing of the handler's."""
        self._task = asyncio.create_task(self._stages(), name=f"job {self.job.id}")
        try:
            done, _ = await asyncio.wait({self._task}, timeout=self._type.limits.attempt_seconds)
            return await self._task if done else await self._cut_off(self._task)
        except asyncio.CancelledError:
            if self.lost:
                return Lost()
            # The process is ending faster than boundaries come: stop the handler, let the lease expire.
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            raise

    async def _cut_off(self, task: asyncio.Task[Outcome]) -> Outcome:
        """End an attempt that takes too long. What it has committed stays."""
        # From here on it may not write any more, whatever it waits for.
        self.lost = True
        task.cancel()
        await asyncio.wait({task}, timeout=_CUT_SECONDS)
        seconds = self._type.limits.attempt_seconds
        error = AttemptTimedOut(f"The attempt took longer than {seconds:g} s, the most for {self._type.name}.")
        return Failed(error, self._stage_name, transient=True)

    async def _stages(self) -> Outcome:
        self._stage_name = self._type.stages[0].name
        try:
            return await self._go_on()
        except LeaseLost:
            return Lost()
        except Exception as error:
            return Failed(error, self._stage_name, is_transient(error))

    async def _go_on(self) -> Outcome:
        results: dict[str, dict[str, Any]] = {}
        payload = self._type.payload.model_validate(self.job.data)
        try:
            for stage in self._type.stages:
                self._stage_name = stage.name
                finished = await self._finished(stage.name)
                if finished is None:
                    interruption = self.interruption()
                    if interruption:
                        raise interruption
                    results[stage.name] = await self._stage(stage.name, payload, results)
                else:
                    results[stage.name] = finished["result"]
                if self._state.get("stage") == stage.name:
                    self._state = {}
        except Interrupted as interruption:
            await self._save_interrupted()
            return Stopped(interruption.request)
        return Completed()

    async def _finished(self, stage: str) -> dict[str, Any] | None:
        # The first attempt of all has no checkpoints to look for.
        return await self._checkpoints.load(self.job.id, stage) if self.job.run > 1 else None

    async def _stage(self, name: str, payload: Any, results: dict[str, dict[str, Any]]) -> dict[str, Any]:
        resumes = self._state.get("stage") == name
        context = Context(
            job=self.job,
            payload=payload,
            stage=name,
            state=dict(self._state["state"]) if resumes else {},
            results=results,
            database=self._store.engine,
            files=self._files,
            recorder=self,
        )
        about: tracing.Attributes = {"job.stage": name, "job.resumed": resumes}
        with tracing.span(tracing.STAGE, about, expected=(Interrupted, LeaseLost)):
            emit(log, LogEvent.JOB_STAGE_STARTED, stage=name, resumed=resumes)
            # The claim has told of the first stage, or of the one that goes on.
            if self._told_stage != name:
                async with self._store.alone() as connection:
                    await self.record(connection, name, Step())
            result = dict(await self._type.stage(name).run(context))
            await self._save(name, {"stage": name, "result": result}, final=True)
        return result

    async def _save_interrupted(self) -> None:
        """Put the state of the stage under way into storage, for people and for moving jobs between databases."""
        if not self._state:
            return
        try:
            await self._save(self._state["stage"], self._state, final=False)
        except StorageUnavailable as error:
            # The row holds the same state, committed with the work itself: nothing is lost.
            emit(log, LogEvent.CHECKPOINT_FAILED, error=error.detail)

    async def _save(self, stage: str, content: dict[str, Any], *, final: bool) -> None:
        path = await self._checkpoints.save(self.job.id, stage, content, final=final)
        # The next write says so on the row: the one that begins the next stage, or that ends the attempt.
        self.unlinked = Checkpoint(path, stage)
        emit(log, LogEvent.JOB_CHECKPOINT_SAVED, path=path, final=final)
