"""Every write to jobs and their audit trail.

Every change of status is one statement: the guard is its WHERE clause, derived from the transition table, and the
audit entry is written by the same statement. Who loses a race changes nothing and gets None.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Double,
    Result,
    Select,
    Text,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.tables import NO_JOBS, job_events, jobs
from app.jobs.channels import EVENTS_CHANNEL, PROGRESS_CHANNEL
from app.jobs.clock import Clock
from app.jobs.context import LeaseLost, Step
from app.jobs.dependency import DependencyPolicy
from app.jobs.dependents import Dependents, depend
from app.jobs.model import ERROR_LOG_LIMIT, Caller, Job, Lease, Request, guard_holds
from app.jobs.reader import read_job, read_request
from app.jobs.states import TERMINAL, Actor, Event, Status, sources, target
from app.jobs.text import storable
from app.problems import IdempotencyMismatch
from app.telemetry import tracing
from app.webhooks.announcement import announcement

#: Values for the columns of a job, by column name; SQL expressions are welcome.
Values = Mapping[str, Any]

#: What every event that ends a worker's hold on a job clears.
UNHELD: Values = {"worker_id": None, "lock_expires_at": None}


@dataclass(frozen=True)
class NewJob:
    """What the creator of a job decides; the payload has been validated."""

    type: str
    data: dict[str, Any]
    config: dict[str, Any]
    priority: int
    max_retries: int
    created_by: UUID | None
    sensitive: tuple[str, ...] = ()
    start_at: datetime | None = None
    depends_on: tuple[UUID, ...] = ()
    on_dependency_failure: DependencyPolicy = DependencyPolicy.FAIL
    schedule_id: UUID | None = None
    scheduled_for: datetime | None = None

    @property
    def digest(self) -> bytes:
        """What tells two requests apart that use one idempotency key."""
        asked: list[Any] = [self.type, self.data, self.config, self.priority]
        if self.start_at:
            asked.append(self.start_at.astimezone(UTC).isoformat())
        if self.depends_on:
            asked.append([*map(str, self.depends_on), self.on_dependency_failure])
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()


@dataclass(frozen=True)
class RunningState:
    """What a person asked of a job that a worker holds, read while its lease is renewed."""

    lease: Lease
    request: Request | None


#: Who is told of jobs that wait for no other any more; it must not fail.
Freed = Callable[[Sequence[Job]], Awaitable[None]]


class JobStore:
    """Writes jobs. Methods open their own transaction unless they take a connection.

    ``freed`` gets jobs that waited for others and do so no more, to be handed to the queue.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None, *, freed: Freed | None = None) -> None:
        self.engine = engine
        self.clock = clock or Clock()
        self._freed = freed
        self.dependents = Dependents(self._apply, self._ending)

    async def settle_dependents(self, connection: AsyncConnection, event: Event, changed: Sequence[Job]) -> list[Job]:
        """Settle what waits for the jobs that a person's event has ended, and those that it lets wait again."""
        free = await self.dependents.follow(connection, changed)
        waiting = [job.id for job in changed if job.waits_for] if event is Event.RETRY else []
        return free + (await self.dependents.look(connection, jobs.c.id.in_(waiting)) if waiting else [])

    async def tell_freed(self, free: Sequence[Job]) -> None:
        """Pass on, after the commit, the jobs that wait for no other any more."""
        if free and self._freed:
            await self._freed(free)

    # -- people

    async def create(self, new: NewJob, *, caller: Caller) -> Job:
        """Insert a job as ``pending``. Raises DependencyNotFound when it is to wait for a job that does not exist."""
        async with self.engine.begin() as connection:
            return await self.create_on(connection, new, caller=caller)

    async def create_on(
        self, connection: AsyncConnection, new: NewJob, *, caller: Caller, reason: str | None = None
    ) -> Job:
        """Insert a job as ``create`` does, on ``connection``."""
        statement = self._created(new, await depend(connection, new.depends_on))
        row = (await self._insert(connection, statement, caller, reason)).one()
        return await self._settled_at_once(connection, read_job(row))

    async def create_once(self, new: NewJob, key: str, *, caller: Caller) -> tuple[Job, bool]:
        """Insert a job, unless its creator has used ``key`` before.

        Returns the job of this key, and whether it was created now. Raises IdempotencyMismatch when the key's job was
        created from something else.
        """
        mark = {"idempotency_key": key, "request_digest": new.digest}
        mine = select(jobs).where(jobs.c.created_by == new.created_by, jobs.c.idempotency_key == key)
        async with self.engine.begin() as connection:
            # A job that was waited for may be gone by the time that its request is repeated.
            row = (await connection.execute(mine)).one_or_none() if new.depends_on else None
            if row is None:
                once = self._created(new, await depend(connection, new.depends_on)).values(mark)
                once = once.on_conflict_do_nothing(
                    index_elements=["created_by", "idempotency_key"], index_where=jobs.c.idempotency_key.is_not(None)
                )
                # Who comes second waits here for the first one's commit, and then inserts nothing.
                row = (await self._insert(connection, once, caller)).one_or_none()
                if row is not None:
                    return await self._settled_at_once(connection, read_job(row)), True
                row = (await connection.execute(mine)).one()
        if row.request_digest != new.digest:
            raise IdempotencyMismatch(
                f"The idempotency key {key!r} belongs to job {row.id}, created from another request."
            )
        return read_job(row), False

    async def _insert(
        self, connection: AsyncConnection, statement: Insert, caller: Caller, reason: str | None = None
    ) -> Result[Any]:
        created = statement.returning(*jobs.c).cte("changed")
        inserted: Result[Any] = await connection.execute(self._audited(created, Event.CREATE, None, caller, reason))
        return inserted

    async def _settled_at_once(self, connection: AsyncConnection, job: Job) -> Job:
        """Return a job as it is when those that it waits for have been looked at: one may be lost already."""
        if not job.waits_for:
            return job
        await self.dependents.look(connection, jobs.c.id == job.id)
        return read_job((await connection.execute(select(jobs).where(jobs.c.id == job.id))).one())

    def _created(self, new: NewJob, dependencies: Values) -> Insert:
        now = self.clock.now()
        return insert(jobs).values(
            id=uuid4(),
            type=new.type,
            status=Status.PENDING.value,
            priority=new.priority,
            data=new.data,
            sensitive=list(new.sensitive),
            config=new.config,
            max_retries=new.max_retries,
            created_by=new.created_by,
            schedule_id=new.schedule_id,
            scheduled_for=new.scheduled_for,
            start_at=new.start_at,
            next_retry_at=_first_attempt(literal(new.start_at, DateTime(timezone=True)), now) if new.start_at else None,
            created_at=now,
            updated_at=now,
            trace_parent=tracing.parent(),
            on_dependency_failure=new.on_dependency_failure.value,
            **dependencies,
        )

    async def control(self, job_id: UUID, event: Event, *, caller: Caller, reason: str | None) -> tuple[Job, bool]:
        """Apply a person's event to the job's present status.

        Returns the job and whether the event happened; if not, the job is as it was. Raises KeyError: no such job.
        """
        async with self.engine.begin() as connection:
            row = (await connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update())).one_or_none()
            if row is None:
                raise KeyError(job_id)
            job = read_job(row)
            to = target(job.status, event)
            if to is None or not guard_holds(job, event):
                return job, False
            changed = await self._apply(
                connection, event, job.status, to, [jobs.c.id == job_id], self._effect(event, job, reason),
                caller=caller, reason=reason,
            )  # fmt: skip
            # The row is locked and its status was just read: the guard cannot fail.
            free = await self.settle_dependents(connection, event, changed)
            if event is Event.RETRY and changed[0].waits_for:
                changed = [read_job((await connection.execute(select(jobs).where(jobs.c.id == job_id))).one())]
        await self.tell_freed(free)
        return changed[0], True

    def _effect(self, event: Event, job: Job, reason: str | None) -> dict[str, Any]:
        """Return what a person's event changes besides the status."""
        now = self.clock.now()
        running = job.status is Status.PROCESSING
        match event:
            case Event.PAUSE if running:
                return {"control_request": Request.PAUSE.value, "pause_reason": reason}
            case Event.PAUSE:
                return {"paused_at": now, "pause_reason": reason, "control_request": None}
            case Event.RESUME if running:
                return {"control_request": None, "pause_reason": None}
            case Event.RESUME:
                return {**self._again(), "resumed_at": now, "resume_count": jobs.c.resume_count + 1}
            case Event.CANCEL if running:
                return {"control_request": Request.CANCEL.value}
            case Event.CANCEL:
                return {"completed_at": now, "next_retry_at": None, "control_request": None}
            case Event.RETRY:
                return {**self._again(), "retry_count": 0, "completed_at": None}
            case Event.FORCE_FAIL:
                entry = {"stage": job.stage, "message": reason or "An admin failed the job by hand.", "code": "forced"}
                return {**UNHELD, **self._ended(), "error_log": self._log([entry])}
        raise ValueError(f"{event} is no event of a person")

    def _again(self) -> dict[str, Any]:
        """Return what makes a job deliverable once more: a new run number, so that older deliveries are void."""
        return {
            "run": jobs.c.run + 1,
            "next_retry_at": _first_attempt(jobs.c.start_at, self.clock.now()),
            "control_request": None,
        }

    def _ending(self, entry: dict[str, Any] | None) -> dict[str, Any]:
        return {**self._ended(), "error_log": self._log([entry])} if entry else self._ended()

    def _ended(self) -> dict[str, Any]:
        return {"completed_at": self.clock.now(), "control_request": None, "next_retry_at": None}

    # -- workers

    async def claim(self, job_id: UUID, run: int, *, worker_id: str, lease: timedelta) -> Job | None:
        """Take a pending job for a worker, whatever the limits of its type. None: see ``claim_on``."""
        async with self.engine.begin() as connection:
            return await self.claim_on(connection, Lease(job_id, run, worker_id), lasts=lease)

    async def claim_on(self, connection: AsyncConnection, lease: Lease, *, lasts: timedelta) -> Job | None:
        """Take a pending job for the worker of ``lease``, on ``connection``.

        None: the delivery is old or early, or another worker or a person was quicker.
        """
        now = self.clock.now()
        values = {
            "worker_id": lease.worker_id,
            "lock_expires_at": self.clock.now(lasts),
            "started_at": func.coalesce(jobs.c.started_at, now),
            "next_retry_at": None,
            "waited_seconds": jobs.c.waited_seconds + _waited(now),
            "aged_at": None,
        }
        due = or_(jobs.c.next_retry_at.is_(None), jobs.c.next_retry_at <= now)
        guard = [jobs.c.id == lease.job_id, jobs.c.run == lease.run, due, jobs.c.waits_for == NO_JOBS]
        caller = Caller(Actor.WORKER, lease.worker_id)
        claimed = await self._apply(
            connection, Event.CLAIM, Status.PENDING, Status.PROCESSING, guard, values, caller=caller
        )
        return claimed[0] if claimed else None

    async def renew(self, worker_id: str, leases: Iterable[Lease], *, lease: timedelta) -> list[RunningState]:
        """Lengthen a worker's leases; one that is missing from the answer is lost."""
        held = [(lease.job_id, lease.run) for lease in leases]
        statement = (
            update(jobs)
            .where(
                jobs.c.worker_id == worker_id,
                jobs.c.status == Status.PROCESSING.value,
                tuple_(jobs.c.id, jobs.c.run).in_(held),
            )
            .values(lock_expires_at=self.clock.now(lease))
            .returning(jobs.c.id, jobs.c.run, jobs.c.control_request)
        )
        async with self.engine.begin() as connection:
            rows = await connection.execute(statement)
            return [RunningState(Lease(row.id, row.run, worker_id), read_request(row.control_request)) for row in rows]

    async def record(
        self, connection: AsyncConnection, lease: Lease, stage: str, step: Step, *, extend: timedelta
    ) -> Request | None:
        """Write one step of a running job on ``connection``; return what a person has asked for.

        Raises:
            LeaseLost: the worker does not hold the job any more; the caller's transaction must not be committed.
        """
        values: dict[str, Any] = {"stage": stage, "updated_at": self.clock.now()}
        values["lock_expires_at"] = self.clock.now(extend)
        if step.processed:
            values["processed_items"] = jobs.c.processed_items + step.processed
        if step.total is not None:
            values["total_items"] = step.total
        if step.state is not None:
            values["current_state"] = {"stage": stage, "state": storable(dict(step.state))}
        if step.details is not None:
            values["progress_details"] = storable(dict(step.details))
        if step.stats:
            values["output_stats"] = jobs.c.output_stats.op("||")(literal(storable(dict(step.stats)), JSONB))
        if step.errors:
            values["error_log"] = self._log([{"stage": stage, **error} for error in step.errors])
        told = func.pg_notify(PROGRESS_CHANNEL, cast(jobs.c.id, Text))
        statement = update(jobs).where(*_held(lease)).values(values).returning(jobs.c.control_request, told)
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise LeaseLost(f"job {lease.job_id} is no longer held by {lease.worker_id}")
        return read_request(row.control_request)

    async def link_checkpoint(self, lease: Lease, *, path: str, stage: str) -> bool:
        """Note on the row where the newest checkpoint is. False: the lease is lost."""
        statement = (
            update(jobs)
            .where(*_held(lease))
            .values(last_checkpoint_path=path, last_checkpoint_stage=stage, updated_at=self.clock.now())
        )
        async with self.engine.begin() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def settle(
        self,
        lease: Lease,
        event: Event,
        *,
        error: Mapping[str, Any] | None = None,
        delay: timedelta | None = None,
        reason: str | None = None,
    ) -> Job | None:
        """End a worker's hold on a job with one of the worker's events. None: the lease is lost, nothing changed."""
        async with self.engine.begin() as connection:
            settled = await self.settle_on(connection, lease, event, error=error, delay=delay, reason=reason)
            free = await self.dependents.follow(connection, settled)
        await self.tell_freed(free)
        return settled[0] if settled else None

    async def settle_on(
        self,
        connection: AsyncConnection,
        lease: Lease,
        event: Event,
        *,
        error: Mapping[str, Any] | None = None,
        delay: timedelta | None = None,
        reason: str | None = None,
    ) -> list[Job]:
        """End a worker's hold on a job as ``settle`` does, on ``connection``. Empty: the lease is lost.

        What waits for the job is left to the caller.
        """
        to = target(Status.PROCESSING, event)
        if to is None or event.actor is not Actor.WORKER:
            raise ValueError(f"a worker cannot end its hold on a job with {event}")
        values: dict[str, Any] = dict(UNHELD)
        match event:
            case Event.COMPLETE | Event.FAIL | Event.STOP:
                values |= self._ended()
            case Event.SUSPEND:
                values |= {"paused_at": self.clock.now(), "control_request": None}
            case Event.RELEASE:
                values |= {"run": jobs.c.run + 1}
            case Event.RESCHEDULE:
                values |= {
                    "run": jobs.c.run + 1,
                    "retry_count": jobs.c.retry_count + 1,
                    "next_retry_at": self.clock.now(delay or timedelta()),
                }
        if error:
            values["error_log"] = self._log([error])
        caller = Caller(Actor.WORKER, lease.worker_id)
        return await self._apply(
            connection, event, Status.PROCESSING, to, _held(lease), values, caller=caller, reason=reason
        )

    # -- the one guarded write

    async def _apply(
        self,
        connection: AsyncConnection,
        event: Event,
        source: Status,
        to: Status,
        guard: Sequence[ColumnElement[bool]],
        values: Values,
        *,
        caller: Caller,
        reason: str | None = None,
    ) -> list[Job]:
        if source not in sources(event, to=to):
            raise ValueError(f"the transition table has no {source} → {to} on {event}")
        changed = (
            update(jobs)
            .where(jobs.c.status == source.value, *guard)
            .values({"status": to.value, "updated_at": self.clock.now(), **values})
            .returning(*jobs.c)
            .cte("changed")
        )
        statement = self._audited(changed, event, source, caller, reason)
        if to in TERMINAL:
            statement = statement.add_cte(announcement(changed, to, self.clock.now()).cte("announced"))
        return [read_job(row) for row in await connection.execute(statement)]

    def _audited(
        self, changed: CTE, event: Event, source: Status | None, caller: Caller, reason: str | None = None
    ) -> Select[Any]:
        """Return a statement that runs ``changed``, writes its audit entries, and returns the changed jobs."""
        entry = (
            insert(job_events)
            .from_select(
                ["job_id", "at", "event", "actor", "actor_id", "from_status", "to_status", "run", "reason"],
                select(
                    changed.c.id,
                    self.clock.now(),
                    literal(event.value),
                    literal(caller.actor.value),
                    literal(caller.id),
                    literal(source.value if source else None),
                    changed.c.status,
                    changed.c.run,
                    literal(reason),
                ),
            )
            .returning(func.pg_notify(EVENTS_CHANNEL, ""))
        )
        return select(changed).add_cte(entry.cte("audited"))

    def _log(self, entries: Sequence[Mapping[str, Any]]) -> ColumnElement[Any]:
        """Return the error log with ``entries`` before it, newest first, cut to its limit."""
        at = func.jsonb_build_object("at", self.clock.now())
        newest = [
            literal(storable(dict(entry)), JSONB).op("||")(at) for entry in list(reversed(entries))[:ERROR_LOG_LIMIT]
        ]
        cut = cast(f"$[0 to {ERROR_LOG_LIMIT - 1}]", JSONPATH)
        return func.jsonb_path_query_array(func.jsonb_build_array(*newest).op("||")(jobs.c.error_log), cut)


def _waited(now: ColumnElement[datetime]) -> ColumnElement[float]:
    """Return for how many seconds a pending job has been due."""
    due = func.coalesce(jobs.c.next_retry_at, jobs.c.updated_at)
    return func.greatest(cast(extract("epoch", now - due), Double), 0.0)


def _first_attempt(start_at: ColumnElement[Any], now: ColumnElement[datetime]) -> ColumnElement[Any]:
    """Return when a job that has not to wait for anything else is due: at its delayed start, or (None) at once."""
    return case((start_at > now, start_at), else_=None)


def _held(lease: Lease) -> list[ColumnElement[bool]]:
    return [
        jobs.c.id == lease.job_id,
        jobs.c.run == lease.run,
        jobs.c.worker_id == lease.worker_id,
        jobs.c.status == Status.PROCESSING.value,
    ]
