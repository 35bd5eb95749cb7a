"""Count sign-ins that have failed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "sign_in_failures",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_began", "sign_in_failures", ["began_at"])


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table("sign_in_failures")
