"""Geocoding: the operation that is meant for it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query, Request, Response

from app.api import examples
from app.api.deps import CurrentUser, IdempotencyKey, Jobs
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.routers.jobs import CREATED, JOB_LINKS, show_created, view
from app.api.schemas.base import Moment
from app.api.schemas.job import DEPENDS_ON, ON_DEPENDENCY_FAILURE, JobRead
from app.auth.permissions import Permission
from app.database.tables import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from app.jobs.dependency import MOST_DEPENDENCIES, DependencyPolicy
from app.jobs.model import Caller
from app.problems import DependencyNotFound, IdempotencyMismatch, InvalidRequest

router = OperationRouter("Jobs")

#: The job type that this operation creates.
JOB_TYPE = "geocode_households"


@router.add(
    "POST",
    "/jobs/geocoding",
    Operation(
        "createGeocodingJob",
        "Geocode households",
        permission=Permission.JOBS_CREATE,
        status=201,
        success="The new job; a worker takes it as soon as one is free.",
        example=examples.job(**examples.NEW),
        problems=(DependencyNotFound, IdempotencyMismatch),
        headers=CREATED,
        links=JOB_LINKS,
        payload=JOB_TYPE,
    ),
)
async def create_geocoding_job(
    request: Request,
    response: Response,
    user: CurrentUser,
    jobs: Jobs,
    body: Annotated[dict[str, Any], Body()],
    priority: Annotated[
        int, Query(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY, description="A higher number is claimed first.")
    ] = DEFAULT_PRIORITY,
    start_at: Annotated[Moment | None, Query(description="The job does not start before this time.")] = None,
    depends_on: Annotated[
        list[UUID] | None, Query(max_length=MOST_DEPENDENCIES, description=f"{DEPENDS_ON} May be repeated.")
    ] = None,
    on_dependency_failure: Annotated[
        DependencyPolicy, Query(description=ON_DEPENDENCY_FAILURE)
    ] = DependencyPolicy.FAIL,
    idempotency_key: IdempotencyKey = None,
) -> JobRead:
    """Look up where households lie, and write it to their rows: the one way to ask for geocoding.

    With `mode` `static`, the set of households is fixed when the job starts to select them; with `dynamic`, the
    filters are evaluated again until nothing is left. Addresses that cannot be matched without doubt are reported,
    never guessed.
    """
    try:
        job, created = await jobs.create_once(
            idempotency_key,
            type=JOB_TYPE,
            data=body,
            caller=Caller.user(user.id),
            created_by=user.id,
            priority=priority,
            start_at=start_at,
            depends_on=depends_on or (),
            on_dependency_failure=on_dependency_failure,
        )
    except (InvalidRequest, DependencyNotFound) as problem:
        # The payload is the whole body here.
        problem.extra["errors"] = [_without_prefix(entry) for entry in problem.extra.get("errors", [])]
        raise
    return show_created(view(request, user), response, job, created)


def _without_prefix(entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry["field"].startswith("depends_on"):
        return {**entry, "in": "query", "field": "depends_on"}
    return {**entry, "field": entry["field"].removeprefix("data").removeprefix(".")}
