"""Reading households: the list, and the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.cursor import KeyCursor
from app.households.model import GeocodeStatus, Outcome
from app.households.tables import households
from app.problems import InvalidCursor


@dataclass(frozen=True)
class HouseholdRow:
    """One row of the ``households`` table. Coordinates in degrees (WGS 84), times in UTC."""

    id: int
    street: str
    city: str
    state: str
    zip: str
    created_at: datetime
    geocode_outcome: Outcome | None
    geocode_status: GeocodeStatus
    geocode_reason: str | None
    latitude: float | None
    longitude: float | None
    geocoded_at: datetime | None
    geocode_attempts: int


@dataclass(frozen=True)
class HouseholdPage:
    """One page of households; ``next_cursor`` is None on the last one."""

    items: list[HouseholdRow]
    next_cursor: str | None


@dataclass(frozen=True)
class HouseholdCounts:
    """How many households there are for each outcome; those that were never looked up have none."""

    pending: int
    by_outcome: dict[Outcome, int]

    @property
    def total(self) -> int:
        """All households."""
        return self.pending + sum(self.by_outcome.values())

    @property
    def by_status(self) -> dict[GeocodeStatus, int]:
        """Households for each status."""
        counts = dict.fromkeys(GeocodeStatus, 0)
        counts[GeocodeStatus.PENDING] = self.pending
        for outcome, count in self.by_outcome.items():
            counts[outcome.status] += count
        return counts


class HouseholdReader:
    """Reads households; each method is one query."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self,
        *,
        status: Sequence[GeocodeStatus] = (),
        outcome: Sequence[Outcome] = (),
        limit: int,
        cursor: str | None = None,
    ) -> HouseholdPage:
        """Return at most ``limit`` households, by id, behind ``cursor``. Raises InvalidCursor."""
        cursors = KeyCursor("households", (sorted(status), sorted(outcome)))
        query = select(households).order_by(households.c.id).limit(limit + 1)
        if status:
            query = query.where(households.c.geocode_status.in_([one.value for one in status]))
        if outcome:
            query = query.where(households.c.geocode_outcome.in_([one.value for one in outcome]))
        if cursor:
            query = query.where(households.c.id > _last(cursors.decode(cursor)))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        found = [
            HouseholdRow(
                **{
                    **row._mapping,
                    "geocode_status": GeocodeStatus(row.geocode_status),
                    "geocode_outcome": Outcome(row.geocode_outcome) if row.geocode_outcome else None,
                }
            )
            for row in rows[:limit]
        ]
        return HouseholdPage(found, cursors.encode(str(found[-1].id)) if len(rows) > limit else None)

    async def counts(self) -> HouseholdCounts:
        """Count all households by outcome."""
        query = select(households.c.geocode_outcome, func.count()).group_by(households.c.geocode_outcome)
        async with self._engine.connect() as connection:
            counts = {row[0]: row[1] for row in await connection.execute(query)}
        return HouseholdCounts(
            pending=counts.pop(None, 0),
            by_outcome={outcome: counts.get(outcome.value, 0) for outcome in Outcome},
        )


def _last(keys: Sequence[str]) -> int:
    try:
        (household,) = map(int, keys)
        if not 0 < household < 2**63:
            raise ValueError(household)
    except ValueError:
        raise InvalidCursor("The cursor is not one that this list made.") from None
    return household
