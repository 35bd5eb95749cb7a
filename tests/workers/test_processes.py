"""Several processes on one database: nothing runs twice, and what a killed process left behind is finished."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import func, select, text

from app.database.tables import job_events, jobs
from app.jobs.model import Caller
from app.jobs.states import Event, Status
from tests.waiting import eventually
from tests.workers.samples import counting_registry, create_effects

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TEST = Caller.system("test")


@contextmanager
def worker(settings, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own, ready to take jobs."""
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        **({"REDIS_URL": settings.redis_url} if settings.redis_url else {}),
        "DATA_DIR": str(settings.data_dir),
        "LEASE_SECONDS": "2",
        "HEARTBEAT_SECONDS": "0.5",
        "RECONCILE_SECONDS": "0.5",
        "WORKER_COUNT": "5",
        "LOG_LEVEL": "error",
        **env,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.workers.process"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)


async def status_counts(services) -> dict[str, int]:
    async with services.database.engine.connect() as connection:
        rows = await connection.execute(select(jobs.c.status, func.count()).group_by(jobs.c.status))
        return {row[0]: row[1] for row in rows}


async def trail(services) -> Counter[tuple[str, str]]:
    async with services.database.engine.connect() as connection:
        rows = await connection.execute(select(job_events.c.job_id, job_events.c.event))
        return Counter((str(row.job_id), row.event) for row in rows)


async def doubled_or_lost(services, items: int) -> list[tuple[str, int, int]]:
    """Jobs whose items were not written exactly once each."""
    query = text(
        "SELECT job_id::text, count(*), count(DISTINCT item) FROM effects GROUP BY job_id "
        "HAVING count(*) <> :items OR count(DISTINCT item) <> :items"
    )
    async with services.database.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query, {"items": items})]


@pytest.mark.timeout(300)  # a machine that is busy with other tests takes its time
async def test_two_processes_process_every_job_once(open_process, settings_of_each_queue):
    """P8-4, CC-6: processes of their own share the work, each job runs once."""
    # Both queues hand over; it is the claim in the database that is proved, so that one gets the whole lot.
    count = 100 if settings_of_each_queue.redis_url else 500
    async with open_process(counting_registry(), workers=False) as services:
        await create_effects(services.database.engine)
        with ExitStack() as stack:
            for _ in range(2):
                # No lease runs out on a busy machine: a second claim would be one too many.
                stack.enter_context(worker(settings_of_each_queue, LEASE_SECONDS="60", HEARTBEAT_SECONDS="2"))
            for _ in range(count):
                await services.jobs.create(type="count", data={"items": 1}, caller=TEST, created_by=None)

            async def all_done():
                return (await status_counts(services)) == {Status.COMPLETED: count}

            await eventually(all_done, within=240)
        assert await doubled_or_lost(services, 1) == []
        events = await trail(services)
        assert {count for (_, event), count in events.items() if event == Event.CLAIM} == {1}
        assert len([1 for _, event in events if event == Event.COMPLETE]) == count
        async with services.database.engine.connect() as connection:
            claimers = await connection.execute(
                select(job_events.c.actor_id).where(job_events.c.event == Event.CLAIM.value).distinct()
            )
            assert len(claimers.all()) == 2, "both processes took part"


async def test_after_kill_9_every_job_goes_on_from_its_last_item(open_process, settings_of_each_queue):
    """RZ-4, P8-5: after a crash another worker goes on from the last step."""
    items = 120
    async with open_process(counting_registry(), workers=False) as services:
        await create_effects(services.database.engine)
        with worker(settings_of_each_queue) as process:
            made = [
                await services.jobs.create(type="count", data={"items": items}, caller=TEST, created_by=None)
                for _ in range(5)
            ]

            async def all_under_way():
                now = [await services.jobs.get(job.id) for job in made]
                return all(job.processed_items >= 3 for job in now)

            await eventually(all_under_way)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        left = [await services.jobs.get(job.id) for job in made]
        assert {job.status for job in left} == {Status.PROCESSING}
        with worker(settings_of_each_queue):

            async def all_done():
                return (await status_counts(services)) == {Status.COMPLETED: 5}

            await eventually(all_done, within=60)
        assert await doubled_or_lost(services, items) == []
        events = await trail(services)
        for job in made:
            assert events[str(job.id), Event.RESCUE] == 1
            assert events[str(job.id), Event.CLAIM] == 2
            assert (await services.jobs.get(job.id)).retry_count == 1


async def test_a_frozen_worker_does_not_keep_its_jobs(open_process, settings_of_each_queue):
    """P8-5: an expired lock is reclaimed."""
    items = 300
    async with open_process(counting_registry(), workers=False) as services:
        await create_effects(services.database.engine)
        with worker(settings_of_each_queue) as frozen:
            job = await services.jobs.create(type="count", data={"items": items}, caller=TEST, created_by=None)

            async def under_way():
                return (await services.jobs.get(job.id)).processed_items >= 3

            await eventually(under_way)
            try:
                await _freeze_in_transaction(services, frozen.pid)
                with worker(settings_of_each_queue):

                    async def done():
                        return (await services.jobs.get(job.id)).status is Status.COMPLETED

                    await eventually(done, within=60)
            finally:
                # A process that is stopped cannot be ended.
                os.kill(frozen.pid, signal.SIGCONT)
        assert await doubled_or_lost(services, items) == []


async def _freeze_in_transaction(services, pid: int) -> None:
    """Stop the process at a moment when it holds locks."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE state = 'idle in transaction' "
        "AND relation = 'jobs'::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()"
    )
    for _ in range(200):
        os.kill(pid, signal.SIGSTOP)
        async with services.database.engine.connect() as connection:
            if (await connection.execute(query)).scalar_one():
                return
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.003)
    raise AssertionError("the process was never caught in a transaction")
