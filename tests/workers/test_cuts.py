"""Connections are cut and clocks jump while jobs run: nothing is lost, and nothing is done twice."""

from datetime import timedelta

import psycopg
import pytest
from redis import Redis

from app.jobs.clock import Clock
from app.jobs.model import Caller, Lease
from app.jobs.states import TERMINAL, Event, Status
from tests.waiting import eventually
from tests.workers.samples import Gate, counting_registry, create_effects, effects

pytestmark = pytest.mark.anyio
TEST = Caller.system("test")
ITEMS = 40
LEASE = timedelta(seconds=15)


class Watcher:
    """A connection of the test's own, which looks at the effects and cuts all others."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address, autocommit=True)

    def cut(self) -> int:
        """Cut every other connection to the database, the queue's too; return how many there were."""
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        mine = " AND pid <> pg_backend_pid()"
        return len(self._connection.execute(others + mine).fetchall())

    async def counted(self, least: int) -> bool:
        """Tell whether so many items have been counted, by all jobs."""
        (number,) = self._connection.execute("SELECT count(*) FROM effects").fetchone()
        return number >= least

    async def ended(self, jobs: int) -> bool:
        """Tell whether so many jobs are completed."""
        (number,) = self._connection.execute("SELECT count(*) FROM jobs WHERE status = 'completed'").fetchone()
        return number == jobs

    def close(self) -> None:
        """Leave."""
        self._connection.close()


def cut_redis(address: str) -> int:
    """Cut every connection to Redis but this one, the blocking ones too."""
    with Redis.from_url(address) as client:
        return int(client.client_kill_filter(_type="normal", skipme=True))


@pytest.mark.slow
async def test_jobs_outlive_connections_that_are_cut(open_process, settings_of_each_queue):
    settings = settings_of_each_queue.model_copy(update={"lease_seconds": 1.5, "heartbeat_seconds": 0.2})
    registry = counting_registry(pause=0.01, max_retries=20)
    async with open_process(registry, settings=settings) as services:
        await create_effects(services.database.engine)
        jobs = [
            await services.jobs.create(type="count", data={"items": ITEMS}, caller=TEST, created_by=None)
            for _ in range(4)
        ]

        watcher = Watcher(settings.database_url)
        cut: list[int] = []
        for half in range(1, 4):
            await eventually(lambda half=half: watcher.counted(half * ITEMS // 2))
            assert watcher.cut() > 1
            if settings.redis_url:
                cut += [cut_redis(settings.redis_url)]
        await eventually(lambda: watcher.ended(len(jobs)), within=60)
        watcher.close()
        assert not settings.redis_url or sum(cut) > 1
        for job in jobs:
            assert sorted(await effects(services.database.engine, job.id)) == list(range(ITEMS))


@pytest.mark.parametrize("jump", [timedelta(hours=-30), timedelta(days=400)])
async def test_a_clock_that_jumps_under_a_running_job_loses_nothing(open_process, jump):
    """A job is rescued at most; who held it until then writes nothing more."""
    clock, gate = Clock(), Gate()
    gate.close()
    async with open_process(counting_registry(gate), clock=clock) as services:
        await create_effects(services.database.engine)
        job = await services.jobs.create(type="count", data={"items": 3}, caller=TEST, created_by=None)
        await gate.arrived.wait()
        clock.offset = jump
        gate.open()

        async def ended() -> bool:
            return (await services.jobs.get(job.id)).status in TERMINAL

        await eventually(ended)
        assert (await services.jobs.get(job.id)).status is Status.COMPLETED
        assert await effects(services.database.engine, job.id) == [0, 1, 2]


@pytest.mark.parametrize("back", [timedelta(minutes=-10), timedelta(days=-2)])
async def test_a_clock_that_is_set_back_keeps_leases_and_waits(open_process, back):
    clock = Clock()
    async with open_process(counting_registry(), clock=clock, workers=False) as services:
        job = await services.jobs.create(type="count", data={"items": 1}, caller=TEST, created_by=None)
        held = Lease(job.id, 1, "w")
        assert await services.store.claim(job.id, 1, worker_id="w", lease=LEASE)
        clock.offset = back
        assert await services.recovery.take_back() == [], "a lease that ends in the future is held"
        assert await services.store.renew("w", [held], lease=LEASE), "and may be renewed"
        waiting = await services.store.settle(held, Event.RESCHEDULE, delay=timedelta(minutes=1))
        assert waiting.next_retry_at - waiting.updated_at == timedelta(minutes=1)
        assert await services.store.claim(job.id, 2, worker_id="w", lease=LEASE) is None, "not due yet"
        clock.offset += timedelta(minutes=2)
        assert await services.store.claim(job.id, 2, worker_id="w", lease=LEASE)
