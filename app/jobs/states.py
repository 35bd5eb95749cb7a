"""What may happen to a job: six statuses, named events, one transition table.

Everything else that speaks of statuses is derived from ``TRANSITIONS``: the guard of every SQL write, the check
constraints of the table, the actions that the API offers, and the tables in the documentation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The status of a job, as users see it."""

    PENDING = "pending"
    PROCESSING = "processing"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def meaning(self) -> str:
        """One sentence for the people who look at a job in this status."""
        return _MEANINGS[self]


_MEANINGS = {
    Status.PENDING: "Waits for a worker, or for the time of its next attempt.",
    Status.PROCESSING: "A worker holds its lease and runs it.",
    Status.PAUSED: "Stopped by a person with its progress kept; goes on when it is resumed.",
    Status.COMPLETED: "Ran to its end.",
    Status.FAILED: "Stopped by an error that is permanent, or by the last attempt that it was allowed.",
    Status.CANCELLED: "Stopped by a person for good; what it had done by then stays done.",
}


class Actor(StrEnum):
    """Who may cause an event."""

    USER = "user"
    WORKER = "worker"
    SYSTEM = "system"


class Event(StrEnum):
    """A named cause of a transition. The audit trail records these names."""

    CREATE = "create"
    CLAIM = "claim"
    COMPLETE = "complete"
    FAIL = "fail"
    RESCHEDULE = "reschedule"
    SUSPEND = "suspend"
    STOP = "stop"
    RELEASE = "release"
    RESCUE = "rescue"
    ABANDON = "abandon"
    REQUEUE = "requeue"
    UNBLOCK = "unblock"
    UPSTREAM_FAIL = "upstream_fail"
    UPSTREAM_CANCEL = "upstream_cancel"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    FORCE_FAIL = "force_fail"

    @property
    def actor(self) -> Actor:
        """Who causes this event."""
        return _ACTORS[self]


_ACTORS = {
    Event.CREATE: Actor.USER,
    Event.CLAIM: Actor.WORKER,
    Event.COMPLETE: Actor.WORKER,
    Event.FAIL: Actor.WORKER,
    Event.RESCHEDULE: Actor.WORKER,
    Event.SUSPEND: Actor.WORKER,
    Event.STOP: Actor.WORKER,
    Event.RELEASE: Actor.WORKER,
    Event.RESCUE: Actor.SYSTEM,
    Event.ABANDON: Actor.SYSTEM,
    Event.REQUEUE: Actor.SYSTEM,
    Event.UNBLOCK: Actor.SYSTEM,
    Event.UPSTREAM_FAIL: Actor.SYSTEM,
    Event.UPSTREAM_CANCEL: Actor.SYSTEM,
    Event.PAUSE: Actor.USER,
    Event.RESUME: Actor.USER,
    Event.CANCEL: Actor.USER,
    Event.RETRY: Actor.USER,
    Event.FORCE_FAIL: Actor.USER,
}


@dataclass(frozen=True)
class Transition:
    """One row of the table: in ``source``, ``event`` leads to ``target``.

    ``guard`` is what must hold besides the status, ``effect`` what the same write changes besides it; both are for
    readers, the SQL is in ``app.jobs.store``.
    """

    source: Status | None
    event: Event
    target: Status
    trigger: str
    guard: str = ""
    effect: str = ""


_S, _E = Status, Event

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _E.CREATE, _S.PENDING, "a person or another program creates the job", "the payload is valid",
               "the row is committed, then handed to the queue"),
    Transition(_S.PENDING, _E.CLAIM, _S.PROCESSING, "a worker receives the job from the queue",
               "the run number is the job's, it waits for no other job, is due, and its type has room",
               "the worker's lease is set"),
    Transition(_S.PENDING, _E.REQUEUE, _S.PENDING, "recovery finds that the queue does not hold the job's entry",
               "the entry is missing", "the same run is handed to the queue again"),
    Transition(_S.PENDING, _E.PAUSE, _S.PAUSED, "the pause action", "", "the reason is kept"),
    Transition(_S.PENDING, _E.CANCEL, _S.CANCELLED, "the cancel action", "", "the end time is set"),
    Transition(_S.PENDING, _E.FORCE_FAIL, _S.FAILED, "the force-fail action", "", "the reason goes to the error log"),
    Transition(_S.PENDING, _E.UNBLOCK, _S.PENDING, "the last job that it waits for has ended",
               "all jobs that it waits for are done, or its policy takes them as done",
               "the job is handed to the queue"),
    Transition(_S.PENDING, _E.UPSTREAM_FAIL, _S.FAILED, "a job that it waits for failed, was cancelled or is gone",
               "the job's policy is fail", "the reason goes to the error log; jobs that wait for it are settled, too"),
    Transition(_S.PENDING, _E.UPSTREAM_CANCEL, _S.CANCELLED, "a job that it waits for failed, was cancelled or is gone",
               "the job's policy is cancel", "the end time is set; jobs that wait for it are settled, too"),
    Transition(_S.PROCESSING, _E.COMPLETE, _S.COMPLETED, "the handler returns", "the worker still holds the lease",
               "the lease is dropped, progress becomes 100 percent"),
    Transition(_S.PROCESSING, _E.FAIL, _S.FAILED, "a permanent error, or a transient one on the last attempt",
               "the worker still holds the lease", "the error goes to the error log"),
    Transition(_S.PROCESSING, _E.RESCHEDULE, _S.PENDING, "a transient error with attempts left",
               "the worker still holds the lease", "one retry is counted, the next attempt is delayed by the backoff"),
    Transition(_S.PROCESSING, _E.PAUSE, _S.PROCESSING, "the pause action", "no cancel has been requested",
               "the request is noted; the worker meets it at its next boundary"),
    Transition(_S.PROCESSING, _E.SUSPEND, _S.PAUSED, "the worker meets a pause request at a boundary",
               "the worker still holds the lease", "the progress is kept, the lease is dropped"),
    Transition(_S.PROCESSING, _E.RESUME, _S.PROCESSING, "the resume action, before the worker met the pause request",
               "a pause has been requested", "the request is withdrawn"),
    Transition(_S.PROCESSING, _E.CANCEL, _S.PROCESSING, "the cancel action", "",
               "the request is noted; the worker meets it at its next boundary"),
    Transition(_S.PROCESSING, _E.STOP, _S.CANCELLED, "the worker meets a cancel request at a boundary",
               "the worker still holds the lease", "the lease is dropped, the end time is set"),
    Transition(_S.PROCESSING, _E.RELEASE, _S.PENDING, "the worker is shutting down", "the worker still holds the lease",
               "the progress is kept, no retry is counted"),
    Transition(_S.PROCESSING, _E.RESCUE, _S.PENDING, "the lease has expired and attempts are left",
               "the lease has expired", "one retry is counted; after the backoff the next worker goes on"),
    Transition(_S.PROCESSING, _E.ABANDON, _S.FAILED, "the lease has expired on the last attempt",
               "the lease has expired", "the reason goes to the error log"),
    Transition(_S.PROCESSING, _E.FORCE_FAIL, _S.FAILED, "the force-fail action", "",
               "the lease is dropped, so the worker may not write any more"),
    Transition(_S.PAUSED, _E.RESUME, _S.PENDING, "the resume action", "", "the job is handed to the queue again"),
    Transition(_S.PAUSED, _E.CANCEL, _S.CANCELLED, "the cancel action", "", "the end time is set"),
    Transition(_S.PAUSED, _E.FORCE_FAIL, _S.FAILED, "the force-fail action", "", "the reason goes to the error log"),
    Transition(_S.PAUSED, _E.UNBLOCK, _S.PAUSED, "the last job that it waits for has ended",
               "all jobs that it waits for are done, or its policy takes them as done",
               "the job can go on when it is resumed"),
    Transition(_S.PAUSED, _E.UPSTREAM_FAIL, _S.FAILED, "a job that it waits for failed, was cancelled or is gone",
               "the job's policy is fail", "the reason goes to the error log; jobs that wait for it are settled, too"),
    Transition(_S.PAUSED, _E.UPSTREAM_CANCEL, _S.CANCELLED, "a job that it waits for failed, was cancelled or is gone",
               "the job's policy is cancel", "the end time is set; jobs that wait for it are settled, too"),
    Transition(_S.FAILED, _E.RETRY, _S.PENDING, "the retry action", "",
               "retries are counted from zero; the job goes on from its last checkpoint"),
    Transition(_S.CANCELLED, _E.RETRY, _S.PENDING, "the retry action", "",
               "retries are counted from zero; the job goes on from its last checkpoint"),
)  # fmt: skip

_BY_STATUS_AND_EVENT = {(row.source, row.event): row for row in TRANSITIONS}
assert len(_BY_STATUS_AND_EVENT) == len(TRANSITIONS), "a status and an event have one target"  # noqa: S101 (import-time proof)

#: Statuses that only a retry leaves.
TERMINAL: frozenset[Status] = frozenset(
    status for status in Status if all(row.event is Event.RETRY for row in TRANSITIONS if row.source is status)
)


def target(status: Status | None, event: Event) -> Status | None:
    """Return the status that ``event`` leads to from ``status``, or None where the table has no such row."""
    row = _BY_STATUS_AND_EVENT.get((status, event))
    return row.target if row else None


def sources(event: Event, *, to: Status | None = None) -> tuple[Status, ...]:
    """Return the statuses in which ``event`` may happen (those that lead to ``to``, when given), in table order."""
    return tuple(
        row.source
        for row in TRANSITIONS
        if row.event is event and row.source is not None and (to is None or row.target is to)
    )


def allowed(status: Status) -> tuple[Event, ...]:
    """Return what a person may do to a job in ``status``, in the order of the enum."""
    possible = {row.event for row in TRANSITIONS if row.source is status and row.event.actor is Actor.USER}
    return tuple(event for event in Event if event in possible)


def names(statuses: Iterable[Status]) -> list[str]:
    """Return plain strings, for SQL parameters and messages."""
    return [status.value for status in statuses]
