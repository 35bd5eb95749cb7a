"""The tables of jobs and users. Constraints on status are derived from the transition table."""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.elements import ColumnElement

from app.database.failure_pattern import FAILURE_PATTERN, FINGERPRINT
from app.jobs.dependency import DependencyPolicy
from app.jobs.states import TERMINAL, Actor, Event, Status, names

#: One naming rule, so that migrations can name what they change.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Priorities: a higher number is claimed first.
LOWEST_PRIORITY, DEFAULT_PRIORITY, HIGHEST_PRIORITY = 0, 50, 100


#: An empty list of jobs, as the partial indexes have it.
NO_JOBS = text("'{}'")


def one_of(column: str, values: list[str]) -> ColumnElement[bool]:
    """Return the SQL condition that ``column`` holds one of ``values``."""
    quoted = ", ".join(f"'{value}'" for value in values)
    return text(f"{column} IN ({quoted})")  # type: ignore[return-value]  # text() serves as a condition


def _time(name: str, **options: object) -> Column[object]:
    return Column(name, DateTime(timezone=True), **options)  # type: ignore[arg-type]


def _json(name: str, empty: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=text(f"'{empty}'"))


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    _time("created_at", nullable=False, server_default=func.now()),
    _time("disabled_at"),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Index("uq_users_name", text("lower(name)"), unique=True),
)

browser_sessions = Table(
    "browser_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    _time("created_at", nullable=False),
    _time("seen_at", nullable=False),
    _time("expires_at", nullable=False),
    Column("notice", JSONB(none_as_null=True)),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    _time("began_at", nullable=False),
    Column("failures", Integer, nullable=False),
    Index("ix_sign_in_failures_began", "began_at"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    _json("data", "{}"),
    Column("priority", SmallInteger, nullable=False),
    Column("cron", Text),
    Column("time_zone", Text),
    Column("interval_seconds", Integer),
    Column("catch_up", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    _time("next_at"),
    _time("last_at"),
    Column("last_job_id", Uuid),
    Column("last_error", Text),
    Column("created_by", Uuid, ForeignKey("users.id")),
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
    CheckConstraint("(cron IS NULL) <> (interval_seconds IS NULL)", name="timing"),
    CheckConstraint("(cron IS NULL) = (time_zone IS NULL)", name="zone"),
    CheckConstraint("enabled OR next_at IS NULL", name="enabled"),
    UniqueConstraint("name"),
    Index("ix_schedules_due", "next_at", postgresql_where=text("enabled")),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    _json("data", "{}"),
    Column("sensitive", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _json("config", "{}"),
    Column("created_by", Uuid, ForeignKey("users.id")),
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
    _time("start_at"),
    _time("aged_at"),
    _time("started_at"),
    _time("completed_at"),
    Column("stage", Text),
    Column("total_items", BigInteger),
    Column("processed_items", BigInteger, nullable=False, server_default=text("0")),
    _json("progress_details", "{}"),
    _json("output_stats", "{}"),
    _json("error_log", "[]"),
    Column("fingerprint", Text, Computed(FINGERPRINT, persisted=True)),
    Column("control_request", Text),
    _time("paused_at"),
    Column("pause_reason", Text),
    _time("resumed_at"),
    Column("resume_count", Integer, nullable=False, server_default=text("0")),
    Column("last_checkpoint_path", Text),
    Column("last_checkpoint_stage", Text),
    Column("retry_count", Integer, nullable=False, server_default=text("0")),
    Column("max_retries", Integer, nullable=False),
    _time("next_retry_at"),
    Column("worker_id", Text),
    _time("lock_expires_at"),
    Column("run", Integer, nullable=False, server_default=text("1")),
    _json("current_state", "{}"),
    Column("depends_on", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("waits_for", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("on_dependency_failure", Text, nullable=False, server_default=text(f"'{DependencyPolicy.FAIL}'")),
    Column("dependency_depth", Integer, nullable=False, server_default=text("0")),
    Column("has_dependents", Boolean, nullable=False, server_default=text("false")),
    Column("schedule_id", Uuid, ForeignKey("schedules.id", ondelete="SET NULL")),
    _time("scheduled_for"),
    Column("idempotency_key", Text),
    Column("request_digest", LargeBinary),
    Column("waited_seconds", Double, nullable=False, server_default=text("0")),
    Column("trace_parent", Text),
    CheckConstraint("(idempotency_key IS NULL) = (request_digest IS NULL)", name="idempotency"),
    CheckConstraint(one_of("status", names(Status)), name="status"),
    CheckConstraint("control_request IN ('pause', 'cancel')", name="control_request"),
    CheckConstraint(one_of("on_dependency_failure", names(DependencyPolicy)), name="on_dependency_failure"),
    # Whatever code there is: a job that waits is not run.
    CheckConstraint(
        f"waits_for = '{{}}' OR status NOT IN ('{Status.PROCESSING}', '{Status.COMPLETED}')", name="waits_for"
    ),
    CheckConstraint(f"priority BETWEEN {LOWEST_PRIORITY} AND {HIGHEST_PRIORITY}", name="priority"),
    CheckConstraint(
        f"(status = '{Status.PROCESSING}') = (worker_id IS NOT NULL) AND "
        "(worker_id IS NULL) = (lock_expires_at IS NULL)",
        name="lease",
    ),
    CheckConstraint(
        f"control_request IS NULL OR status IN ('{Status.PROCESSING}', '{Status.PENDING}')", name="request"
    ),
    CheckConstraint(
        f"(completed_at IS NOT NULL) = (status IN ({', '.join(repr(s.value) for s in Status if s in TERMINAL)}))",
        name="completed_at",
    ),
    CheckConstraint("processed_items >= 0 AND (total_items IS NULL OR total_items >= 0)", name="items"),
    # The list: newest first, alone and under each filter.
    Index("ix_jobs_created", text("created_at DESC"), text("id DESC")),
    # With the other filters in it, jobs of a status are counted, and combined filters decided, without the rows.
    Index(
        "ix_jobs_status_created",
        "status",
        text("created_at DESC"),
        text("id DESC"),
        postgresql_include=["type", "stage", "created_by", "schedule_id"],
    ),
    Index("ix_jobs_type_created", "type", text("created_at DESC"), text("id DESC")),
    Index("ix_jobs_stage_created", "stage", text("created_at DESC"), text("id DESC")),
    Index("ix_jobs_created_by_created", "created_by", text("created_at DESC"), text("id DESC")),
    Index(
        "ix_jobs_schedule_created",
        "schedule_id",
        text("created_at DESC"),
        text("id DESC"),
        postgresql_where=text("schedule_id IS NOT NULL"),
    ),
    Index(
        "uq_jobs_idempotency_key",
        "created_by",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    # Failures that are alike.
    Index(
        "ix_jobs_fingerprint",
        "fingerprint",
        text("created_at DESC"),
        text("id DESC"),
        postgresql_include=["type", "completed_at"],
        postgresql_where=text("fingerprint IS NOT NULL"),
    ),
    # Figures of the last hour.
    Index("ix_jobs_completed", "completed_at", postgresql_where=text("completed_at IS NOT NULL")),
    # One job for each tick, whoever creates it.
    Index(
        "uq_jobs_tick",
        "schedule_id",
        "scheduled_for",
        unique=True,
        postgresql_where=text("schedule_id IS NOT NULL"),
    ),
    # The next job of a limited type.
    Index(
        "ix_jobs_turn",
        "type",
        text("aged_at"),
        text("priority DESC"),
        "created_at",
        "id",
        postgresql_where=text(f"status = '{Status.PENDING}'"),
    ),
    # Jobs that wait: for one that has ended, and all of them.
    Index("ix_jobs_waits_for", "waits_for", postgresql_using="gin", postgresql_where=text("waits_for <> '{}'")),
    Index("ix_jobs_depends_on", "depends_on", postgresql_using="gin", postgresql_where=text("depends_on <> '{}'")),
    Index("ix_jobs_waiting", "id", postgresql_where=text("waits_for <> '{}'")),
    # The reconciler: jobs that are due, and leases that have expired.
    Index("ix_jobs_due", "updated_at", postgresql_where=text(f"status = '{Status.PENDING}'")),
    Index("ix_jobs_lease", "lock_expires_at", postgresql_where=text(f"status = '{Status.PROCESSING}'")),
)

event.listen(jobs, "before_create", DDL(FAILURE_PATTERN))  # type: ignore[no-untyped-call]  # so it is declared

type_gates = Table(
    "type_gates",
    metadata,
    Column("type", Text, primary_key=True),
    Column("starts", ARRAY(DateTime(timezone=True)), nullable=False),
)

type_pauses = Table(
    "type_pauses",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("reason", Text),
    Column("paused_by", Text),
    _time("paused_at", nullable=False),
    Column("resumed_by", Text),
    _time("resumed_at"),
    # A type is paused once at a time; every claim looks here.
    Index("uq_type_pauses_open", "type", unique=True, postgresql_where=text("resumed_at IS NULL")),
    Index("ix_type_pauses_resumed", "resumed_at", postgresql_where=text("resumed_at IS NOT NULL")),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    _time("at", nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_id", Text),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("reason", Text),
    _json("details", "{}"),
    CheckConstraint(one_of("event", [event.value for event in Event]), name="event"),
    CheckConstraint(one_of("actor", [actor.value for actor in Actor]), name="actor"),
    CheckConstraint(one_of("to_status", names(Status)), name="to_status"),
    Index("ix_job_events_job", "job_id", "id"),
    # Entries are written in the order of their time, which makes the smallest kind of index enough.
    Index("ix_job_events_at", "at", postgresql_using="brin"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("slots", Integer, nullable=False),
    _time("started_at", nullable=False),
    _time("seen_at", nullable=False),
    Column("renewals", BigInteger, nullable=False, server_default=text("0")),
)

queue_samples = Table(
    "queue_samples",
    metadata,
    # The minute, by its beginning.
    _time("at", primary_key=True),
    # How it was at its end.
    Column("due", Integer, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("processing", Integer, nullable=False),
    Column("paused", Integer, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("oldest_seconds", Double, nullable=False),
    # What happened within it.
    Column("created", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("job_type", Text),
    Column("secret", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("created_by", Uuid, ForeignKey("users.id")),
    _time("created_at", nullable=False),
    Column("old_secret", Text),
    _time("old_secret_until"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    # No foreign key: who deletes a job is told of its end all the same.
    Column("job_id", Uuid, nullable=False),
    Column("event", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _time("created_at", nullable=False),
    _time("next_attempt_at"),
    _time("last_attempt_at"),
    Column("status_code", Integer),
    Column("error", Text),
    CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="state"),
    CheckConstraint("(next_attempt_at IS NOT NULL) = (state = 'waiting')", name="next"),
    Index("ix_webhook_deliveries_due", "next_attempt_at", postgresql_where=text("state = 'waiting'")),
    Index("ix_webhook_deliveries_job", "job_id"),
    Index("ix_webhook_deliveries_webhook", "webhook_id", text("created_at DESC"), "id"),
)
