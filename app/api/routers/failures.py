"""Failed jobs in groups."""

from typing import Annotated

from fastapi import Query

from app.api import examples
from app.api.deps import CurrentSettings, Everything, JobTypes
from app.api.filters import Name
from app.api.operation import Operation
from app.api.problems import problem_page
from app.api.route import OperationRouter
from app.api.schemas.failure import FailureGroupList, FailureGroupRead
from app.auth.permissions import Permission
from app.jobs.failures import FailureReader
from app.problems import UnknownJobType

router = OperationRouter("Jobs")


@router.add(
    "GET",
    "/jobs/failures",
    Operation(
        "listFailures",
        "List failures in groups",
        permission=Permission.JOBS_READ,
        success="The groups.",
        problems=(UnknownJobType,),
        example={
            "items": [
                {
                    "type": "geocode_households",
                    "fingerprint": "9f86d081884c7d65",
                    "pattern": "service.storage_unavailable: The checkpoint … could not be stored.",
                    "kind": "transient",
                    "code": "service.storage_unavailable",
                    "problem": "/reference/problems/#problem-service-storage_unavailable",
                    "jobs": 17,
                    "first_at": "2026-03-02T09:12:40Z",
                    "last_at": "2026-03-02T09:14:02Z",
                    "example": examples.JOB_ID,
                    "message": "The checkpoint 'select.json' could not be stored.",
                }
            ]
        },
    ),
)
async def list_failures(
    services: Everything,
    settings: CurrentSettings,
    job_types: JobTypes,
    type: Annotated[Name, Query(description="Only this job type, by its name or an alias.")] = None,
) -> FailureGroupList:
    """Return the failed jobs in groups: those of one type whose newest error is the same but for what differs.

    What differs are quoted values, addresses, paths, and words with a digit in them. To retry a group, send
    `POST /api/v1/jobs/bulk` with its `fingerprint` as filter.
    """
    groups = await FailureReader(services.database.engine).groups(type=job_types.resolve(type).name if type else None)
    return FailureGroupList(
        items=[FailureGroupRead.of(group, problem_page(settings.docs_url, group.code)) for group in groups]
    )
