"""All SQL of the import of voters. Each function is one part of the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    FromClause,
    Select,
    SmallInteger,
    Text,
    and_,
    column,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from app.households.model import BadRow, Voter
from app.households.tables import households, import_rows, voters

_ADDRESS = ("state", "city", "zip", "street")
_PERSON = ("first_name", "last_name", "birth_year")


@dataclass(frozen=True)
class Written:
    """What one chunk of rows did to the tables; it ends at ``last_line``. No rows: there was nothing left to write."""

    last_line: int
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    new_households: int = 0

    @property
    def unchanged(self) -> int:
        """Rows whose voter was already stored just so; nothing was written for them."""
        return self.rows - self.inserted - self.updated


async def stage_rows(connection: AsyncConnection, job_id: UUID, batch: Sequence[Voter]) -> list[BadRow]:
    """Keep accepted rows of a job for writing; return those that repeat a voter of an earlier line, in file order."""
    if not batch:
        return []
    rows = _unnested(batch)
    statement = (
        insert(import_rows)
        .from_select(["job_id", *rows.c.keys()], select(literal(job_id), *rows.c).order_by(rows.c.line))
        .on_conflict_do_nothing()
        .returning(import_rows.c.line)
    )
    kept = set((await connection.execute(statement)).scalars())
    repeated = [voter for voter in batch if voter.line not in kept]
    if not repeated:
        return []
    first = select(import_rows.c.voter_id, import_rows.c.line).where(
        import_rows.c.job_id == job_id, import_rows.c.voter_id.in_([voter.voter_id for voter in repeated])
    )
    lines = {row.voter_id: row.line for row in await connection.execute(first)}
    return [BadRow(voter.line, f"voter_id stands already in line {lines[voter.voter_id]}") for voter in repeated]


async def write_rows(connection: AsyncConnection, job_id: UUID, *, after: int, limit: int) -> Written:
    """Write the next ``limit`` kept rows behind line ``after`` to households and voters, and drop them."""
    mine = and_(import_rows.c.job_id == job_id, import_rows.c.line > after)
    lines = select(import_rows.c.line).where(mine).order_by(import_rows.c.line).limit(limit).subquery()
    count, last = (await connection.execute(select(func.count(), func.max(lines.c.line)).select_from(lines))).one()
    if not count:
        return Written(after)
    chunk = and_(mine, import_rows.c.line <= last)
    new_households = (await connection.execute(_insert_households(chunk))).scalar_one()
    changed = (await connection.execute(_upsert_voters(chunk))).scalars().all()
    await connection.execute(delete(import_rows).where(chunk))
    inserted = sum(changed)
    return Written(last, count, inserted, len(changed) - inserted, new_households)


def _insert_households(chunk: Any) -> Any:
    address = [import_rows.c[name] for name in _ADDRESS]
    known = select(households.c.id).where(*_same_address())
    # Known ones are left out beforehand, so that they use up no ids; the conflict clause is for concurrent imports.
    # One order for all imports, so that two of them cannot wait for each other.
    new = select(*address).where(chunk, ~known.exists()).distinct().order_by(*address)
    inserted = insert(households).from_select(_ADDRESS, new).on_conflict_do_nothing().returning(households.c.id)
    return select(func.count()).select_from(inserted.cte("inserted"))


def _upsert_voters(chunk: Any) -> Any:
    person = [import_rows.c[name] for name in _PERSON]
    rows: Select[Any] = (
        select(import_rows.c.voter_id, households.c.id, *person)
        .join(households, and_(*_same_address()))
        .where(chunk)
        .order_by(import_rows.c.voter_id)
    )
    upsert = insert(voters).from_select(["voter_id", "household_id", *_PERSON], rows)
    values = {name: upsert.excluded[name] for name in ("household_id", *_PERSON)}
    differs = or_(*(voters.c[name].is_distinct_from(value) for name, value in values.items()))
    return upsert.on_conflict_do_update(
        index_elements=["voter_id"], set_={**values, "updated_at": func.now()}, where=differs
    ).returning(literal_column("(voters.xmax = 0)").label("inserted"))  # no deleter: the row is new, not updated


def _same_address() -> list[Any]:
    return [households.c[name] == import_rows.c[name] for name in _ADDRESS]


def _unnested(batch: Sequence[Voter]) -> FromClause:
    """Return the rows as a table in SQL, sent as one array per column."""
    table: list[tuple[str, TypeEngine[Any], list[Any]]] = [
        ("line", BigInteger(), [voter.line for voter in batch]),
        ("voter_id", Text(), [voter.voter_id for voter in batch]),
        ("first_name", Text(), [voter.first_name for voter in batch]),
        ("last_name", Text(), [voter.last_name for voter in batch]),
        ("birth_year", SmallInteger(), [voter.birth_year for voter in batch]),
        *((name, Text(), [getattr(voter.address, name) for voter in batch]) for name in _ADDRESS),
    ]
    arrays = [literal(values, ARRAY(kind)) for _, kind, values in table]
    return func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind, _ in table), name="rows").render_derived()
