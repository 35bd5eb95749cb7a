"""All SQL of the job that parses plays. Each function is one part of the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.plays.model import Element, ElementKind
from app.plays.tables import play_drafts, play_elements, plays

_NAMES = [field.name for field in fields(Element)]


async def draft(connection: AsyncConnection, job_id: UUID, elements: Sequence[Element]) -> None:
    """Keep the elements of a chunk until the play is saved."""
    if elements:
        await connection.execute(insert(play_drafts), [{"job_id": job_id, **asdict(element)} for element in elements])


async def drafted(connection: AsyncConnection, job_id: UUID) -> list[Element]:
    """Return the elements of a job's play, in order."""
    query = select(*(play_drafts.c[name] for name in _NAMES)).where(play_drafts.c.job_id == job_id)
    rows = (await connection.execute(query.order_by(play_drafts.c.number))).mappings()
    return [Element(**{**row, "kind": ElementKind(row["kind"])}) for row in rows]


async def save(connection: AsyncConnection, play: Mapping[str, Any]) -> str:
    """Write a play with the elements that its job has drafted, and drop the drafts.

    Returns ``inserted``, ``updated`` or ``unchanged``; a play that is stored just so already is left as it is.
    """
    mine = play_drafts.c.job_id == play["job_id"]
    own = play_elements.c.play_id == play["id"]
    known = (await connection.execute(select(plays.c.id).where(plays.c.id == play["id"]))).first() is not None
    changed = (await connection.execute(_upsert_play(play).returning(plays.c.id))).all()
    number = select(func.count()).select_from(play_drafts).where(mine).scalar_subquery()
    left = delete(play_elements).where(own, play_elements.c.number >= number).returning(play_elements.c.number)
    gone = (await connection.execute(left)).all()
    written = (await connection.execute(_upsert_elements(play["id"], mine).returning(play_elements.c.number))).all()
    await connection.execute(delete(play_drafts).where(mine))
    if not known:
        return "inserted"
    return "updated" if changed or gone or written else "unchanged"


def _upsert_play(play: Mapping[str, Any]) -> Any:
    upsert = postgresql.insert(plays).values(dict(play))
    values = {name: upsert.excluded[name] for name in play if name not in ("id", "job_id")}
    differs = or_(*(plays.c[name].is_distinct_from(value) for name, value in values.items()))
    return upsert.on_conflict_do_update(
        index_elements=["id"],
        set_={**values, "job_id": upsert.excluded.job_id, "updated_at": func.now()},
        where=differs,
    )


def _upsert_elements(play_id: UUID, mine: Any) -> Any:
    rows = select(literal(play_id), *(play_drafts.c[name] for name in _NAMES)).where(mine)
    upsert = postgresql.insert(play_elements).from_select(["play_id", *_NAMES], rows.order_by(play_drafts.c.number))
    values = {name: upsert.excluded[name] for name in _NAMES if name != "number"}
    differs = or_(*(play_elements.c[name].is_distinct_from(value) for name, value in values.items()))
    return upsert.on_conflict_do_update(index_elements=["play_id", "number"], set_=values, where=differs)
