"""The tables of plays, and the working table of the job that parses them."""

from sqlalchemy import (
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
from app.plays.model import ElementKind

_KINDS = [kind.value for kind in ElementKind]

#: One row per content. The id is made of the content's digest, so the same bytes are the same play.
plays = Table(
    "plays",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("author", Text),
    Column("acts", Integer, nullable=False),
    Column("scenes", Integer, nullable=False),
    Column("speakers", Integer, nullable=False),
    Column("speeches", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("directions", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="SET NULL")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("uq_plays_sha256", "sha256", unique=True),
    Index("ix_plays_created", text("created_at DESC"), text("id DESC")),
    Index("ix_plays_job_id", "job_id"),
)


def _element() -> list[Column[object]]:
    return [
        Column("number", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("act", SmallInteger, nullable=False),
        Column("scene", SmallInteger, nullable=False),
        Column("text", Text, nullable=False),
        Column("line", Integer, nullable=False),
        Column("speaker", Text),
        Column("speech", Integer),
    ]


play_elements = Table(
    "play_elements",
    metadata,
    Column("play_id", Uuid, ForeignKey("plays.id", ondelete="CASCADE"), nullable=False),
    *_element(),
    PrimaryKeyConstraint("play_id", "number"),
    CheckConstraint(one_of("kind", _KINDS), name="kind"),
)

#: Elements of a job's play until the whole of it is parsed and saved.
play_drafts = Table(
    "play_drafts",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    *_element(),
    PrimaryKeyConstraint("job_id", "number"),
)

#: What the older way found in a play, and what the job that parsed the same play did.
play_comparisons = Table(
    "play_comparisons",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("expected", JSONB, nullable=False),
    Column("found", JSONB),
    Column("outcome", Text),
    CheckConstraint(one_of("outcome", ["same", "different"]), name="outcome"),
)
