"""The audit trail of a job as sentences: what happened, who did it, and how long the job had waited or run by then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.jobs.model import JobEvent
from app.jobs.states import Actor, Event, Status
from app.ui.words import duration


@dataclass(frozen=True)
class Entry:
    """One line of the trail: ``span`` says how long the job was in its status before, where that says something."""

    at: datetime
    status: Status
    text: str
    reason: str | None
    span: str | None


#: What an event means for people; ``{who}`` is who caused it.
_SENTENCES: Mapping[Event, str] = {
    Event.CREATE: "{who} created the job",
    Event.CLAIM: "Worker {who} took the job",
    Event.COMPLETE: "The job ran to its end",
    Event.FAIL: "The job failed",
    Event.RESCHEDULE: "The attempt failed; another one follows",
    Event.SUSPEND: "The job met the pause at a boundary",
    Event.STOP: "The job met the cancel at a boundary",
    Event.RELEASE: "The worker was stopped and gave the job back",
    Event.RESCUE: "The job was taken back from a worker that had stopped renewing its lease",
    Event.ABANDON: "The job failed: its worker stopped renewing its lease, and no attempts were left",
    Event.REQUEUE: "The job was handed to the queue again",
    Event.UNBLOCK: "Nothing keeps the job from running any more",
    Event.UPSTREAM_FAIL: "The job failed, because one that it waited for did not end well",
    Event.UPSTREAM_CANCEL: "The job was cancelled, because one that it waited for did not end well",
    Event.PAUSE: "{who} paused the job",
    Event.RESUME: "{who} resumed the job",
    Event.CANCEL: "{who} cancelled the job",
    Event.RETRY: "{who} retried the job",
    Event.FORCE_FAIL: "{who} forced the job to fail",
}
#: What a person asks of a job that runs, which is not done yet.
_ASKED: Mapping[Event, str] = {
    Event.PAUSE: "{who} asked the job to pause",
    Event.RESUME: "{who} withdrew the pause",
    Event.CANCEL: "{who} asked the job to stop for good",
}
_SPANS: Mapping[Status, str] = {
    Status.PENDING: "after waiting {}",
    Status.PROCESSING: "after running {}",
    Status.PAUSED: "after {} paused",
}


def who(event: JobEvent, names: Mapping[UUID, str]) -> str:
    """Return who caused an event: a user's name, a worker's id, a part of the service."""
    if event.actor is Actor.USER and event.actor_id:
        return names.get(UUID(event.actor_id), "An unknown user")
    if event.actor is Actor.WORKER:
        return event.actor_id or "unknown"
    return f"The service ({event.actor_id})" if event.actor_id else "The service"


def sentence(event: JobEvent, names: Mapping[UUID, str]) -> str:
    """Return what happened, without a full stop."""
    stays = event.from_status is Status.PROCESSING and event.to_status is Status.PROCESSING
    pattern = _ASKED.get(event.event) if stays else None
    return (pattern or _SENTENCES[event.event]).format(who=who(event, names))


def entries(trail: Iterable[JobEvent], names: Mapping[UUID, str]) -> list[Entry]:
    """Return the trail as lines, oldest first."""
    found: list[Entry] = []
    since: datetime | None = None
    for event in trail:
        changed = event.from_status is not event.to_status
        span = None
        if changed and since and event.from_status and event.from_status in _SPANS:
            span = _SPANS[event.from_status].format(duration(event.at - since))
        found.append(Entry(event.at, event.to_status, sentence(event, names), event.reason, span))
        if changed or event.event is Event.CREATE:
            since = event.at
    return found
