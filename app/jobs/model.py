"""Frozen records of the job domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.jobs.dependency import DependencyPolicy
from app.jobs.states import Actor, Event, Status, allowed

#: What the percentage of a job does not exceed before the job is completed.
MOST_PERCENT_UNFINISHED = 99

#: The error log of a job keeps this many entries, the newest.
ERROR_LOG_LIMIT = 100


class Request(StrEnum):
    """What a person asked of a running job; the worker meets it at the next boundary."""

    PAUSE = "pause"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Progress:
    """How far a job is: ``percent`` from 0 to 100, the current stage, and what the handler reports besides."""

    percent: int
    stage: str | None
    details: dict[str, Any] = field(default_factory=dict)


def percent(status: Status, output_stats: Mapping[str, Any], processed: int, total: int | None) -> int:
    """Return how far a job is: ``output_stats.percent`` when the handler reports it, else processed of total items.

    Capped at ``MOST_PERCENT_UNFINISHED`` until the job is completed.
    """
    if status is Status.COMPLETED:
        return 100
    reported = output_stats.get("percent")
    counted = 100 * processed / total if total else 0
    done = int(reported if isinstance(reported, int | float) else counted)
    return max(0, min(MOST_PERCENT_UNFINISHED, done))


@dataclass(frozen=True)
class Job:
    """One row of the ``jobs`` table. Times are in UTC."""

    id: UUID
    type: str
    status: Status
    priority: int
    data: dict[str, Any]
    sensitive: list[str]
    config: dict[str, Any]
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    schedule_id: UUID | None
    scheduled_for: datetime | None
    start_at: datetime | None
    aged_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    stage: str | None
    total_items: int | None
    processed_items: int
    progress_details: dict[str, Any]
    output_stats: dict[str, Any]
    error_log: list[dict[str, Any]]
    fingerprint: str | None
    control_request: Request | None
    paused_at: datetime | None
    pause_reason: str | None
    resumed_at: datetime | None
    resume_count: int
    last_checkpoint_path: str | None
    last_checkpoint_stage: str | None
    retry_count: int
    max_retries: int
    next_retry_at: datetime | None
    worker_id: str | None
    lock_expires_at: datetime | None
    run: int
    current_state: dict[str, Any]
    trace_parent: str | None
    depends_on: list[UUID]
    waits_for: list[UUID]
    on_dependency_failure: DependencyPolicy
    has_dependents: bool

    @property
    def progress(self) -> Progress:
        """Derive progress; see ``percent``."""
        done = percent(self.status, self.output_stats, self.processed_items, self.total_items)
        return Progress(done, self.stage, self.progress_details)

    @property
    def lease(self) -> "Lease | None":
        """The lease under which a worker runs this job, or None when no worker does."""
        return Lease(self.id, self.run, self.worker_id) if self.worker_id else None


@dataclass(frozen=True)
class Lease:
    """The right to write a running job: each write of a worker checks all three parts."""

    job_id: UUID
    run: int
    worker_id: str


@dataclass(frozen=True)
class JobEvent:
    """One entry of the audit trail: who did what to a job, when, and why."""

    id: int
    job_id: UUID
    at: datetime
    event: Event
    actor: Actor
    actor_id: str | None
    from_status: Status | None
    to_status: Status
    run: int
    reason: str | None
    details: dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """On whose behalf a control action runs; recorded in the audit trail."""

    actor: Actor
    id: str | None = None

    @classmethod
    def user(cls, user_id: UUID) -> "Caller":
        """A signed-in person or program."""
        return cls(Actor.USER, str(user_id))

    @classmethod
    def system(cls, name: str) -> "Caller":
        """A part of the service itself, such as recovery."""
        return cls(Actor.SYSTEM, name)

    @property
    def by(self) -> str:
        """Who it is, in lines of the log."""
        return self.id or self.actor.value


@dataclass(frozen=True)
class Standing:
    """What decides whether an action can be done to a job, and by whom."""

    id: UUID
    status: Status
    control_request: Request | None
    created_by: UUID | None


def guard_holds(job: Job | Standing, event: Event) -> bool:
    """Tell whether what the transition table asks besides the status holds for a person's event."""
    if job.status is not Status.PROCESSING:
        return True
    if event is Event.PAUSE:
        return job.control_request is not Request.CANCEL
    if event is Event.RESUME:
        return job.control_request is Request.PAUSE
    return True


def actions(job: Job) -> tuple[Event, ...]:
    """Return what a person may do to ``job`` as it is now."""
    return tuple(event for event in allowed(job.status) if guard_holds(job, event))
