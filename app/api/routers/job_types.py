"""Job types."""

from app.api.deps import JobTypes
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.job_type import JobTypeList, JobTypeRead
from app.auth.permissions import Permission

router = OperationRouter("Jobs")

_EXAMPLE = {
    "items": [
        {
            "name": "geocode_households",
            "label": "Geocode households",
            "summary": "Gives households the coordinates of their addresses.",
            "aliases": ["geocoding"],
            "stages": [{"name": "select", "label": "Select households"}],
            "retry": {"max_retries": 3, "base_seconds": 5.0, "factor": 2.0, "cap_seconds": 600.0, "jitter": 0.2},
            "limits": {"concurrency": None, "rate": None, "attempt_seconds": 3600.0},
            "payload_schema": {"type": "object", "properties": {"mode": {"enum": ["static", "dynamic"]}}},
            "example": {"mode": "static"},
        }
    ]
}


@router.add(
    "GET",
    "/job-types",
    Operation(
        "listJobTypes",
        "List the job types",
        permission=Permission.JOBS_READ,
        success="All job types.",
        example=_EXAMPLE,
        offline=False,
    ),
)
async def list_job_types(job_types: JobTypes) -> JobTypeList:
    """Return every kind of job that this service runs: its names, stages, retries and payload."""
    return JobTypeList(items=[JobTypeRead.of(kind) for kind in job_types.values()])
