"""Reading households: the list, and the counts."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

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
        digest = hashlib.sha256(repr((sorted(status), sorted(outcome))).encode()).hexdigest()[:16]
        query = select(households).order_by(households.c.id).limit(limit + 1)
        if status:
            query = query.where(households.c.geocode_status.in_([one.value for one in status]))
        if outcome:
            query = query.where(households.c.geocode_outcome.in_([one.value for one in outcome]))
        if cursor:
            query = query.where(households.c.id > _decode(cursor, digest))
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
        return HouseholdPage(found, _encode(found[-1].id, digest) if len(rows) > limit else None)

    async def counts(self) -> HouseholdCounts:
        """Count all households by outcome."""
        query = select(households.c.geocode_outcome, func.count()).group_by(households.c.geocode_outcome)
        async with self._engine.connect() as connection:
            counts = {row[0]: row[1] for row in await connection.execute(query)}
        return HouseholdCounts(
            pending=counts.pop(None, 0),
            by_outcome={outcome: counts.get(outcome.value, 0) for outcome in Outcome},
        )


def _encode(last: int, digest: str) -> str:
    return base64.urlsafe_b64encode(f"households|{digest}|{last}".encode()).decode().rstrip("=")


def _decode(text: str, digest: str) -> int:
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        kind, own_digest, last = plain.split("|")
        if kind != "households":
            raise ValueError(kind)
        household = int(last)
    except (ValueError, binascii.Error):
        raise InvalidCursor("The cursor is not one that this list made.") from None
    if own_digest != digest or not 0 < household < 2**63:
        raise InvalidCursor("The cursor belongs to a list with other filters.")
    return household
