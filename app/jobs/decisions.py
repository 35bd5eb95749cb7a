"""What recovery does with a job that it finds: one table, which is total.

Recovery asks ``decide`` for every job that it looks at. What the table says of a job is written by the guarded
statements of ``app.jobs.recovery``, which check once more that it is still so.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.jobs.states import TERMINAL, Event, Status


class Decision(StrEnum):
    """What recovery does with a job."""

    REQUEUE = "requeue"
    FAIL = "fail"
    SKIP = "skip"


class LeaseState(StrEnum):
    """How a worker's hold on a job stands."""

    NONE = "none"
    LIVE = "live"
    EXPIRED = "expired"


class EntryState(StrEnum):
    """What the queue has of a pending job."""

    OUTSIDE = "outside"
    UNDERWAY = "underway"
    HELD = "held"
    MISSING = "missing"


class Wait(StrEnum):
    """How long a job waits that is handed over again."""

    NONE = "none"
    BACKOFF = "backoff"
    MINUTE = "minute"


@dataclass(frozen=True)
class Case:
    """A job as recovery finds it; ``entry`` is None where it is of no interest: the job is not ``pending``."""

    status: Status
    lease: LeaseState
    entry: EntryState | None
    attempts_left: bool
    type_known: bool


@dataclass(frozen=True)
class Rule:
    """One row of the table; what is None or empty holds for every job.

    ``event`` is what the audit trail records; a skipped job has none, as nothing changes. ``wait`` is for jobs that are
    handed over again.
    """

    name: str
    statuses: tuple[Status, ...]
    decision: Decision
    reason: str
    lease: LeaseState | None = None
    entry: EntryState | None = None
    attempts_left: bool | None = None
    type_known: bool | None = None
    event: Event | None = None
    wait: Wait = Wait.NONE

    def fits(self, case: Case) -> bool:
        """Tell whether this row is about ``case``."""
        asked = (
            (self.lease, case.lease),
            (self.entry, case.entry),
            (self.attempts_left, case.attempts_left),
            (self.type_known, case.type_known),
        )
        return case.status in self.statuses and all(wanted in (None, found) for wanted, found in asked)


_S, _L, _E, _D = Status, LeaseState, EntryState, Decision

#: The table. Of every case that the database allows exactly one row is true; a test tries them all.
RULES: tuple[Rule, ...] = (
    Rule("entry_outside", (_S.PENDING,), _D.SKIP,
         "it waits outside of the queue: for other jobs, for room, or for its type to be resumed", entry=_E.OUTSIDE),
    Rule("entry_underway", (_S.PENDING,), _D.SKIP, "it was written just now and may be on its way to the queue",
         entry=_E.UNDERWAY),
    Rule("entry_held", (_S.PENDING,), _D.SKIP, "the queue holds its entry", entry=_E.HELD),
    Rule("entry_missing", (_S.PENDING,), _D.REQUEUE, "the queue did not hold its entry",
         entry=_E.MISSING, type_known=True, event=Event.REQUEUE),
    Rule("entry_missing_type_unknown", (_S.PENDING,), _D.REQUEUE,
         "the queue did not hold its entry; a process that knows its type may take it",
         entry=_E.MISSING, type_known=False, event=Event.REQUEUE),
    Rule("lease_live", (_S.PROCESSING,), _D.SKIP, "a worker holds it", lease=_L.LIVE),
    Rule("lease_expired", (_S.PROCESSING,), _D.REQUEUE, "the worker stopped renewing its lease",
         lease=_L.EXPIRED, attempts_left=True, type_known=True, event=Event.RESCUE, wait=Wait.BACKOFF),
    Rule("lease_expired_type_unknown", (_S.PROCESSING,), _D.REQUEUE,
         "the worker stopped renewing its lease; another process may know its type",
         lease=_L.EXPIRED, attempts_left=True, type_known=False, event=Event.RESCUE, wait=Wait.MINUTE),
    Rule("attempts_used_up", (_S.PROCESSING,), _D.FAIL, "the worker stopped renewing its lease",
         lease=_L.EXPIRED, attempts_left=False, event=Event.ABANDON),
    Rule("paused", (_S.PAUSED,), _D.SKIP, "a person has stopped it, and a person resumes it"),
    Rule("ended", tuple(status for status in Status if status in TERMINAL), _D.SKIP, "it has ended"),
)  # fmt: skip


def decide(case: Case) -> Rule:
    """Return the row of the table that is about ``case``."""
    for rule in RULES:
        if rule.fits(case):
            return rule
    raise LookupError(f"the table has no row for {case}")
