"""Keep what is measured of a job and of a worker, and find what happened lately."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("jobs", sa.Column("waited_seconds", sa.Double(), nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("trace_parent", sa.Text(), nullable=True))
    op.add_column("workers", sa.Column("renewals", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.create_index("ix_jobs_completed", "jobs", ["completed_at"], postgresql_where=sa.text("completed_at IS NOT NULL"))
    op.create_index("ix_job_events_at", "job_events", ["at"], postgresql_using="brin")


def downgrade() -> None:
    """Take this revision back."""
    op.drop_index("ix_job_events_at", "job_events")
    op.drop_index("ix_jobs_completed", "jobs")
    op.drop_column("workers", "renewals")
    op.drop_column("jobs", "trace_parent")
    op.drop_column("jobs", "waited_seconds")
