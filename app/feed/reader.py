"""What the feed reads from the database: new entries of the audit trail, and where jobs stand."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, Select, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import job_events, jobs
from app.feed.change import Filter, Happened, Moved, Subject
from app.feed.settled import Snapshot
from app.jobs.model import percent
from app.jobs.reader import read_event
from app.jobs.states import Status

_SUBJECT = (jobs.c.type.label("job_type"), jobs.c.created_by.label("job_created_by"))
_ENTRIES = select(*job_events.c, *_SUBJECT).join(jobs, jobs.c.id == job_events.c.job_id).order_by(job_events.c.id)


def _number(name: str) -> Any:
    return cast(cast(getattr(func, name)(func.pg_current_snapshot()), Text), BigInteger)


_SNAPSHOT = (_number("pg_snapshot_xmin").label("oldest"), _number("pg_snapshot_xmax").label("next"))


class FeedReader:
    """Reads for the feed; each method is one query."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def newest(self) -> int:
        """Return the newest visible id of the audit trail; 0 when it is empty."""
        async with self._engine.connect() as connection:
            return int((await connection.execute(select(func.coalesce(func.max(job_events.c.id), 0)))).scalar_one())

    async def behind(self, last: int, limit: int) -> tuple[Sequence[Happened], Snapshot]:
        """Return the entries behind ``last`` that are visible, with the snapshot that saw them."""
        rows = await self._rows(_ENTRIES.add_columns(*_SNAPSHOT).where(job_events.c.id > last).limit(limit))
        snapshot = Snapshot(rows[0].oldest, rows[0].next) if rows else Snapshot(0, 0)
        return [_happened(row) for row in rows], snapshot

    async def between(self, after: int, last: int, wanted: Filter, limit: int) -> Sequence[Happened]:
        """Return the entries with ids above ``after`` and up to ``last`` that ``wanted`` fits."""
        query = _ENTRIES.where(job_events.c.id > after, job_events.c.id <= last).limit(limit)
        return [_happened(row) for row in await self._rows(_filtered(query, wanted))]

    async def standing(self, job_ids: Collection[UUID]) -> Sequence[Moved]:
        """Return where these jobs stand now."""
        query = select(
            jobs.c.id.label("job_id"), jobs.c.status, jobs.c.stage, jobs.c.total_items, jobs.c.processed_items,
            jobs.c.output_stats, *_SUBJECT,
        )  # fmt: skip
        return [_moved(row) for row in await self._rows(query.where(jobs.c.id.in_(job_ids)).order_by(jobs.c.id))]

    async def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        async with self._engine.connect() as connection:
            return list(await connection.execute(query))


def _filtered(query: Select[Any], wanted: Filter) -> Select[Any]:
    for column, value in ((job_events.c.job_id, wanted.job_id), (jobs.c.type, wanted.type)):
        if value is not None:
            query = query.where(column == value)
    return query if wanted.created_by is None else query.where(jobs.c.created_by == wanted.created_by)


def _subject(row: Row[Any]) -> Subject:
    return Subject(row.job_id, row.job_type, row.job_created_by)


def _happened(row: Row[Any]) -> Happened:
    return Happened(_subject(row), read_event(row))


def _moved(row: Row[Any]) -> Moved:
    status = Status(row.status)
    done = percent(status, row.output_stats, row.processed_items, row.total_items)
    return Moved(_subject(row), status, done, row.stage, row.processed_items, row.total_items)
