"""Every log line that the service writes on purpose, with its level and meaning."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from structlog.typing import FilteringBoundLogger


class LogEvent(StrEnum):
    """The ``event`` field of a log line."""

    SERVICE_STARTED = "service.started"
    SERVICE_STOPPED = "service.stopped"
    WORKER_STARTED = "worker.started"
    WORKER_STOPPING = "worker.stopping"
    WORKER_STOPPED = "worker.stopped"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    SIGN_INS_LIMITED = "sign_ins.limited"
    JOB_CREATED = "job.created"
    JOB_CONTROLLED = "job.controlled"
    JOBS_CONTROLLED = "jobs.controlled"
    JOB_DELETED = "job.deleted"
    TYPE_PAUSED = "type.paused"
    TYPE_RESUMED = "type.resumed"
    JOB_CLAIMED = "job.claimed"
    JOB_STAGE_STARTED = "job.stage_started"
    JOB_CHECKPOINT_SAVED = "job.checkpoint_saved"
    JOB_COMPLETED = "job.completed"
    JOB_RESCHEDULED = "job.rescheduled"
    JOB_FAILED = "job.failed"
    JOB_SUSPENDED = "job.suspended"
    JOB_STOPPED = "job.stopped"
    JOB_RELEASED = "job.released"
    JOB_RESCUED = "job.rescued"
    JOB_ABANDONED = "job.abandoned"
    JOB_LEASE_LOST = "job.lease_lost"
    JOB_ERROR = "job.error"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_DROPPED = "delivery.dropped"
    DELIVERY_DEFERRED = "delivery.deferred"
    TURNS_FAILED = "turns.failed"
    JOBS_AGED = "jobs.aged"
    SCHEDULE_CONTROLLED = "schedule.controlled"
    SCHEDULE_TICKED = "schedule.ticked"
    SCHEDULE_MISSED = "schedule.missed"
    SCHEDULE_FAILED = "schedule.failed"
    SCHEDULER_FAILED = "scheduler.failed"
    CHECKPOINT_FAILED = "checkpoint.failed"
    QUEUE_ERROR = "queue.error"
    QUEUE_UNAVAILABLE = "queue.unavailable"
    JOB_REQUEUED = "job.requeued"
    ORPHANS_FIXED = "orphans.fixed"
    REMAINS_LEFT = "remains.left"
    RETENTION_FAILED = "retention.failed"
    RECONCILER_FAILED = "reconciler.failed"
    HEARTBEAT_FAILED = "heartbeat.failed"
    REQUEST_FAILED = "request.failed"
    DATABASE_UNAVAILABLE = "database.unavailable"
    FEED_INTERRUPTED = "feed.interrupted"
    WEBHOOK_FAILED = "webhook.failed"
    WEBHOOK_GIVEN_UP = "webhook.given_up"
    COURIER_FAILED = "courier.failed"
    SAMPLER_FAILED = "sampler.failed"
    PLAY_COMPARED = "play.compared"


@dataclass(frozen=True)
class LogLine:
    """What a log line means, how severe it is, and what it may carry besides what every line has.

    `exc_info` becomes `exception` in the line.
    """

    level: str
    meaning: str
    fields: tuple[str, ...] = ()


LOG_LINES: dict[LogEvent, LogLine] = {
    LogEvent.SERVICE_STARTED: LogLine("info", "The process is ready to serve.", ("database",)),
    LogEvent.SERVICE_STOPPED: LogLine("info", "The process has closed everything it had open."),
    LogEvent.WORKER_STARTED: LogLine("info", "The process takes jobs now.", ("worker_id", "slots")),
    LogEvent.WORKER_STOPPING: LogLine(
        "info", "The process takes no more jobs and waits for boundaries.", ("worker_id", "running")
    ),
    LogEvent.WORKER_STOPPED: LogLine("info", "No job runs in this process any more.", ("worker_id",)),
    LogEvent.USER_CREATED: LogLine("info", "There is a new user.", ("user", "role", "by")),
    LogEvent.USER_CHANGED: LogLine(
        "info",
        "A user has changed: `changes` names what, out of `role`, `disabled` and `password`.",
        ("user", "changes", "role", "disabled", "by"),
    ),
    LogEvent.SIGN_INS_LIMITED: LogLine(
        "warning",
        "Sign-ins have failed as often as they may: with one `name`, or from one `address`. Somebody may be guessing.",
        ("kind", "address"),
    ),
    LogEvent.JOB_CREATED: LogLine("info", "A job was accepted.", ("job_id", "type", "priority")),
    LogEvent.JOB_CONTROLLED: LogLine(
        "info", "A person paused, resumed, cancelled, retried or force-failed a job.", ("job_id", "action", "status")
    ),
    LogEvent.JOBS_CONTROLLED: LogLine(
        "info", "A person has done one action to many jobs; each has it in its audit trail.", ("action", "count", "by")
    ),
    LogEvent.JOB_DELETED: LogLine(
        "info",
        "A job was deleted with its audit trail and its checkpoints; `status` is what it was.",
        ("job_id", "type", "status", "by", "reason"),
    ),
    LogEvent.TYPE_PAUSED: LogLine(
        "warning", "A person has paused a job type: none of its jobs is claimed any more.", ("type", "by", "reason")
    ),
    LogEvent.TYPE_RESUMED: LogLine(
        "info",
        "A person has resumed a job type; `paused_seconds` says after how long.",
        ("type", "by", "paused_seconds"),
    ),
    LogEvent.JOB_CLAIMED: LogLine("info", "A worker holds a job now.", ("worker_id",)),
    LogEvent.JOB_STAGE_STARTED: LogLine("info", "A job entered a stage.", ("stage", "resumed")),
    LogEvent.JOB_CHECKPOINT_SAVED: LogLine(
        "debug", "A stage's result, or its interrupted state, is in storage.", ("path", "final")
    ),
    LogEvent.JOB_COMPLETED: LogLine("info", "A job ran to its end."),
    LogEvent.JOB_RESCHEDULED: LogLine(
        "warning", "An attempt failed with a transient error; another one follows.", ("error", "retry_in_seconds")
    ),
    LogEvent.JOB_FAILED: LogLine("error", "A job failed for good.", ("error",)),
    LogEvent.JOB_SUSPENDED: LogLine("info", "A running job met a pause request.", ("error",)),
    LogEvent.JOB_STOPPED: LogLine("info", "A running job met a cancel request.", ("error",)),
    LogEvent.JOB_RELEASED: LogLine("info", "A stopping worker gave a job back.", ("error",)),
    LogEvent.JOB_RESCUED: LogLine(
        "warning",
        "A job was taken back from a worker that had stopped renewing its lease.",
        ("job_id", "type", "retry_count"),
    ),
    LogEvent.JOB_ABANDONED: LogLine(
        "error", "A lease expired on the last attempt; the job failed.", ("job_id", "type", "retry_count")
    ),
    LogEvent.JOB_LEASE_LOST: LogLine(
        "warning", "A worker found that it no longer holds its job, and left it.", ("worker_id",)
    ),
    LogEvent.JOB_ERROR: LogLine("debug", "The trace of the error that ended an attempt.", ("exc_info",)),
    LogEvent.DELIVERY_FAILED: LogLine(
        "warning", "What came of an attempt could not be written; the lease expires.", ("error",)
    ),
    LogEvent.DELIVERY_DROPPED: LogLine(
        "debug", "The queue delivered a job that cannot be claimed; nothing to do.", ("job_id", "run")
    ),
    LogEvent.DELIVERY_DEFERRED: LogLine(
        "debug",
        "The queue delivered a job that may not start yet; it is delivered again later.",
        ("job_id", "run", "wait_seconds"),
    ),
    LogEvent.TURNS_FAILED: LogLine(
        "warning",
        "Jobs of a limited type could not be handed over; the next look of recovery does it.",
        ("type", "error"),
    ),
    LogEvent.JOBS_AGED: LogLine(
        "info", "Jobs that had waited too long behind a higher priority were put first.", ("count",)
    ),
    LogEvent.SCHEDULE_CONTROLLED: LogLine(
        "info",
        "A person created, changed, enabled, disabled or deleted a schedule.",
        ("schedule", "action", "by"),
    ),
    LogEvent.SCHEDULE_TICKED: LogLine("info", "A schedule created a job.", ("schedule", "job_id", "type")),
    LogEvent.SCHEDULE_MISSED: LogLine(
        "warning", "Ticks of a schedule were missed and are passed over, as it says.", ("schedule",)
    ),
    LogEvent.SCHEDULE_FAILED: LogLine(
        "error", "A schedule could not create its job; the error is kept with it.", ("schedule", "error")
    ),
    LogEvent.SCHEDULER_FAILED: LogLine("warning", "A look for due schedules failed; the next one follows.", ("error",)),
    LogEvent.CHECKPOINT_FAILED: LogLine(
        "warning", "An interrupted stage's state is on the row, but not in storage.", ("error",)
    ),
    LogEvent.QUEUE_ERROR: LogLine("warning", "The queue's client met an error; it tries again by itself.", ("error",)),
    LogEvent.QUEUE_UNAVAILABLE: LogLine(
        "warning", "A job could not be handed to the queue; the reconciler will.", ("jobs", "error")
    ),
    LogEvent.JOB_REQUEUED: LogLine(
        "warning", "The reconciler handed over pending jobs that the queue did not hold.", ("count",)
    ),
    LogEvent.ORPHANS_FIXED: LogLine("info", "The orphan fixer has mended what it found.", ("kind", "count")),
    LogEvent.REMAINS_LEFT: LogLine(
        "warning",
        "What belongs to deleted jobs could not be removed; the orphan fixer does.",
        ("jobs", "error"),
    ),
    LogEvent.RETENTION_FAILED: LogLine(
        "warning", "A look for jobs whose retention is over failed; the next one follows.", ("error",)
    ),
    LogEvent.RECONCILER_FAILED: LogLine("warning", "A look for lost jobs failed; the next one follows.", ("error",)),
    LogEvent.HEARTBEAT_FAILED: LogLine(
        "warning", "Leases could not be renewed; the next heartbeat tries again.", ("error",)
    ),
    LogEvent.DATABASE_UNAVAILABLE: LogLine(
        "warning", "A request was refused because the database did not answer.", ("path", "error")
    ),
    LogEvent.FEED_INTERRUPTED: LogLine(
        "warning", "Live updates stand still; they go on, without a gap, when the database is back.", ("error",)
    ),
    LogEvent.WEBHOOK_FAILED: LogLine(
        "info", "A receiver did not take a message; another attempt follows.", ("webhook_id", "delivery_id", "error")
    ),
    LogEvent.WEBHOOK_GIVEN_UP: LogLine(
        "warning", "A receiver did not take a message, and no attempt is left.", ("webhook_id", "delivery_id", "error")
    ),
    LogEvent.COURIER_FAILED: LogLine(
        "warning", "A look for messages to webhooks failed; the next one follows.", ("error",)
    ),
    LogEvent.SAMPLER_FAILED: LogLine(
        "warning", "A minute could not be noted for the charts; the next look tries again.", ("error",)
    ),
    LogEvent.PLAY_COMPARED: LogLine(
        "info",
        "A job has parsed a play that was parsed within a request, too; `differing` names what is not the same.",
        ("outcome", "differing", "elements"),
    ),
    LogEvent.REQUEST_FAILED: LogLine(
        "error", "A request met a defect; the trace is in the line.", ("method", "path", "exc_info")
    ),
}


def emit(log: FilteringBoundLogger, event: LogEvent, **fields: Any) -> None:
    """Write a log line at the level that the table gives it."""
    getattr(log, LOG_LINES[event].level)(event.value, **fields)
