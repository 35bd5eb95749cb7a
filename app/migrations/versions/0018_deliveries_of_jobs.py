"""Find the deliveries that tell of a job."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_index("ix_webhook_deliveries_job", "webhook_deliveries", ["job_id"])


def downgrade() -> None:
    """Take this revision back."""
    op.drop_index("ix_webhook_deliveries_job", table_name="webhook_deliveries")
