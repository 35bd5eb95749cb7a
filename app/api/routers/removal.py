"""Deleting jobs with everything that belongs to them, for admins."""

from datetime import timedelta

from app.api import examples
from app.api.deps import CurrentUser, Everything, JobId
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.removal import ClearJobs, JobDeleted, JobsCleared
from app.auth.permissions import Permission
from app.jobs.model import Caller
from app.jobs.removal import Ended
from app.jobs.states import Status
from app.problems import JobNotFound

router = OperationRouter("Control")


@router.add(
    "DELETE",
    "/admin/jobs/{job_id}",
    Operation(
        "deleteJob",
        "Delete a job with its storage",
        permission=Permission.JOBS_DELETE,
        success="The job as it was; it is gone.",
        problems=(JobNotFound,),
        example={"id": examples.JOB_ID, "type": "geocode_households", "status": "processing"},
    ),
)
async def delete_job(user: CurrentUser, services: Everything, job_id: JobId) -> JobDeleted:
    """Remove a job, its audit trail, its checkpoints and its queue entry, whatever its status.

    A job that waits is cancelled by it. One that runs is taken from its worker, which cannot write any more; what it
    has committed elsewhere, such as voters and households, stays. To cancel a job and keep it in the list, use
    `DELETE /api/v1/jobs/{job_id}`.
    """
    job = await services.clearing.delete(job_id, caller=Caller.user(user.id))
    return JobDeleted(id=job.id, type=job.type, status=job.status)


@router.add(
    "POST",
    "/admin/jobs/clear",
    Operation(
        "clearJobs",
        "Delete the jobs that have ended",
        permission=Permission.JOBS_DELETE,
        success="How many are gone.",
        example={"deleted": 41, "remaining": 0},
        requests={
            "completed": {"summary": "Clear completed", "value": {"status": "completed"}},
            "failed": {
                "summary": "Count what failed a month ago",
                "value": {"status": "failed", "older_than_days": 30, "dry_run": True},
            },
        },
    ),
)
async def clear_jobs(user: CurrentUser, services: Everything, body: ClearJobs) -> JobsCleared:
    """Remove the jobs that ended in one way, the oldest first, with audit trails and checkpoints.

    A dry run only counts them, as `remaining`. One request removes at most 10,000.
    """
    ended = Ended(Status(body.status.value), timedelta(days=body.older_than_days))
    if body.dry_run:
        return JobsCleared(deleted=0, remaining=await services.clearing.count(ended))
    cleared = await services.clearing.clear(ended, caller=Caller.user(user.id), reason="cleared by hand")
    return JobsCleared(deleted=cleared.deleted, remaining=cleared.remaining)
