"""Paused job types: while a type is paused, none of its jobs is claimed.

The pauses stay in their table when they are over, with who made and ended them, and why.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import jobs, type_pauses
from app.jobs.clock import Clock
from app.jobs.model import Caller


@dataclass(frozen=True)
class TypePause:
    """A time in which no job of ``type`` is claimed. Times are in UTC; ``resumed_at`` is None while it lasts.

    ``paused_by`` and ``resumed_by`` are ids of users, or names of parts of the service.
    """

    type: str
    reason: str | None
    paused_by: str | None
    paused_at: datetime
    resumed_by: str | None
    resumed_at: datetime | None


class Pauses:
    """Reads and writes the pauses of job types."""

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or Clock()

    async def open(self) -> dict[str, TypePause]:
        """Return the pauses that last, by type."""
        query = select(type_pauses).where(type_pauses.c.resumed_at.is_(None)).order_by(type_pauses.c.type)
        async with self._engine.connect() as connection:
            return {row.type: _pause(row) for row in await connection.execute(query)}

    async def newest(self, type: str, *, limit: int) -> list[TypePause]:
        """Return the pauses of a type, the newest first."""
        query = select(type_pauses).where(type_pauses.c.type == type).order_by(type_pauses.c.paused_at.desc())
        async with self._engine.connect() as connection:
            return [_pause(row) for row in await connection.execute(query.limit(limit))]

    async def begin(self, type: str, *, caller: Caller, reason: str | None) -> tuple[TypePause, bool]:
        """Pause ``type``, unless it is paused already; return its pause, and whether that began now."""
        lasts = type_pauses.c.resumed_at.is_(None)
        new = (
            insert(type_pauses)
            .values(id=uuid4(), type=type, reason=reason, paused_by=caller.id, paused_at=self._clock.now())
            .on_conflict_do_nothing(index_elements=["type"], index_where=lasts)
            .returning(*type_pauses.c)
        )
        known = select(type_pauses).where(type_pauses.c.type == type, lasts).with_for_update()
        while True:
            async with self._engine.begin() as connection:
                row = (await connection.execute(new)).one_or_none()
                if row is not None:
                    return _pause(row), True
                row = (await connection.execute(known)).one_or_none()
                if row is not None:
                    return _pause(row), False
            # Somebody has ended it between the two; then it can begin anew.

    async def end(self, type: str, *, caller: Caller) -> TypePause | None:
        """End the pause of ``type``, and return it as it is then; None: it was not paused."""
        ended = (
            update(type_pauses)
            .where(type_pauses.c.type == type, type_pauses.c.resumed_at.is_(None))
            .values(resumed_by=caller.id, resumed_at=self._clock.now())
            .returning(*type_pauses.c)
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(ended)).one_or_none()
        return _pause(row) if row else None


def is_held() -> ColumnElement[bool]:
    """Return the SQL condition that the type of a job is paused."""
    return exists().where(type_pauses.c.type == jobs.c.type, type_pauses.c.resumed_at.is_(None))


def was_held(since: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the SQL condition that the type of a job has been resumed after ``since``."""
    return exists().where(type_pauses.c.type == jobs.c.type, type_pauses.c.resumed_at > since)


#: When each type was resumed last. Who waited meanwhile has waited for a worker only since then.
RESUMED = (
    select(type_pauses.c.type, func.max(type_pauses.c.resumed_at).label("at"))
    .where(type_pauses.c.resumed_at.is_not(None))
    .group_by(type_pauses.c.type)
    .subquery("resumed")
)


def _pause(row: Row[Any]) -> TypePause:
    values = dict(row._mapping)
    del values["id"]
    return TypePause(**values)
