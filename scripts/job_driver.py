"""Drives jobs through a live service for the conformance check: people over HTTP, workers and recovery over the store.

A worker is the code that a worker uses, on the service's own database; so is recovery, whose clock is set forward.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from trueup.driver import Live, Outcome, Trial

from app.database.tables import jobs
from app.jobs.clock import Clock
from app.jobs.creation import NewJob
from app.jobs.decisions import Case, EntryState, LeaseState, Rule, decide
from app.jobs.dependency import DependencyPolicy
from app.jobs.model import Caller, Job, Lease
from app.jobs.reader import JobReader
from app.jobs.recovery import RecoveryStore, Verdict
from app.jobs.states import TERMINAL, Actor, Event, Status
from app.jobs.store import JobStore

_LEASE = timedelta(seconds=60)
_WORKER = "conformance"
_SYSTEM = Caller.system("conformance")

#: How the job that is waited for stands, and the policy, when the event's guard holds, and when it does not.
_ENDS = {
    Event.UNBLOCK: (Status.COMPLETED, DependencyPolicy.FAIL),
    Event.UPSTREAM_FAIL: (Status.FAILED, DependencyPolicy.FAIL),
    Event.UPSTREAM_CANCEL: (Status.FAILED, DependencyPolicy.CANCEL),
}
_ELSE = {
    Event.UNBLOCK: (Status.PENDING, DependencyPolicy.RUN),
    Event.UPSTREAM_FAIL: (Status.PENDING, DependencyPolicy.FAIL),
    Event.UPSTREAM_CANCEL: (Status.PENDING, DependencyPolicy.CANCEL),
}


@contextmanager
def drive(live: Live) -> Iterator["JobDriver"]:
    """Open a driver on a service that runs no workers of its own."""
    headers = {"Authorization": f"Bearer {live.variables['TOKEN']}"}
    with (
        asyncio.Runner() as runner,
        httpx.Client(base_url=f"{live.base_url}/api/v1", headers=headers, trust_env=False) as api,
    ):
        engine = create_async_engine(live.database)
        try:
            yield JobDriver(runner, api, engine)
        finally:
            runner.run(engine.dispose())


class JobDriver:
    """Tries one event on one job after the other."""

    def __init__(self, runner: asyncio.Runner, api: httpx.Client, engine: AsyncEngine) -> None:
        self._runner, self._api, self._engine = runner, api, engine
        self._store, self._reader = JobStore(engine), JobReader(engine)

    def attempt(self, trial: Trial) -> Outcome:
        """Make a job in the trial's state, and let the trial's actor cause the event."""
        event, actor = Event(trial.event), Actor(trial.actor)
        if not trial.state and event is Event.CREATE and actor is Actor.USER:
            return self._create(trial.guard)
        job = self._runner.run(self._job_in(trial, event)) if trial.state else None
        ident = job.id if job else uuid4()
        if actor is Actor.USER:
            happened, problem = self._as_user(ident, event)
        else:
            act = self._as_worker if actor is Actor.WORKER else self._as_system
            happened, problem = self._runner.run(act(job, event, trial.guard)), ""
        after = self._runner.run(self._reader.get(ident))
        return Outcome(happened, after.status.value if after else "", problem)

    # -- people, over HTTP

    def _create(self, valid: bool) -> Outcome:
        answer = self._api.post("/jobs/geocoding", json={"mode": "static" if valid else "none"})
        created = answer.json()
        if answer.is_success:
            return Outcome(True, created["status"])
        return Outcome(False, "", created["code"])

    def _as_user(self, ident: UUID, event: Event) -> tuple[bool, str]:
        if event is Event.FORCE_FAIL:
            answer = self._api.post(f"/jobs/{ident}/force-fail")
        elif event is Event.CREATE:
            # There is no way to create a job that there is: each creation is another job.
            return False, ""
        else:
            answer = self._api.post(f"/jobs/{ident}/control", json={"action": event.value})
        return answer.is_success, "" if answer.is_success else answer.json()["code"]

    # -- workers and recovery, over the store

    async def _as_worker(self, job: Job | None, event: Event, guard: bool) -> bool:
        if event is Event.CLAIM:
            ident, run = (job.id, job.run) if job else (uuid4(), 1)
            run = run if guard else run - 1  # a delivery of an older run
            return await self._store.claim(ident, run, worker_id=_WORKER, lease=_LEASE) is not None
        # The lease of a job that nobody holds is one that was lost.
        lease = Lease(job.id, job.run, _WORKER if guard else "somebody-else") if job else Lease(uuid4(), 1, _WORKER)
        try:
            return await self._store.settle(lease, event, error={"message": "conformance"}) is not None
        except ValueError:
            return False  # the store knows no such event of a worker

    async def _as_system(self, job: Job | None, event: Event, guard: bool) -> bool:
        if event is Event.REQUEUE:
            return bool(job and await self._requeued(job, missing=guard))
        if event in _ENDS:
            return bool(job and await self._depends(job, event, guard))
        # Recovery has one look at leases, whatever is wanted of it, and acts on those that are over.
        over = guard and event in {Event.RESCUE, Event.ABANDON}
        store = RecoveryStore(self._engine, Clock(offset=_LEASE * 2 if over else timedelta()))
        taken = await store.take_back(self._judge, limit=1000, caller=_SYSTEM)
        return job is not None and (job.id, event) in {(other.id, verdict.rule.event) for other, verdict in taken}

    async def _depends(self, job: Job, event: Event, guard: bool) -> bool:
        """Let the job wait for one that has ended so; jobs that run or are completed do not wait."""
        if job.status in {Status.PROCESSING, Status.COMPLETED}:
            return False
        status, policy = _ENDS[event] if guard else _ELSE[event]
        new = NewJob(job.type, job.data, {}, job.priority, 0, None)
        other = await self._store.create(new, caller=_SYSTEM)
        ended = self._store.clock.now() if status in TERMINAL else None
        waits = {"depends_on": [other.id], "waits_for": [other.id], "on_dependency_failure": policy.value}
        async with self._engine.begin() as connection:
            values = {"status": status.value, "completed_at": ended}
            await connection.execute(update(jobs).where(jobs.c.id == other.id).values(values))
            await connection.execute(update(jobs).where(jobs.c.id == job.id).values(waits))
        await RecoveryStore(self._engine).settle_waiting()
        return (await self._reader.events(job.id))[-1].event is event

    def _judge(self, job: Job) -> Verdict:
        left = job.retry_count < job.max_retries
        return Verdict(decide(Case(job.status, LeaseState.EXPIRED, None, attempts_left=left, type_known=True)))

    async def _requeued(self, job: Job, *, missing: bool) -> list[Job]:
        """Let recovery look for the job's entry; the queue itself is left out, it knows nothing of jobs put there."""
        entry = EntryState.MISSING if missing else EntryState.HELD

        async def hand_over(found: list[Job]) -> list[tuple[Job, Rule]]:
            rules = [(one, decide(Case(one.status, LeaseState.NONE, entry, True, True))) for one in found]
            return [(one, rule) for one, rule in rules if rule.event is Event.REQUEUE]

        return await RecoveryStore(self._engine).requeue([(job.id, job.run)], hand_over, caller=_SYSTEM)

    # -- bringing a job into a state

    async def _job_in(self, trial: Trial, event: Event) -> Job:
        """Put a job there by hand, so that what is tried depends on no other transition."""
        status = Status(trial.state)
        new = NewJob(
            type="geocode_households",
            data={"mode": "static"},
            config={},
            priority=50,
            max_retries=0 if event is Event.ABANDON else 3,
            created_by=None,
        )
        job = await self._store.create(new, caller=_SYSTEM)
        held = status is Status.PROCESSING
        now = self._store.clock.now()
        values: dict[str, Any] = {
            "status": status.value,
            "worker_id": _WORKER if held else None,
            "lock_expires_at": self._store.clock.now(_LEASE) if held else None,
            "completed_at": now if status in TERMINAL else None,
            "control_request": self._request(trial, event) if held else None,
        }
        async with self._engine.begin() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
        made = await self._reader.get(job.id)
        if made is None:
            raise LookupError(f"job {job.id} is gone")
        return made

    def _request(self, trial: Trial, event: Event) -> str | None:
        """What a person has asked of a running job before: what the guards of pause and resume look at."""
        if event is Event.RESUME and trial.guard:
            return "pause"
        if event is Event.PAUSE and not trial.guard:
            return "cancel"
        return None
