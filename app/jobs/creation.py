"""How a job comes to be: its row, the audit entry of its creation, and the idempotency key of its request."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    case,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.tables import jobs
from app.database.together import Together
from app.jobs.clock import Clock
from app.jobs.dependency import DependencyPolicy
from app.jobs.dependents import Dependents, depend
from app.jobs.model import Caller, Job
from app.jobs.reader import read_job
from app.jobs.states import Event, Status
from app.jobs.transition import Transitions, Values
from app.problems import IdempotencyMismatch
from app.telemetry import tracing


@dataclass(frozen=True)
class NewJob:
    """What the creator of a job decides; the payload has been validated."""

    type: str
    data: dict[str, Any]
    config: dict[str, Any]
    priority: int
    max_retries: int
    created_by: UUID | None
    sensitive: tuple[str, ...] = ()
    start_at: datetime | None = None
    depends_on: tuple[UUID, ...] = ()
    on_dependency_failure: DependencyPolicy = DependencyPolicy.FAIL
    schedule_id: UUID | None = None
    scheduled_for: datetime | None = None

    @property
    def digest(self) -> bytes:
        """What tells two requests apart that use one idempotency key."""
        asked: list[Any] = [self.type, self.data, self.config, self.priority]
        if self.start_at:
            asked.append(self.start_at.astimezone(UTC).isoformat())
        if self.depends_on:
            asked.append([*map(str, self.depends_on), self.on_dependency_failure])
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()


#: What is decided of a job before it is written, by column, as JSON has it.
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Creation:
    """A job that waits for no other, to be written on behalf of ``caller``."""

    row: Row
    caller: Caller


class JobCreation(Transitions):
    """Creates jobs. Methods open their own transaction unless they take a connection."""

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        super().__init__(engine, clock)
        self._creations: Together[_Creation, Job | DBAPIError] = Together(self._create_together)
        self.dependents = Dependents(self._apply, self._ending)

    async def create(self, new: NewJob, *, caller: Caller) -> Job:
        """Insert a job as ``pending``. Raises DependencyNotFound when it is to wait for a job that does not exist.

        What comes while others are on their way goes together, unless it waits for jobs.
        """
        if new.depends_on:
            async with self._creating(new) as connection:
                return await self.create_on(connection, new, caller=caller)
        created = await self._creations.ask(_Creation(self._row(new, {}), caller))
        if isinstance(created, DBAPIError):
            raise created
        return created

    def _creating(self, new: NewJob) -> AbstractAsyncContextManager[AsyncConnection]:
        # One that waits for others locks them until its row is there; every other is one statement.
        return self.engine.begin() if new.depends_on else self.alone()

    async def _create_together(self, asked: Sequence[_Creation]) -> list[Job | DBAPIError]:
        made: dict[str, Job | DBAPIError] = {}
        for caller in dict.fromkeys(creation.caller for creation in asked):
            made |= await self._create_all([creation.row for creation in asked if creation.caller == caller], caller)
        return [made[creation.row["id"]] for creation in asked]

    async def _create_all(self, rows: Sequence[Row], caller: Caller) -> dict[str, Job | DBAPIError]:
        """Insert jobs in one statement; if one of them cannot be stored, each by itself."""
        try:
            async with self.alone() as connection:
                return {str(job.id): job for job in await self._create_on(connection, rows, caller)}
        except (DataError, IntegrityError) as error:
            if len(rows) == 1:
                return {rows[0]["id"]: error}
        return {job_id: made for row in rows for job_id, made in (await self._create_all([row], caller)).items()}

    async def _create_on(
        self, connection: AsyncConnection, rows: Sequence[Row], caller: Caller, reason: str | None = None
    ) -> list[Job]:
        statement = self._keep("create", lambda: self._inserted(self._insertion()))
        return await self._changed(connection, statement, {"new_jobs": rows}, caller, reason)

    async def create_on(
        self, connection: AsyncConnection, new: NewJob, *, caller: Caller, reason: str | None = None
    ) -> Job:
        """Insert a job as ``create`` does, on ``connection``."""
        row = self._row(new, await depend(connection, new.depends_on))
        (job,) = await self._create_on(connection, [row], caller, reason)
        return await self._settled_at_once(connection, job)

    async def create_once(self, new: NewJob, key: str, *, caller: Caller) -> tuple[Job, bool]:
        """Insert a job, unless its creator has used ``key`` before.

        Returns the job of this key, and whether it was created now. Raises IdempotencyMismatch when the key's job was
        created from something else.
        """
        mine = select(jobs).where(jobs.c.created_by == new.created_by, jobs.c.idempotency_key == key)
        async with self._creating(new) as connection:
            # A job that was waited for may be gone by the time that its request is repeated.
            found = (await connection.execute(mine)).one_or_none() if new.depends_on else None
            if found is None:
                row = self._row(new, await depend(connection, new.depends_on))
                marked = {"new_jobs": [row], "new_idempotency_key": key, "new_request_digest": new.digest}
                # Who comes second waits here for the first one's commit, and then inserts nothing.
                made = await self._changed(connection, self._keep("create once", self._once), marked, caller)
                if made:
                    return await self._settled_at_once(connection, made[0]), True
                found = (await connection.execute(mine)).one()
        if found.request_digest != new.digest:
            raise IdempotencyMismatch(
                f"The idempotency key {key!r} belongs to job {found.id}, created from another request."
            )
        return read_job(found), False

    def _once(self) -> Select[Any]:
        return self._inserted(
            self._insertion(
                idempotency_key=_new("idempotency_key"), request_digest=_new("request_digest")
            ).on_conflict_do_nothing(
                index_elements=["created_by", "idempotency_key"], index_where=jobs.c.idempotency_key.is_not(None)
            )
        )

    def _inserted(self, insertion: Insert) -> Select[Any]:
        return self._audited(insertion.returning(*jobs.c).cte("changed"), Event.CREATE, None)

    async def _settled_at_once(self, connection: AsyncConnection, job: Job) -> Job:
        """Return a job as it is when those that it waits for have been looked at: one may be lost already."""
        if not job.waits_for:
            return job
        await self.dependents.look(connection, jobs.c.id == job.id)
        return read_job((await connection.execute(select(jobs).where(jobs.c.id == job.id))).one())

    def _insertion(self, **more: ColumnElement[Any]) -> Insert:
        """Return the insert of rows that ``_row`` describes, with further columns, which are the same for all."""
        now = self.clock.now()
        columns = [column(name, jobs.c[name].type) for name in _DECIDED]
        rows = func.jsonb_to_recordset(bindparam("new_jobs", type_=JSONB)).table_valued(*columns)
        new = rows.render_derived(name="new", with_types=True)
        values: dict[str, ColumnElement[Any]] = {
            **{name: new.c[name] for name in _DECIDED},
            "status": literal(Status.PENDING.value),
            "next_retry_at": first_attempt(new.c.start_at, now),
            "created_at": now,
            "updated_at": now,
            **more,
        }
        return insert(jobs).from_select(list(values), select(*values.values()))

    def _row(self, new: NewJob, dependencies: Values) -> Row:
        """Return what is decided of a job before it is written, as the parameter of ``_insertion`` has it."""
        return {
            "id": str(uuid4()),
            "type": new.type,
            "priority": new.priority,
            "data": new.data,
            "sensitive": new.sensitive,
            "config": new.config,
            "max_retries": new.max_retries,
            "created_by": new.created_by and str(new.created_by),
            "schedule_id": new.schedule_id and str(new.schedule_id),
            "scheduled_for": new.scheduled_for and new.scheduled_for.isoformat(),
            "start_at": new.start_at and new.start_at.isoformat(),
            "trace_parent": tracing.parent(),
            "on_dependency_failure": new.on_dependency_failure.value,
            "depends_on": [str(other) for other in dependencies.get("depends_on", ())],
            "waits_for": [str(other) for other in dependencies.get("waits_for", ())],
            "dependency_depth": dependencies.get("dependency_depth", 0),
        }


#: Columns whose values are decided before the row is written.
_DECIDED = (
    "id", "type", "priority", "data", "sensitive", "config", "max_retries", "created_by", "schedule_id",
    "scheduled_for", "start_at", "trace_parent", "on_dependency_failure", "depends_on", "waits_for", "dependency_depth",
)  # fmt: skip


def _new(column: str) -> BindParameter[Any]:
    return bindparam(f"new_{column}", type_=jobs.c[column].type)


def first_attempt(start_at: ColumnElement[Any], now: ColumnElement[datetime]) -> ColumnElement[Any]:
    """Return when a job that has not to wait for anything else is due: at its delayed start, or (None) at once."""
    return case((start_at > now, start_at), else_=None)
