"""Let a creator's key belong to one job."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("jobs", sa.Column("idempotency_key", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("request_digest", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(
        op.f("ck_jobs_idempotency"), "jobs", "(idempotency_key IS NULL) = (request_digest IS NULL)"
    )
    op.create_index(
        "uq_jobs_idempotency_key",
        "jobs",
        ["created_by", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_index("uq_jobs_idempotency_key", "jobs")
    op.drop_constraint(op.f("ck_jobs_idempotency"), "jobs")
    op.drop_column("jobs", "request_digest")
    op.drop_column("jobs", "idempotency_key")
