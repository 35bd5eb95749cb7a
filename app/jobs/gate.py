"""The gate in front of each limited job type: whether one more of its jobs may start now.

All processes share it. Who claims a job of a limited type locks the type's row first, so the limits hold exactly; the
jobs of other types pass without it. A paused type lets nothing through: its jobs stay pending, and who resumes it hands
them over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.tables import jobs, type_gates
from app.database.together import Together
from app.jobs.due import IN_TURN, is_due
from app.jobs.limits import Limits, Rate
from app.jobs.model import Job, Lease
from app.jobs.reader import read_job
from app.jobs.registry import Registry
from app.jobs.states import Status
from app.jobs.store import Claim, JobStore

#: When to look again whether a type has room that a running job of another process may give free.
LOOK_AGAIN = timedelta(seconds=0.25)

#: Jobs of a type without limits that are looked for at once.
_BATCH = 100

_NO_LIMITS = Limits()


@dataclass(frozen=True)
class NotNow:
    """The job stays pending: its type has no room, or its time has not come. Worth another look after ``wait``."""

    wait: timedelta


@dataclass(frozen=True)
class Room:
    """How many jobs of a type may start now; if none may because of the rate, ``wait`` until one may."""

    jobs: int
    wait: timedelta | None = None


class Gate:
    """Claims jobs within the limits of their types, and knows which ones are next."""

    def __init__(self, store: JobStore, registry: Registry) -> None:
        self._store = store
        self._limits: Mapping[str, Limits] = {name: kind.limits for name, kind in registry.items()}
        self._claims: Together[tuple[Claim, timedelta], Job | None] = Together(self._claim_together, store.turn)
        self._first: Mapping[str, str] = {name: kind.stages[0].name for name, kind in registry.items()}

    async def claim(self, lease: Lease, type: str, *, lasts: timedelta) -> Job | NotNow | None:
        """Take a pending job for the worker of ``lease``; None: the delivery is old, or somebody was quicker."""
        limits, stage = self._limits.get(type, _NO_LIMITS), self._first.get(type)
        if not limits.gated:
            return await self._claims.ask((Claim(lease, stage), lasts)) or await self._early(lease)
        async with self._store.engine.begin() as connection:
            starts = await _lock(connection, type)
            room, now = await self._room(connection, type, limits, starts)
            if not room.jobs:
                return NotNow(room.wait or LOOK_AGAIN)
            job = await self._store.claim_on(connection, lease, lasts=lasts, stage=stage)
            if job is not None and limits.rate:
                await _note(connection, type, [*starts, now], limits.rate)
        return job or await self._early(lease)

    async def _claim_together(self, asked: Sequence[tuple[Claim, timedelta]]) -> list[Job | None]:
        # A process has one worker and one length of leases.
        kinds = {(claim.lease.worker_id, lasts) for claim, lasts in asked}
        claimed: dict[Lease, Job | None] = {}
        for worker_id, lasts in kinds:
            claims = [claim for claim, long in asked if (claim.lease.worker_id, long) == (worker_id, lasts)]
            found = await self._store.claim_all(claims, lasts=lasts)
            claimed |= zip([claim.lease for claim in claims], found, strict=True)
        return [claimed[claim.lease] for claim, _ in asked]

    async def next(self, type: str) -> tuple[list[Job], Room]:
        """Return the due jobs that may start now, the first first, and how much room the type had."""
        limits = self._limits.get(type, _NO_LIMITS)
        due = [jobs.c.type == type, is_due(self._store.clock)]
        async with self._store.engine.connect() as connection:
            room = Room(_BATCH)
            if limits.gated:
                found = select(type_gates.c.starts).where(type_gates.c.type == type)
                starts = (await connection.execute(found)).scalar_one_or_none() or []
                room, _ = await self._room(connection, type, limits, starts)
            query = select(jobs).where(*due).order_by(*IN_TURN).limit(max(1, min(room.jobs, _BATCH)))
            waiting = [read_job(row) for row in await connection.execute(query)]
        if room.jobs:
            return waiting, room
        # Nobody waits: then there is nothing to look again for.
        return [], room if waiting else Room(0)

    async def _room(
        self, connection: AsyncConnection, type: str, limits: Limits, starts: list[datetime]
    ) -> tuple[Room, datetime]:
        running = select(func.count()).where(jobs.c.type == type, jobs.c.status == Status.PROCESSING.value)
        # The time of this statement, not of the transaction, which may have waited for the gate.
        query = select(running.scalar_subquery().label("running"), self._store.clock.instant().label("now"))
        row = (await connection.execute(query)).one()
        room = _BATCH if limits.concurrency is None else max(0, limits.concurrency - row.running)
        if not limits.rate:
            return Room(room), row.now
        period = timedelta(seconds=limits.rate.seconds)
        recent = [start for start in starts if start + period > row.now]
        if len(recent) >= limits.rate.starts:
            return Room(0, recent[-limits.rate.starts] + period - row.now), row.now
        return Room(min(room, limits.rate.starts - len(recent))), row.now

    async def _early(self, lease: Lease) -> NotNow | None:
        """Tell a delivery that came too early from one that is void."""
        this = [jobs.c.id == lease.job_id, jobs.c.run == lease.run, jobs.c.status == Status.PENDING.value]
        query = select(jobs.c.next_retry_at - self._store.clock.now()).where(*this)
        async with self._store.engine.connect() as connection:
            wait = (await connection.execute(query)).scalar_one_or_none()
        return NotNow(max(wait, timedelta())) if wait is not None else None


async def _lock(connection: AsyncConnection, type: str) -> list[datetime]:
    """Lock the gate of a type until the end of the transaction; return the times of its recent starts, in order."""
    query = select(type_gates.c.starts).where(type_gates.c.type == type).with_for_update()
    starts: list[datetime] | None = (await connection.execute(query)).scalar_one_or_none()
    if starts is None:
        await connection.execute(insert(type_gates).values(type=type, starts=[]).on_conflict_do_nothing())
        starts = (await connection.execute(query)).scalar_one()
    return starts


async def _note(connection: AsyncConnection, type: str, starts: list[datetime], rate: Rate) -> None:
    kept = literal(starts[-rate.starts :], type_gates.c.starts.type)
    await connection.execute(update(type_gates).where(type_gates.c.type == type).values(starts=kept))
