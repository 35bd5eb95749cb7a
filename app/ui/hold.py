"""Who holds a job that runs, and what becomes of it when that worker is silent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.jobs.decisions import Case, Decision, LeaseState, decide
from app.jobs.model import Job, Request
from app.services import Services
from app.telemetry.health import liveness
from app.ui.words import plural

_REQUESTED: Mapping[Request, str] = {
    Request.PAUSE: "is taken back, and pauses",
    Request.CANCEL: "is taken back, and is cancelled",
}


@dataclass(frozen=True)
class Hold:
    """A worker's hold on a job.

    ``seen_at`` is the last heartbeat, None: nobody remembers the worker. ``outlook`` says what becomes of the job when
    the lease has ended, and ``waits`` whether that takes a worker which is not there.
    """

    worker: str
    seen_at: datetime | None
    until: datetime
    silent: bool
    outlook: str
    waits: bool


async def hold_of(job: Job, services: Services, now: datetime) -> Hold | None:
    """Return who holds a job; None: nobody does."""
    if job.worker_id is None or job.lock_expires_at is None:
        return None
    seen, patience = await services.roster.find(job.worker_id), liveness(services.settings)
    silent = seen is None or now - seen.seen_at > patience
    return Hold(
        worker=job.worker_id,
        seen_at=seen.seen_at if seen else None,
        until=job.lock_expires_at,
        silent=silent,
        outlook=_outlook(job, known=job.type in services.registry),
        waits=silent and not await services.roster.alive(patience),
    )


def _outlook(job: Job, *, known: bool) -> str:
    left = job.max_retries - job.retry_count
    case = Case(job.status, LeaseState.EXPIRED, entry=None, attempts_left=left > 0, type_known=known)
    if decide(case).decision is Decision.FAIL:
        return "fails: no attempt is left"
    if job.control_request:
        return _REQUESTED[job.control_request]
    retries = plural(left - 1, "retry is", "retries are")
    return f"is taken back, and another worker goes on from its last checkpoint; {retries} left then"
