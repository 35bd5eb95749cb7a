"""All SQL of geocoding: which households a job has chosen, what their look-ups gave, and the writing back.

Each function is one part of the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    column,
    delete,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.households.model import Address, Finding, HouseholdFilter, Outcome
from app.households.tables import geocode_selection, households

_FINDING = ("outcome", "reason", "latitude", "longitude")


@dataclass(frozen=True)
class Located:
    """One household whose finding has been written back."""

    household_id: int
    outcome: Outcome
    reason: str | None


async def count(connection: AsyncConnection, filters: HouseholdFilter) -> int:
    """Return how many households the filter selects at present."""
    query = select(func.count()).select_from(households).where(*_conditions(filters))
    return (await connection.execute(query)).scalar_one()


async def fix(
    connection: AsyncConnection, job_id: UUID, filters: HouseholdFilter, *, before: datetime, limit: int | None
) -> int:
    """Choose, for good, the households that the filter selects and that existed ``before``; return their number."""
    chosen = (
        select(literal(job_id), households.c.id)
        .where(households.c.created_at <= before, *_conditions(filters))
        .order_by(households.c.id)
        .limit(limit)
    )
    inserted = (
        insert(geocode_selection)
        .from_select(["job_id", "household_id"], chosen)
        .on_conflict_do_nothing()
        .returning(geocode_selection.c.household_id)
    )
    return (await connection.execute(select(func.count()).select_from(inserted.cte("inserted")))).scalar_one()


async def fixed(connection: AsyncConnection, job_id: UUID, *, after: int, limit: int) -> Sequence[int]:
    """Return the next ``limit`` household ids behind ``after`` that were fixed and not looked up yet."""
    query = (
        select(geocode_selection.c.household_id)
        .where(
            geocode_selection.c.job_id == job_id,
            geocode_selection.c.household_id > after,
            geocode_selection.c.outcome.is_(None),
        )
        .order_by(geocode_selection.c.household_id)
        .limit(limit)
    )
    return (await connection.execute(query)).scalars().all()


async def matching(
    connection: AsyncConnection, job_id: UUID, filters: HouseholdFilter, *, after: int, limit: int
) -> Sequence[int]:
    """Return the next ``limit`` ids behind ``after`` that the filter selects now and the job has not looked up."""
    had = (
        select(geocode_selection.c.household_id)
        .where(geocode_selection.c.job_id == job_id, geocode_selection.c.household_id == households.c.id)
        # OFFSET keeps it one index look-up per household; as a join it would read all that the job has had, each time.
        .offset(0)
        .exists()
    )
    query = (
        select(households.c.id)
        .where(households.c.id > after, *_conditions(filters), ~had)
        .order_by(households.c.id)
        .limit(limit)
    )
    return (await connection.execute(query)).scalars().all()


async def take(connection: AsyncConnection, household_ids: Sequence[int]) -> Mapping[int, Address]:
    """Count a look-up for each household and return their addresses by id.

    The caller must note their findings in the same transaction.
    """
    chosen = (
        select(households.c.id)
        .where(households.c.id == func.any(literal(list(household_ids), ARRAY(BigInteger()))))
        # All jobs lock in the order of ids, so that two of them cannot wait for each other.
        .order_by(households.c.id)
        .with_for_update(key_share=True)
        .cte("chosen")
    )
    statement = (
        update(households)
        .where(households.c.id == chosen.c.id)
        .values(geocode_attempts=households.c.geocode_attempts + 1)
        .returning(households.c.id, households.c.street, households.c.city, households.c.state, households.c.zip)
    )
    found = await connection.execute(statement)
    return {row.id: Address(row.street, row.city, row.state, row.zip) for row in sorted(found, key=lambda row: row.id)}


async def note(connection: AsyncConnection, job_id: UUID, findings: Mapping[int, Finding]) -> None:
    """Note what look-ups gave, by household id."""
    found = [{"household_id": household_id, **asdict(finding)} for household_id, finding in findings.items()]
    columns = [column(name, geocode_selection.c[name].type) for name in ("household_id", *_FINDING)]
    rows = func.json_to_recordset(literal(found, JSON)).table_valued(*columns, name="found")
    noted = insert(geocode_selection).from_select(
        ["job_id", "household_id", *_FINDING],
        select(literal(job_id), *rows.render_derived(with_types=True).c),
    )
    await connection.execute(
        noted.on_conflict_do_update(
            index_elements=["job_id", "household_id"], set_={name: noted.excluded[name] for name in _FINDING}
        )
    )


async def refresh_statistics(connection: AsyncConnection) -> None:
    """Tell the planner how the selection looks; it has just been filled, and would be read in whole for every batch."""
    await connection.execute(text(f"ANALYZE {geocode_selection.name}"))


async def write_back(connection: AsyncConnection, job_id: UUID, *, after: int, limit: int) -> list[Located]:
    """Move the findings of the next ``limit`` households behind id ``after`` to their rows; return them by id."""
    mine = geocode_selection.c.job_id == job_id
    chosen = (
        select(households.c.id)
        .join(geocode_selection, geocode_selection.c.household_id == households.c.id)
        .where(
            mine,
            geocode_selection.c.household_id > after,
            # Said of both sides, or a merge would read all households before it, each time.
            households.c.id > after,
            geocode_selection.c.outcome.is_not(None),
        )
        .order_by(households.c.id)
        .limit(limit)
        .with_for_update(of=households, key_share=True)
        .cte("chosen")
    )
    done = (
        delete(geocode_selection)
        .where(mine, geocode_selection.c.household_id == chosen.c.id)
        .returning(geocode_selection.c.household_id, *(geocode_selection.c[name] for name in _FINDING))
        .cte("done")
    )
    statement = (
        update(households)
        .where(households.c.id == done.c.household_id)
        .values(
            geocode_outcome=done.c.outcome,
            geocode_reason=done.c.reason,
            latitude=done.c.latitude,
            longitude=done.c.longitude,
            geocoded_at=func.now(),
        )
        .returning(households.c.id, households.c.geocode_outcome, households.c.geocode_reason)
    )
    moved = [Located(row[0], Outcome(row[1]), row[2]) for row in await connection.execute(statement)]
    return sorted(moved, key=lambda located: located.household_id)


def _conditions(filters: HouseholdFilter) -> list[ColumnElement[bool]]:
    columns = {
        "geocode_status": filters.status, "state": filters.state, "city": filters.city, "zip": filters.zip,
    }  # fmt: skip
    return [households.c[name] == str(value) for name, value in columns.items() if value is not None]
