"""The attempts of a job, reckoned from its audit trail."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from app.jobs.model import JobEvent
from app.jobs.states import Event, Status


@dataclass(frozen=True)
class Attempt:
    """One stretch of a job in the hands of a worker. Times are in UTC.

    Attributes:
        number: counted from 1.
        run: the run of the job that it was.
        worker_id: who had the job; None in a trail that does not say so.
        queued_at: since when the job was pending before.
        started_at: when the worker claimed it.
        ended_at: when its hold ended; None while it runs.
        outcome: the event that ended it; None while it runs.
        reason: what that event says of why, such as the text of the error.
    """

    number: int
    run: int
    worker_id: str | None
    queued_at: datetime
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Event | None = None
    reason: str | None = None

    @property
    def wait_seconds(self) -> float:
        """Seconds for which the job was pending before, delays before a retry included."""
        return (self.started_at - self.queued_at).total_seconds()

    @property
    def run_seconds(self) -> float | None:
        """Seconds for which the worker had the job; None while it runs."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


def attempts(trail: Iterable[JobEvent]) -> list[Attempt]:
    """Return the attempts that an audit trail tells of, oldest first; ``trail`` is in its own order."""
    found: list[Attempt] = []
    queued_at: datetime | None = None
    for entry in trail:
        held = entry.from_status is Status.PROCESSING
        if entry.event is Event.CLAIM:
            found.append(Attempt(len(found) + 1, entry.run, entry.actor_id, queued_at or entry.at, entry.at))
        elif held and entry.to_status is not Status.PROCESSING and found:
            found[-1] = replace(found[-1], ended_at=entry.at, outcome=entry.event, reason=entry.reason)
        if entry.to_status is Status.PENDING and entry.event is not Event.REQUEUE:
            queued_at = entry.at
    return found
