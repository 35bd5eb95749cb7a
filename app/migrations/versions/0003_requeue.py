"""Let the audit trail record that recovery handed a job over again."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = (
    "create", "claim", "complete", "fail", "reschedule", "suspend", "stop", "release", "rescue", "abandon",
    "pause", "resume", "cancel", "retry", "force_fail",
)  # fmt: skip


def upgrade() -> None:
    """Apply this revision."""
    _allow((*_BEFORE[:10], "requeue", *_BEFORE[10:]))


def downgrade() -> None:
    """Take this revision back."""
    op.execute("DELETE FROM job_events WHERE event = 'requeue'")
    _allow(_BEFORE)


def _allow(events: tuple[str, ...]) -> None:
    name = op.f("ck_job_events_event")
    op.drop_constraint(name, "job_events")
    op.create_check_constraint(name, "job_events", "event IN (" + ", ".join(f"'{event}'" for event in events) + ")")
