"""All SQL of the job that processes documents. Each function is one part of the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, delete, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.documents.decoding import TextEncoding
from app.documents.embedding import Vector, similarity
from app.documents.model import PIPELINE, Chunk, DocumentFormat
from app.documents.tables import document_chunks, document_connections, document_drafts, documents

#: Documents whose similarity is at least this are connected.
LEAST_SIMILARITY = 0.25
#: PostgreSQL takes so many parameters with one statement; rows of chunks have seven.
_ROWS = 1_000


@dataclass(frozen=True)
class Other:
    """Another document, as far as it takes to compare it."""

    id: UUID
    vector: Vector
    keywords: Sequence[str]


async def processed(
    connection: AsyncConnection, sha256: str, format: DocumentFormat, encoding: TextEncoding | None
) -> UUID | None:
    """Return the document of this content if it was read in the same way by these stages."""
    query = select(documents.c.id).where(
        documents.c.sha256 == sha256,
        documents.c.format == format.value,
        documents.c.encoding.is_not_distinct_from(encoding.value if encoding else None),
        documents.c.pipeline == PIPELINE,
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def draft(connection: AsyncConnection, job_id: UUID, first: int, vectors: Sequence[Vector]) -> None:
    """Keep the vectors of a job's chunks from number ``first`` on."""
    rows = [{"job_id": job_id, "number": first + at, "vector": vector} for at, vector in enumerate(vectors)]
    await connection.execute(insert(document_drafts).on_conflict_do_nothing(), rows)


async def drafted(connection: AsyncConnection, job_id: UUID) -> list[Vector]:
    """Return the vectors of a job's chunks, in order."""
    query = select(document_drafts.c.vector).where(document_drafts.c.job_id == job_id)
    return list((await connection.execute(query.order_by(document_drafts.c.number))).scalars())


async def write(
    connection: AsyncConnection,
    document: Mapping[str, Any],
    chunks: Sequence[Chunk],
    vectors: Sequence[Vector],
) -> str:
    """Write a document with its chunks, and drop the job's drafts; what is stored just so already is left as it is.

    Returns ``inserted``, ``updated`` or ``unchanged``.
    """
    changed = await _upsert(connection, documents, [document], touch=True)
    own = document_chunks.c.document_id == document["id"]
    await connection.execute(delete(document_chunks).where(own, document_chunks.c.number >= len(chunks)))
    rows = [
        {"document_id": document["id"], "number": chunk.number, "section": chunk.section, "page": chunk.page,
         "text": chunk.text, "vector": vector}
        for chunk, vector in zip(chunks, vectors, strict=True)
    ]  # fmt: skip
    for at in range(0, len(rows), _ROWS):
        await _upsert(connection, document_chunks, rows[at : at + _ROWS])
    await connection.execute(delete(document_drafts).where(document_drafts.c.job_id == document["job_id"]))
    return {(): "unchanged", (True,): "inserted", (False,): "updated"}[tuple(changed)]


async def forget_connections(connection: AsyncConnection, document_id: UUID) -> None:
    """Delete the connections of a document, before they are found anew."""
    mine = _of(document_id)
    # In one order for all jobs, so that two of them cannot wait for each other.
    locked = select(document_connections.c.first_id).where(mine)
    await connection.execute(
        locked.order_by(document_connections.c.first_id, document_connections.c.second_id).with_for_update()
    )
    await connection.execute(delete(document_connections).where(mine))


async def others(connection: AsyncConnection, document_id: UUID, *, after: UUID | None, limit: int) -> list[Other]:
    """Return further documents to compare with, by id behind ``after``."""
    query = select(documents.c.id, documents.c.vector, documents.c.keywords).where(documents.c.id != document_id)
    if after:
        query = query.where(documents.c.id > after)
    return [Other(*row) for row in await connection.execute(query.order_by(documents.c.id).limit(limit))]


async def itself(connection: AsyncConnection, document_id: UUID) -> Other:
    """Return a document as far as it takes to compare it."""
    query = select(documents.c.id, documents.c.vector, documents.c.keywords).where(documents.c.id == document_id)
    return Other(*(await connection.execute(query)).one())


def connections_between(own: Other, found: Sequence[Other]) -> list[dict[str, Any]]:
    """Compare a document with others; return rows for those that are similar enough, in the order of locking."""
    rows = []
    for other in found:
        value = similarity(own.vector, other.vector)
        if value >= LEAST_SIMILARITY:
            first, second = sorted((own.id, other.id))
            shared = sorted(set(own.keywords) & set(other.keywords))
            rows.append({"first_id": first, "second_id": second, "similarity": round(value, 4), "shared": shared})
    return sorted(rows, key=lambda row: (row["first_id"], row["second_id"]))


async def connect(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write connections; those that are there already get the new similarity."""
    if rows:
        await _upsert(connection, document_connections, rows)


def _of(document_id: UUID) -> Any:
    return or_(document_connections.c.first_id == document_id, document_connections.c.second_id == document_id)


async def _upsert(
    connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], *, touch: bool = False
) -> list[bool]:
    """Write rows where they differ from what is stored; return for each that was written whether it is new."""
    upsert = insert(table).values([dict(row) for row in rows])
    keys = [column.name for column in table.primary_key]
    values: dict[str, Any] = {name: upsert.excluded[name] for name in rows[0] if name not in keys}
    # Which job wrote it first does not change what it is.
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in values.items() if name != "job_id"))
    if touch:
        values["updated_at"] = func.now()
    statement = upsert.on_conflict_do_update(index_elements=keys, set_=values, where=and_(differs))
    return list((await connection.execute(statement.returning(literal_column("(xmax = 0)")))).scalars())
