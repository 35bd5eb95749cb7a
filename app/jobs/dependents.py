"""Settles jobs that wait for others, in the transaction that ends those others.

Rows are locked in one order everywhere: by depth, then by id. The depth of a job is one more than the greatest depth of
those that it waits for, so a job comes after everything that its end depends on, and two transactions never wait for
each other.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.tables import NO_JOBS, jobs
from app.jobs.dependency import DependencyPolicy, is_lost
from app.jobs.failures import DEPENDENCY
from app.jobs.model import Caller, Job
from app.jobs.reader import read_job
from app.jobs.states import TERMINAL, Event, Status
from app.problems import DependencyNotFound

#: Who settles them, in the audit trail.
_CALLER = Caller.system("dependencies")
_WAITS = jobs.c.waits_for != NO_JOBS
_OPEN = (Status.PENDING, Status.PAUSED)
_EVENTS = {
    DependencyPolicy.FAIL: (Event.UPSTREAM_FAIL, Status.FAILED),
    DependencyPolicy.CANCEL: (Event.UPSTREAM_CANCEL, Status.CANCELLED),
}


class Apply(Protocol):
    """The store's guarded write."""

    def __call__(
        self,
        connection: AsyncConnection,
        event: Event,
        source: Status,
        to: Status,
        guard: Sequence[ColumnElement[bool]],
        values: dict[str, Any],
        *,
        caller: Caller,
        reason: str | None = None,
    ) -> Awaitable[list[Job]]:
        """Do ``event`` to the jobs that ``guard`` fits; return them as they are now."""


class Dependents:
    """What waits for jobs that have ended.

    ``apply`` writes a change of status; ``ending`` returns what every end changes, with the entry of the error log.
    """

    def __init__(self, apply: Apply, ending: Callable[[dict[str, Any] | None], dict[str, Any]]) -> None:
        self._apply = apply
        self._ending = ending

    async def follow(self, connection: AsyncConnection, changed: Iterable[Job]) -> list[Job]:
        """Settle all that waits for those of ``changed`` that have ended, also through others.

        Returns the jobs that wait for nothing any more.
        """
        ended = [job for job in changed if job.status in TERMINAL]
        return await self._settle(connection, await self._waiting_for(connection, ended))

    async def look(self, connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Job]:
        """Settle the waiting jobs that ``wanted`` fits, and all that waits for them; return those that wait no more."""
        query = select(jobs.c.id, jobs.c.dependency_depth).where(_WAITS, wanted)
        waiting: dict[int, set[UUID]] = defaultdict(set)
        for row in await connection.execute(query):
            waiting[row.dependency_depth].add(row.id)
        return await self._settle(connection, waiting)

    async def _waiting_for(self, connection: AsyncConnection, ended: Iterable[Job]) -> dict[int, set[UUID]]:
        waiting: dict[int, set[UUID]] = defaultdict(set)
        ids = [job.id for job in ended if job.has_dependents]
        if ids:
            query = select(jobs.c.id, jobs.c.dependency_depth).where(_WAITS, jobs.c.waits_for.overlap(ids))
            for row in await connection.execute(query):
                waiting[row.dependency_depth].add(row.id)
        return waiting

    async def _settle(self, connection: AsyncConnection, waiting: dict[int, set[UUID]]) -> list[Job]:
        free: list[Job] = []
        while waiting:
            # What waits for these is deeper, so nothing is locked out of order.
            freed, ended = await self._level(connection, waiting.pop(min(waiting)))
            free += freed
            for depth, ids in (await self._waiting_for(connection, ended)).items():
                waiting.setdefault(depth, set()).update(ids)
        return free

    async def _level(self, connection: AsyncConnection, ids: set[UUID]) -> tuple[list[Job], list[Job]]:
        """Settle jobs of one depth; return those that wait no more, and those that have ended with what they need."""
        query = select(jobs).where(jobs.c.id.in_(ids), _WAITS, jobs.c.status.in_(_OPEN)).order_by(jobs.c.id)
        found = [read_job(row) for row in await connection.execute(query.with_for_update())]
        statuses = await self._statuses(connection, {other for job in found for other in job.waits_for})
        # Jobs that are changed alike are changed together: by event, status, target and the job that decided.
        alike: dict[tuple[Event, Status, Status, UUID | None], list[UUID]] = defaultdict(list)
        fewer: list[dict[str, Any]] = []
        for job in found:
            policy = job.on_dependency_failure
            left = [other for other in job.waits_for if not policy.is_met_by(statuses.get(other))]
            lost = next((other for other in left if is_lost(statuses.get(other))), None)
            if lost:
                event, to = _EVENTS[policy]
                alike[event, job.status, to, lost].append(job.id)
            elif not left:
                alike[Event.UNBLOCK, job.status, job.status, None].append(job.id)
            elif len(left) < len(job.waits_for):
                fewer.append({"job": job.id, "left": left})
        if fewer:
            statement = update(jobs).where(jobs.c.id == bindparam("job")).values(waits_for=bindparam("left"))
            await connection.execute(statement, fewer)
        changed = [
            job
            for (event, source, to, lost), members in alike.items()
            for job in await self._change(connection, event, source, to, members, lost, statuses)
        ]
        return [job for job in changed if not job.waits_for], [job for job in changed if job.waits_for]

    async def _change(
        self, connection: AsyncConnection, event: Event, source: Status, to: Status, members: list[UUID],
        lost: UUID | None, statuses: dict[UUID, Status],
    ) -> list[Job]:  # fmt: skip
        values: dict[str, Any] = {"waits_for": []}
        reason = "all jobs that it waited for have ended"
        if lost:
            how = {Status.FAILED: "failed", Status.CANCELLED: "was cancelled"}.get(statuses.get(lost, Status.PENDING))
            reason = f"job {lost}, which it waits for, {how or 'is gone'}"
            entry = {"message": f"J{reason[1:]}.", "code": DEPENDENCY} if to is Status.FAILED else None
            values = self._ending(entry)
        guard = [jobs.c.id.in_(members)]
        return await self._apply(connection, event, source, to, guard, values, caller=_CALLER, reason=reason)

    async def _statuses(self, connection: AsyncConnection, ids: set[UUID]) -> dict[UUID, Status]:
        query = select(jobs.c.id, jobs.c.status).where(jobs.c.id.in_(ids))
        return {row.id: Status(row.status) for row in await connection.execute(query)} if ids else {}


def overdue() -> ColumnElement[bool]:
    """Return the condition that a waiting job has something to be settled: one of its jobs has ended, or is gone."""
    other = jobs.alias("other")
    still_open = select(func.count()).where(other.c.id == func.any(jobs.c.waits_for), other.c.completed_at.is_(None))
    return jobs.c.status.in_(_OPEN) & (
        still_open.correlate(jobs).scalar_subquery() < func.cardinality(jobs.c.waits_for)
    )


async def depend(connection: AsyncConnection, others: Sequence[UUID]) -> dict[str, Any]:
    """Lock the jobs that a new one is to wait for, and return what its row says of them.

    Raises:
        DependencyNotFound: one of them does not exist; ``errors`` names them.
    """
    if not others:
        return {}
    query = select(jobs.c.id, jobs.c.status, jobs.c.dependency_depth).where(jobs.c.id.in_(others))
    found = await connection.execute(query.order_by(jobs.c.dependency_depth, jobs.c.id).with_for_update())
    known = {row.id: row for row in found}
    errors = [
        {"field": f"depends_on.{index}", "message": "there is no such job", "value": str(other)}
        for index, other in enumerate(others)
        if other not in known
    ]
    if errors:
        raise DependencyNotFound("The job is to wait for jobs that do not exist.", errors=errors)
    waits = [other for other in dict.fromkeys(others) if known[other].status != Status.COMPLETED.value]
    # Their ends look for dependents from now on; what ends in this moment waits for our commit.
    noted = update(jobs).where(jobs.c.id.in_(waits), ~jobs.c.has_dependents).values(has_dependents=True)
    await connection.execute(noted)
    depth = 1 + max(row.dependency_depth for row in known.values())
    return {"depends_on": list(dict.fromkeys(others)), "waits_for": waits, "dependency_depth": depth}
