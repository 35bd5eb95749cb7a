"""Let job types be paused."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "type_pauses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_by", sa.Text(), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_type_pauses")),
    )
    op.create_index(
        "uq_type_pauses_open", "type_pauses", ["type"], unique=True, postgresql_where=sa.text("resumed_at IS NULL")
    )
    op.create_index(
        "ix_type_pauses_resumed", "type_pauses", ["resumed_at"], postgresql_where=sa.text("resumed_at IS NOT NULL")
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table("type_pauses")
