"""How full the queue was is noted once a minute, whatever processes there are."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.jobs.clock import Clock
from app.jobs.model import Caller
from app.jobs.roster import WorkerProcess
from app.jobs.states import Event
from app.telemetry.history import Sampler, history
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def services(open_process, clock):
    """A process whose minute has just begun, so that nothing of a test falls into the next one."""
    async with open_process(counting_registry(), workers=False, clock=clock) as services:
        async with services.database.engine.connect() as connection:
            now = (await connection.execute(select(func.now()))).scalar_one()
        clock.offset = timedelta(seconds=61 - now.second)
        yield services


def sampler(services):
    # However slow the machine is, a worker that was just seen is alive.
    settings = services.settings.model_copy(update={"heartbeat_seconds": 60})
    return Sampler(services.database.engine, settings, services.clock)


async def told(services, *, minutes=60, points=60):
    return await history(services.database.engine, services.clock, minutes=minutes, points=points)


async def create(services, number=1):
    return [await services.jobs.create(type="count", data={}, caller=TEST, created_by=None) for _ in range(number)]


async def test_a_minute_is_noted_with_how_it_was_and_what_happened(services, clock):
    store, lease = services.store, timedelta(hours=1)
    running, failed, repeated, cancelled, paused, _ = await create(services, 6)
    claimed = [await store.claim(job.id, job.run, worker_id="w", lease=lease) for job in (running, failed, repeated)]
    await store.settle(claimed[1].lease, Event.FAIL, error={"message": "m"})
    await store.settle(claimed[2].lease, Event.RESCHEDULE, delay=timedelta(hours=1))
    await store.control(cancelled.id, Event.CANCEL, caller=TEST, reason=None)
    await store.control(paused.id, Event.PAUSE, caller=TEST, reason=None)
    await services.types.pause("count", caller=TEST)
    clock.offset += MINUTE + timedelta(seconds=6)
    await services.roster.seen(WorkerProcess("w", "host", 1, 4))
    assert await sampler(services).look()
    (point,) = (await told(services)).points
    levels = (point.minutes, point.due, point.pending, point.processing, point.paused, point.slots)
    assert levels == (1, 0, 2, 1, 1, 4)
    assert (point.created, point.completed, point.failed, point.cancelled, point.repeated) == (6, 0, 1, 1, 1)
    assert point.oldest_seconds == 0

    await services.types.resume("count", caller=TEST)
    clock.offset += MINUTE
    assert await sampler(services).look()
    (_, later) = (await told(services)).points
    assert (later.due, later.created, later.failed) == (1, 0, 0)
    assert 55 < later.oldest_seconds < 90
    assert later.at - point.at == MINUTE


async def test_many_processes_note_a_minute_once_and_forget_what_is_old(services, clock):
    looks = [sampler(services) for _ in range(5)]
    assert sorted(await asyncio.gather(*(one.look() for one in looks))) == [False] * 4 + [True]
    assert not await looks[0].look()
    clock.offset += timedelta(days=services.settings.history_days - 1)
    assert await looks[0].look()
    assert len((await told(services, minutes=366 * 24 * 60, points=1000)).points) == 2
    clock.offset += timedelta(days=2)
    assert await looks[0].look()
    assert len((await told(services, minutes=366 * 24 * 60, points=1000)).points) == 2


async def test_points_are_as_long_as_is_asked_for(services, clock):
    for _ in range(6):
        await create(services)
        clock.offset += MINUTE
        await sampler(services).look()
    clock.offset += timedelta(seconds=6)
    each = await told(services, minutes=10, points=10)
    assert (each.step, len(each.points)) == (MINUTE, 6)
    assert [point.at for point in each.points] == sorted(point.at for point in each.points)
    few = await told(services, minutes=10, points=2)
    assert few.step == MINUTE * 5
    assert sum(point.minutes for point in few.points) == 6
    for stretch in few.points:
        within = [point for point in each.points if stretch.at <= point.at < stretch.at + few.step]
        assert stretch.due == max(point.due for point in within)
        assert stretch.created == sum(point.created for point in within)
    assert (await told(services, minutes=1, points=100)).step == MINUTE
