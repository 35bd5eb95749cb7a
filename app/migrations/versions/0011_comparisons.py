"""Keep what the two ways to parse a play have found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "play_comparisons",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("expected", postgresql.JSONB(), nullable=False),
        sa.Column("found", postgresql.JSONB(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('same', 'different')", name=op.f("ck_play_comparisons_outcome")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_play_comparisons_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_play_comparisons")),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table("play_comparisons")
