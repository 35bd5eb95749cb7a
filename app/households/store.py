"""All SQL of the import of voters. Each function is one part of the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    FromClause,
    Select,
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

from app.households.model import BadRow, Voter
from app.households.tables import households, import_rows, voters

_ADDRESS = ("state", "city", "zip", "street")
_PERSON = ("first_name", "last_name", "birth_year")


@dataclass(frozen=True)
class Written:
    """What one chunk of rows did to the tables."""

    rows: int
    inserted: int
    updated: int
    new_households: int

    @property
    def unchanged(self) -> int:
        """Rows whose voter was already stored just so; nothing was written for them."""
        return self.rows - self.inserted - self.updated


async def stage_rows(connection: AsyncConnection, job_id: UUID, batch: Sequence[Voter]) -> list[BadRow]:
    """Keep accepted rows of a job for writing; return those that repeat a voter of an earlier line, in file order."""
    if not batch:
        return []
    rows = _table(batch)
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


async def write_rows(connection: AsyncConnection, job_id: UUID, *, after: int, upto: int) -> Written:
    """Write the kept rows behind line ``after`` up to line ``upto`` to households and voters, and drop them."""
    # Lines bound the chunk, not a LIMIT: a range needs no sort, whatever the planner believes of a table just filled.
    chunk = and_(import_rows.c.job_id == job_id, import_rows.c.line > after, import_rows.c.line <= upto)
    new_households = (await connection.execute(_insert_households(chunk))).scalar_one()
    changed = (await connection.execute(_upsert_voters(chunk))).scalars().all()
    dropped = delete(import_rows).where(chunk).returning(import_rows.c.line).cte("dropped")
    rows = (await connection.execute(select(func.count()).select_from(dropped))).scalar_one()
    inserted = sum(changed)
    return Written(rows, inserted, len(changed) - inserted, new_households)


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


def _table(batch: Sequence[Voter]) -> FromClause:
    """Return the rows as a table in SQL, sent as one JSON value; dumping that is faster than an array per column."""
    rows = [
        {"line": voter.line, "voter_id": voter.voter_id, "birth_year": voter.birth_year}
        | {"first_name": voter.first_name, "last_name": voter.last_name}
        | {name: getattr(voter.address, name) for name in _ADDRESS}
        for voter in batch
    ]
    columns = [column(name, import_rows.c[name].type) for name in rows[0]]
    table = func.json_to_recordset(literal(rows, JSON)).table_valued(*columns, name="rows")
    return table.render_derived(with_types=True)
