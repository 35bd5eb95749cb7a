"""How the page shows where a job stands: a word and a shape, so that nobody depends on colours."""

from dataclasses import dataclass
from datetime import datetime

from app.jobs.model import Job, Request
from app.jobs.states import Status


@dataclass(frozen=True)
class Badge:
    """``status`` chooses shape and colour, ``text`` is what it says, ``more`` what there is to add."""

    status: Status
    text: str
    more: str = ""


def badge(job: Job, now: datetime, *, silent: bool = False) -> Badge:
    """Return the badge of a job; ``silent``: the worker that has it gives no sign of life."""
    if silent:
        return Badge(job.status, job.status.value.capitalize(), "its worker is silent")
    if job.control_request is Request.PAUSE:
        return Badge(job.status, "Pausing", "at the next boundary")
    if job.control_request is Request.CANCEL:
        return Badge(job.status, "Cancelling", "at the next boundary")
    return Badge(job.status, job.status.value.capitalize(), _more(job, now))


def _more(job: Job, now: datetime) -> str:
    if job.waits_for and job.status in {Status.PENDING, Status.PAUSED}:
        count = len(job.waits_for)
        return f"waits for {count} other job{'s' if count > 1 else ''}"
    if job.status is Status.PENDING and job.next_retry_at and job.next_retry_at > now:
        return "retries later" if job.retry_count else "starts later"
    if job.status is Status.PENDING and job.retry_count:
        return f"retry {job.retry_count} of {job.max_retries}"
    return ""
