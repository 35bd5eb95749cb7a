"""The feed on a real database: many followers, one connection, no gap."""

import asyncio
import json
from datetime import timedelta

import psycopg
import pytest

from app.api.streams import encode
from app.feed import feed as feeds
from app.feed.change import End, Filter
from app.feed.feed import Feed
from app.feed.reader import FeedReader
from app.jobs.context import Step
from app.jobs.creation import NewJob
from app.jobs.model import Caller
from app.jobs.states import Event
from tests.waiting import eventually
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")
LEASE = timedelta(seconds=60)
NEW = NewJob(type="count", data={}, config={}, priority=50, max_retries=3, created_by=None)


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


@pytest.fixture
async def feed(services):
    feed = Feed(services.database.address, FeedReader(services.database.engine), encode, patience=60)
    yield feed
    await feed.close()


def messages(data: bytes) -> list[dict]:
    """The messages in a piece of a stream: their name, id and data."""
    found = []
    for block in data.decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append({"name": fields["event"], "id": fields.get("id"), **json.loads(fields["data"])})
    return found


class Reader:
    """Collects what a follower gets."""

    def __init__(self, follower):
        self.follower, self.seen = follower, []

    async def until(self, condition):
        async def there():
            self.seen += messages(await self.follower.take(0.1) or b":")
            return condition(self.seen)

        return await eventually(there)

    @property
    def events(self):
        return [(seen["event"], seen["job_id"]) for seen in self.seen if seen["name"] == "event"]


async def test_a_follower_hears_what_happens_to_its_job_and_how_far_it_is(services, feed):
    """VR-6: one job's stream has its events in order, and its progress after each committed step."""
    job, other = [await services.store.create(NEW, caller=TEST) for _ in range(2)]
    follower, missed = await feed.follow(Filter(job_id=job.id), 0)
    assert [entry.event.event for entry in missed] == [Event.CREATE]
    reader = Reader(follower)
    await services.store.claim(other.id, other.run, worker_id="w", lease=LEASE)
    lease = (await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)).lease
    await reader.until(lambda seen: ("claim", str(job.id)) in reader.events)
    async with services.database.engine.begin() as connection:
        await services.store.record(connection, lease, "count", Step(processed=2, total=8), extend=LEASE)
    await reader.until(lambda seen: any(one["name"] == "progress" and one["percent"] == 25 for one in seen))
    await services.store.settle(lease, Event.COMPLETE)
    await reader.until(lambda seen: seen and seen[-1]["name"] == "progress" and seen[-1]["status"] == "completed")
    assert reader.events == [("claim", str(job.id)), ("complete", str(job.id))]
    assert {one["job_id"] for one in reader.seen} == {str(job.id)}


async def test_a_rolled_back_write_and_one_that_is_slow_to_commit_leave_no_gap(services, feed):
    """VR-6: who comes back with any id gets exactly what is behind it, though commits are out of order."""
    follower, _ = await feed.follow(Filter(), None)
    reader = Reader(follower)
    first = await services.store.create(NEW, caller=TEST)
    await reader.until(lambda seen: reader.events)
    copy = "INSERT INTO job_events (job_id, at, event, actor, to_status, run) SELECT id, now(), %s, 'user', status, 1"
    async with (
        await psycopg.AsyncConnection.connect(services.database.address) as slow,
        await psycopg.AsyncConnection.connect(services.database.address) as undone,
    ):
        for connection, event in ((slow, "pause"), (undone, "resume")):
            await connection.execute("SELECT pg_current_xact_id()")
            await connection.execute(f"{copy} FROM jobs WHERE id = %s", (event, first.id))
        last = await services.store.create(NEW, caller=TEST)
        await undone.rollback()
        # The last one is known to the feed, and held back.
        await eventually(lambda: asyncio.sleep(0, feed._settled.waits))
        assert reader.events == [("create", str(first.id))]
        await slow.commit()
    await reader.until(lambda seen: len(reader.events) == 3)
    assert reader.events == [("create", str(first.id)), ("pause", str(first.id)), ("create", str(last.id))]
    ids = [int(one["id"]) for one in reader.seen if one["name"] == "event"]
    _, missed = await feed.follow(Filter(), ids[0])
    assert [entry.event.id for entry in missed] == ids[1:]
    assert (await feed.follow(Filter(), ids[-1] + 100))[1] is None, "an id of another database"


async def test_hundreds_follow_through_one_connection_and_a_slow_one_stops_nobody(services, feed, monkeypatch):
    """VR-6: idle followers cost memory only; one who does not read is ended, after what it has not read yet."""
    monkeypatch.setattr(feeds, "FOLLOWER_MESSAGES", 20)
    slow, _ = await feed.follow(Filter(), None)
    monkeypatch.setattr(feeds, "FOLLOWER_MESSAGES", 1000)
    readers = [Reader((await feed.follow(Filter(type="count"), None))[0]) for _ in range(300)]
    created = [str((await services.store.create(NEW, caller=TEST)).id) for _ in range(30)]
    for reader in readers:
        await reader.until(lambda seen, reader=reader: len(reader.events) == 30)
        assert reader.events == [("create", job_id) for job_id in created]
    assert slow.ended is End.SLOW
    assert len(messages(await slow.take(1))) == 20
    with psycopg.connect(services.database.address) as connection:
        listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        assert connection.execute(listening).fetchone() == (1,)
        # The connection is cut: what happens meanwhile comes when there is another.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
    late = await services.store.create(NEW, caller=TEST)
    await readers[0].until(lambda seen: ("create", str(late.id)) in readers[0].events)
    for reader in readers:
        feed.leave(reader.follower)
    feed.leave(slow)
    assert feed._task is None, "nobody follows, so nothing listens"
