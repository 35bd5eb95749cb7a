"""The same action on many jobs: first a plan that counts, then the deed, if the plan is still true."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy import select

from app.database.tables import jobs
from app.jobs.clearing import BATCH, MOST_AT_ONCE, Clearing
from app.jobs.listing import JobFilter
from app.jobs.model import Caller, Job, Standing, guard_holds
from app.jobs.reader import JobReader, read_job
from app.jobs.service import Dispatch
from app.jobs.states import TERMINAL, Event, Status, target
from app.jobs.store import JobStore
from app.problems import BulkMismatch, InvalidRequest
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("jobs")

#: Tells whether the caller may do the action to a job of this creator.
May = Callable[[UUID | None], bool]


class BulkAction(StrEnum):
    """What can be done to many jobs at once."""

    PAUSE = Event.PAUSE.value
    RESUME = Event.RESUME.value
    CANCEL = Event.CANCEL.value
    RETRY = Event.RETRY.value
    DELETE = "delete"

    @property
    def event(self) -> Event | None:
        """The event of each job; a deletion is none."""
        return None if self is BulkAction.DELETE else Event(self.value)

    def fits(self, standing: Standing) -> bool:
        """Tell whether it can be done to a job that stands so; only jobs that have ended are deleted in bulk."""
        if self.event is None:
            return standing.status in TERMINAL
        return target(standing.status, self.event) is not None and guard_holds(standing, self.event)


@dataclass(frozen=True)
class Plan:
    """What an action would be done to now.

    Attributes:
        matched: jobs that the filter finds, by status.
        chosen: those that the action can be done to by the caller, by id.
        illegal: those whose status does not allow it.
        forbidden: those that belong to others, where the caller's role reaches own jobs only.
    """

    action: BulkAction
    matched: dict[Status, int]
    chosen: tuple[UUID, ...]
    illegal: int
    forbidden: int

    @property
    def digest(self) -> str:
        """A short fingerprint of the action and the chosen jobs."""
        text = f"{self.action.value} {' '.join(str(job_id) for job_id in self.chosen)}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Confirmation:
    """What the caller has seen of a plan; each that is given must be true of the plan that is carried out."""

    digest: str | None = None
    count: int | None = None

    def fits(self, plan: Plan) -> bool:
        """Tell whether ``plan`` is the one that was confirmed."""
        return self.digest in (None, plan.digest) and self.count in (None, len(plan.chosen))


class BulkStore(JobStore):
    """The writes of an action on many jobs."""

    async def control_many(
        self, job_ids: Sequence[UUID], event: Event, *, caller: Caller, reason: str | None
    ) -> list[Job]:
        """Apply a person's event to those jobs that allow it now, in one transaction; return them as they are then."""
        # In the one order in which rows of several jobs are locked; see app.jobs.dependents.
        query = select(jobs).where(jobs.c.id.in_(job_ids)).order_by(jobs.c.dependency_depth, jobs.c.id)
        changed: list[Job] = []
        async with self.engine.begin() as connection:
            found = [read_job(row) for row in await connection.execute(query.with_for_update())]
            able = [job for job in found if guard_holds(job, event)]
            for status in dict.fromkeys(job.status for job in able):
                alike = [job for job in able if job.status is status]
                to = target(status, event)
                if to is not None:
                    changed += await self._apply(
                        connection, event, status, to, [jobs.c.id.in_([job.id for job in alike])],
                        self._effect(event, alike[0], reason), caller=caller, reason=reason,
                    )  # fmt: skip
            free = await self.settle_dependents(connection, event, changed)
        await self.tell_freed(free)
        return changed


class Bulk:
    """Actions on all jobs that a filter finds."""

    def __init__(self, store: BulkStore, reader: JobReader, clearing: Clearing, dispatch: Dispatch) -> None:
        self._store = store
        self._reader = reader
        self._clearing = clearing
        self._dispatch = dispatch

    async def plan(self, action: BulkAction, filters: JobFilter, *, may: May) -> Plan:
        """Say what ``action`` would be done to now.

        Raises:
            InvalidRequest: the filter finds more jobs than one request may change.
        """
        standings = await self._reader.standings(filters, limit=MOST_AT_ONCE + 1)
        if len(standings) > MOST_AT_ONCE:
            message = f"finds more than {MOST_AT_ONCE} jobs; narrow it by status, type, stage or creator"
            raise InvalidRequest("The request is not valid: filter.", errors=[{"field": "filter", "message": message}])
        mine = [standing for standing in standings if may(standing.created_by)]
        chosen = tuple(standing.id for standing in mine if action.fits(standing))
        return Plan(
            action=action,
            matched=dict(Counter(standing.status for standing in standings)),
            chosen=chosen,
            illegal=len(mine) - len(chosen),
            forbidden=len(standings) - len(mine),
        )

    async def carry_out(self, plan: Plan, confirmed: Confirmation, *, caller: Caller, reason: str | None) -> int:
        """Do what ``plan`` says, job by job; return to how many it was done.

        A job that has changed since the plan was made, so that its status does not allow the action, is left as it is.

        Raises:
            BulkMismatch: the plan is not the one that the caller has confirmed; nothing was done.
        """
        if not confirmed.fits(plan):
            raise BulkMismatch(
                f"The filter finds {len(plan.chosen)} jobs for {plan.action} now, not those that were confirmed.",
                count=len(plan.chosen),
                digest=plan.digest,
            )
        done = 0
        for start in range(0, len(plan.chosen), BATCH):
            done += await self._do(plan.action, plan.chosen[start : start + BATCH], caller, reason)
        emit(log, LogEvent.JOBS_CONTROLLED, action=plan.action.value, count=done, by=caller.by)
        return done

    async def _do(self, action: BulkAction, job_ids: Sequence[UUID], caller: Caller, reason: str | None) -> int:
        if action.event is None:
            return await self._clearing.remove(job_ids, caller=caller, reason=reason)
        changed = await self._store.control_many(job_ids, action.event, caller=caller, reason=reason)
        await self._dispatch.dispatch([job for job in changed if job.status is Status.PENDING])
        return len(changed)
