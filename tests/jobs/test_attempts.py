"""The attempts of a job, as its audit trail tells them."""

from datetime import timedelta

import pytest

from app.jobs.attempts import attempts
from app.jobs.clock import Clock
from app.jobs.model import Caller
from app.jobs.states import Event
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")
LEASE = timedelta(hours=1)


async def test_every_way_in_which_an_attempt_ends_is_told_with_its_times(open_process):
    clock = Clock()

    def later(seconds: int) -> None:
        clock.offset += timedelta(seconds=seconds)

    async with open_process(counting_registry(), workers=False, clock=clock) as services:
        store = services.store
        job = await services.jobs.create(type="count", data={}, caller=TEST, created_by=None)
        assert attempts(await services.reader.events(job.id)) == []

        later(1000)
        job = await store.claim(job.id, job.run, worker_id="w1", lease=LEASE)
        later(500)
        await store.settle(job.lease, Event.RESCHEDULE, error={"message": "busy"}, reason="busy")
        later(2000)
        job = await store.claim(job.id, job.run + 1, worker_id="w2", lease=LEASE)
        later(300)
        await store.control(job.id, Event.PAUSE, caller=TEST, reason="lunch")
        later(100)
        await store.settle(job.lease, Event.SUSPEND)
        later(360000)
        job, _ = await store.control(job.id, Event.RESUME, caller=TEST, reason=None)
        later(200)
        await store.claim(job.id, job.run, worker_id="w1", lease=LEASE)
        later(700)
        running = attempts(await services.reader.events(job.id))
        await store.control(job.id, Event.FORCE_FAIL, caller=TEST, reason="enough")

        found = attempts(await services.reader.events(job.id))

    told = [(one.number, one.run, one.worker_id, one.outcome, one.reason) for one in found]
    assert told == [
        (1, 1, "w1", Event.RESCHEDULE, "busy"),
        (2, 2, "w2", Event.SUSPEND, None),
        (3, 3, "w1", Event.FORCE_FAIL, "enough"),
    ]
    # The clock of the database goes on meanwhile, so the times are a little longer.
    assert [round(one.wait_seconds / 100) for one in found] == [10, 20, 2]
    assert [round((one.run_seconds or 0) / 100) for one in found] == [5, 4, 7]
    assert (running[2].ended_at, running[2].outcome, running[2].run_seconds) == (None, None, None)
    assert running[:2] == found[:2]


async def test_a_look_of_recovery_does_not_shorten_the_wait(open_process):
    clock = Clock()
    async with open_process(counting_registry(), workers=False, clock=clock) as services:
        job = await services.jobs.create(type="count", data={}, caller=TEST, created_by=None)
        clock.offset += timedelta(seconds=30)
        # The queue is emptied behind the service's back, so that recovery hands the job over once more.
        await services.engine.remove([f"{job.id}-{job.run}"])
        await services.recovery.reconcile()
        assert (await services.reader.events(job.id))[-1].event is Event.REQUEUE
        clock.offset += timedelta(seconds=12)
        await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)
        found = attempts(await services.reader.events(job.id))
    assert [round(one.wait_seconds) for one in found] == [42]
