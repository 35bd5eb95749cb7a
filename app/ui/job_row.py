"""A job as a row of a list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.jobs.model import Job
from app.jobs.registry import Registry
from app.jobs.states import TERMINAL, Status
from app.ui.badges import Badge, badge
from app.ui.words import thousands

#: How much of an error a row shows; the page of the job has all of it.
ERROR_CHARACTERS = 160


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    ``percent`` is None when there is nothing to show yet; ``items`` says how many are done; ``moves``: the job has not
    ended, so that a bar says more than words.
    """

    percent: int | None
    items: str
    moves: bool


@dataclass(frozen=True)
class JobRow:
    """What the list shows of a job, in labels. ``stage_number`` counts from 1; it is 0 before the first stage.

    ``error`` is what made it fail, its beginning; empty unless it has failed.
    """

    id: UUID
    badge: Badge
    type: str
    stage: str
    stage_number: int
    stages: int
    progress: Progress
    error: str
    creator: str
    created_at: datetime
    fits: bool

    @classmethod
    def of(
        cls, job: Job, registry: Registry, names: Mapping[UUID, str], now: datetime, *, fits: bool = True,
        silent: Collection[str] = (),
    ) -> "JobRow":  # fmt: skip
        """Show ``job``; ``fits``: it matches the filters of the list; ``silent`` are workers without a sign of life."""
        number, stages, stage = stage_of(job, registry)
        return cls(
            id=job.id,
            badge=badge(job, now, silent=job.worker_id in silent),
            type=registry.label(job.type),
            stage=stage,
            stage_number=number,
            stages=stages,
            progress=progress_of(job),
            error=error_of(job),
            creator=creator_of(job, names),
            created_at=job.created_at,
            fits=fits,
        )


def stage_of(job: Job, registry: Registry) -> tuple[int, int, str]:
    """Return the number of a job's stage, how many there are, and its label."""
    stages = registry[job.type].stages if job.type in registry else ()
    for number, stage in enumerate(stages, 1):
        if stage.name == job.stage:
            return number, len(stages), stage.label
    return 0, len(stages), job.stage or ""


def progress_of(job: Job) -> Progress:
    """Return how far a job is; of one that has not begun there is nothing to show."""
    if job.started_at is None:
        return Progress(None, "", False)
    done, total = job.processed_items, job.total_items
    items = thousands(done) if done else ""
    # A handler that reports a percentage counts more than whole items: before it has finished one, "0 of 9" is no news.
    if job.status is not Status.COMPLETED and "percent" in job.output_stats and not done:
        total = None
    # A selection that grows while it is worked through has more items in the end than were counted before.
    if total and done <= total and (job.status is not Status.COMPLETED or done != total):
        items = f"{thousands(done)} of {thousands(total)}"
    return Progress(job.progress.percent, items, job.status not in TERMINAL)


def error_of(job: Job) -> str:
    """Return the beginning of what made a job fail."""
    if job.status is not Status.FAILED or not job.error_log:
        return ""
    return str(job.error_log[0].get("message", ""))[:ERROR_CHARACTERS]


def creator_of(job: Job, names: Mapping[UUID, str]) -> str:
    """Return who created a job: a user's name, or what of the service did."""
    if job.created_by is None:
        return "schedule" if job.schedule_id else "service"
    return names.get(job.created_by, "unknown user")
