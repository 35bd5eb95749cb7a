"""Count, for each user, how often all access tokens were made void."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("users", sa.Column("generation", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Take this revision back."""
    op.drop_column("users", "generation")
