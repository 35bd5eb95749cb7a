"""Deleting jobs."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import RequestBody, ResponseBody
from app.jobs.states import Status


class EndedStatus(StrEnum):
    """The final statuses."""

    COMPLETED = Status.COMPLETED.value
    FAILED = Status.FAILED.value
    CANCELLED = Status.CANCELLED.value


class JobDeleted(ResponseBody):
    """The job that is gone."""

    id: UUID = Field(description="Its id.")
    type: str = Field(description="Its type, by its canonical name.")
    status: Status = Field(description="What it was.")


class ClearJobs(RequestBody):
    """Which jobs are to be deleted."""

    status: EndedStatus = Field(description="How they ended.")
    older_than_days: int = Field(
        default=0, ge=0, le=36_500, strict=True, description="Only those that ended at least so many days ago."
    )
    dry_run: bool = Field(default=False, strict=True, description="Count them, and delete nothing.")


class JobsCleared(ResponseBody):
    """What was deleted."""

    deleted: int = Field(ge=0, description="Jobs that are gone.")
    remaining: int = Field(ge=0, description="Jobs that fit and are still there; send the request again for them.")
