"""Every write to jobs that are there, and to their audit trail.

Every change of status is one statement: the guard is its WHERE clause, derived from the transition table, and the
audit entry is written by the same statement. Who loses a race changes nothing and gets None.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Double,
    Select,
    TableValuedAlias,
    Text,
    Update,
    bindparam,
    cast,
    extract,
    func,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, INTERVAL, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.tables import NO_JOBS, jobs
from app.jobs.channels import PROGRESS_CHANNEL
from app.jobs.clock import Clock
from app.jobs.context import LeaseLost, Step
from app.jobs.creation import JobCreation, first_attempt
from app.jobs.failures import FORCED
from app.jobs.model import Caller, Job, Lease, Request, guard_holds
from app.jobs.pauses import is_held
from app.jobs.reader import read_job, read_request
from app.jobs.states import TERMINAL, Actor, Event, Status, target
from app.jobs.text import storable
from app.jobs.transition import UNHELD, Parameters, still


@dataclass(frozen=True)
class RunningState:
    """What a person asked of a job that a worker holds, read while its lease is renewed."""

    lease: Lease
    request: Request | None


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is in storage: its path below the store's address, and the stage that it is of."""

    path: str
    stage: str


@dataclass(frozen=True)
class Claim:
    """A job that a worker wants under ``lease``, and the stage that it begins with when it is new."""

    lease: Lease
    stage: str | None


@dataclass(frozen=True)
class End:
    """A job that is done, and the checkpoint of its last stage, if the row does not name it yet."""

    lease: Lease
    checkpoint: Checkpoint | None


#: Who is told of jobs that wait for no other any more; it must not fail.
Freed = Callable[[Sequence[Job]], Awaitable[None]]


class JobStore(JobCreation):
    """Writes jobs. Methods open their own transaction unless they take a connection.

    ``freed`` gets jobs that waited for others and do so no more, to be handed to the queue. ``turn`` is for the claims
    and the ends of a process: a statement for one job costs hardly less than one for ten.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None, *, freed: Freed | None = None) -> None:
        super().__init__(engine, clock)
        self.turn = asyncio.Lock()
        self._freed = freed

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
                entry = {"stage": job.stage, "message": reason or "An admin failed the job by hand.", "code": FORCED}
                return {**UNHELD, **self._ended(), "error_log": self._log([entry])}
        raise ValueError(f"{event} is no event of a person")

    def _again(self) -> dict[str, Any]:
        """Return what makes a job deliverable once more: a new run number, so that older deliveries are void."""
        return {
            "run": jobs.c.run + 1,
            "next_retry_at": first_attempt(jobs.c.start_at, self.clock.now()),
            "control_request": None,
        }

    # -- workers

    async def claim(
        self, job_id: UUID, run: int, *, worker_id: str, lease: timedelta, stage: str | None = None
    ) -> Job | None:
        """Take a pending job for a worker, whatever the limits of its type. None: see ``claim_on``."""
        async with self.alone() as connection:
            return await self.claim_on(connection, Lease(job_id, run, worker_id), lasts=lease, stage=stage)

    async def claim_on(
        self, connection: AsyncConnection, lease: Lease, *, lasts: timedelta, stage: str | None = None
    ) -> Job | None:
        """Take a pending job for the worker of ``lease``, on ``connection``; one that is new begins with ``stage``.

        None: the delivery is old or early, its type is paused, or another worker or a person was quicker.
        """
        (job,) = await self.claim_all_on(connection, [Claim(lease, stage)], lasts=lasts)
        return job

    async def claim_all(self, claims: Sequence[Claim], *, lasts: timedelta) -> list[Job | None]:
        """Take pending jobs for one worker, in one statement; the answers are in the order of ``claims``."""
        async with self.alone() as connection:
            return await self.claim_all_on(connection, claims, lasts=lasts)

    async def claim_all_on(
        self, connection: AsyncConnection, claims: Sequence[Claim], *, lasts: timedelta
    ) -> list[Job | None]:
        """Take pending jobs as ``claim_all`` does, on ``connection``."""
        worker = claims[0].lease.worker_id
        held = {**_parts(claim.lease for claim in claims), "wanted_stages": [claim.stage for claim in claims]}
        statement = self._keep("claim", self._claimed)
        caller = Caller(Actor.WORKER, worker)
        changed = await self._changed(connection, statement, {**held, "lease_lasts": lasts}, caller)
        claimed = {(job.id, job.run): job for job in changed}
        return [claimed.get((claim.lease.job_id, claim.lease.run)) for claim in claims]

    def _claimed(self) -> Select[Any]:
        now = self.clock.now()
        wanted = _wanted(stage=bindparam("wanted_stages", type_=ARRAY(Text)))
        due = or_(jobs.c.next_retry_at.is_(None), jobs.c.next_retry_at <= now)
        found = [jobs.c.id == wanted.c.job, jobs.c.run == wanted.c.run, due, jobs.c.waits_for == NO_JOBS]
        # In the one order in which rows of several jobs are locked; see app.jobs.dependents.
        free = (
            select(jobs.c.id, wanted.c.stage)
            .where(still(Status.PENDING), *found, not_(is_held()))
            .order_by(jobs.c.dependency_depth, jobs.c.id)
            .with_for_update(of=jobs)
            .cte("free")
        )
        values = {
            "worker_id": _LEASE_WORKER,
            "lock_expires_at": now + _LEASE_LASTS,
            "stage": func.coalesce(jobs.c.stage, free.c.stage),
            "started_at": func.coalesce(jobs.c.started_at, now),
            "next_retry_at": None,
            "waited_seconds": jobs.c.waited_seconds + _waited(now),
            "aged_at": None,
        }
        guard = [jobs.c.id == free.c.id]
        return self._change(Event.CLAIM, Status.PENDING, Status.PROCESSING, guard, values, by_id=True)

    async def renew(self, worker_id: str, leases: Iterable[Lease], *, lease: timedelta) -> list[RunningState]:
        """Lengthen a worker's leases; one that is missing from the answer is lost."""
        wanted = [(lease.job_id, lease.run) for lease in leases]
        # In the one order in which rows of several jobs are locked; see app.jobs.dependents.
        held = (
            select(jobs.c.id)
            .where(
                jobs.c.worker_id == worker_id,
                jobs.c.status == Status.PROCESSING.value,
                tuple_(jobs.c.id, jobs.c.run).in_(wanted),
            )
            .order_by(jobs.c.dependency_depth, jobs.c.id)
            .with_for_update()
            .cte("held")
        )
        statement = (
            update(jobs)
            .where(jobs.c.id == held.c.id)
            .values(lock_expires_at=self.clock.now(lease))
            .returning(jobs.c.id, jobs.c.run, jobs.c.control_request)
        )
        async with self.alone() as connection:
            rows = await connection.execute(statement)
            return [RunningState(Lease(row.id, row.run, worker_id), read_request(row.control_request)) for row in rows]

    async def record(
        self,
        connection: AsyncConnection,
        lease: Lease,
        stage: str,
        step: Step,
        *,
        extend: timedelta,
        checkpoint: Checkpoint | None = None,
    ) -> Request | None:
        """Write one step of a running job on ``connection``; return what a person has asked for.

        ``checkpoint`` is one that has been stored since the last write.

        Raises:
            LeaseLost: the worker does not hold the job any more; the caller's transaction must not be committed.
        """
        said: dict[str, Any] = {}
        if step.processed:
            said["processed_items"] = step.processed
        if step.total is not None:
            said["total_items"] = step.total
        if step.state is not None:
            said["current_state"] = {"stage": stage, "state": storable(dict(step.state))}
        if step.details is not None:
            said["progress_details"] = storable(dict(step.details))
        if step.stats:
            said["output_stats"] = storable(dict(step.stats))
        said |= _linked(checkpoint)
        errors = [{"stage": stage, **error} for error in step.errors]
        # Steps that tell of the same columns are one statement; one with errors is rare, and built for itself.
        names = tuple(said)
        statement = self._recorded(names, errors) if errors else self._keep(names, lambda: self._recorded(names))
        values = {f"step_{name}": value for name, value in said.items()}
        held = {**_part(lease), "lease_lasts": extend, "step_stage": stage}
        row = (await connection.execute(statement, {**held, **values})).one_or_none()
        if row is None:
            raise LeaseLost(f"job {lease.job_id} is no longer held by {lease.worker_id}")
        return read_request(row.control_request)

    def _recorded(self, names: Sequence[str], errors: Sequence[Mapping[str, Any]] = ()) -> Update:
        values: dict[str, Any] = {name: _step(name) for name in ("stage", *names)}
        values["updated_at"] = self.clock.now()
        values["lock_expires_at"] = self.clock.now() + _LEASE_LASTS
        if "processed_items" in values:
            values["processed_items"] = jobs.c.processed_items + values["processed_items"]
        if "output_stats" in values:
            values["output_stats"] = jobs.c.output_stats.op("||")(values["output_stats"])
        if errors:
            values["error_log"] = self._log(errors)
        told = func.pg_notify(PROGRESS_CHANNEL, cast(jobs.c.id, Text))
        return update(jobs).where(*_HELD).values(values).returning(jobs.c.control_request, told)

    async def settle(
        self,
        lease: Lease,
        event: Event,
        *,
        error: Mapping[str, Any] | None = None,
        delay: timedelta | None = None,
        reason: str | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Job | None:
        """End a worker's hold on a job with one of the worker's events. None: the lease is lost, nothing changed."""
        how: dict[str, Any] = {"error": error, "delay": delay, "reason": reason, "checkpoint": checkpoint}
        async with self.alone() as connection:
            settled = await self.settle_on(connection, lease, event, **how, followed=False)
        if settled:
            return settled[0]
        # The lease is lost, or others wait for the job: they are settled together with it, or not at all.
        async with self.engine.begin() as connection:
            settled = await self.settle_on(connection, lease, event, **how)
            free = await self.dependents.follow(connection, settled)
        await self.tell_freed(free)
        return settled[0] if settled else None

    async def complete_all(self, ends: Sequence[End]) -> list[bool]:
        """End one worker's hold on jobs that are done, in one statement; tell of each whether it has ended so.

        It has not when the lease is lost, or when others wait for the job, which are for ``settle``.
        """
        worker = ends[0].lease.worker_id
        linked = {"wanted_paths": [end.checkpoint and end.checkpoint.path for end in ends]}
        linked["wanted_stages"] = [end.checkpoint and end.checkpoint.stage for end in ends]
        statement = self._keep("complete", self._completed)
        said = self._said(Caller(Actor.WORKER, worker), None)
        async with self.alone() as connection:
            parameters = {**_parts(end.lease for end in ends), **linked, **said}
            completed = set((await connection.execute(statement, parameters)).scalars())
        return [end.lease.job_id in completed for end in ends]

    def _completed(self) -> Select[Any]:
        stages, paths = bindparam("wanted_stages", type_=ARRAY(Text)), bindparam("wanted_paths", type_=ARRAY(Text))
        wanted = _wanted(stage=stages, path=paths)
        held = [jobs.c.id == wanted.c.job, jobs.c.run == wanted.c.run, jobs.c.worker_id == _LEASE_WORKER]
        ending = (
            select(jobs.c.id, wanted.c.stage, wanted.c.path)
            .where(still(Status.PROCESSING), *held, ~jobs.c.has_dependents)
            .order_by(jobs.c.dependency_depth, jobs.c.id)
            .with_for_update(of=jobs)
            .cte("ending")
        )
        values = {
            **UNHELD,
            **self._ended(),
            "last_checkpoint_path": func.coalesce(ending.c.path, jobs.c.last_checkpoint_path),
            "last_checkpoint_stage": func.coalesce(ending.c.stage, jobs.c.last_checkpoint_stage),
        }
        guard = [jobs.c.id == ending.c.id]
        told = [jobs.c.id]
        return self._change(Event.COMPLETE, Status.PROCESSING, Status.COMPLETED, guard, values, told=told, by_id=True)

    async def settle_on(
        self,
        connection: AsyncConnection,
        lease: Lease,
        event: Event,
        *,
        error: Mapping[str, Any] | None = None,
        delay: timedelta | None = None,
        reason: str | None = None,
        checkpoint: Checkpoint | None = None,
        followed: bool = True,
    ) -> list[Job]:
        """End a worker's hold on a job as ``settle`` does, on ``connection``. Empty: the lease is lost.

        What waits for the job is left to the caller; unless it is ``followed``, a job that others wait for is, too.
        """
        shape = ("settle", event, bool(error), bool(checkpoint), followed)
        statement = self._keep(shape, lambda: self._settled(*shape[1:]))
        values = {f"step_{name}": value for name, value in _linked(checkpoint).items()}
        if error:
            values["step_error"] = storable(dict(error))
        if event is Event.RESCHEDULE:
            values["step_delay"] = delay or timedelta()
        caller = Caller(Actor.WORKER, lease.worker_id)
        return await self._changed(connection, statement, {**_part(lease), **values}, caller, reason)

    def _settled(self, event: Event, error: bool, checkpoint: bool, followed: bool) -> Select[Any]:
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
                    "next_retry_at": self.clock.now() + bindparam("step_delay", type_=INTERVAL),
                }
        if error:
            values["error_log"] = self._logged([bindparam("step_error", type_=JSONB)])
        if checkpoint:
            values |= {name: _step(name) for name in _LINK}
        guard = list(_HELD) if followed or to not in TERMINAL else [*_HELD, ~jobs.c.has_dependents]
        return self._change(event, Status.PROCESSING, to, guard, values)


# -- parameters of the statements that are kept

_LEASE_JOB = bindparam("lease_job", type_=jobs.c.id.type)
_LEASE_RUN = bindparam("lease_run", type_=jobs.c.run.type)
_LEASE_WORKER = bindparam("lease_worker", type_=Text)
_LEASE_LASTS = bindparam("lease_lasts", type_=INTERVAL)

#: The condition that the worker of a lease holds its job.
_HELD: tuple[ColumnElement[bool], ...] = (
    jobs.c.id == _LEASE_JOB,
    jobs.c.run == _LEASE_RUN,
    jobs.c.worker_id == _LEASE_WORKER,
    jobs.c.status == Status.PROCESSING.value,
)

#: Columns that say where the newest checkpoint is.
_LINK = ("last_checkpoint_path", "last_checkpoint_stage")


def _part(lease: Lease) -> Parameters:
    return {"lease_job": lease.job_id, "lease_run": lease.run, "lease_worker": lease.worker_id}


def _parts(leases: Iterable[Lease]) -> Parameters:
    """Return the parameters of ``_wanted``, and the one worker of these leases."""
    parts = [(lease.job_id, lease.run, lease.worker_id) for lease in leases]
    ids, runs, workers = zip(*parts, strict=True)
    if len(set(workers)) > 1:
        raise ValueError("these leases are of several workers")
    return {"wanted_jobs": list(ids), "wanted_runs": list(runs), "lease_worker": workers[0]}


def _wanted(**more: BindParameter[Any]) -> TableValuedAlias:
    """Return the leases that a statement is about as a table, with further columns."""
    columns = {
        "job": bindparam("wanted_jobs", type_=ARRAY(jobs.c.id.type)),
        "run": bindparam("wanted_runs", type_=ARRAY(jobs.c.run.type)),
        **more,
    }
    return func.unnest(*columns.values()).table_valued(*columns).render_derived(name="wanted")


def _linked(checkpoint: Checkpoint | None) -> dict[str, Any]:
    return dict(zip(_LINK, (checkpoint.path, checkpoint.stage), strict=True)) if checkpoint else {}


def _step(column: str) -> BindParameter[Any]:
    return bindparam(f"step_{column}", type_=jobs.c[column].type)


def _waited(now: ColumnElement[datetime]) -> ColumnElement[float]:
    """Return for how many seconds a pending job has been due."""
    due = func.coalesce(jobs.c.next_retry_at, jobs.c.updated_at)
    return func.greatest(cast(extract("epoch", now - due), Double), 0.0)
