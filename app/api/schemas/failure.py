"""Failed jobs in groups."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.jobs.failures import MOST_GROUPS, FailureGroup, FailureKind


class FailureGroupRead(ResponseBody):
    """Jobs of one type that failed alike."""

    type: str = Field(description="The job type.")
    fingerprint: str = Field(description="What tells this group from others; lists and bulk actions take it as filter.")
    pattern: str = Field(description="The error's code and message, with dots for what differs from job to job.")
    kind: FailureKind = Field(description="What ended the last attempt of these jobs.")
    code: str = Field(description="The problem's code, or the class of the error.")
    problem: str | None = Field(description="The address of the problem in the documentation; null: it is none.")
    jobs: int = Field(ge=1, description="Failed jobs that are in the group now.")
    first_at: datetime = Field(description="When the first of them failed.")
    last_at: datetime = Field(description="When the last of them failed.")
    example: UUID = Field(description="The newest job of the group.")
    message: str = Field(description="The error of that job.")

    @classmethod
    def of(cls, group: FailureGroup, problem: str | None) -> "FailureGroupRead":
        """Show ``group``; ``problem`` is where the documentation treats it."""
        own = {name: getattr(group, name) for name in cls.model_fields if hasattr(group, name)}
        return cls(**own, problem=problem)


class FailureGroupList(ResponseBody):
    """Groups of failed jobs; the one that was met last comes first."""

    items: list[FailureGroupRead] = Field(max_length=MOST_GROUPS, description=f"At most {MOST_GROUPS} groups.")
