"""Let a job wait for others."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BEFORE = (
    "create", "claim", "complete", "fail", "reschedule", "suspend", "stop", "release", "rescue", "abandon", "requeue",
    "pause", "resume", "cancel", "retry", "force_fail",
)  # fmt: skip
_NEW = ("unblock", "upstream_fail", "upstream_cancel")
_WAITING = sa.text("waits_for <> '{}'")


def upgrade() -> None:
    """Apply this revision."""
    jobs = postgresql.ARRAY(sa.Uuid())
    op.add_column("jobs", sa.Column("depends_on", jobs, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("jobs", sa.Column("waits_for", jobs, nullable=False, server_default=sa.text("'{}'")))
    op.add_column(
        "jobs", sa.Column("on_dependency_failure", sa.Text(), nullable=False, server_default=sa.text("'fail'"))
    )
    op.add_column("jobs", sa.Column("dependency_depth", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("has_dependents", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_check_constraint(
        op.f("ck_jobs_on_dependency_failure"), "jobs", "on_dependency_failure IN ('fail', 'cancel', 'run')"
    )
    op.create_check_constraint(
        op.f("ck_jobs_waits_for"), "jobs", "waits_for = '{}' OR status NOT IN ('processing', 'completed')"
    )
    op.create_index("ix_jobs_waits_for", "jobs", ["waits_for"], postgresql_using="gin", postgresql_where=_WAITING)
    op.create_index("ix_jobs_waiting", "jobs", ["id"], postgresql_where=_WAITING)
    _allow((*_BEFORE[:11], *_NEW, *_BEFORE[11:]))


def downgrade() -> None:
    """Take this revision back."""
    op.execute("DELETE FROM job_events WHERE event IN ('unblock', 'upstream_fail', 'upstream_cancel')")
    _allow(_BEFORE)
    op.drop_index("ix_jobs_waiting", "jobs")
    op.drop_index("ix_jobs_waits_for", "jobs")
    for name in ("has_dependents", "dependency_depth", "on_dependency_failure", "waits_for", "depends_on"):
        op.drop_column("jobs", name)


def _allow(events: tuple[str, ...]) -> None:
    name = op.f("ck_job_events_event")
    op.drop_constraint(name, "job_events")
    op.create_check_constraint(name, "job_events", "event IN (" + ", ".join(f"'{event}'" for event in events) + ")")
