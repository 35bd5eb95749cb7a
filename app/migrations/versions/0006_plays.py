"""Create the tables of plays."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _element() -> list[sa.Column[object]]:
    return [
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("act", sa.SmallInteger(), nullable=False),
        sa.Column("scene", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("speech", sa.Integer(), nullable=True),
    ]


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "plays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("acts", sa.Integer(), nullable=False),
        sa.Column("scenes", sa.Integer(), nullable=False),
        sa.Column("speakers", sa.Integer(), nullable=False),
        sa.Column("speeches", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("directions", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_plays_job_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plays")),
    )
    op.create_index("uq_plays_sha256", "plays", ["sha256"], unique=True)
    op.create_index("ix_plays_created", "plays", [sa.text("created_at DESC"), sa.text("id DESC")])
    op.create_index("ix_plays_job_id", "plays", ["job_id"])
    op.create_table(
        "play_elements",
        sa.Column("play_id", sa.Uuid(), nullable=False),
        *_element(),
        sa.CheckConstraint("kind IN ('cast', 'act', 'scene', 'line', 'direction')", name=op.f("ck_play_elements_kind")),
        sa.ForeignKeyConstraint(["play_id"], ["plays.id"], name=op.f("fk_play_elements_play_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("play_id", "number", name=op.f("pk_play_elements")),
    )
    op.create_table(
        "play_drafts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        *_element(),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_play_drafts_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_play_drafts")),
    )


def downgrade() -> None:
    """Take this revision back."""
    for table in ("play_drafts", "play_elements", "plays"):
        op.drop_table(table)
