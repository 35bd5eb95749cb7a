"""Schedules on a real database: one job a tick, what is made up for, and what is wrong with one."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from app.database.tables import jobs, schedules
from app.jobs.clock import Clock
from app.jobs.model import Caller
from app.jobs.states import Event, Status
from app.jobs.store import JobStore
from app.problems import (
    InvalidRequest,
    ScheduleChanged,
    ScheduleNameTaken,
    ScheduleNotFound,
    TooManySchedules,
    UnknownJobType,
)
from app.schedules import service
from app.schedules.model import MOST_MISSED, CatchUp
from app.schedules.store import ScheduleStore
from app.telemetry.events import LogEvent
from app.workers.scheduler import Scheduler
from tests.waiting import eventually
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio
TEST = Caller.system("test")


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


async def schedule(services, name="s", **values):
    given = {"type": "counting", "data": {"items": 2}, "caller": TEST, "created_by": None, "interval_seconds": 60}
    return await services.schedules.create(name=name, **{**given, **values})


def scheduler(services, later: float, schedules=ScheduleStore) -> Scheduler:
    """The scheduler of one more process, so many seconds later."""
    clock, engine = Clock(timedelta(seconds=later)), services.database.engine
    return Scheduler(schedules(engine, clock), JobStore(engine, clock), services.jobs, services.outbox)


class Dies(ScheduleStore):
    """The connection breaks before the tick is written."""

    async def change(self, *_):
        raise ConnectionError


async def ticks(services):
    async with services.database.engine.connect() as connection:
        rows = await connection.execute(select(jobs.c.schedule_id, jobs.c.scheduled_for).order_by(jobs.c.scheduled_for))
        return [(row.schedule_id, row.scheduled_for) for row in rows]


async def test_many_processes_create_one_job_for_each_tick(services):
    """CC-8: eight processes look at the same time, tick after tick; each tick of each schedule makes one job."""
    made = [await schedule(services, name=f"s{number}", interval_seconds=600 + number) for number in range(6)]
    for later in (606, 1212):
        counted = await asyncio.gather(*(scheduler(services, later).look() for _ in range(8)))
        assert sum(counted) == 6
    found = await ticks(services)
    assert max(Counter(found).values()) == 1
    assert Counter(of for of, _ in found) == {one.id: 2 for one in made}
    after = await services.schedules.get(made[0].id)
    assert after.next_at - made[0].next_at == timedelta(seconds=1200), "the rhythm is kept"
    job = await services.jobs.get(after.last_job_id)
    assert (job.type, job.status, job.schedule_id, job.scheduled_for) == (
        "count", Status.PENDING, made[0].id, after.last_at,
    )  # fmt: skip
    (entry,) = await services.jobs.events(job.id)
    assert (entry.event, entry.actor_id, entry.reason[:8]) == (Event.CREATE, "scheduler", "tick of ")


async def test_a_tick_and_its_job_are_there_together_or_not_at_all(services):
    """CC-8: a process that dies inside a tick leaves it to the next, and no job of it."""
    made = await schedule(services)
    with pytest.raises(ConnectionError):
        await scheduler(services, 61, Dies).look()
    assert (await ticks(services), await services.schedules.get(made.id)) == ([], made)
    assert await scheduler(services, 61).look() == 1


@pytest.mark.parametrize(
    ("policy", "late", "expected"),
    [
        (CatchUp.SKIP, 60 + 5 * 3600 + 20, [5 * 3600 + 60]),
        (CatchUp.SKIP, 60 + 5 * 3600 + 600, []),
        (CatchUp.ONCE, 60 + 5 * 3600 + 600, [5 * 3600 + 60]),
        (CatchUp.ALL, 60 + 2 * 3600 + 600, [60, 3660, 7260]),
    ],
)
async def test_missed_ticks_are_made_up_for_as_the_schedule_says(services, policy, late, expected):
    """CC-8: after a downtime, skip passes missed ticks over, once makes one job, all makes each."""
    hourly = await schedule(services, interval_seconds=3600, catch_up=policy)
    first = hourly.next_at - timedelta(seconds=3540)
    async with services.database.engine.begin() as connection:
        await connection.execute(update(schedules).values(next_at=first))
    assert await scheduler(services, late).look() == len(expected)
    offsets = [(tick - first).total_seconds() + 60 for _, tick in await ticks(services)]
    assert offsets == expected
    after = await services.schedules.get(hourly.id)
    assert after.next_at > datetime.now(UTC) + timedelta(seconds=late)
    assert (after.next_at - first) % timedelta(hours=1) == timedelta()


async def test_what_is_made_up_for_is_bounded(services):
    await schedule(services, interval_seconds=1, catch_up=CatchUp.ALL)
    assert await scheduler(services, 3600).look() == MOST_MISSED
    made = [tick for _, tick in await ticks(services)]
    assert made[-1] - made[0] == timedelta(seconds=MOST_MISSED - 1)
    assert made[-1] > datetime.now(UTC) + timedelta(minutes=59), "the newest"


async def test_a_payload_that_does_not_fit_any_more_is_told_and_stops_nobody(services):
    """CC-8: the error is kept with the schedule, the others go on, and it tries again at its next tick."""
    broken = await schedule(services, name="broken")
    await schedule(services, name="whole")
    async with services.database.engine.begin() as connection:
        values = {"data": {"items": "many"}}
        await connection.execute(update(schedules).where(schedules.c.id == broken.id).values(values))
    assert await scheduler(services, 61).look() == 1
    told = await services.schedules.get(broken.id)
    assert "does not fit the job type count" in told.last_error
    assert told.next_at == broken.next_at + timedelta(seconds=60)
    # It can be disabled although it does not fit; enabling it again needs a payload that does.
    assert (await services.schedules.change(broken.id, {"enabled": False}, caller=TEST)).next_at is None
    with pytest.raises(InvalidRequest):
        await services.schedules.change(broken.id, {"enabled": True}, caller=TEST)
    mended = await services.schedules.change(broken.id, {"enabled": True, "data": {"items": 1}}, caller=TEST)
    assert (mended.last_error, mended.data["items"]) == (None, 1)
    assert await scheduler(services, 125).look() == 2


async def test_a_schedule_is_changed_run_and_deleted(services):
    """CC-8: disabled, it does not tick, and nothing is made up for; run by hand, its ticks stay as they are."""
    made = await schedule(services, interval_seconds=None, cron="30 2 * * *", time_zone="Europe/Berlin")
    assert made.next_at.astimezone(UTC).minute == 30
    await services.schedules.change(made.id, {"enabled": False}, caller=TEST)
    assert await scheduler(services, 86_400 * 3).look() == 0
    job = await services.schedules.run(made.id, caller=Caller.system("test"))
    assert (job.schedule_id, job.scheduled_for) == (made.id, None)
    changes = {"enabled": True, "interval_seconds": 90, "catch_up": "once"}
    every = await services.schedules.change(made.id, changes, caller=TEST)
    assert (every.cron, every.time_zone, every.next_at - every.updated_at) == (None, None, timedelta(seconds=90))
    renamed = await services.schedules.change(made.id, {"name": "other"}, caller=TEST)
    assert renamed.next_at == every.next_at, "what says nothing of the timing does not move it"
    await services.schedules.change(made.id, {"enabled": False}, caller=TEST)
    enabled = await services.schedules.change(made.id, {"enabled": True}, caller=TEST)
    assert enabled.next_at - enabled.updated_at == timedelta(seconds=90), "reckoned from now"
    again = await services.schedules.change(made.id, {"cron": "0 4 * * *"}, caller=TEST)
    assert (again.time_zone, again.interval_seconds) == ("UTC", None)
    assert await services.schedules.delete(made.id, caller=TEST) == again
    assert (await services.jobs.get(job.id)).schedule_id is None
    for gone in (services.schedules.get(made.id), services.schedules.delete(made.id, caller=TEST)):
        with pytest.raises(ScheduleNotFound):
            await gone


async def test_what_cannot_be_kept_is_refused_with_the_field(services, monkeypatch):
    await schedule(services)
    for wrong, field in (
        ({"interval_seconds": None}, "cron"),
        ({"cron": "* * * * *"}, "cron"),
        ({"interval_seconds": None, "cron": "61 * * * *"}, "cron"),
        ({"interval_seconds": None, "cron": "* * * * *", "time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "UTC"}, "time_zone"),
        ({"data": {"items": "many"}}, "data.items"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await schedule(services, name="wrong", **wrong)
        assert [error["field"] for error in caught.value.extra["errors"]] == [field]
    with pytest.raises(UnknownJobType):
        await schedule(services, name="wrong", type="unknown")
    with pytest.raises(ScheduleNameTaken):
        await schedule(services)
    monkeypatch.setattr(service, "MOST_SCHEDULES", 1)
    with pytest.raises(TooManySchedules):
        await schedule(services, name="one more")
    assert [one.name for one in await services.schedules.all()] == ["s"]


async def test_the_process_that_runs_jobs_keeps_the_schedules_too(open_process, settings):
    """CC-6: the scheduler starts with the workers, in every process that runs jobs."""
    quick = settings.model_copy(update={"schedule_seconds": 0.1})
    async with open_process(counting_registry(), settings=quick) as services:
        made = await schedule(services, interval_seconds=1, data={"items": 0})

        async def done():
            last = (await services.schedules.get(made.id)).last_job_id
            return last and (await services.jobs.get(last)).status is Status.COMPLETED

        await eventually(done)


async def test_who_has_looked_before_somebody_changed_it_is_told(services):
    made = await schedule(services)
    seen = made.updated_at
    await services.schedules.change(made.id, {"priority": 60}, caller=TEST, seen=seen)
    with pytest.raises(ScheduleChanged):
        await services.schedules.change(made.id, {"priority": 70}, caller=TEST, seen=seen)
    assert (await services.schedules.get(made.id)).priority == 60


async def test_what_people_do_to_schedules_is_in_the_log(services):
    with capture_logs() as lines:
        made = await schedule(services)
        for changes in ({"enabled": False}, {"enabled": True}, {"priority": 60}):
            await services.schedules.change(made.id, changes, caller=Caller.system("ada"))
        await services.schedules.delete(made.id, caller=Caller.system("grace"))
    told = [(line["action"], line["by"]) for line in lines if line["event"] == LogEvent.SCHEDULE_CONTROLLED]
    assert told == [("create", "test"), ("disable", "ada"), ("enable", "ada"), ("change", "ada"), ("delete", "grace")]


async def test_the_next_ticks_are_known(services):
    made = await schedule(services, cron="30 2 * * *", time_zone="Asia/Tokyo", interval_seconds=None)
    ticks = made.upcoming(3)
    assert (len(ticks), ticks[0]) == (3, made.next_at)
    assert ticks == sorted(ticks)
    assert {tick.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%H:%M") for tick in ticks} == {"02:30"}
    disabled = await services.schedules.change(made.id, {"enabled": False}, caller=TEST)
    assert disabled.upcoming(3) == []
