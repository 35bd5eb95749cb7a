"""What a stage of a job sees: its payload, its progress, and the boundaries at which it may be stopped."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.jobs.files import FileStore
from app.jobs.model import Job, Request


class LeaseLost(Exception):
    """Another worker holds the job, or a person ended it: this worker may not write any more."""


class Interrupted(Exception):
    """A person asked the job to pause or to stop, or the worker is shutting down (``request`` is None)."""

    def __init__(self, request: Request | None) -> None:
        super().__init__(f"asked to {request}" if request else "the worker is shutting down")
        self.request = request


@dataclass(frozen=True)
class Step:
    """What one committed step of a stage did; every field is optional.

    Attributes:
        processed: items done in this step, added to the job's count.
        total: the number of items of the whole job, once it is known.
        state: where the stage stands now, plain JSON; a resumed stage finds it in ``Context.state``.
        details: what people see of the progress besides numbers; replaces the former details.
        stats: what the job has put out so far; merged into the former stats.
        errors: items that could not be done, each with ``message`` and whatever locates it (``line``, ``item``).
    """

    processed: int = 0
    total: int | None = None
    state: Mapping[str, Any] | None = None
    details: Mapping[str, Any] | None = None
    stats: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[Mapping[str, Any]] = ()


class Recorder(Protocol):
    """The part of the executor that a context needs: it writes steps under the worker's lease."""

    async def record(self, connection: AsyncConnection, stage: str, step: Step) -> Request | None:
        """Write ``step`` on ``connection``; return what a person has asked for. Raises LeaseLost."""

    def interruption(self) -> Interrupted | None:
        """Return why the job should stop at this boundary, or None."""


class Context:
    """The running job, as its stages see it.

    A stage does its work in steps. Each step is one database transaction, opened by ``step``: what the stage writes
    on the connection, the progress and the resume state are committed together or not at all, and only while the
    worker still holds the job. So after a crash each item has been done once or not at all, and the state says which.
    """

    def __init__(
        self,
        *,
        job: Job,
        payload: BaseModel,
        stage: str,
        state: dict[str, Any],
        results: Mapping[str, Mapping[str, Any]],
        database: AsyncEngine,
        files: FileStore,
        recorder: Recorder,
    ) -> None:
        self.job = job
        self.payload: Any = payload
        self.stage = stage
        #: Where this stage stood at its last committed step; empty when it starts.
        self.state = state
        #: Results of the stages before this one, by name.
        self.results = results
        #: For reading; write inside ``step``.
        self.database = database
        #: Uploaded files.
        self.files = files
        self._recorder = recorder

    def boundary(self) -> None:
        """Stop here if a person asked for it or the worker is shutting down; call it where stopping loses nothing.

        Raises:
            Interrupted: the executor catches it; a stage lets it pass.
        """
        interruption = self._recorder.interruption()
        if interruption:
            raise interruption

    @asynccontextmanager
    async def step(self, step: Step | None = None) -> AsyncIterator["StepWriter"]:
        """Open one transaction; fill ``writer.step`` (or pass it) to say what the step did. Ends with a boundary.

        Raises:
            LeaseLost: the job is no longer this worker's; the transaction is rolled back.
            Interrupted: after the commit, when stopping was asked for.
        """
        async with self.database.begin() as connection:
            writer = StepWriter(connection, step or Step())
            yield writer
            await self._recorder.record(connection, self.stage, writer.step)
        if writer.step.state is not None:
            self.state = dict(writer.step.state)
        self.boundary()


@dataclass
class StepWriter:
    """An open step: the connection to write on, and the step to be recorded with it."""

    connection: AsyncConnection
    step: Step
