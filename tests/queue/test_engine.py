"""What the service needs of any queue engine, on the real ones."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
import redis
from bullmq import Job
from sqlalchemy import text
from structlog.testing import capture_logs

from app.database.connect import open_database
from app.database.tables import HIGHEST_PRIORITY, LOWEST_PRIORITY
from app.queue.bullmq import AGED, ENTRY_DEFAULTS, QUEUE, queue_priority
from app.queue.engine import Delivery, Entry
from app.services import engine_of
from app.settings import Settings
from app.telemetry.events import LogEvent
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

LEASE = timedelta(seconds=5)


@pytest.fixture
async def engine(settings_of_each_queue):
    async with open_database(settings_of_each_queue) as database:
        engine = engine_of(settings_of_each_queue, database)
        await engine.open()
        yield engine
        await engine.close()


@pytest.fixture
async def engine_on_redis(settings, redis_url):
    on_redis = settings.model_copy(update={"redis_url": redis_url})
    async with open_database(on_redis) as database:
        engine = engine_of(on_redis, database)
        await engine.open()
        yield engine
        await engine.close()


def entry(priority: int = 50, delay: float = 0, run: int = 1) -> Entry:
    return Entry(Delivery(uuid4(), run), "count", priority, timedelta(seconds=delay))


@asynccontextmanager
async def consuming(engine, *, concurrency: int = 1):
    """Collect what the engine delivers."""
    seen: list[Delivery] = []

    async def consume(delivery: Delivery) -> None:
        seen.append(delivery)

    consumer = await engine.consume(consume, concurrency=concurrency, lease=LEASE)
    try:
        yield seen
    finally:
        await consumer.stop()


async def delivered(seen: list[Delivery], number: int) -> list[Delivery]:
    async def enough():
        return len(seen) >= number

    await eventually(enough)
    return seen


async def test_the_highest_priority_comes_first_and_then_the_oldest(engine):
    """P8-4: the highest priority first, then the oldest."""
    entries = [entry(priority) for priority in (10, 90, 50, 90, 0, 100)]
    for one in entries:
        await engine.enqueue([one])
    async with consuming(engine) as seen:
        await delivered(seen, len(entries))
    order = sorted(range(len(entries)), key=lambda index: (-entries[index].priority, index))
    assert seen == [entries[index].delivery for index in order]


async def test_promoted_entries_come_before_all_others_and_so_does_an_aged_one(engine):
    """P8-4: priorities do not let a job wait for ever; what has aged comes first, the longest wait first of all."""
    high, first, second = entry(100), entry(0), entry(1)
    await engine.enqueue([high, second, first])
    await engine.promote([first.delivery, Delivery(uuid4(), 1), second.delivery])
    aged = replace(entry(0), aged=True)
    await engine.enqueue([aged])
    async with consuming(engine) as seen:
        await delivered(seen, 4)
    assert seen == [first.delivery, second.delivery, aged.delivery, high.delivery]
    assert {delivery.type for delivery in seen} == {"count"}


async def test_every_entry_has_the_documented_options(engine):
    """CC-7: attempts, backoff and removal are given to the queue explicitly, on every store."""
    one = entry()
    await engine.enqueue([one])
    stored = await Job.fromId(engine._queue, one.delivery.entry_id)
    # The library writes some names in a short form of its own.
    assert {default.name: stored.opts.get(default.name) for default in ENTRY_DEFAULTS} == {
        default.name: default.value for default in ENTRY_DEFAULTS
    }
    assert {"attempts", "backoff", "removeOnComplete", "removeOnFail"} <= {default.name for default in ENTRY_DEFAULTS}


async def test_the_same_run_is_delivered_once_and_a_new_run_again(engine):
    first = entry()
    await engine.enqueue([first, first])
    await engine.enqueue([first])
    again = Entry(Delivery(first.delivery.job_id, 2), "count", 50)
    await engine.enqueue([again])
    assert [one.delivery.entry_id for one in (first, again)] == [f"{first.delivery.job_id}-{run}" for run in (1, 2)]
    assert sum((await engine.counts()).values()) == 2
    async with consuming(engine) as seen:
        await delivered(seen, 2)
    assert seen == [first.delivery, again.delivery]


async def test_a_delayed_entry_waits_and_then_comes(engine):
    later, now = entry(delay=0.5), entry()
    await engine.enqueue([later, now])
    assert (await engine.counts())["delayed"] == 1
    async with consuming(engine) as seen:
        await delivered(seen, 2)
    assert seen == [now.delivery, later.delivery]


async def test_it_knows_what_it_holds(engine):
    """CC-7: a finished delivery is removed, as the defaults say."""
    held, unknown = entry(), entry()
    await engine.enqueue([held])
    assert await engine.missing([held.delivery, unknown.delivery]) == [unknown.delivery]
    async with consuming(engine) as seen:
        await delivered(seen, 1)
    assert await engine.missing([held.delivery]) == [held.delivery], "a finished delivery is not kept"


async def test_a_delivery_that_fails_is_neither_repeated_nor_kept(engine):
    """CC-7: a new attempt is a new run, which the service hands over."""
    seen, one = [], entry()

    async def consume(delivery: Delivery) -> None:
        seen.append(delivery)
        raise ValueError("a bug")

    async def over() -> bool:
        return bool(seen) and sum((await engine.counts()).values()) == 0

    await engine.enqueue([one])
    consumer = await engine.consume(consume, concurrency=1, lease=LEASE)
    await eventually(over)
    await consumer.stop()
    assert seen == [one.delivery]
    assert await engine.missing([one.delivery]) == [one.delivery]


async def test_it_delivers_at_most_as_many_at_the_same_time_as_asked(engine):
    """P8-6: no more jobs at the same time than slots."""
    running, most, done = 0, 0, asyncio.Event()

    async def consume(_: Delivery) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if most == 3:
            done.set()
        await done.wait()
        running -= 1

    await engine.enqueue([entry() for _ in range(6)])
    consumer = await engine.consume(consume, concurrency=3, lease=LEASE)
    async with asyncio.timeout(20):
        await done.wait()
    await consumer.stop()
    assert most == 3


async def test_the_lock_of_a_delivery_is_as_long_as_the_lease(engine, settings_of_each_queue):
    # So long that the lock is not renewed before it is looked at.
    lease, under_way, looked_at = timedelta(minutes=10), asyncio.Event(), asyncio.Event()

    async def consume(_: Delivery) -> None:
        under_way.set()
        await looked_at.wait()

    one = entry()
    await engine.enqueue([one])
    consumer = await engine.consume(consume, concurrency=1, lease=lease)
    async with asyncio.timeout(20):
        await under_way.wait()
    left = await lock_left(settings_of_each_queue, one.delivery)
    looked_at.set()
    await consumer.stop()
    assert lease - timedelta(minutes=1) < left <= lease


async def test_who_has_lost_the_lock_of_one_delivery_still_ends_the_others(engine, settings_of_each_queue):
    under_way, taken_away = [asyncio.Event() for _ in range(2)], asyncio.Event()
    entries = [entry() for _ in under_way]

    async def consume(delivery: Delivery) -> None:
        under_way[[one.delivery for one in entries].index(delivery)].set()
        await taken_away.wait()

    await engine.enqueue(entries)
    consumer = await engine.consume(consume, concurrency=2, lease=LEASE)
    async with asyncio.timeout(20):
        await asyncio.gather(*(begun.wait() for begun in under_way))
    lost, kept = (one.delivery for one in entries)
    await take_lock(settings_of_each_queue, lost)
    taken_away.set()
    await consumer.stop()
    assert await engine.missing([lost, kept]) == [kept], "the one that it has lost is left to who has it now"


async def test_an_end_that_fails_is_told_of_and_keeps_nobody_from_going_on(engine, settings_of_each_queue):
    under_way, broken, seen = asyncio.Event(), asyncio.Event(), []

    async def consume(delivery: Delivery) -> None:
        seen.append(delivery)
        under_way.set()
        await broken.wait()

    await engine.enqueue([entry(), entry()])
    with capture_logs() as lines:

        async def told():
            return [line for line in lines if line["event"] == LogEvent.QUEUE_ERROR]

        consumer = await engine.consume(consume, concurrency=2, lease=LEASE)
        async with asyncio.timeout(20):
            await under_way.wait()
        await delivered(seen, 2)
        async with no_entry_ends(settings_of_each_queue) as reason:
            broken.set()
            try:
                # Sooner than the library's own look for stalled entries, which would fail, too.
                first, *_ = await eventually(told, within=3)
            finally:
                await consumer.stop()
    assert reason in first["error"]
    assert (await engine.counts())["active"] == 2, "they are delivered again when their locks have ended"


@asynccontextmanager
async def no_entry_ends(settings: Settings):
    """Break the queue's store so that it ends no entry; give what its error says."""
    if settings.redis_url:
        with redis.Redis.from_url(settings.redis_url) as client:
            active = f"bull:{QUEUE}:active"
            client.rename(active, "aside")
            client.set(active, "no list")
            try:
                yield "WRONGTYPE"
            finally:
                client.rename("aside", active)
        return
    rename = "ALTER FUNCTION bullmq.{} RENAME TO {}"
    async with open_database(settings) as database:
        async with database.engine.begin() as connection:
            await connection.execute(text(rename.format("move_to_completed", "aside")))
        try:
            yield "move_to_completed"
        finally:
            async with database.engine.begin() as connection:
                await connection.execute(text(rename.format("aside", "move_to_completed")))


async def test_no_statement_of_the_service_or_of_its_queue_is_compiled(settings):
    """Compiling takes longer than any of them, and up to PostgreSQL 17 the planner would choose it often."""
    async with open_database(settings) as database:
        engine = engine_of(settings, database)
        await engine.open()
        async with database.engine.connect() as connection:
            assert (await connection.execute(text("SHOW jit"))).scalar_one() == "off"
        of_queue = await engine._queue.backend.connection.run("SHOW jit", [])
        await engine.close()
    assert of_queue.rows == [("off",)]


async def test_what_has_been_taken_is_delivered_also_when_the_next_entry_cannot_be_read(engine_on_redis, redis_url):
    good, bad = entry(priority=90), entry(priority=10)
    await engine_on_redis.enqueue([good, bad])
    with redis.Redis.from_url(redis_url) as client:
        client.hset(f"bull:{QUEUE}:{bad.delivery.entry_id}", "opts", "no JSON")
    with capture_logs() as lines:
        async with consuming(engine_on_redis, concurrency=2) as seen:
            assert await delivered(seen, 1) == [good.delivery]
    assert [line["event"] for line in lines] == [LogEvent.QUEUE_ERROR]


async def test_a_worker_that_stops_leaves_no_entry_under_its_locks(engine):
    """Another worker goes on at once; an entry under a lock would wait until the lock has ended."""
    chance, seen, left = Random(7), [], 1500

    async def consume(delivery: Delivery) -> None:
        seen.append(delivery)
        await asyncio.sleep(chance.uniform(0, 0.02))  # work of different length

    await engine.enqueue([entry() for _ in range(left)])
    for _ in range(6):
        consumer = await engine.consume(consume, concurrency=50, lease=LEASE)
        await delivered(seen, len(seen) + 1)
        await asyncio.sleep(chance.uniform(0, 0.1))  # any moment
        await consumer.stop()
        counts = await engine.counts()
        assert counts["active"] == 0
        assert len(seen) + counts["waiting"] + counts["prioritized"] == left
    assert len(set(seen)) == len(seen)


async def test_an_entry_that_comes_alone_is_not_paid_for_with_a_look_for_each_place(engine_on_redis, redis_url):
    with redis.Redis.from_url(redis_url) as client:
        async with consuming(engine_on_redis, concurrency=50) as seen:
            await engine_on_redis.enqueue([entry()])
            await delivered(seen, 1)
            client.config_resetstat()
            for number in range(2, 12):
                await engine_on_redis.enqueue([entry()])
                await delivered(seen, number)
        scripts = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert scripts <= 10 * 8, "added, taken, ended, and looked for once more before and after"


async def take_lock(settings: Settings, delivery: Delivery) -> None:
    """Give the queue's own lock of a delivery to another worker."""
    if settings.redis_url:
        with redis.Redis.from_url(settings.redis_url) as client:
            client.set(f"bull:{QUEUE}:{delivery.entry_id}:lock", "another")
        return
    taken = text("UPDATE bullmq.job SET lock_token = 'another' WHERE queue = :queue AND id = :id")
    async with open_database(settings) as database, database.engine.begin() as connection:
        await connection.execute(taken, {"queue": QUEUE, "id": delivery.entry_id})


async def lock_left(settings: Settings, delivery: Delivery) -> timedelta:
    """For how long the queue's own lock of a delivery still holds, as its store says."""
    if settings.redis_url:
        with redis.Redis.from_url(settings.redis_url) as client:
            return timedelta(milliseconds=client.pttl(f"bull:{QUEUE}:{delivery.entry_id}:lock"))
    query = text(
        "SELECT locked_until_ms - extract(epoch FROM clock_timestamp()) * 1000 FROM bullmq.job "
        "WHERE queue = :queue AND id = :id"
    )
    async with open_database(settings) as database, database.engine.connect() as connection:
        left = await connection.execute(query, {"queue": QUEUE, "id": delivery.entry_id})
        return timedelta(milliseconds=float(left.scalar_one()))


async def test_a_round_trip_takes_time(engine):
    assert await engine.ping() > 0


def test_priorities_turn_round():
    assert queue_priority(HIGHEST_PRIORITY) == AGED + 1
    assert queue_priority(LOWEST_PRIORITY) == AGED + 1 + HIGHEST_PRIORITY - LOWEST_PRIORITY
