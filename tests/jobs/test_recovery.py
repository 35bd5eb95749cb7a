"""What recovery does with what a crash left behind, on the real queues."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from app.database.tables import job_events, jobs
from app.jobs.clock import Clock
from app.jobs.gate import Gate
from app.jobs.model import Caller
from app.jobs.reader import JobReader
from app.jobs.recovery import RecoveryStore
from app.jobs.registry import Registry
from app.jobs.retry import UNKNOWN_TYPE_WAIT
from app.jobs.states import Event, Status
from app.jobs.store import JobStore
from app.queue.engine import Delivery
from app.queue.feeder import Feeder
from app.workers.executor import Executor
from app.workers.recovery import Recovery
from tests.conftest import opener
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio
TEST = Caller.system("test")
EXPIRED = timedelta(seconds=-1)


def recovery(services, *, clock=None, batch=1000, registry=None):
    """One process's recovery, by default on a clock that is ahead of every quiet time."""
    clock = clock or Clock(offset=timedelta(seconds=5))
    engine = services.database.engine
    store, reader = RecoveryStore(engine, clock), JobReader(engine, clock)
    return Recovery(store, reader, services.outbox, registry or services.registry, chance=lambda: 0, batch=batch)


def executor(services, *, registry):
    """A worker of another release. It comes when every job is due."""
    gate = Gate(JobStore(services.database.engine, Clock(timedelta(hours=1))), registry)
    return Executor(
        worker_id="older", store=services.store, registry=registry, checkpoints=services.checkpoints,
        files=services.files, dispatch=services.outbox, lease=timedelta(seconds=15),
        gate=gate, feeder=Feeder(gate, services.outbox, limited=()),
    )  # fmt: skip


async def create(services):
    return await services.jobs.create(type="count", data={"items": 1}, caller=TEST, created_by=None)


async def claim(services, job):
    """A worker that dies: its lease is over from the beginning. It comes when the job is due."""
    hour = timedelta(hours=1)
    store = JobStore(services.database.engine, Clock(hour))
    return await store.claim(job.id, job.run, worker_id="dead", lease=EXPIRED - hour)


async def forget_entries(services):
    await services.engine._queue.drain(True)


async def trail(services):
    """How often each event happened to all jobs."""
    async with services.database.engine.connect() as connection:
        rows = await connection.execute(select(job_events.c.event, func.count()).group_by(job_events.c.event))
        return Counter({Event(row[0]): row[1] for row in rows})


async def test_lost_entries_are_made_again_once_by_many_processes_in_batches(settings_of_each_queue):
    """CC-9: a pending job without an entry is handed over again, and the audit trail says so once."""
    async with opener(settings_of_each_queue)(counting_registry(), workers=False) as services:
        made = [await create(services) for _ in range(25)]
        await forget_entries(services)
        await services.outbox.hand_over(made[:5])
        found = await asyncio.gather(*(recovery(services, batch=10).reconcile() for _ in range(3)))
        assert sum(found) == 20
        assert await services.outbox.missing([(job.id, job.run) for job in made]) == []
        assert (await trail(services))[Event.REQUEUE] == 20
        events = await services.jobs.events(made[-1].id)
        assert (events[-1].event, events[-1].actor_id, events[-1].run) == (Event.REQUEUE, "recovery", 1)
        assert events[-1].reason == "the queue did not hold its entry"


async def test_a_job_that_was_written_just_now_is_left_alone(open_process):
    """CC-9: it may be on its way to the queue."""
    async with open_process(counting_registry(), workers=False) as services:
        await create(services)
        await forget_entries(services)
        assert await recovery(services, clock=Clock()).reconcile() == 0


async def test_an_expired_lease_is_taken_back_once_by_many_processes(open_process):
    """CC-9: several processes recover at once, and each job is taken back by one of them."""
    async with open_process(counting_registry(base_seconds=60), workers=False) as services:
        held = [await claim(services, await create(services)) for _ in range(12)]
        taken = await asyncio.gather(*(recovery(services, batch=5).take_back() for _ in range(3)))
        assert sorted(job.id for batch in taken for job in batch) == sorted(job.id for job in held)
        assert (await trail(services))[Event.RESCUE] == 12
        assert (await services.engine.counts())["delayed"] == 12


async def test_a_job_that_kills_its_workers_waits_longer_each_time_and_is_given_up(open_process):
    """CC-9: a poison job is stopped after its attempts, with the reason."""
    async with open_process(counting_registry(max_retries=2, base_seconds=60, factor=3), workers=False) as services:
        job, waits = await create(services), []
        for _ in range(2):
            await claim(services, job)
            (job,) = await recovery(services, clock=Clock()).take_back()
            waits.append(round((job.next_retry_at - datetime.now(UTC)).total_seconds(), -1))
        assert (waits, job.status, job.retry_count) == ([60, 180], Status.PENDING, 2)
        await claim(services, job)
        (job,) = await recovery(services).take_back()
        assert (job.status, job.worker_id) == (Status.FAILED, None)
        assert job.error_log[0]["code"] == "abandoned"
        assert "stopped renewing its lease" in job.error_log[0]["message"]
        assert (await services.jobs.events(job.id))[-1].event is Event.ABANDON


@pytest.mark.parametrize("request_of", [Event.PAUSE, Event.CANCEL])
async def test_a_request_to_stop_does_not_wait_for_the_backoff(open_process, request_of):
    """RZ-5: the next worker meets the request and runs nothing."""
    async with open_process(counting_registry(base_seconds=60), workers=False) as services:
        job = await claim(services, await create(services))
        await services.jobs.control(job.id, request_of, caller=TEST)
        (job,) = await recovery(services, clock=Clock()).take_back()
        assert job.next_retry_at <= datetime.now(UTC)


async def test_a_type_that_this_process_does_not_know_is_left_to_others(open_process):
    """CC-9: another process may know the type, so the job waits a minute, and keeps its attempts but one."""
    async with open_process(counting_registry(), workers=False) as services:
        lost, waiting = await claim(services, await create(services)), await create(services)
        await forget_entries(services)
        async with services.database.engine.begin() as connection:
            await connection.execute(update(jobs).values(type="newer"))
        await recovery(services).look()
        now = await services.jobs.get(lost.id)
        assert (now.status, now.retry_count) == (Status.PENDING, 1)
        assert now.next_retry_at - now.updated_at == UNKNOWN_TYPE_WAIT
        reasons = [(await services.jobs.events(job.id))[-1].reason for job in (lost, waiting)]
        assert all("knows its type" in reason or "know its type" in reason for reason in reasons), reasons
        assert await services.outbox.missing([(waiting.id, waiting.run)]) == []
        worker = executor(services, registry=Registry([]))
        for used_up in range(4):
            await worker.consume(Delivery(waiting.id, waiting.run + used_up))
            met = await services.jobs.get(waiting.id)
            assert (met.retry_count, met.status) == (
                (used_up + 1, Status.PENDING) if used_up < 3 else (3, Status.FAILED)
            )
            if met.status is Status.PENDING:
                assert met.next_retry_at - met.updated_at == UNKNOWN_TYPE_WAIT
        assert met.error_log[0]["code"] == "job.unknown_type"
