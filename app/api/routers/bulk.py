"""Actions on all jobs that a filter finds."""

from app.api.deps import CurrentUser, Everything, JobTypes
from app.api.filters import job_filter
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.bulk import BulkRequest, BulkResult, ControlJobs
from app.auth.permissions import Permission
from app.auth.user import User
from app.jobs.bulk import BulkAction, Confirmation
from app.jobs.model import Caller
from app.jobs.registry import Registry
from app.problems import BulkMismatch, InvalidRequest, UnknownJobType
from app.services import Services

router = OperationRouter("Control")

_PROBLEMS = (UnknownJobType, BulkMismatch)
_RESULT = {
    "action": "cancel",
    "dry_run": True,
    "matched": {"pending": 12, "processing": 2, "completed": 30},
    "chosen": 14,
    "illegal": 30,
    "forbidden": 0,
    "digest": "9f86d081884c7d65",
    "done": 0,
}


@router.add(
    "POST",
    "/jobs/bulk",
    Operation(
        "controlJobs",
        "Pause, resume, cancel or retry many jobs",
        permission=Permission.JOBS_CONTROL,
        success="What was found, and what was done.",
        problems=_PROBLEMS,
        example=_RESULT,
        requests={
            "look": {
                "summary": "What would a cancel reach?",
                "value": {"action": "cancel", "filter": {"type": "geocode_households"}, "dry_run": True},
            },
            "confirm": {
                "summary": "Cancel what was seen",
                "value": {
                    "action": "cancel",
                    "filter": {"type": "geocode_households"},
                    "digest": "9f86d081884c7d65",
                    "reason": "The provider has asked us to stop.",
                },
            },
        },
    ),
)
async def control_jobs(user: CurrentUser, services: Everything, job_types: JobTypes, body: ControlJobs) -> BulkResult:
    """Do an action to all jobs that a filter finds, by the rules of the action on one job.

    First send it with `dry_run`, and look at the counts. Then send it with the `digest` (these jobs and no others) or
    the `expected_count` (so many) of the dry run: when the filter finds others now, nothing is done, and the answer is
    409. Jobs whose status does not allow the action, and for operators jobs of others, are skipped and counted. One
    request reaches at most 10,000 jobs.
    """
    return await _bulk(services, user, job_types, BulkAction(body.action.value), body, Permission.JOBS_CONTROL)


@router.add(
    "POST",
    "/admin/jobs/bulk-delete",
    Operation(
        "deleteJobs",
        "Delete many jobs",
        permission=Permission.JOBS_DELETE,
        success="What was found, and what was done.",
        problems=_PROBLEMS,
        example=_RESULT | {"action": "delete", "chosen": 30, "illegal": 14},
        requests={
            "look": {
                "summary": "What would be deleted?",
                "value": {"filter": {"status": ["completed", "failed"]}, "dry_run": True},
            },
            "confirm": {
                "summary": "Delete so many",
                "value": {"filter": {"status": ["completed", "failed"]}, "expected_count": 30},
            },
        },
    ),
)
async def delete_jobs(user: CurrentUser, services: Everything, job_types: JobTypes, body: BulkRequest) -> BulkResult:
    """Remove all jobs that a filter finds and that have ended, with their audit trails and checkpoints.

    Dry run and confirmation are those of actions on many jobs. Jobs that have not ended are skipped and counted as
    illegal: cancel them first.
    """
    return await _bulk(services, user, job_types, BulkAction.DELETE, body, Permission.JOBS_DELETE)


async def _bulk(
    services: Services, user: User, job_types: Registry, action: BulkAction, body: BulkRequest, permission: Permission
) -> BulkResult:
    confirmed = Confirmation(body.digest, body.expected_count)
    if not body.dry_run and confirmed == Confirmation():
        message = "needed, or `expected_count`: send it with `dry_run` first, then with what the answer says"
        raise InvalidRequest("The request is not valid: digest.", errors=[{"field": "digest", "message": message}])
    filters = job_filter(body.filter, user, job_types)
    plan = await services.bulk.plan(action, filters, may=lambda owner: user.may_on(permission, owner))
    done = 0
    if not body.dry_run:
        done = await services.bulk.carry_out(plan, confirmed, caller=Caller.user(user.id), reason=body.reason)
    return BulkResult.of(plan, dry_run=body.dry_run, done=done)
