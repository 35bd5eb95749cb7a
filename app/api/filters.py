"""The filters of the list of jobs, as queries and bodies ask for them."""

from typing import Annotated, Literal, Protocol
from uuid import UUID

from fastapi import Depends, Query

from app.api.deps import CurrentUser, JobTypes
from app.api.schemas.base import STORABLE
from app.auth.user import User
from app.jobs.listing import JobFilter
from app.jobs.registry import Registry
from app.jobs.states import Status

#: How names of types and stages look.
NAME = "^[a-z][a-z0-9_]*$"
#: How fingerprints look.
DIGEST = "^[0-9a-f]{16}$"
#: Characters of a name, and of the words of a search.
LONGEST_NAME, LONGEST_TEXT = 64, 200

STATUS = "Only these statuses."
TYPE = "Only this job type, by its name or an alias."
STAGE = "Only jobs whose newest stage is this one."
CREATED_BY = "Only jobs of this user: an id, or `me`."
SCHEDULE_ID = "Only jobs of this schedule."
FINGERPRINT = "Only failed jobs of this group: `fingerprint` of a failed job, or of a group of failures."
TEXT = (
    "Only jobs that have all these words in their id, their payload or their errors. A word of three or more "
    "characters stands for longer ones, too, that begin with it. Capitals do not matter."
)

Name = Annotated[str | None, Query(max_length=LONGEST_NAME, pattern=NAME)]


class Asked(Protocol):
    """What a caller asks for; None: whatever."""

    status: list[Status] | None
    type: str | None
    stage: str | None
    created_by: Literal["me"] | UUID | None
    schedule_id: UUID | None
    fingerprint: str | None
    text: str | None


def job_filter(asked: Asked, user: User, job_types: Registry) -> JobFilter:
    """Return what ``user`` asks for. Raises UnknownJobType."""
    return JobFilter(
        status=tuple(dict.fromkeys(asked.status or ())),
        type=job_types.resolve(asked.type).name if asked.type else None,
        stage=asked.stage,
        created_by=user.id if asked.created_by == "me" else asked.created_by,
        schedule_id=asked.schedule_id,
        fingerprint=asked.fingerprint,
        text=asked.text,
    )


class _Query:
    """The filters of a query string."""

    def __init__(
        self,
        status: Annotated[list[Status] | None, Query(description=f"{STATUS[:-1]}; may be repeated.")] = None,
        type: Annotated[Name, Query(description=TYPE)] = None,
        stage: Annotated[Name, Query(description=STAGE)] = None,
        created_by: Annotated[Literal["me"] | UUID | None, Query(description=CREATED_BY)] = None,
        schedule_id: Annotated[UUID | None, Query(description=SCHEDULE_ID)] = None,
        fingerprint: Annotated[str | None, Query(pattern=DIGEST, description=FINGERPRINT)] = None,
        text: Annotated[
            str | None,
            Query(
                min_length=1,
                max_length=LONGEST_TEXT,
                description=TEXT,
                json_schema_extra={"pattern": STORABLE},
                examples=["columbus timeout"],
            ),
        ] = None,
    ) -> None:
        self.status = status
        self.type = type
        self.stage = stage
        self.created_by = created_by
        self.schedule_id = schedule_id
        self.fingerprint = fingerprint
        self.text = text


def _filters(user: CurrentUser, job_types: JobTypes, asked: Annotated[_Query, Depends()]) -> JobFilter:
    return job_filter(asked, user, job_types)


#: The filters of a query string, resolved for the caller.
Filters = Annotated[JobFilter, Depends(_filters)]
