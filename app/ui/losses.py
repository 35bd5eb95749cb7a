"""What an action takes, and what it leaves: said before it is done."""

from app.jobs.checkpoints import CheckpointStore
from app.jobs.model import Job
from app.jobs.states import Status
from app.ui.buttons import Button
from app.ui.job_row import progress_of
from app.ui.words import plural, size

_DEPENDENTS = "Jobs that wait for it fail, are cancelled, or run all the same, as each of them says."
_RETRY = "It can be retried, and then goes on from its last checkpoint."


async def losses(button: Button, job: Job, checkpoints: CheckpointStore) -> list[str]:
    """Return what is lost, for a job as it is now, in sentences."""
    match button:
        case Button.CANCEL:
            return _by_cancel(job)
        case Button.FORCE_FAIL:
            return _by_force_fail(job)
        case Button.DELETE:
            return await _by_delete(job, checkpoints)
    return [button.meaning]


def _by_cancel(job: Job) -> list[str]:
    said = [f"What it has done stays done{_so_far(job)}." if _begun(job) else "It has done nothing yet."]
    if job.status is Status.PROCESSING:
        said.append("It stops at its next boundary, after the step that it is in.")
    if job.has_dependents:
        said.append(_DEPENDENTS)
    return [*said, _RETRY]


def _by_force_fail(job: Job) -> list[str]:
    said = ["It ends at once, whatever its worker does."]
    if job.status is Status.PROCESSING:
        said.append(f"The step that the worker is in is lost. What was done before stays{_so_far(job)}.")
    if job.has_dependents:
        said.append(_DEPENDENTS)
    return [*said, _RETRY]


async def _by_delete(job: Job, checkpoints: CheckpointStore) -> list[str]:
    stored = await _stored(job, checkpoints)
    said = [f"Gone are the job, its audit trail and {stored}." if stored else "Gone are the job and its audit trail."]
    if job.status is Status.PROCESSING:
        said.append("It runs: it is taken from its worker, and the step that the worker is in is lost.")
    if job.has_dependents:
        said.append(_DEPENDENTS)
    return [*said, "What it has done elsewhere stays, and so do uploaded files.", "Nothing brings the job back."]


async def _stored(job: Job, checkpoints: CheckpointStore) -> str:
    try:
        saved = await checkpoints.saved(job.id)
    except OSError:
        return "its checkpoints, whose storage does not answer now"
    if not saved:
        return ""
    return f"{plural(len(saved), 'checkpoint')}, {size(sum(each.size for each in saved))}"


def _begun(job: Job) -> bool:
    # A handler that reports a percentage counts more than whole items.
    return bool(job.processed_items or job.progress.percent)


def _so_far(job: Job) -> str:
    items = progress_of(job).items
    return f": {items} items" if items else ""
