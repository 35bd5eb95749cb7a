"""The tables of documents, and the working table of the job that makes them."""

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.database.tables import metadata, one_of
from app.documents.model import DocumentFormat


def _list(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=text("'[]'"))


#: One row per content. The id is made of the content's digest, so the same bytes are the same document.
documents = Table(
    "documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("format", Text, nullable=False),
    # What the job was told of it; processing again with another one gives another text.
    Column("encoding", Text),
    Column("pipeline", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    _list("authors"),
    Column("date", Text),
    Column("language", Text),
    _list("tags"),
    _list("keywords"),
    Column("pages", Integer),
    Column("words", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("headings", Integer, nullable=False),
    Column("reading_minutes", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("vector", ARRAY(REAL), nullable=False),
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="SET NULL")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint(one_of("format", [format.value for format in DocumentFormat]), name="format"),
    Index("uq_documents_sha256", "sha256", unique=True),
    Index("ix_documents_created", text("created_at DESC"), text("id DESC")),
    Index("ix_documents_job_id", "job_id"),
)

document_chunks = Table(
    "document_chunks",
    metadata,
    Column("document_id", Uuid, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("section", Text, nullable=False),
    Column("page", Integer),
    Column("text", Text, nullable=False),
    Column("vector", ARRAY(REAL), nullable=False),
    PrimaryKeyConstraint("document_id", "number"),
)

#: Two documents that use the same words; the smaller id is the first.
document_connections = Table(
    "document_connections",
    metadata,
    Column("first_id", Uuid, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("second_id", Uuid, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("similarity", REAL, nullable=False),
    _list("shared"),
    PrimaryKeyConstraint("first_id", "second_id"),
    CheckConstraint("first_id < second_id", name="order"),
    Index("ix_document_connections_second_id", "second_id"),
)

#: Vectors of a job's chunks until the document is written.
document_drafts = Table(
    "document_drafts",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("vector", ARRAY(REAL), nullable=False),
    PrimaryKeyConstraint("job_id", "number"),
)
