"""Jobs are counted by status under the filters of the list, up to a bound."""

import pytest
from sqlalchemy import insert, update

from app.database.tables import jobs, schedules
from app.jobs.creation import NewJob
from app.jobs.listing import Count, JobFilter
from app.jobs.model import Caller
from app.jobs.states import Status
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio

NONE = {status: Count(0, more=False) for status in Status}


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


async def new(services, status=Status.PENDING, **values):
    defaults = {"type": "count", "data": {}, "config": {}, "priority": 50, "max_retries": 3, "created_by": None}
    job = await services.store.create(NewJob(**{**defaults, **values}), caller=Caller.system("test"))
    async with services.database.engine.begin() as connection:
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(status=status.value))
    return job


async def test_each_status_is_counted_up_to_the_cap(services):
    counts = services.reader.counts
    assert await counts(JobFilter()) == NONE
    for _ in range(3):
        await new(services)
    for _ in range(2):
        await new(services, Status.PAUSED)
    three, two = Count(3, more=False), Count(2, more=False)
    assert await counts(JobFilter()) == {**NONE, Status.PENDING: three, Status.PAUSED: two}
    assert await counts(JobFilter(), cap=3) == {**NONE, Status.PENDING: three, Status.PAUSED: two}
    capped = {**NONE, Status.PENDING: Count(2, more=True), Status.PAUSED: two}
    assert await counts(JobFilter(), cap=2) == capped
    assert await counts(JobFilter(status=(Status.PAUSED,)), cap=1) == {Status.PAUSED: Count(1, more=True)}


async def test_counts_follow_the_filters(services):
    schedule = {
        "id": "5b8e2d7a-0c41-4e6f-9a3b-7d1c2e4f6a80", "name": "nightly", "type": "count", "data": {}, "priority": 50,
        "interval_seconds": 60, "catch_up": "skip", "enabled": False,
        "created_at": services.clock.now(), "updated_at": services.clock.now(),
    }  # fmt: skip
    async with services.database.engine.begin() as connection:
        (schedule_id,) = (await connection.execute(insert(schedules).values(schedule).returning(schedules.c.id))).one()
    await new(services, schedule_id=schedule_id)
    await new(services, Status.PAUSED, type="other")
    one = Count(1, more=False)
    for filters, expected in [
        (JobFilter(type="other"), {Status.PAUSED: one}),
        (JobFilter(schedule_id=schedule_id), {Status.PENDING: one}),
        (JobFilter(schedule_id=schedule_id, type="other"), {}),
        (JobFilter(stage="first"), {}),
    ]:
        assert await services.reader.counts(filters) == {**NONE, **expected}, filters
    page = await services.reader.page(JobFilter(schedule_id=schedule_id), limit=10, cursor=None)
    assert [job.schedule_id for job in page.items] == [schedule_id]


async def test_with_a_text_the_newest_that_have_it_are_counted(services):
    for number in range(4):
        await new(services, Status.PAUSED if number < 2 else Status.PENDING, data={"name": "ada"})
    await new(services, data={"name": "grace"})
    two = Count(2, more=False)
    asked = JobFilter(text="ada")
    assert await services.reader.counts(asked) == {**NONE, Status.PENDING: two, Status.PAUSED: two}
    assert await services.reader.counts(JobFilter(text="ada", status=(Status.PAUSED,))) == {Status.PAUSED: two}
    newest = await services.reader.counts(asked, cap=3)
    assert all(count.more for count in newest.values())
    assert sum(count.jobs for count in newest.values()) in (3, 4)
    assert await services.reader.counts(JobFilter(text="!")) == NONE
