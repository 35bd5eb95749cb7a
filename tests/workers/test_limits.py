"""What makes a job wait although a worker is free: its type's limits, its time, and its turn."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from app.database.tables import job_events, jobs
from app.jobs.clock import Clock
from app.jobs.due import IN_TURN
from app.jobs.gate import Gate as TypeGate
from app.jobs.gate import NotNow
from app.jobs.limits import MOST_STARTS, Limits, Rate
from app.jobs.model import Caller, Lease
from app.jobs.states import Event, Status
from app.jobs.store import JobStore
from app.queue.aging import Aging
from tests.waiting import eventually
from tests.workers.samples import counting_registry, create_effects, effects
from tests.workers.test_running import create, reaches

pytestmark = pytest.mark.anyio
TEST = Caller.system("test")
LEASE = timedelta(seconds=15)


async def all_ended(services, number):
    async def ended():
        counts = await services.reader.totals()
        return counts["completed"] == number and counts

    return await eventually(ended, within=60)


async def test_two_processes_keep_one_limit_between_them_and_use_it_up(open_process, closed_gate):
    """P8-6: at most two jobs of a type run at the same time over all processes, and each free place is filled."""
    registry = counting_registry(closed_gate, limits=Limits(concurrency=2))
    async with open_process(registry) as services, open_process(registry):
        await create_effects(services.database.engine)
        for _ in range(6):
            await create(services, items=1)

        async def settled():
            # Both places are taken, and every other delivery has been dropped: nothing goes round and round.
            counts, queued = await services.reader.totals(), await services.engine.counts()
            return counts["processing"] == 2 and sum(queued.values()) == 2

        await eventually(settled)
        closed_gate.open()
        await all_ended(services, 6)
        assert await most_at_once(services) == 2
        async with services.database.engine.connect() as connection:
            rows = await connection.execute(select(jobs.c.run, jobs.c.retry_count))
        assert {tuple(row) for row in rows} == {(1, 0)}, "waiting for room costs no attempt and no run"


async def most_at_once(services) -> int:
    """The most jobs that were held at the same time, by the audit trail."""
    query = select(job_events.c.event).where(job_events.c.event.in_(["claim", "complete"])).order_by(job_events.c.id)
    held, most = 0, 0
    async with services.database.engine.connect() as connection:
        for event in (await connection.execute(query)).scalars():
            held += 1 if event == Event.CLAIM else -1
            most = max(most, held)
    return most


async def test_a_rate_lets_no_more_start_in_any_period_and_then_goes_on(open_process):
    """P8-6: with 3 starts a second, no four attempts begin within any second, and all jobs end."""
    async with open_process(counting_registry(limits=Limits(rate=Rate(3, 1.0)))) as services:
        await create_effects(services.database.engine)
        created = [await create(services, items=1) for _ in range(7)]
        await all_ended(services, 7)
        gate = await starts_by_gate(services)
        assert all(later - earlier >= timedelta(seconds=1) for earlier, later in zip(gate, gate[3:], strict=False))
        started = sorted([(await services.jobs.get(job.id)).started_at for job in created])
        assert started[6] - started[0] > timedelta(seconds=1.5)


async def starts_by_gate(services):
    async with services.database.engine.connect() as connection:
        (starts,) = (await connection.execute(text("SELECT starts FROM type_gates WHERE type = 'count'"))).scalars()
    assert list(starts) == sorted(starts)
    return starts


@pytest.mark.parametrize("limits", [Limits(concurrency=3), Limits(rate=Rate(3, 3600))])
async def test_of_many_claims_at_once_as_many_win_as_the_type_has_room(open_process, limits):
    """P8-4: a limit holds exactly, also when everybody claims in the same moment."""
    registry = counting_registry(limits=limits)
    async with open_process(registry, workers=False) as services:
        made = [await create(services, items=1) for _ in range(9)]
        answers = await asyncio.gather(
            *(services.gate.claim(Lease(job.id, 1, "w"), "count", lasts=LEASE) for job in made)
        )
        refused = [answer for answer in answers if isinstance(answer, NotNow)]
        assert (len(answers) - len(refused), len(refused)) == (3, 6)
        assert all(timedelta() < answer.wait <= timedelta(hours=1) for answer in refused)
        assert (await services.gate.next("count"))[0] == []


@pytest.mark.parametrize("limits", [Limits(concurrency=1), Limits(rate=Rate(1, 3600))])
async def test_who_finds_no_room_leaves_no_trace(open_process, limits):
    async with open_process(counting_registry(limits=limits), workers=False) as services:
        first, job = await create(services, items=1), await create(services, items=1)
        assert (await services.gate.claim(Lease(first.id, 1, "w"), "count", lasts=LEASE)).worker_id
        for _ in range(2):
            assert isinstance(await services.gate.claim(Lease(job.id, 1, "w"), "count", lasts=LEASE), NotNow)
        assert await services.jobs.get(job.id) == job, "no attempt, no run"
        assert [entry.event for entry in await services.jobs.events(job.id)] == [Event.CREATE]


async def test_the_next_jobs_are_those_whose_turn_it_is(open_process):
    """P8-4: aged ones first, then the highest priority, then the oldest; not due ones do not count."""
    registry = counting_registry(limits=Limits(concurrency=4))
    async with open_process(registry, workers=False) as services:
        low, high, old, _later, aged = [
            await services.jobs.create(
                type="count", data={}, caller=TEST, created_by=None, priority=priority, start_at=start_at
            )
            for priority, start_at in ((1, None), (90, None), (1, None), (99, soon(3600)), (0, None))
        ]
        async with services.database.engine.begin() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == aged.id).values(aged_at=services.clock.now()))
            day_ago = services.clock.now(-timedelta(days=1))
            await connection.execute(update(jobs).where(jobs.c.id == old.id).values(created_at=day_ago))
        turn, room = await services.gate.next("count")
        assert [job.id for job in turn] == [aged.id, high.id, old.id, low.id]
        assert room.jobs == 4


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_a_job_does_not_start_before_its_time_and_then_it_does(open_process):
    """P8-4: a delayed start is kept by the claim itself, whoever delivers too early."""
    async with open_process(counting_registry(), workers=False) as services:
        job = await services.jobs.create(
            type="count", data={}, caller=TEST, created_by=None, start_at=soon(3600), priority=50
        )
        assert (job.start_at, job.status) == (job.next_retry_at, Status.PENDING)
        claim = Lease(job.id, job.run, "w")
        early = await services.gate.claim(claim, "count", lasts=LEASE)
        assert isinstance(early, NotNow)
        assert timedelta(minutes=59) < early.wait <= timedelta(hours=1)
        # A pause and a resume do not make it earlier.
        await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
        resumed = await services.jobs.control(job.id, Event.RESUME, caller=TEST)
        assert resumed.next_retry_at == job.start_at
        later = JobStore(services.database.engine, Clock(timedelta(hours=2)))
        assert (await TypeGate(later, services.registry).claim(Lease(job.id, 2, "w"), "count", lasts=LEASE)).worker_id


async def test_the_queue_delivers_a_delayed_job_at_its_time(open_process):
    async with open_process(counting_registry()) as services:
        await create_effects(services.database.engine)
        start_at = soon(0.7)
        job = await services.jobs.create(type="count", data={}, caller=TEST, created_by=None, start_at=start_at)
        done = await reaches(services, job, Status.COMPLETED)
        assert done.started_at >= start_at


async def test_an_attempt_that_takes_too_long_is_cut_off_and_the_next_goes_on(open_process, closed_gate):
    """RZ-3: a time-out is a transient error; the next attempt goes on from the last step, until none are left."""
    registry = counting_registry(closed_gate, max_retries=1, limits=Limits(attempt_seconds=0.2))
    async with open_process(registry) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=2)
        failed = await reaches(services, job, Status.FAILED)
        assert (failed.retry_count, [entry["code"] for entry in failed.error_log]) == (1, ["AttemptTimedOut"] * 2)
        assert "0.2 s" in failed.error_log[0]["message"]
    # The rest has all the time of a busy machine.
    closed_gate.open()
    async with open_process(counting_registry(closed_gate)) as services:
        again = await services.jobs.control(job.id, Event.RETRY, caller=TEST)
        await reaches(services, again, Status.COMPLETED)
        assert await effects(services.database.engine, job.id) == [0, 1], "nothing of a cut attempt was left"


async def test_a_job_that_has_waited_too_long_comes_first(open_process):
    """P8-4: a low priority does not starve; each job ages once, and not while the queue is away."""
    hour = timedelta(hours=1)
    async with open_process(counting_registry(), workers=False) as services:
        low = await services.jobs.create(type="count", data={}, caller=TEST, created_by=None, priority=0)
        await services.jobs.create(type="count", data={}, caller=TEST, created_by=None, priority=0, start_at=soon(1800))

        def aging(clock, engine=services.engine):
            return Aging(services.database.engine, engine, clock, after=hour)

        assert await aging(Clock(timedelta(minutes=50))).look() == 0
        late = Clock(timedelta(minutes=70))
        with pytest.raises(ConnectionError):
            await aging(late, Away()).look()
        assert sorted(await asyncio.gather(*(aging(late).look() for _ in range(3)))) == [0, 0, 1]
        high = await services.jobs.create(type="count", data={}, caller=TEST, created_by=None, priority=100)
        seen = []

        async def consume(delivery):
            seen.append(delivery.job_id)

        consumer = await services.engine.consume(consume, concurrency=1, lease=LEASE)

        async def both():
            return len(seen) == 2

        await eventually(both)
        await consumer.stop()
        assert seen == [low.id, high.id]
        claimed = await services.gate.claim(Lease(low.id, 1, "w"), "count", lasts=LEASE)
        assert claimed.aged_at is None, "the next attempt waits for its turn like any other"


async def test_of_jobs_that_age_in_one_look_the_one_that_waited_longest_is_first(open_process):
    """P8-4: among jobs that have waited too long, neither priority nor the time of creation counts."""
    async with open_process(counting_registry(), workers=False) as services:

        async def waiting(priority, start=None):
            job = await services.jobs.create(
                type="count", data={}, caller=TEST, created_by=None, priority=priority, start_at=start
            )
            return job.id

        late, first, second = await waiting(50, soon(600)), await waiting(0), await waiting(100)
        clock = Clock(timedelta(hours=2))
        assert await Aging(services.database.engine, services.engine, clock, after=timedelta(hours=1)).look() == 3
        query = select(jobs.c.id).order_by(*IN_TURN)
        async with services.database.engine.connect() as connection:
            assert (await connection.execute(query)).scalars().all() == [first, second, late]


class Away:
    """A queue that cannot be reached."""

    async def promote(self, deliveries):
        raise ConnectionError


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Rate(0, 1),
        lambda: Rate(MOST_STARTS + 1, 1),
        lambda: Rate(1, 0),
        lambda: Limits(concurrency=0),
        lambda: Limits(attempt_seconds=0),
    ],
)
def test_limits_that_make_no_sense_are_refused_when_they_are_declared(wrong):
    with pytest.raises(ValueError, match="this one"):
        wrong()
