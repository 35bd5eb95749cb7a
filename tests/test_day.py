"""The day's load that the targets of operation are measured with."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import day
import pytest
from sqlalchemy import update

from app.database.tables import jobs
from app.handlers import REGISTRY
from app.jobs.model import Caller
from app.jobs.states import Event


def test_jobs_arrive_as_over_a_day():
    times = day.arrivals(153, 240)
    assert len(times) == 153
    assert times[0] > 0
    assert times[-1] < 240
    assert all(before < after for before, after in pairwise(times))
    busiest = [sum(hour * 10 <= at < (hour + 1) * 10 for at in times) for hour in range(24)]
    assert busiest == list(day.HOURS)


@pytest.mark.anyio
async def test_the_figures_of_a_day_come_from_its_jobs(open_process):
    """P8-10: success, retries, time, depth, progress and detection are measured and held against their targets."""
    async with open_process(REGISTRY, workers=False) as services:
        engine, store = services.database.engine, services.store
        made = [
            await services.jobs.create(
                type="geocoding", data={"mode": "static"}, caller=Caller.system("test"), created_by=None
            )
            for _ in range(4)
        ]
        good, retried, bad, _waiting = made
        looks = [await day.look(engine, disturbed=False)]
        for job, end in ((good, Event.COMPLETE), (retried, Event.RESCHEDULE), (bad, Event.FAIL)):
            claimed = await store.claim(job.id, 1, worker_id="w", lease=timedelta(minutes=1))
            await _aged(engine, job.id, updated_at=2)
            looks.append(await day.look(engine, disturbed=job is bad))
            assert await store.settle(claimed.lease, end, error={"message": "m"})
        await _aged(engine, good.id, created_at=400)
        figures = {key: value for key, value, *_ in await day.result(engine, looks, 17.5)}
    assert (figures["day.jobs"], figures["day.lost"]) == (4, 2)
    assert (figures["day.success"], figures["day.retries"]) == (25, 25)
    assert (figures["day.depth"], figures["day.detected"]) == (4, 17.5)
    assert 2 <= figures["day.progress"] <= figures["day.still"] < 60
    assert 400 <= figures["day.p95"] < 460
    missed = {target.key for target in day.TARGETS if not target.met(figures[target.key])}
    assert missed >= {"day.success", "day.retries", "day.p95"}
    assert not missed & {"day.depth", "day.detected", "day.still"}


async def _aged(engine, job_id: UUID, **seconds: float) -> None:
    """Set times of a job back."""
    values = {name: jobs.c[name] - timedelta(seconds=ago) for name, ago in seconds.items()}
    async with engine.begin() as connection:
        await connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
