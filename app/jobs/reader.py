"""Reading jobs and their audit trail."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import NO_JOBS, job_events, jobs
from app.jobs.clock import Clock
from app.jobs.dependency import DependencyPolicy
from app.jobs.listing import Cursor, JobFilter, JobPage
from app.jobs.model import Job, JobEvent, Request, Standing
from app.jobs.states import Actor, Event, Status, names


class JobReader:
    """Reads jobs; each method is one query."""

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        self.engine = engine
        self.clock = clock or Clock()

    async def get(self, job_id: UUID) -> Job | None:
        """Return a job, or None."""
        async with self.engine.connect() as connection:
            row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
        return read_job(row) if row else None

    async def page(self, filters: JobFilter, *, limit: int, cursor: Cursor | None) -> JobPage:
        """Return at most ``limit`` jobs, newest first, that are older than ``cursor``."""
        query: Select[Any] = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit + 1)
        query = query.where(*_conditions(filters))
        if cursor:
            query = query.where(tuple_(jobs.c.created_at, jobs.c.id) < tuple_(cursor.created_at, cursor.id))
        async with self.engine.connect() as connection:
            found = [read_job(row) for row in await connection.execute(query)]
        items = found[:limit]
        last = items[-1] if len(found) > limit else None
        return JobPage(items, Cursor(last.created_at, last.id).encode(filters) if last else None)

    async def standings(self, filters: JobFilter, *, limit: int) -> list[Standing]:
        """Return how at most ``limit`` of the jobs that ``filters`` finds stand, by id."""
        columns = (jobs.c.id, jobs.c.status, jobs.c.control_request, jobs.c.created_by)
        query = select(*columns).where(*_conditions(filters)).order_by(jobs.c.id).limit(limit)
        async with self.engine.connect() as connection:
            return [
                Standing(row.id, Status(row.status), read_request(row.control_request), row.created_by)
                for row in await connection.execute(query)
            ]

    async def events(self, job_id: UUID) -> list[JobEvent]:
        """Return the audit trail of a job, oldest first."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                select(job_events).where(job_events.c.job_id == job_id).order_by(job_events.c.id)
            )
            return [read_event(row) for row in rows]

    async def counts(self) -> dict[str, int]:
        """Return the number of jobs in each status."""
        query = select(jobs.c.status, func.count()).group_by(jobs.c.status)
        async with self.engine.connect() as connection:
            found = {row[0]: row[1] for row in await connection.execute(query)}
        return {status.value: found.get(status.value, 0) for status in Status}

    async def known(self, job_ids: Iterable[UUID]) -> set[UUID]:
        """Return those of the ids that are a job's."""
        async with self.engine.connect() as connection:
            return set((await connection.execute(select(jobs.c.id).where(jobs.c.id.in_(list(job_ids))))).scalars())

    async def pending(
        self, *, after: UUID | None, limit: int, quiet: timedelta, without: Collection[str] = ()
    ) -> list[tuple[UUID, int]]:
        """Return id and run of pending jobs that nobody has touched for ``quiet``, by id, for the reconciler.

        Jobs of the types ``without`` are left out.
        """
        query = (
            select(jobs.c.id, jobs.c.run)
            .where(
                jobs.c.status == Status.PENDING.value,
                jobs.c.waits_for == NO_JOBS,
                jobs.c.updated_at < self.clock.now(-quiet),
                jobs.c.type.not_in(without),
            )
            .order_by(jobs.c.id)
            .limit(limit)
        )
        if after:
            query = query.where(jobs.c.id > after)
        async with self.engine.connect() as connection:
            return [(row.id, row.run) for row in await connection.execute(query)]


def _conditions(filters: JobFilter) -> list[ColumnElement[bool]]:
    """Return what holds for the jobs that ``filters`` finds."""
    conditions = [jobs.c.status.in_(names(filters.status))] if filters.status else []
    asked = (("type", filters.type), ("stage", filters.stage), ("created_by", filters.created_by))
    return conditions + [jobs.c[column] == value for column, value in asked if value is not None]


def read_request(value: str | None) -> Request | None:
    """Return the request in a column value."""
    return Request(value) if value else None


#: Columns that only the creation of a job and the metrics look at.
_UNSHOWN = frozenset({"idempotency_key", "request_digest", "waited_seconds", "dependency_depth"})


def read_job(row: Row[Any]) -> Job:
    """Return a row of the ``jobs`` table as a record."""
    values = {name: value for name, value in row._mapping.items() if name not in _UNSHOWN}
    values["status"] = Status(values["status"])
    values["on_dependency_failure"] = DependencyPolicy(values["on_dependency_failure"])
    values["control_request"] = read_request(values["control_request"])
    return Job(**values)


def read_event(row: Row[Any]) -> JobEvent:
    """Return a row of the ``job_events`` table as a record; further columns do no harm."""
    values = {name: row._mapping[name] for name in job_events.c.keys()}  # noqa: SIM118 (a collection of columns)
    values["event"], values["actor"] = Event(row.event), Actor(row.actor)
    values["from_status"] = Status(row.from_status) if row.from_status else None
    values["to_status"] = Status(row.to_status)
    return JobEvent(**values)
