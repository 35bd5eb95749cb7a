"""Random walks: what people, workers, recovery and time do to jobs, in any order, held against the transition table.

The model of a job is a row of what the table says; the service is the real one, on a real database, its API asked over
HTTP. After each step the job is as its model, and its audit trail is the walk that the table allows.

More and longer walks: ``pytest tests/jobs/test_walks.py --hypothesis-profile=thorough --timeout=0``.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asgi_lifespan import LifespanManager
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from app.auth.permissions import Role
from app.jobs.bulk import BulkAction
from app.jobs.clock import Clock
from app.jobs.context import LeaseLost, Step
from app.jobs.model import Lease, Request, guard_holds
from app.jobs.recovery import RecoveryStore
from app.jobs.states import TERMINAL, Actor, Event, Status, target
from app.jobs.store import Checkpoint
from app.main import create_app
from app.settings import Settings
from app.workers.recovery import Recovery
from tests.api.conftest import Callers, connected
from tests.databases import fresh_database
from tests.workers.samples import counting_registry

LEASE = timedelta(seconds=15)
WORKERS = ("ann", "bob")
PEOPLE = [event for event in Event if event.actor is Actor.USER and event is not Event.CREATE]
ENDINGS = [Event.COMPLETE, Event.FAIL, Event.RESCHEDULE, Event.SUSPEND, Event.STOP, Event.RELEASE]
#: What an event of a worker or of recovery does to the run, and to the retries that were counted.
NEW_RUN = {Event.RELEASE, Event.RESCHEDULE, Event.RESCUE, Event.RETRY}
COUNTED = {Event.RESCHEDULE, Event.RESCUE}

#: A job that waits for no time, whatever the clock says.
ALWAYS = float("-inf")
#: Leaves the time before which no attempt begins.
KEEPS_TIME = {Event.PAUSE}

#: Walks in CI take seconds; a profile that was asked for says more.
BOUNDS = settings(max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Model:
    """What the transition table says that a job is."""

    id: UUID
    most_retries: int
    status: Status = Status.PENDING
    control_request: Request | None = None
    run: int = 1
    retries: int = 0
    lease: Lease | None = None
    #: Seconds of the injected clock: when the lease ends, and when the job is due.
    lease_ends: float = 0
    due: float = ALWAYS
    steps: int = 0
    checkpoint: str | None = None
    trail: tuple[Event, ...] = (Event.CREATE,)

    def after(self, event: Event, **changes: Any) -> "Model":
        """The model after an event that happened."""
        to = target(self.status, event)
        assert to is not None
        held = to is Status.PROCESSING
        new_run = event in NEW_RUN or (event is Event.RESUME and not held)
        asked = self.control_request if held or event in KEEPS_REQUEST else None
        happened: dict[str, Any] = {
            "status": to,
            "control_request": asked,
            "run": self.run + new_run,
            "retries": 0 if event is Event.RETRY else self.retries + (event in COUNTED),
            "lease": self.lease if held else None,
            "due": self.due if event in KEEPS_TIME else ALWAYS,
            "trail": (*self.trail, event),
        }
        return replace(self, **happened | changes)


#: Leads to a pending job that still knows what a person asked of it; the next worker meets that first.
KEEPS_REQUEST = {Event.RESCHEDULE, Event.RELEASE, Event.RESCUE}


class World:
    """The service on a database of its own, with a clock that is moved by hand."""

    def __init__(self, address: str, folder: Any) -> None:
        self.clock = Clock()
        config = Settings(_env_file=None, database_url=address, data_dir=folder)
        self.app = create_app(config, registry=counting_registry(), workers=False, clock=self.clock)
        self.runner = asyncio.Runner()
        self.runner.run(self._open())

    async def _open(self) -> None:
        self._opened = LifespanManager(self.app, startup_timeout=30, shutdown_timeout=30)
        await self._opened.__aenter__()
        self._client = connected(self.app)
        self.client = await self._client.__aenter__()
        self.admin = await Callers(self.app).headers(Role.ADMIN)
        services = self.app.state.services
        store = RecoveryStore(services.database.engine, self.clock)
        self.recovery = Recovery(store, services.reader, services.outbox, services.registry, chance=lambda: 0)

    def close(self) -> None:
        """Close the service."""

        async def close() -> None:
            await self._client.__aexit__(None, None, None)
            await self._opened.__aexit__(None, None, None)

        self.runner.run(close())
        self.runner.close()

    async def empty(self) -> None:
        """Forget all jobs."""
        async with self.services.database.engine.begin() as connection:
            await connection.execute(text("TRUNCATE jobs CASCADE"))

    @property
    def services(self) -> Any:
        """The open services."""
        return self.app.state.services

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API as an admin."""
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=self.admin)


class Walk(RuleBasedStateMachine):
    """One walk, over a few jobs."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Model] = []
        self.gone: list[UUID] = []
        self.leases: list[Lease] = []

    def run(self, coroutine: Any) -> Any:
        return self.world.runner.run(coroutine)

    @property
    def now(self) -> float:
        return self.world.clock.offset.total_seconds()

    def pick(self, data: st.DataObject) -> int:
        """Draw the place of a job."""
        return data.draw(st.integers(0, len(self.jobs) - 1), label="job")

    @initialize()
    def begin(self) -> None:
        self.run(self.world.empty())

    # -- people, over HTTP

    @precondition(lambda self: len(self.jobs) < 4)
    @rule(retries=st.integers(0, 2))
    def create(self, retries: int) -> None:
        body = {"type": "count", "data": {"items": 1}, "config": {"max_retries": retries}}
        made = self.run(self.world.ask("POST", "/jobs", body))
        assert made.status_code == 201, made.text
        self.jobs.append(Model(UUID(made.json()["id"]), retries))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), event=st.sampled_from(PEOPLE))
    def control(self, data: st.DataObject, event: Event) -> None:
        place = self.pick(data)
        job = self.jobs[place]
        path = f"/jobs/{job.id}/force-fail" if event is Event.FORCE_FAIL else f"/jobs/{job.id}/control"
        answer = self.run(self.world.ask("POST", path, None if event is Event.FORCE_FAIL else {"action": event.value}))
        if self.may(job, event):
            assert answer.status_code == 200, answer.text
            self.jobs[place] = self.controlled(job, event)
        else:
            assert (answer.status_code, answer.json()["code"]) == (409, "job.illegal_transition")
            assert answer.json()["current_status"] == job.status.value

    @staticmethod
    def may(job: Model, event: Event) -> bool:
        # The table's guards look at status and request only.
        return target(job.status, event) is not None and guard_holds(job, event)  # type: ignore[arg-type]

    @staticmethod
    def controlled(job: Model, event: Event) -> Model:
        asked = {Event.PAUSE: Request.PAUSE, Event.CANCEL: Request.CANCEL}.get(event)
        return job.after(event, control_request=asked if job.status is Status.PROCESSING else None)

    @precondition(lambda self: self.jobs)
    @rule(action=st.sampled_from(list(BulkAction)), status=st.sampled_from([None, *Status]))
    def bulk(self, action: BulkAction, status: Status | None) -> None:
        filters = {"status": [status.value]} if status else {}
        body: dict[str, Any] = {"filter": filters}
        path = "/admin/jobs/bulk-delete" if action is BulkAction.DELETE else "/jobs/bulk"
        if action is not BulkAction.DELETE:
            body["action"] = action.value
        look = self.run(self.world.ask("POST", path, body | {"dry_run": True})).json()
        found = [job for job in self.jobs if status in {None, job.status}]
        chosen = [job for job in found if action.fits(job)]  # type: ignore[arg-type]
        assert (sum(look["matched"].values()), look["chosen"]) == (len(found), len(chosen))
        done = self.run(self.world.ask("POST", path, body | {"digest": look["digest"]}))
        assert (done.status_code, done.json()["done"]) == (200, len(chosen)), done.text
        if action.event is None:
            self.remove(chosen)
        else:
            event = action.event
            self.jobs = [self.controlled(job, event) if job in chosen else job for job in self.jobs]

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        job = self.jobs[self.pick(data)]
        answer = self.run(self.world.ask("DELETE", f"/admin/jobs/{job.id}"))
        assert answer.status_code == 200, answer.text
        self.remove([job])

    def remove(self, jobs: list[Model]) -> None:
        self.gone += [job.id for job in jobs]
        self.jobs = [job for job in self.jobs if job not in jobs]

    @precondition(lambda self: self.gone)
    @rule(event=st.sampled_from(PEOPLE))
    def what_is_gone_stays_gone(self, event: Event) -> None:
        path = f"/jobs/{self.gone[-1]}/control"
        answer = self.run(self.world.ask("POST", path, {"action": "cancel"}))
        assert (answer.status_code, answer.json()["code"]) == (404, "job.not_found")

    # -- workers

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), worker=st.sampled_from(WORKERS), older=st.booleans())
    def claim(self, data: st.DataObject, worker: str, older: bool) -> None:
        place = self.pick(data)
        job = self.jobs[place]
        run = job.run - 1 if older else job.run
        claimed = self.run(self.world.services.store.claim(job.id, run, worker_id=worker, lease=LEASE))
        may = job.status is Status.PENDING and not older and job.due <= self.now
        assert (claimed is not None) == may
        if may:
            lease = Lease(job.id, job.run, worker)
            self.leases.append(lease)
            self.jobs[place] = job.after(
                Event.CLAIM,
                lease=lease,
                lease_ends=self.now + LEASE.total_seconds(),
                control_request=job.control_request,
            )

    def held(self, lease: Lease) -> int | None:
        """The place of the job that a lease holds now; None: it is lost."""
        return next((place for place, job in enumerate(self.jobs) if job.lease == lease), None)

    def lengthened(self, place: int, **changes: Any) -> None:
        self.jobs[place] = replace(self.jobs[place], lease_ends=self.now + LEASE.total_seconds(), **changes)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), stored=st.booleans())
    def step(self, data: st.DataObject, stored: bool) -> None:
        lease = data.draw(st.sampled_from(self.leases), label="lease")
        place = self.held(lease)
        checkpoint = Checkpoint(f"{lease.job_id}/{lease.run}.json", "count") if stored else None

        async def record() -> Request | None:
            store = self.world.services.store
            async with store.engine.begin() as connection:
                return await store.record(
                    connection, lease, "count", Step(processed=1), extend=LEASE, checkpoint=checkpoint
                )

        if place is None:
            with pytest.raises(LeaseLost):
                self.run(record())
        else:
            job = self.jobs[place]
            assert self.run(record()) == job.control_request
            self.lengthened(place, steps=job.steps + 1, checkpoint=checkpoint.path if checkpoint else job.checkpoint)

    @precondition(lambda self: self.leases)
    @rule(worker=st.sampled_from(WORKERS))
    def heartbeat(self, worker: str) -> None:
        mine = [lease for lease in self.leases if lease.worker_id == worker]
        states = self.run(self.world.services.store.renew(worker, mine, lease=LEASE)) if mine else []
        places = [place for lease in mine if (place := self.held(lease)) is not None]
        assert {(state.lease, state.request) for state in states} == {
            (self.jobs[place].lease, self.jobs[place].control_request) for place in places
        }
        for place in places:
            self.lengthened(place)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), event=st.sampled_from(ENDINGS), delay=st.integers(0, 30))
    def settle(self, data: st.DataObject, event: Event, delay: int) -> None:
        lease = data.draw(st.sampled_from(self.leases), label="lease")
        place = self.held(lease)
        settled = self.run(self.world.services.store.settle(lease, event, delay=timedelta(seconds=delay)))
        assert (settled is not None) == (place is not None)
        if place is not None:
            due = {"due": self.now + delay} if event is Event.RESCHEDULE else {}
            self.jobs[place] = self.jobs[place].after(event, **due)

    # -- time, and what it makes of leases

    @rule(seconds=st.integers(-20, 60))
    def time_passes(self, seconds: int) -> None:
        """The clock jumps, back too: it is the database's, which an operator may set."""
        self.world.clock.offset += timedelta(seconds=seconds)

    @rule()
    def recover(self) -> None:
        taken = self.run(self.world.recovery.take_back())
        over = [job for job in self.jobs if job.lease and job.lease_ends < self.now]
        assert {job.id for job in taken} == {job.id for job in over}
        for place, job in enumerate(self.jobs):
            if job in over:
                event = Event.RESCUE if job.retries < job.most_retries else Event.ABANDON
                # The wait before the next attempt is recovery's; the row says how long it is.
                row = next(row for row in taken if row.id == job.id)
                wait = (row.next_retry_at - row.updated_at).total_seconds() if row.next_retry_at else 0
                self.jobs[place] = job.after(event, due=self.now + wait)

    # -- what must be true after each step

    @invariant()
    def jobs_are_as_their_models(self) -> None:
        for job in self.jobs:
            row = self.run(self.world.services.reader.get(job.id))
            assert (row.status, row.run, row.retry_count) == (job.status, job.run, job.retries)
            assert (row.lease, row.control_request) == (job.lease, job.control_request)
            assert (row.processed_items, row.last_checkpoint_path) == (job.steps, job.checkpoint)
            assert (row.completed_at is not None) == (job.status in TERMINAL)

    def teardown(self) -> None:
        for job in self.jobs:
            trail = self.run(self.world.services.reader.events(job.id))
            assert tuple(entry.event for entry in trail) == job.trail
            for before, entry in zip([None, *trail], trail, strict=False):
                assert entry.from_status == (before.to_status if before else None)
                assert target(entry.from_status, entry.event) is entry.to_status


@pytest.fixture(scope="module")
def world(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with fresh_database(postgres) as address:
        world = World(address, tmp_path_factory.mktemp("data"))
        yield world
        world.close()


def test_every_walk_is_one_that_the_table_allows(world: World) -> None:
    """P8-1: whatever people, workers, recovery and time do, in any order, only rows of the table happen."""
    Walk.world = world
    profile = settings.get_current_profile_name()
    run_state_machine_as_test(Walk, settings=BOUNDS if profile in {"default", "ci"} else settings())
