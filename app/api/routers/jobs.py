"""Jobs: list, create, look."""

from fastapi import Request, Response

from app.api import examples
from app.api.deps import CurrentUser, Cursor, Everything, IdempotencyKey, JobId, Jobs, Limit
from app.api.filters import Filters
from app.api.operation import Link, Operation
from app.api.route import VERSIONED, OperationRouter
from app.api.schemas.job import CreateJob, JobCounts, JobList, JobRead, PublicProgress, View
from app.api.schemas.trail import CheckpointList, CheckpointRead, JobEventList, JobEventRead
from app.auth.permissions import Permission
from app.jobs.model import Caller, Job
from app.problems import (
    DependencyNotFound,
    FileNotKnown,
    IdempotencyMismatch,
    InvalidCursor,
    JobNotFound,
    UnknownJobType,
)

router = OperationRouter("Jobs")

_ID = {"job_id": "$response.body#/id"}
#: What can be done with the answer of an operation that returns a job.
JOB_LINKS = {
    "getJob": Link("getJob", _ID, "Look at the job again."),
    "getJobProgress": Link("getJobProgress", _ID, "Follow its progress."),
    "listJobEvents": Link("listJobEvents", _ID, "See its audit trail."),
    "listJobCheckpoints": Link("listJobCheckpoints", _ID, "See its checkpoints."),
    "pauseJob": Link("pauseJob", _ID, "Pause it."),
    "resumeJob": Link("resumeJob", _ID, "Resume it."),
    "cancelJob": Link("cancelJob", _ID, "Cancel it."),
    "retryJob": Link("retryJob", _ID, "Retry it."),
    "forceFailJob": Link("forceFailJob", _ID, "Force it to fail."),
    "controlJob": Link("controlJob", _ID, "Do any of these."),
}
#: Headers of an answer that has a new job.
CREATED = {
    "Location": "The address of the new job.",
    "Idempotency-Replayed": "`true` when the idempotency key was known: this is its job, as it is now. Else `false`.",
}


def view(request: Request, user: CurrentUser) -> View:
    """Return what shows jobs to the caller."""
    return View(user, request.scope.get("root_path", "") + VERSIONED)


@router.add(
    "GET",
    "/jobs",
    Operation(
        "listJobs",
        "List jobs",
        permission=Permission.JOBS_READ,
        success="One page of jobs.",
        problems=(InvalidCursor, UnknownJobType),
        example={"items": [examples.summary()], "next_cursor": None},
    ),
)
async def list_jobs(
    request: Request, user: CurrentUser, jobs: Jobs, filters: Filters, limit: Limit, cursor: Cursor = None
) -> JobList:
    """Return jobs, newest first, a page at a time.

    Filters can be combined. Jobs that are created while you turn pages do not shift them: go on with `next_cursor`
    and the same filters until it is null.
    """
    return view(request, user).page(await jobs.page(filters, limit=limit, cursor=cursor))


@router.add(
    "GET",
    "/jobs/counts",
    Operation(
        "countJobs",
        "Count jobs by status",
        permission=Permission.JOBS_READ,
        success="The numbers.",
        problems=(UnknownJobType,),
        example={
            "items": [
                {"status": "pending", "jobs": 12, "more": False},
                {"status": "failed", "jobs": 1000, "more": True},
            ]
        },
    ),
)
async def count_jobs(services: Everything, filters: Filters) -> JobCounts:
    """Return how many jobs of each status the filters find: those of the list.

    Counting ends at 1,000 jobs of a status, so that the answer comes at once however many there are; `more` says that
    there may be more. With `text`, the newest 1,000 jobs that have it are counted.
    """
    return JobCounts.of(await services.reader.counts(filters))


@router.add(
    "POST",
    "/jobs",
    Operation(
        "createJob",
        "Create a job",
        permission=Permission.JOBS_CREATE,
        status=201,
        success="The new job; a worker takes it as soon as one is free.",
        problems=(DependencyNotFound, FileNotKnown, UnknownJobType, IdempotencyMismatch),
        example=examples.job(**examples.NEW),
        headers=CREATED,
        links=JOB_LINKS,
    ),
)
async def create_job(
    request: Request,
    response: Response,
    user: CurrentUser,
    jobs: Jobs,
    body: CreateJob,
    idempotency_key: IdempotencyKey = None,
) -> JobRead:
    """Create a job of any type. What `data` holds depends on the type; see the schemas, or the list of job types.

    The answer comes at once; the work happens in a worker. Geocoding has an operation of its own, which is the one to
    use for it. A job with `depends_on` starts when all of these are completed.

    With an `Idempotency-Key`, the request can be sent again when its answer was lost.
    """
    job, created = await jobs.create_once(
        idempotency_key,
        type=body.type,
        data=body.data,
        caller=Caller.user(user.id),
        created_by=user.id,
        priority=body.priority,
        config=body.config,
        start_at=body.start_at,
        depends_on=body.depends_on,
        on_dependency_failure=body.on_dependency_failure,
    )
    return show_created(view(request, user), response, job, created)


def show_created(view: View, response: Response, job: Job, created: bool) -> JobRead:
    """Return what the answer to a creation shows, and set its headers."""
    shown = view.full(job)
    response.headers["Location"] = shown.links.self
    response.headers["Idempotency-Replayed"] = "false" if created else "true"
    return shown


@router.add(
    "GET",
    "/jobs/{job_id}",
    Operation(
        "getJob",
        "Get a job",
        permission=Permission.JOBS_READ,
        success="The job.",
        problems=(JobNotFound,),
        example=examples.job(),
        links={name: link for name, link in JOB_LINKS.items() if name != "getJob"},
    ),
)
async def get_job(request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId) -> JobRead:
    """Return everything that is known of a job.

    `allowed_actions` says what you may do to it now; another user may see other actions.
    """
    return view(request, user).full(await jobs.get(job_id))


@router.add(
    "GET",
    "/jobs/{job_id}/progress",
    Operation(
        "getJobProgress",
        "Get a job's progress",
        permission=None,
        success="How far the job is.",
        problems=(JobNotFound,),
        example=examples.PROGRESS,
    ),
)
async def get_job_progress(jobs: Jobs, job_id: JobId) -> PublicProgress:
    """Return how far a job is, without a token: pass the address to whom it concerns.

    Poll it every two seconds or slower. It shows neither payload nor errors nor persons.
    """
    return PublicProgress.of(await jobs.get(job_id))


@router.add(
    "GET",
    "/jobs/{job_id}/events",
    Operation(
        "listJobEvents",
        "List a job's audit trail",
        permission=Permission.JOBS_READ,
        success="The audit trail.",
        problems=(JobNotFound,),
        example=examples.EVENTS,
    ),
)
async def list_job_events(jobs: Jobs, job_id: JobId) -> JobEventList:
    """Return every change of the job's status and every action on it: who, when, from, to and why; oldest first."""
    return JobEventList(items=[JobEventRead.of(event) for event in await jobs.events(job_id)])


@router.add(
    "GET",
    "/jobs/{job_id}/checkpoints",
    Operation(
        "listJobCheckpoints",
        "List a job's checkpoints",
        permission=Permission.JOBS_READ,
        success="The checkpoints.",
        problems=(JobNotFound,),
        example=examples.CHECKPOINTS,
    ),
)
async def list_job_checkpoints(jobs: Jobs, job_id: JobId) -> CheckpointList:
    """Return what is stored of the job's stages. A resumed or retried job goes on behind its last finished stage."""
    return CheckpointList(items=[CheckpointRead.of(found) for found in await jobs.checkpoints(job_id)])
