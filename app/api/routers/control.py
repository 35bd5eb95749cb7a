"""Actions on jobs."""

from typing import Annotated

from fastapi import Body, Request

from app.api import examples
from app.api.deps import CurrentUser, JobId, Jobs
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.routers.jobs import JOB_LINKS, view
from app.api.schemas.control import ControlJob
from app.api.schemas.job import JobRead, Why
from app.auth.control import control
from app.auth.permissions import Permission
from app.jobs.states import Event
from app.problems import IllegalTransition, JobNotFound

router = OperationRouter("Control")

#: The body of an action; it may be left out.
MaybeWhy = Annotated[Why | None, Body()]
_PROBLEMS = (JobNotFound, IllegalTransition)
_ASKED = {"reason": {"summary": "With a reason", "value": examples.WHY}}


def _operation(id: str, summary: str, permission: Permission, example: dict[str, object]) -> Operation:
    return Operation(
        id,
        summary,
        permission=permission,
        owned=True,
        success="The job as it is now.",
        problems=_PROBLEMS,
        example=example,
        requests=_ASKED,
        links={name: link for name, link in JOB_LINKS.items() if name != id},
    )


_PAUSING = examples.job(control_request="pause", allowed_actions=["pause", "resume", "cancel"])
_CANCELLED = examples.job(
    **examples.NEW
    | {"status": "cancelled", "completed_at": "2026-03-02T09:15:05Z", "allowed_actions": ["retry"], "run": 1}
)
_WAITING = examples.job(**examples.NEW | {"run": 2})
_FAILED = examples.job(
    status="failed",
    completed_at="2026-03-02T10:30:00Z",
    allowed_actions=["retry"],
    worker_id=None,
    lock_expires_at=None,
)


@router.add(
    "POST",
    "/jobs/{job_id}/control",
    Operation(
        "controlJob",
        "Pause, resume, cancel or retry a job",
        permission=Permission.JOBS_CONTROL,
        owned=True,
        success="The job as it is now.",
        problems=_PROBLEMS,
        example=_PAUSING,
        requests={
            "pause": {"summary": "Pause with a reason", "value": {"action": "pause", **examples.WHY}},
            "retry": {"summary": "Retry a failed job", "value": {"action": "retry"}},
        },
        links=JOB_LINKS,
    ),
)
async def control_job(request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId, body: ControlJob) -> JobRead:
    """Do to a job what one of its `allowed_actions` names.

    Each action has an operation of its own as well, which does the same.
    """
    event = Event(body.action.value)
    return view(request, user).full(await control(jobs, user, job_id, event, body.reason))


@router.add(
    "POST",
    "/jobs/{job_id}/pause",
    _operation("pauseJob", "Pause a job", Permission.JOBS_CONTROL, _PAUSING),
)
async def pause_job(request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId, body: MaybeWhy = None) -> JobRead:
    """Stop a job for a while, with its progress kept.

    A waiting job is paused at once. A running one notes the request, shown as `control_request`, and is paused at its
    next boundary, between two steps of its work.
    """
    return view(request, user).full(await control(jobs, user, job_id, Event.PAUSE, body.reason if body else None))


@router.add(
    "POST",
    "/jobs/{job_id}/resume",
    _operation("resumeJob", "Resume a job", Permission.JOBS_CONTROL, _WAITING),
)
async def resume_job(request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId, body: MaybeWhy = None) -> JobRead:
    """Let a paused job go on from where it stopped, or withdraw a pause that a running job has not met yet."""
    return view(request, user).full(await control(jobs, user, job_id, Event.RESUME, body.reason if body else None))


@router.add(
    "POST",
    "/jobs/{job_id}/cancel",
    _operation("cancelJob", "Cancel a job", Permission.JOBS_CONTROL, _CANCELLED),
)
async def cancel_job(request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId, body: MaybeWhy = None) -> JobRead:
    """Stop a job for good. What it has done stays done.

    A job that runs notes the request, shown as `control_request`, and stops at its next boundary.
    """
    return view(request, user).full(await control(jobs, user, job_id, Event.CANCEL, body.reason if body else None))


@router.add(
    "DELETE",
    "/jobs/{job_id}",
    Operation(
        "cancelJobByDelete",
        "Cancel a job, as DELETE",
        permission=Permission.JOBS_CONTROL,
        owned=True,
        success="The job as it is now.",
        problems=_PROBLEMS,
        example=_CANCELLED,
    ),
)
async def cancel_job_by_delete(request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId) -> JobRead:
    """Stop a job for good; it stays in the list. The same as the cancel action without a reason."""
    return view(request, user).full(await control(jobs, user, job_id, Event.CANCEL, None))


@router.add(
    "POST",
    "/jobs/{job_id}/retry",
    _operation("retryJob", "Retry a job", Permission.JOBS_CONTROL, _WAITING),
)
async def retry_job(request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId, body: MaybeWhy = None) -> JobRead:
    """Let a failed or cancelled job go on from its last checkpoint, with all its automatic retries again."""
    return view(request, user).full(await control(jobs, user, job_id, Event.RETRY, body.reason if body else None))


@router.add(
    "POST",
    "/jobs/{job_id}/force-fail",
    _operation("forceFailJob", "Force a job to fail", Permission.JOBS_FORCE_FAIL, _FAILED),
)
async def force_fail_job(
    request: Request, user: CurrentUser, jobs: Jobs, job_id: JobId, body: MaybeWhy = None
) -> JobRead:
    """End a job as failed at once, whatever its worker does: for jobs that are stuck.

    The worker loses its lease, so it cannot write any more; what it has committed stays.
    """
    return view(request, user).full(await control(jobs, user, job_id, Event.FORCE_FAIL, body.reason if body else None))
