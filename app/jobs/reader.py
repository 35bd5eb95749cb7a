"""Reading jobs and their audit trail."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Row,
    ScalarSelect,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.tables import NO_JOBS, job_events, jobs
from app.database.texts import MARK, MARKED, job_texts
from app.jobs.clock import Clock
from app.jobs.dependency import DependencyPolicy
from app.jobs.due import is_due
from app.jobs.listing import COUNT_CAP, Count, Cursor, JobFilter, JobPage, Unfinished
from app.jobs.model import Job, JobEvent, Request, Standing
from app.jobs.pauses import is_held
from app.jobs.states import TERMINAL, Actor, Event, Status, names

#: Jobs among which words are looked for one by one before their index is asked: at first, and if they are found often.
#: With a million jobs each look takes some 10 ms for every 30,000; the second is so long that it finds as many as are
#: counted if as few were found by the first as ``_CROSSING`` asks for.
NEAR, WIDE = 30_000, 130_000

#: How often that is. To go on takes longer the fewer are found, to ask the index longer the more are found; with a
#: million jobs both take as long when this is the square of those found over those wanted.
_CROSSING = 50


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
        # The ids first: where an index has all that is asked for, no other row is looked at.
        wanted = _newest(filters, limit + 1, after=cursor)
        query = select(jobs).where(jobs.c.id.in_(wanted)).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        async with self._looking() as connection:
            found = [read_job(row) for row in await connection.execute(query)]
        items = found[:limit]
        last = items[-1] if len(found) > limit else None
        return JobPage(items, Cursor(last.created_at, last.id).encode(filters) if last else None)

    async def standings(self, filters: JobFilter, *, limit: int) -> list[Standing]:
        """Return how at most ``limit`` of the jobs that ``filters`` finds stand, by id."""
        columns = (jobs.c.id, jobs.c.status, jobs.c.control_request, jobs.c.created_by)
        query = select(*columns).where(*_conditions(filters)).limit(limit)
        if filters.text is not None:
            query = query.join(job_texts, job_texts.c.job_id == jobs.c.id).where(_told(filters))
        async with self._looking() as connection:
            found = [
                Standing(row.id, Status(row.status), read_request(row.control_request), row.created_by)
                for row in await connection.execute(query)
            ]
        return sorted(found, key=lambda standing: standing.id)

    async def events(self, job_id: UUID) -> list[JobEvent]:
        """Return the audit trail of a job, oldest first."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                select(job_events).where(job_events.c.job_id == job_id).order_by(job_events.c.id)
            )
            return [read_event(row) for row in rows]

    async def counts(self, filters: JobFilter, *, cap: int = COUNT_CAP) -> dict[Status, Count]:
        """Return how many jobs of each status ``filters`` finds, up to ``cap``; it asks for these statuses, or for all.

        Counting with a text looks at the newest ``cap`` jobs that it finds, whatever their status.
        """
        statuses = filters.status or tuple(Status)
        if filters.text is not None:
            newest = _newest(filters, cap + 1)
            query = select(jobs.c.status, func.count()).where(jobs.c.id.in_(newest)).group_by(jobs.c.status)
            async with self._looking() as connection:
                found = {row[0]: row[1] for row in await connection.execute(query)}
            more = sum(found.values()) > cap
            return {status: Count(min(found.get(status.value, 0), cap), more) for status in statuses}
        each = [_upto(replace(filters, status=(status,)), cap + 1).label(status.value) for status in statuses]
        async with self._looking() as connection:
            row = (await connection.execute(select(*each))).one()
        return {status: Count(min(number, cap), number > cap) for status, number in zip(statuses, row, strict=True)}

    async def dependents(self, job_id: UUID, *, limit: int) -> list[Job]:
        """Return at most ``limit`` jobs that were created to wait for this one, the newest first."""
        waiting = jobs.c.depends_on.contains([job_id]) & (jobs.c.depends_on != NO_JOBS)
        query = select(jobs).where(waiting).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
        async with self.engine.connect() as connection:
            return [read_job(row) for row in await connection.execute(query)]

    async def unfinished(self) -> list[Unfinished]:
        """Return how many jobs of each type have not ended, by type and status, and how many of them are due."""
        due = func.count().filter(is_due(self.clock))
        query = (
            select(jobs.c.type, jobs.c.status, func.count(), due)
            .where(jobs.c.status.in_(names(status for status in Status if status not in TERMINAL)))
            .group_by(jobs.c.type, jobs.c.status)
            .order_by(jobs.c.type, jobs.c.status)
        )
        async with self._looking() as connection:
            return [Unfinished(row[0], Status(row[1]), row[2], row[3]) for row in await connection.execute(query)]

    async def totals(self) -> dict[str, int]:
        """Return the exact number of jobs in each status."""
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

        Jobs of paused types, and of the types ``without``, are left out.
        """
        query = (
            select(jobs.c.id, jobs.c.run)
            .where(
                jobs.c.status == Status.PENDING.value,
                jobs.c.waits_for == NO_JOBS,
                jobs.c.updated_at < self.clock.now(-quiet),
                jobs.c.type.not_in(without),
                not_(is_held()),
            )
            .order_by(jobs.c.id)
            .limit(limit)
        )
        if after:
            query = query.where(jobs.c.id > after)
        async with self.engine.connect() as connection:
            return [(row.id, row.run) for row in await connection.execute(query)]

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for what people look for: no two of their questions are alike.

        Each is planned for its own values, not for average ones.
        """
        async with self.engine.connect() as connection:
            await connection.execute(_PLANNING)
            yield connection


_PLANNING = select(func.set_config("plan_cache_mode", "force_custom_plan", True))


def _newest(filters: JobFilter, most: int, *, after: Cursor | None = None) -> Select[Any] | CompoundSelect[Any]:
    """Return a query for the ids of the newest ``most`` of what ``filters`` finds, that are older than ``after``."""
    conditions = _conditions(filters)
    if filters.text is None:
        query = select(jobs.c.id).where(*conditions)
        return _ordered(query, jobs.c.created_at, jobs.c.id, after).limit(most)
    found = _told(filters)
    columns = (job_texts.c.job_id, job_texts.c.created_at)
    if conditions:
        query = select(columns[0]).where(found).join(jobs, jobs.c.id == columns[0]).where(*conditions)
        return _ordered(query, *columns[::-1], after).limit(most)
    # Words that many jobs have are soon found among the newest jobs, words that few have by their index. How many that
    # is nobody can tell of words that come together, so some of the newest are looked through first, and tell.
    newest = _ordered(select(*columns, job_texts.c.words), *columns[::-1], after)
    near, near_found = _among(newest.limit(NEAR), filters, most, "near")
    wide, wide_found = _among(newest.limit(WIDE), filters, most, "wide")
    enough = near_found >= most
    often = and_(not_(enough), near_found * near_found >= most * _CROSSING)
    # A case, so that the wide look is taken only when it is asked for.
    widely = case((often, wide_found >= most), else_=False)
    # On its own, so that its order does not tempt to go through all jobs.
    all_ = _older(select(*columns).where(found), *columns[::-1], after).cte("found").prefix_with("MATERIALIZED")
    far = _ordered(select(all_.c.job_id), all_.c.created_at, all_.c.job_id).limit(most).subquery()
    return union_all(
        select(near.c.job_id).where(enough),
        select(wide.c.job_id).where(widely),
        select(far.c.job_id).where(not_(enough), not_(widely)),
    )


def _among(newest: Select[Any], filters: JobFilter, most: int, name: str) -> tuple[CTE, ScalarSelect[int]]:
    """Return the first ``most`` of what a text finds in ``newest``, and how many they are."""
    looked = newest.subquery()
    told = _told(filters, looked.c.words)
    found = _ordered(select(looked.c.job_id).where(told), looked.c.created_at, looked.c.job_id).limit(most).cte(name)
    return found, select(func.count()).select_from(found).scalar_subquery()


def _ordered(
    query: Select[Any], created_at: ColumnElement[Any], job_id: ColumnElement[Any], after: Cursor | None = None
) -> Select[Any]:
    return _older(query, created_at, job_id, after).order_by(created_at.desc(), job_id.desc())


def _older(
    query: Select[Any], created_at: ColumnElement[Any], job_id: ColumnElement[Any], after: Cursor | None
) -> Select[Any]:
    return query.where(tuple_(created_at, job_id) < tuple_(after.created_at, after.id)) if after else query


def _upto(filters: JobFilter, most: int) -> ScalarSelect[int]:
    """Return the number of jobs that ``filters``, which has no text, finds; counting ends at ``most``."""
    some = select(literal(1)).select_from(jobs).where(*_conditions(filters)).limit(most).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _told(filters: JobFilter, words: ColumnElement[Any] = job_texts.c.words) -> ColumnElement[bool]:
    """Return the condition that a job's words are those of the text, and its marks those of type and statuses."""
    wanted: ColumnElement[Any] = func.words_wanted(filters.text)
    marks = [[filters.type]] if filters.type is not None else []
    marks += [names(filters.status)] if _is_marked(filters) else []
    if marks:
        asked = " & ".join("(" + " | ".join(f"'{MARK}{_quoted(mark)}'" for mark in each) + ")" for each in marks)
        wanted = wanted.op("&&")(cast(asked, TSQUERY))
    found: ColumnElement[bool] = words.op("@@")(wanted)
    return found


def _quoted(text: str) -> str:
    """Return a text as it stands between quotes in a ``tsquery``."""
    return text.replace("\\", "\\\\").replace("'", "''")


def _is_marked(filters: JobFilter) -> bool:
    return bool(filters.status) and set(filters.status) <= set(MARKED)


def _conditions(filters: JobFilter) -> list[ColumnElement[bool]]:
    """Return what holds for the jobs that ``filters`` finds, besides what their words and marks say."""
    conditions = []
    if filters.status and (filters.text is None or not _is_marked(filters)):
        conditions.append(jobs.c.status.in_(names(filters.status)))
    if filters.ids is not None:
        conditions.append(jobs.c.id.in_(filters.ids))
    asked = (
        ("type", filters.type if filters.text is None else None),
        ("stage", filters.stage),
        ("created_by", filters.created_by),
        ("schedule_id", filters.schedule_id),
        ("fingerprint", filters.fingerprint),
    )
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
