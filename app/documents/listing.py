"""Reading documents: the list, one with its connections, and its chunks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.cursor import KeyCursor, Page, Row
from app.documents.model import DocumentFormat
from app.documents.tables import document_chunks, document_connections, documents
from app.problems import DocumentNotFound, InvalidCursor

#: Connections that are shown of a document, the strongest.
MOST_CONNECTIONS = 50

_SHOWN = [column for column in documents.c if column.name not in ("vector", "pipeline", "encoding")]


@dataclass(frozen=True)
class DocumentReader:
    """Reads documents; each method is one look at the database."""

    engine: AsyncEngine

    async def page(self, *, format: DocumentFormat | None, limit: int, cursor: str | None) -> Page:
        """Return at most ``limit`` documents, newest first, behind ``cursor``. Raises InvalidCursor."""
        cursors = KeyCursor("documents", [format])
        order = tuple_(documents.c.created_at, documents.c.id)
        query = select(*_SHOWN).order_by(documents.c.created_at.desc(), documents.c.id.desc()).limit(limit + 1)
        if format:
            query = query.where(documents.c.format == format.value)
        if cursor:
            try:
                at, last = cursors.decode(cursor)
                query = query.where(order < tuple_(datetime.fromisoformat(at), UUID(last)))
            except ValueError:
                raise InvalidCursor("The cursor is not one that this list made.") from None
        async with self.engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        shown = [dict(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(shown, cursors.encode(shown[-1]["created_at"].isoformat(), str(shown[-1]["id"])) if more else None)

    async def get(self, document_id: UUID) -> tuple[Row, list[Row]]:
        """Return a document and its strongest connections. Raises DocumentNotFound."""
        mine = or_(document_connections.c.first_id == document_id, document_connections.c.second_id == document_id)
        other = case(
            (document_connections.c.first_id == document_id, document_connections.c.second_id),
            else_=document_connections.c.first_id,
        )
        query = (
            select(documents.c.id, documents.c.title, document_connections.c.similarity, document_connections.c.shared)
            .select_from(document_connections)
            .join(documents, documents.c.id == other)
            .where(mine)
            .order_by(document_connections.c.similarity.desc(), documents.c.id)
            .limit(MOST_CONNECTIONS)
        )
        async with self.engine.connect() as connection:
            found = (await connection.execute(select(*_SHOWN).where(documents.c.id == document_id))).mappings()
            row = found.one_or_none()
            if row is None:
                raise DocumentNotFound(f"There is no document {document_id}.")
            connected = (await connection.execute(query)).mappings().all()
        return dict(row), [dict(one) for one in connected]

    async def chunks(self, document_id: UUID, *, limit: int, cursor: str | None) -> Page:
        """Return at most ``limit`` chunks of a document, in order. Raises DocumentNotFound, InvalidCursor."""
        cursors = KeyCursor("chunks", [document_id])
        shown = [column for column in document_chunks.c if column.name not in ("vector", "document_id")]
        query = select(*shown).where(document_chunks.c.document_id == document_id)
        if cursor:
            try:
                (last,) = map(int, cursors.decode(cursor))
            except ValueError:
                raise InvalidCursor("The cursor is not one that this list made.") from None
            query = query.where(document_chunks.c.number > min(last, 2**31 - 1))
        async with self.engine.connect() as connection:
            if not (await connection.execute(select(documents.c.id).where(documents.c.id == document_id))).first():
                raise DocumentNotFound(f"There is no document {document_id}.")
            rows = (await connection.execute(query.order_by(document_chunks.c.number).limit(limit + 1))).mappings()
            found = [dict(row) for row in rows]
        return Page(found[:limit], cursors.encode(str(found[limit - 1]["number"])) if len(found) > limit else None)
