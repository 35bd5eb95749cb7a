"""Find the jobs that were created to wait for another one."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_index(
        "ix_jobs_depends_on",
        "jobs",
        ["depends_on"],
        postgresql_using="gin",
        postgresql_where=sa.text("depends_on <> '{}'"),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_index("ix_jobs_depends_on", table_name="jobs")
