"""What a caller can do to jobs, one function each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.database.tables import DEFAULT_PRIORITY
from app.jobs.checkpoints import CheckpointInfo, CheckpointStore
from app.jobs.creation import NewJob
from app.jobs.dependency import DependencyPolicy
from app.jobs.files import FileStore
from app.jobs.listing import Cursor, JobFilter, JobPage
from app.jobs.model import Caller, Job, JobEvent, actions
from app.jobs.reader import JobReader
from app.jobs.registry import Registry
from app.jobs.states import Actor, Event, Status
from app.jobs.store import JobStore
from app.problems import IllegalTransition, InvalidRequest, JobNotFound, Problem
from app.telemetry import tracing
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("jobs")


class JobConfig(BaseModel):
    """What the creator of a job may change of its type's behaviour."""

    model_config = ConfigDict(extra="forbid")

    max_retries: int | None = Field(
        default=None,
        ge=0,
        le=20,
        strict=True,
        description="Retries after transient errors; the job type's own number when absent.",
    )


class Dispatch(Protocol):
    """Hands committed pending jobs to the queue. It never fails: what cannot be handed over now is found later."""

    async def dispatch(self, jobs: Sequence[Job]) -> None:
        """Hand ``jobs`` over, each at its ``next_retry_at`` or at once."""


class JobService:
    """The operations on jobs; they raise the classes of ``app.problems``."""

    def __init__(
        self,
        store: JobStore,
        reader: JobReader,
        registry: Registry,
        checkpoints: CheckpointStore,
        files: FileStore,
        dispatch: Dispatch,
    ) -> None:
        self._store = store
        self._reader = reader
        self._registry = registry
        self._checkpoints = checkpoints
        self._files = files
        self._dispatch = dispatch

    async def create(
        self,
        *,
        type: str,
        data: Mapping[str, Any],
        caller: Caller,
        created_by: UUID | None,
        priority: int = DEFAULT_PRIORITY,
        config: JobConfig | None = None,
        start_at: datetime | None = None,
        depends_on: Sequence[UUID] = (),
        on_dependency_failure: DependencyPolicy = DependencyPolicy.FAIL,
        schedule_id: UUID | None = None,
    ) -> Job:
        """Create a job and hand it to the queue: it does not start before ``start_at``, nor before ``depends_on`` end.

        Raises:
            UnknownJobType: no type has this name or alias.
            InvalidRequest: the payload does not fit the type's model; ``errors`` names the fields.
            DependencyNotFound: the job is to wait for one that does not exist.
            Problem: what the type's own check of a payload finds, such as FileNotKnown.
        """
        job, _ = await self.create_once(
            None,
            type=type,
            data=data,
            caller=caller,
            created_by=created_by,
            priority=priority,
            config=config,
            start_at=start_at,
            depends_on=depends_on,
            on_dependency_failure=on_dependency_failure,
            schedule_id=schedule_id,
        )
        return job

    async def create_once(
        self,
        key: str | None,
        *,
        type: str,
        data: Mapping[str, Any],
        caller: Caller,
        created_by: UUID | None,
        priority: int = DEFAULT_PRIORITY,
        config: JobConfig | None = None,
        start_at: datetime | None = None,
        depends_on: Sequence[UUID] = (),
        on_dependency_failure: DependencyPolicy = DependencyPolicy.FAIL,
        schedule_id: UUID | None = None,
    ) -> tuple[Job, bool]:
        """Create a job as ``create`` does, unless its creator has used ``key`` before.

        Returns the job of this key as it is now, and whether it was created by this call. A key is known for as long as
        its job is kept.

        Raises:
            IdempotencyMismatch: the key's job was created from another request.
        """
        with tracing.span(tracing.CREATE, {"job.priority": priority}, expected=(Problem,)) as span:
            new = replace(
                self.prepare(
                    type=type,
                    data=data,
                    created_by=created_by,
                    priority=priority,
                    config=config,
                    start_at=start_at,
                    schedule_id=schedule_id,
                ),
                depends_on=tuple(depends_on),
                on_dependency_failure=on_dependency_failure,
            )
            if key is None:
                job, created = await self._store.create(new, caller=caller), True
            else:
                job, created = await self._store.create_once(new, key, caller=caller)
            span.set_attributes({"job.id": str(job.id), "job.type": job.type})
            if created:
                emit(log, LogEvent.JOB_CREATED, job_id=str(job.id), type=job.type, priority=job.priority)
                await self._dispatch.dispatch([job])
        return job, created

    def prepare(
        self,
        *,
        type: str,
        data: Mapping[str, Any],
        created_by: UUID | None,
        priority: int = DEFAULT_PRIORITY,
        config: JobConfig | None = None,
        start_at: datetime | None = None,
        schedule_id: UUID | None = None,
    ) -> NewJob:
        """Return what a job would be created from; nothing is written. Raises what ``create`` raises."""
        config = config or JobConfig()
        job_type = self._registry.resolve(type)
        try:
            payload = job_type.payload.model_validate(data)
        except ValidationError as error:
            raise InvalidRequest(
                f"The payload does not fit the job type {job_type.name}.", errors=list(field_errors(error, "data"))
            ) from None
        if job_type.check:
            job_type.check(payload, self._files)
        return NewJob(
            type=job_type.name,
            data=payload.model_dump(mode="json", exclude_none=True),
            sensitive=job_type.sensitive,
            config=config.model_dump(exclude_none=True),
            priority=priority,
            max_retries=job_type.retry.max_retries if config.max_retries is None else config.max_retries,
            created_by=created_by,
            start_at=start_at,
            schedule_id=schedule_id,
        )

    async def get(self, job_id: UUID) -> Job:
        """Return a job. Raises JobNotFound."""
        job = await self._reader.get(job_id)
        if job is None:
            raise JobNotFound(f"There is no job {job_id}.")
        return job

    async def page(self, filters: JobFilter, *, limit: int, cursor: str | None = None) -> JobPage:
        """Return one page of the list, newest first. Raises InvalidCursor."""
        after = Cursor.decode(cursor, filters) if cursor else None
        return await self._reader.page(filters, limit=limit, cursor=after)

    async def control(self, job_id: UUID, event: Event, *, caller: Caller, reason: str | None = None) -> Job:
        """Pause, resume, cancel, retry or force-fail a job.

        A running job takes note of a pause or a cancel and meets it at its next boundary. Asking again for what has
        been asked for is no error.

        Raises:
            JobNotFound: no job has this id.
            IllegalTransition: the job's status does not allow it; says what is allowed now.
        """
        if event.actor is not Actor.USER or event is Event.CREATE:
            raise ValueError(f"{event} is not for people")
        try:
            job, happened = await self._store.control(job_id, event, caller=caller, reason=reason)
        except KeyError:
            raise JobNotFound(f"There is no job {job_id}.") from None
        if not happened:
            raise illegal(job, event)
        emit(log, LogEvent.JOB_CONTROLLED, job_id=str(job_id), action=event.value, status=job.status.value)
        if job.status is Status.PENDING:
            await self._dispatch.dispatch([job])
        return job

    async def events(self, job_id: UUID) -> list[JobEvent]:
        """Return the audit trail of a job, oldest first. Raises JobNotFound."""
        await self.get(job_id)
        return await self._reader.events(job_id)

    async def checkpoints(self, job_id: UUID) -> list[CheckpointInfo]:
        """Return what is stored of a job's stages. Raises JobNotFound."""
        await self.get(job_id)
        return await self._checkpoints.saved(job_id)


def illegal(job: Job, event: Event) -> IllegalTransition:
    """Say why ``event`` cannot happen to ``job`` now, and what can."""
    possible = [action.value for action in actions(job)]
    asked = f", asked to {job.control_request}" if job.control_request else ""
    return IllegalTransition(
        f"The job is {job.status}{asked}; {event} is not possible now. Possible: {', '.join(possible) or 'nothing'}.",
        current_status=job.status.value,
        allowed_actions=possible,
    )


def field_errors(error: ValidationError, *prefix: str) -> Iterable[dict[str, Any]]:
    """Yield one entry per invalid field: its dotted name under ``prefix``, and what is wrong with it."""
    for entry in error.errors(include_url=False, include_context=False, include_input=False):
        yield {"field": ".".join([*prefix, *(str(part) for part in entry["loc"])]), "message": entry["msg"]}
