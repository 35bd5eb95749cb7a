"""Job types."""

from typing import Annotated

from fastapi import Body, Path

from app.api import examples
from app.api.deps import CurrentUser, Everything, JobTypes
from app.api.filters import LONGEST_NAME, NAME
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.job import Why
from app.api.schemas.job_type import JobTypeList, JobTypeRead
from app.auth.permissions import Permission
from app.jobs.model import Caller
from app.problems import UnknownJobType

router = OperationRouter("Jobs")

_EXAMPLE = {
    "name": "geocode_households",
    "label": "Geocode households",
    "summary": "Gives households the coordinates of their addresses.",
    "aliases": ["geocoding"],
    "stages": [{"name": "select", "label": "Select households"}],
    "retry": {"max_retries": 3, "base_seconds": 5.0, "factor": 2.0, "cap_seconds": 600.0, "jitter": 0.2},
    "limits": {"concurrency": None, "rate": None, "attempt_seconds": 3600.0},
    "pause": None,
    "payload_schema": {"type": "object", "properties": {"mode": {"enum": ["static", "dynamic"]}}},
    "example": {"mode": "static"},
}
_PAUSE = {
    "paused_at": "2026-03-02T09:15:00Z",
    "paused_by": examples.USER_ID,
    "reason": examples.WHY["reason"],
}
Name = Annotated[str, Path(max_length=LONGEST_NAME, pattern=NAME, description="The job type, by its name or an alias.")]


@router.add(
    "GET",
    "/job-types",
    Operation(
        "listJobTypes",
        "List the job types",
        permission=Permission.JOBS_READ,
        success="All job types.",
        example={"items": [_EXAMPLE]},
    ),
)
async def list_job_types(job_types: JobTypes, services: Everything) -> JobTypeList:
    """Return every kind of job that this service runs: names, stages, retries, payload, and whether it is paused."""
    pauses = await services.types.paused()
    return JobTypeList(items=[JobTypeRead.of(kind, pauses.get(kind.name)) for kind in job_types.values()])


@router.add(
    "POST",
    "/job-types/{type}/pause",
    Operation(
        "pauseJobType",
        "Pause a job type",
        permission=Permission.JOB_TYPES_PAUSE,
        success="The type as it is now.",
        problems=(UnknownJobType,),
        example={**_EXAMPLE, "pause": _PAUSE},
        requests={"reason": {"summary": "With a reason", "value": examples.WHY}},
    ),
)
async def pause_job_type(
    user: CurrentUser, services: Everything, type: Name, body: Annotated[Why | None, Body()] = None
) -> JobTypeRead:
    """Let no worker take a job of this type any more, in whatever process. Jobs that run go on.

    Jobs can be created meanwhile; they stay pending, and do not make the service unhealthy. Pausing a paused type
    changes nothing: the answer has the first pause.
    """
    kind, pause = await services.types.pause(type, caller=Caller.user(user.id), reason=body.reason if body else None)
    return JobTypeRead.of(kind, pause)


@router.add(
    "POST",
    "/job-types/{type}/resume",
    Operation(
        "resumeJobType",
        "Resume a job type",
        permission=Permission.JOB_TYPES_PAUSE,
        success="The type as it is now.",
        problems=(UnknownJobType,),
        example=_EXAMPLE,
    ),
)
async def resume_job_type(user: CurrentUser, services: Everything, type: Name) -> JobTypeRead:
    """Let workers take jobs of this type again: first those that have waited, in their order."""
    return JobTypeRead.of(await services.types.resume(type, caller=Caller.user(user.id)), None)
