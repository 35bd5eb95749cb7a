"""Let jobs start later, in turn, and within the limits of their types."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("jobs", sa.Column("start_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("aged_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_jobs_turn",
        "jobs",
        ["type", sa.text("aged_at"), sa.text("priority DESC"), "created_at", "id"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "type_gates",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("starts", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.PrimaryKeyConstraint("type", name=op.f("pk_type_gates")),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table("type_gates")
    op.drop_index("ix_jobs_turn", "jobs")
    op.drop_column("jobs", "aged_at")
    op.drop_column("jobs", "start_at")
