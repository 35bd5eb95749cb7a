"""Jobs, as callers create and see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.base import Moment, Reason, RequestBody, ResponseBody
from app.auth.control import ACTION_PERMISSIONS
from app.auth.permissions import Permission
from app.auth.user import User
from app.database.tables import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from app.jobs.dependency import MOST_DEPENDENCIES, DependencyPolicy
from app.jobs.listing import Count, JobPage
from app.jobs.model import ERROR_LOG_LIMIT, Job, Request, actions
from app.jobs.redaction import REDACTED, redacted
from app.jobs.service import JobConfig
from app.jobs.states import Event, Status

DEPENDS_ON = "Jobs that must be completed before this one starts, by their ids. They must exist."
ON_DEPENDENCY_FAILURE = "What happens to this job when one of these fails, is cancelled, or is deleted."


class CreateJob(RequestBody):
    """A job to be done."""

    type: str = Field(description="The job type, by its name or one of its aliases.")
    data: dict[str, Any] = Field(description="The payload; its members depend on the type.")
    priority: int = Field(
        default=DEFAULT_PRIORITY,
        ge=LOWEST_PRIORITY,
        le=HIGHEST_PRIORITY,
        strict=True,
        description="A higher number is claimed first.",
    )
    config: JobConfig = Field(default_factory=JobConfig, description="What differs from the type's usual behaviour.")
    start_at: Moment | None = Field(
        default=None, description="The job does not start before this time; at once when it is absent or past."
    )
    depends_on: list[UUID] = Field(
        default_factory=list, max_length=MOST_DEPENDENCIES, description=DEPENDS_ON, json_schema_extra={"default": []}
    )
    on_dependency_failure: DependencyPolicy = Field(default=DependencyPolicy.FAIL, description=ON_DEPENDENCY_FAILURE)


class Why(RequestBody):
    """Why an action is taken; the body as a whole may be left out."""

    reason: Reason | None = Field(default=None, description="Kept in the audit trail, and shown with a paused job.")


class ProgressRead(ResponseBody):
    """How far a job is."""

    percent: int = Field(ge=0, le=100, description="From 0 to 100; 100 only when the job is completed.")
    stage: str | None = Field(description="The stage that runs or ran last; null before the first.")
    details: dict[str, Any] = Field(description="What the stage reports besides numbers.")


class PublicProgress(ResponseBody):
    """What anybody who has a job's id may see of it."""

    percent: int = Field(ge=0, le=100, description="From 0 to 100; 100 only when the job is completed.")
    stage: str | None = Field(description="The stage that runs or ran last; null before the first.")
    status: Status = Field(description="The job's status.")
    processed: int = Field(ge=0, description="Items done so far.")
    total: int | None = Field(description="Items to be done; null until the job knows.")

    @classmethod
    def of(cls, job: Job) -> "PublicProgress":
        """Show the progress of ``job``."""
        return cls(
            percent=job.progress.percent,
            stage=job.stage,
            status=job.status,
            processed=job.processed_items,
            total=job.total_items,
        )


class JobLinks(ResponseBody):
    """Addresses of what belongs to a job."""

    self: str = Field(description="The job.")
    progress: str = Field(description="Its progress, for everybody who has the address.")
    events: str = Field(description="Its audit trail.")
    checkpoints: str = Field(description="Its stored stage results.")
    control: str = Field(description="Where actions go.")


class ErrorEntry(BaseModel):
    """One entry of a job's error log: what could not be done, and where; members beyond these locate it."""

    model_config = ConfigDict(extra="allow")

    at: datetime = Field(description="When it was written.")
    stage: str | None = Field(default=None, description="The stage that wrote it.")
    message: str = Field(description="What went wrong.")


class JobSummary(ResponseBody):
    """A job in a list."""

    id: UUID = Field(description="The job's id.")
    type: str = Field(description="The job type, by its canonical name.")
    status: Status = Field(description="Where the job stands.")
    stage: str | None = Field(description="The stage that runs or ran last; null before the first.")
    progress: ProgressRead = Field(description="How far the job is.")
    priority: int = Field(description="A higher number is claimed first.")
    total_items: int | None = Field(description="Items to be done; null until the job knows.")
    processed_items: int = Field(description="Items done so far.")
    waits_for: list[UUID] = Field(description="Jobs that it still waits for; empty when none is in its way.")
    control_request: Request | None = Field(
        description="What a person has asked of the running job and it has not met yet."
    )
    allowed_actions: list[Event] = Field(description="What the caller may do to the job now.")
    created_by: UUID | None = Field(description="The user who created it; null for the service itself.")
    created_at: datetime = Field(description="When it was created.")
    updated_at: datetime = Field(description="When its row was last written.")
    started_at: datetime | None = Field(description="When a worker first took it.")
    completed_at: datetime | None = Field(description="When it ended: completed, failed or cancelled.")
    links: JobLinks = Field(description="Where to read on.")


class JobRead(JobSummary):
    """A job with everything that is known of it."""

    data: dict[str, Any] = Field(
        description="The payload, with defaults filled in. Sensitive members of the type are "
        f"`{REDACTED}` for those who may not control the job."
    )
    config: JobConfig = Field(description="What differs from the type's usual behaviour.")
    depends_on: list[UUID] = Field(description="Jobs that it was created to wait for.")
    on_dependency_failure: DependencyPolicy = Field(description=ON_DEPENDENCY_FAILURE)
    output_stats: dict[str, Any] = Field(description="What the job has put out so far, by name.")
    error_log: list[ErrorEntry] = Field(
        max_length=ERROR_LOG_LIMIT, description=f"The newest {ERROR_LOG_LIMIT} errors, newest first."
    )
    fingerprint: str | None = Field(
        description="The same for jobs of a type that failed alike; null unless this one has failed."
    )
    paused_at: datetime | None = Field(description="When it was paused last.")
    pause_reason: str | None = Field(description="Why it was paused last.")
    resumed_at: datetime | None = Field(description="When it was resumed last.")
    resume_count: int = Field(description="How often it was resumed.")
    last_checkpoint_path: str | None = Field(description="The newest checkpoint in storage.")
    last_checkpoint_stage: str | None = Field(description="The stage of the newest checkpoint.")
    retry_count: int = Field(description="Automatic retries used up.")
    max_retries: int = Field(description="Automatic retries that it has.")
    next_retry_at: datetime | None = Field(
        description="When the next attempt is due, while it waits for one; also its first, when it starts later."
    )
    schedule_id: UUID | None = Field(description="The schedule that created it.")
    scheduled_for: datetime | None = Field(description="The tick of the schedule that it was created for.")
    start_at: datetime | None = Field(description="The time before which it was not to start.")
    aged_at: datetime | None = Field(
        description="Since when it comes before jobs of a higher priority, because it has waited too long."
    )
    worker_id: str | None = Field(description="The worker that holds it.")
    lock_expires_at: datetime | None = Field(description="Until when the worker holds it without renewing.")
    run: int = Field(ge=1, description="How often it has been handed to the queue; a delivery of an older run is void.")
    current_state: dict[str, Any] = Field(description="Where the running stage stands; a resumed job goes on from it.")


class JobList(ResponseBody):
    """One page of jobs, newest first."""

    items: list[JobSummary] = Field(description="The jobs of this page.")
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")


class JobCount(ResponseBody):
    """How many jobs are in a status."""

    status: Status = Field(description="The status.")
    jobs: int = Field(ge=0, description="Jobs that were counted.")
    more: bool = Field(description="Whether there may be more.")


class JobCounts(ResponseBody):
    """How many jobs there are, by status."""

    items: list[JobCount] = Field(description="The statuses that were asked for.")

    @classmethod
    def of(cls, counts: Mapping[Status, Count]) -> "JobCounts":
        """Show ``counts``."""
        return cls(items=[JobCount(status=status, jobs=one.jobs, more=one.more) for status, one in counts.items()])


class View:
    """Shows jobs to one caller: which actions are open depends on who asks."""

    def __init__(self, user: User, prefix: str) -> None:
        self._user = user
        self._prefix = prefix

    def summary(self, job: Job) -> JobSummary:
        """Show ``job`` as an item of a list."""
        return JobSummary.model_validate(self._values(job, JobSummary))

    def full(self, job: Job) -> JobRead:
        """Show everything of ``job`` that the caller may see."""
        return JobRead.model_validate({**self._values(job, JobRead), "data": self.data(job)})

    def data(self, job: Job) -> dict[str, Any]:
        """Return the payload of ``job``; who may not control the job does not see its sensitive members."""
        if self._user.may_on(Permission.JOBS_CONTROL, job.created_by):
            return job.data
        return redacted(job.data, job.sensitive)

    def page(self, page: JobPage) -> JobList:
        """Show a page of the list."""
        return JobList(items=[self.summary(job) for job in page.items], next_cursor=page.next_cursor)

    def _values(self, job: Job, body: type[BaseModel]) -> dict[str, Any]:
        own = {name: getattr(job, name) for name in body.model_fields if hasattr(job, name)}
        progress = job.progress
        address = f"{self._prefix}/jobs/{job.id}"
        return {
            **own,
            "progress": {"percent": progress.percent, "stage": progress.stage, "details": progress.details},
            "allowed_actions": [
                action for action in actions(job) if self._user.may_on(ACTION_PERMISSIONS[action], job.created_by)
            ],
            "links": {
                "self": address,
                "progress": f"{address}/progress",
                "events": f"{address}/events",
                "checkpoints": f"{address}/checkpoints",
                "control": f"{address}/control",
            },
        }
