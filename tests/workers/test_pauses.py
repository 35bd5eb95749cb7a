"""A paused job type: none of its jobs is claimed, whatever process asks, and nobody is alarmed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.jobs.clock import Clock
from app.jobs.limits import Limits, Rate
from app.jobs.model import Caller
from app.jobs.registry import Registry
from app.jobs.states import Event, Status
from app.problems import UnknownJobType
from app.queue.aging import Aging
from app.queue.orphans import OrphanKind
from app.telemetry.events import LogEvent
from app.telemetry.health import Reason, report
from app.telemetry.measurement import measure
from tests.waiting import eventually
from tests.workers.samples import counting_registry, create_effects

pytestmark = pytest.mark.anyio

ADA, GRACE = Caller.system("ada"), Caller.system("grace")


async def create(services, type="count", **payload):
    return await services.jobs.create(type=type, data=payload, caller=ADA, created_by=None)


async def reaches(services, job, status):
    async def there():
        now = await services.jobs.get(job.id)
        return now if now.status is status else None

    return await eventually(there)


async def refused(services):
    """Wait until the queue has delivered everything that it held, and every delivery was dropped."""

    async def empty():
        return sum((await services.engine.counts()).values()) == 0

    await eventually(empty)


def two_types(**options) -> Registry:
    """The counting type under two names, so that one can be paused and the other not."""
    (kind,) = counting_registry(**options).values()
    return Registry([kind, replace(kind, name="other", aliases=())])


@pytest.mark.parametrize("limits", [Limits(), Limits(concurrency=2), Limits(rate=Rate(100, 1))], ids=str)
async def test_jobs_of_a_paused_type_wait_and_start_when_it_is_resumed(open_process, limits):
    async with open_process(two_types(limits=limits)) as services, open_process(two_types(limits=limits)):
        await create_effects(services.database.engine)
        _, pause = await services.types.pause("counting", caller=ADA, reason="The provider is down.")
        assert (pause.type, pause.reason, pause.paused_by) == ("count", "The provider is down.", "ada")
        held = [await create(services) for _ in range(3)]
        await reaches(services, await create(services, type="other"), Status.COMPLETED)
        await refused(services)
        # Recovery looks all the while, and leaves them alone.
        await services.recovery.look()
        for job in held:
            now = await services.jobs.get(job.id)
            trail = [entry.event for entry in await services.jobs.events(job.id)]
            assert (now.status, trail) == (Status.PENDING, [Event.CREATE])
        findings = await services.orphans.find(limit=10)
        assert findings.counts[OrphanKind.ROW_WITHOUT_ENTRY] == 0

        await services.types.resume("count", caller=GRACE)
        for job in held:
            await reaches(services, job, Status.COMPLETED)
            trail = [entry.event for entry in await services.jobs.events(job.id)]
            # Recovery may have been quicker to enqueue it.
            done = [event for event in trail if event is not Event.REQUEUE]
            assert done == [Event.CREATE, Event.CLAIM, Event.COMPLETE]
        assert await services.types.paused() == {}


async def test_a_running_job_goes_on_and_a_retry_of_it_waits(open_process, closed_gate):
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        running = await create(services, items=1)
        failing = await create(services, items=1, fail_at=0, heal_after=1)
        await eventually(lambda: _running(services, 2))
        await services.types.pause("count", caller=ADA)
        closed_gate.open()
        await reaches(services, running, Status.COMPLETED)
        waiting = await reaches(services, failing, Status.PENDING)
        assert waiting.retry_count == 1
        await refused(services)
        assert (await services.jobs.get(failing.id)).status is Status.PENDING
        await services.types.resume("count", caller=ADA)
        await reaches(services, failing, Status.COMPLETED)


async def _running(services, number):
    return (await services.reader.totals())["processing"] == number


async def test_asking_again_changes_nothing_and_every_pause_is_kept(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        types, pauses = services.types, services.types._pauses
        with capture_logs() as lines:
            asked = [types.pause("count", caller=caller, reason=caller.id) for caller in (ADA, GRACE, ADA)]
            answers = [pause for _, pause in await asyncio.gather(*asked)]
            assert answers[1:] == answers[:-1], "all are told of the one that was first"
            await types.resume("count", caller=GRACE)
            await types.resume("count", caller=ADA)
            await types.pause("count", caller=GRACE, reason="again")
        told = [(line["event"], line["by"]) for line in lines if line["event"].startswith("type.")]
        first = answers[0].paused_by
        assert told == [
            (LogEvent.TYPE_PAUSED, first), (LogEvent.TYPE_RESUMED, "grace"), (LogEvent.TYPE_PAUSED, "grace"),
        ]  # fmt: skip
        (open_one, ended) = await pauses.newest("count", limit=10)
        assert (open_one.reason, open_one.resumed_at) == ("again", None)
        assert (ended.paused_by, ended.resumed_by) == (first, "grace")
        for ask in (types.pause, types.resume):
            with pytest.raises(UnknownJobType):
                await ask("unknown", caller=ADA)


async def test_neither_health_nor_metrics_nor_aging_count_the_time_of_a_pause(open_process):
    clock, hour = Clock(), timedelta(hours=1)

    async def look(services):
        return await report(services.database.engine, services.engine, services.settings, clock)

    async def figure(services, name):
        found = (await measure(services.database.engine, services.settings, clock)).samples
        return {sample.labels: sample.value for sample in found if sample.kind.name == name}

    async with open_process(counting_registry(), workers=False, clock=clock) as services:
        aging = Aging(services.database.engine, services.engine, clock, after=timedelta(minutes=10))
        await services.types.pause("count", caller=ADA)
        job = await create(services)
        clock.offset += hour
        seen = await look(services)
        assert (seen.oldest_pending_seconds, seen.paused_types) == (None, ("count",))
        assert {finding.reason for finding in seen.reasons} == {Reason.NO_WORKER}, "a pause is no reason"
        assert await figure(services, "jobs_queue_depth") == {(): 0}
        assert await figure(services, "jobs_oldest_pending_seconds") == {(): 0}
        assert await figure(services, "jobs_held") == {("count",): 1}
        assert 3600 <= (await figure(services, "jobs_type_paused_seconds"))["count",] < 3700
        assert await aging.look() == 0

        await services.types.resume("count", caller=ADA)
        clock.offset += timedelta(minutes=5)
        seen = await look(services)
        assert 300 <= (seen.oldest_pending_seconds or 0) < 400, "it waits for a worker since the type was resumed"
        assert seen.paused_types == ()
        assert await figure(services, "jobs_queue_depth") == {(): 1}
        assert await figure(services, "jobs_held") == {}
        assert await aging.look() == 0
        clock.offset += timedelta(minutes=6)
        assert await aging.look() == 1
        assert (await services.jobs.get(job.id)).aged_at is not None
