"""What people do to single jobs: which permission each action asks for, and the one way to do it."""

from uuid import UUID

from app.auth.permissions import Permission
from app.auth.user import User
from app.jobs.model import Caller, Job
from app.jobs.service import JobService
from app.jobs.states import Event
from app.problems import Forbidden

#: Which permission each action of a person asks for.
ACTION_PERMISSIONS: dict[Event, Permission] = {
    Event.PAUSE: Permission.JOBS_CONTROL,
    Event.RESUME: Permission.JOBS_CONTROL,
    Event.CANCEL: Permission.JOBS_CONTROL,
    Event.RETRY: Permission.JOBS_CONTROL,
    Event.FORCE_FAIL: Permission.JOBS_FORCE_FAIL,
}


async def control(jobs: JobService, user: User, job_id: UUID, event: Event, reason: str | None) -> Job:
    """Let ``user`` do ``event`` to a job.

    Raises:
        JobNotFound: no job has this id.
        Forbidden: the job is somebody else's, and the role reaches own jobs only.
        IllegalTransition: the job's status does not allow it.
    """
    permission = ACTION_PERMISSIONS[event]
    job = await jobs.get(job_id)
    if not user.may_on(permission, job.created_by):
        raise Forbidden(f"The role {user.role} has the permission {permission} for own jobs only.")
    return await jobs.control(job_id, event, caller=Caller.user(user.id), reason=reason)
