"""Every write to schedules, and every read of them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.tables import schedules
from app.jobs.clock import Clock
from app.problems import ScheduleNameTaken, ScheduleNotFound
from app.schedules.model import CatchUp, Schedule


class ScheduleStore:
    """The table of schedules."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock

    async def now(self, connection: AsyncConnection) -> datetime:
        """Return the time of the database."""
        return (await connection.execute(select(self.clock.now()))).scalar_one()

    async def add(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Schedule:
        """Insert a schedule. Raises ScheduleNameTaken."""
        now = self.clock.now()
        statement = insert(schedules).values(id=uuid4(), created_at=now, updated_at=now, **values)
        try:
            row = (await connection.execute(statement.returning(*schedules.c))).one()
        except IntegrityError as error:
            raise _name_taken(error, values["name"]) from None
        return _schedule(row)

    async def all(self) -> list[Schedule]:
        """Return all schedules, by name."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(schedules).order_by(schedules.c.name))
            return [_schedule(row) for row in rows]

    async def count(self, connection: AsyncConnection) -> int:
        """Return how many schedules there are."""
        return (await connection.execute(select(func.count()).select_from(schedules))).scalar_one()

    async def get(self, schedule_id: UUID) -> Schedule:
        """Return a schedule. Raises ScheduleNotFound."""
        async with self.engine.connect() as connection:
            return await self._one(connection, select(schedules).where(schedules.c.id == schedule_id), schedule_id)

    async def hold(self, connection: AsyncConnection, schedule_id: UUID) -> Schedule:
        """Return a schedule that nobody else changes until the end of the transaction. Raises ScheduleNotFound."""
        query = select(schedules).where(schedules.c.id == schedule_id).with_for_update()
        return await self._one(connection, query, schedule_id)

    async def due(self, connection: AsyncConnection, *, without: Collection[UUID]) -> Schedule | None:
        """Return the schedule that has been due longest and that no other process holds, and hold it; or None."""
        query = (
            select(schedules)
            .where(schedules.c.enabled, schedules.c.next_at <= self.clock.now(), schedules.c.id.not_in(without))
            .order_by(schedules.c.next_at, schedules.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = (await connection.execute(query)).one_or_none()
        return _schedule(row) if row else None

    async def change(self, connection: AsyncConnection, schedule_id: UUID, values: Mapping[str, Any]) -> Schedule:
        """Change a schedule. Raises ScheduleNameTaken, ScheduleNotFound."""
        statement = update(schedules).where(schedules.c.id == schedule_id).values(values).returning(*schedules.c)
        try:
            return await self._one(connection, statement, schedule_id)
        except IntegrityError as error:
            raise _name_taken(error, values.get("name", "")) from None

    async def remove(self, schedule_id: UUID) -> None:
        """Delete a schedule; its jobs stay. Raises ScheduleNotFound."""
        async with self.engine.begin() as connection:
            statement = delete(schedules).where(schedules.c.id == schedule_id).returning(schedules.c.id)
            if (await connection.execute(statement)).one_or_none() is None:
                raise _unknown(schedule_id)

    async def _one(self, connection: AsyncConnection, statement: Any, schedule_id: UUID) -> Schedule:
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise _unknown(schedule_id)
        return _schedule(row)


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(**{**row._mapping, "catch_up": CatchUp(row.catch_up)})


def _unknown(schedule_id: UUID) -> ScheduleNotFound:
    return ScheduleNotFound(f"There is no schedule {schedule_id}.")


def _name_taken(error: IntegrityError, name: str) -> Exception:
    """Tell a taken name from what only a defect can violate."""
    taken = getattr(getattr(error.orig, "diag", None), "constraint_name", None) == "uq_schedules_name"
    return ScheduleNameTaken(f"There is a schedule called {name!r} already.") if taken else error
