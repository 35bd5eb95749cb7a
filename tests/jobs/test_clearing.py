"""Deleting jobs with what belongs to them, and keeping the rest."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from app.database.tables import job_events, jobs
from app.database.turn import turn
from app.jobs.context import LeaseLost, Step
from app.jobs.model import Caller
from app.jobs.removal import Ended, Seen
from app.jobs.states import TERMINAL, Event, Status
from app.problems import IllegalTransition, JobNotFound
from app.webhooks.store import WebhookStore
from app.workers.retention import Retention
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio
TEST = Caller.system("test")
LEASE = timedelta(seconds=15)


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


async def ended(services, status, *, days=0):
    """A job that ended so many days ago, with a checkpoint."""
    job = await services.jobs.create(type="count", data={"items": 1}, caller=TEST, created_by=None)
    await services.checkpoints.save(job.id, "count", {"result": {}}, final=True)
    at = services.clock.now(-timedelta(days=days))
    async with services.database.engine.begin() as connection:
        await connection.execute(
            update(jobs)
            .where(jobs.c.id == job.id)
            .values(status=status.value, completed_at=at if status in TERMINAL else None)
        )
    return job


async def test_a_job_that_has_changed_since_it_was_seen_is_not_deleted(services):
    job = await ended(services, Status.FAILED)
    seen = Seen.of(await services.jobs.get(job.id))
    await services.jobs.control(job.id, Event.RETRY, caller=TEST)
    with pytest.raises(IllegalTransition, match="it is pending now") as refused:
        await services.clearing.delete(job.id, caller=TEST, seen=seen)
    assert refused.value.extra["current_status"] == "pending"
    assert await left(services) == {job.id}
    await services.clearing.delete(job.id, caller=TEST, seen=Seen.of(await services.jobs.get(job.id)))
    assert await left(services) == set()


async def left(services):
    async with services.database.engine.connect() as connection:
        return set((await connection.execute(select(jobs.c.id))).scalars())


async def test_a_job_is_deleted_with_everything_that_belongs_to_it(services):
    """RZ-6: cancel and delete with its storage; the log says who deleted what."""
    waiting = await services.jobs.create(type="count", data={"items": 1}, caller=TEST, created_by=None)
    done, paused = await ended(services, Status.COMPLETED), await ended(services, Status.PAUSED)
    with capture_logs() as lines:
        for job in (waiting, done, paused):
            await services.clearing.delete(job.id, caller=TEST, reason="test")
    assert await left(services) == set()
    assert await services.checkpoints.folders() == []
    assert sum((await services.engine.counts()).values()) == 0
    async with services.database.engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(job_events))).scalar_one() == 0
    deleted = [(line["job_id"], line["status"], line["by"]) for line in lines if line["event"] == "job.deleted"]
    assert deleted == [(str(job.id), status, "test") for job, status in
                       [(waiting, "pending"), (done, "completed"), (paused, "paused")]]  # fmt: skip
    with pytest.raises(JobNotFound):
        await services.clearing.delete(done.id, caller=TEST)


async def test_a_deletion_is_told_by_its_author_although_the_checkpoints_stay(services, monkeypatch):
    job = await ended(services, Status.FAILED)

    async def stuck(_):
        raise OSError("read-only file system")

    monkeypatch.setattr(services.checkpoints, "delete", stuck)
    with capture_logs() as lines:
        await services.clearing.delete(job.id, caller=TEST, reason="tidy")
    told = {line["event"]: line for line in lines}
    assert (told["job.deleted"]["job_id"], told["job.deleted"]["by"]) == (str(job.id), "test")
    assert told["remains.left"]["jobs"] == [str(job.id)]


async def test_the_line_of_a_deletion_says_what_the_job_was_and_who_deleted_it_and_why(services):
    job = await ended(services, Status.FAILED)
    with capture_logs() as lines:
        await services.clearing.delete(job.id, caller=TEST, reason="tidy")
    (line,) = [line for line in lines if line["event"] == "job.deleted"]
    told = ("job_id", "type", "status", "by", "reason")
    assert [line[name] for name in told] == [str(job.id), "count", "failed", "test", "tidy"]


async def test_the_worker_of_a_deleted_job_writes_nothing_more(services):
    """RZ-6, P8-5: whoever holds a job that is deleted has lost it."""
    job = await services.jobs.create(type="count", data={"items": 1}, caller=TEST, created_by=None)
    held = await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)
    assert (await services.clearing.delete(job.id, caller=TEST)).status is Status.PROCESSING
    with pytest.raises(LeaseLost):
        async with services.database.engine.begin() as connection:
            await services.store.record(connection, held.lease, "count", Step(processed=1), extend=LEASE)


async def test_clearing_takes_the_ended_jobs_of_one_status_and_age(services):
    """RZ-6: clear completed, clear failed."""
    old, new = [await ended(services, Status.COMPLETED, days=days) for days in (9, 1)]
    failed, paused = await ended(services, Status.FAILED, days=9), await ended(services, Status.PAUSED)
    week = Ended(Status.COMPLETED, timedelta(days=7))
    assert await services.clearing.count(week) == 1
    cleared = await services.clearing.clear(week, caller=TEST, reason="test")
    assert (cleared.deleted, cleared.remaining) == (1, 0)
    assert await left(services) == {new.id, failed.id, paused.id}
    assert set(await services.checkpoints.folders()) == {new.id, failed.id, paused.id}
    part = await services.clearing.clear(Ended(Status.COMPLETED), caller=TEST, reason="test", most=0)
    assert (part.deleted, part.remaining) == (0, 1)
    with pytest.raises(ValueError, match="not the end"):
        Ended(Status.PAUSED)
    assert old.id not in await left(services)


async def test_clearing_begins_with_the_oldest(services):
    new, old, middle = [await ended(services, Status.FAILED, days=days) for days in (1, 9, 5)]
    for gone, kept in ((old, {new.id, middle.id}), (middle, {new.id})):
        cleared = await services.clearing.clear(Ended(Status.FAILED), caller=TEST, reason="test", most=1)
        assert (cleared.deleted, await left(services)) == (1, kept), gone.completed_at


async def test_retention_deletes_what_is_older_by_outcome_one_process_at_a_time(services, settings):
    """VR-2: old finished jobs go after their retention time, with their checkpoints; 0 keeps for ever."""
    kept = {(await ended(services, status, days=days)).id
            for status, days in [(Status.COMPLETED, 6), (Status.FAILED, 99), (Status.CANCELLED, 29)]}  # fmt: skip
    for status, days in [(Status.COMPLETED, 8), (Status.COMPLETED, 9), (Status.CANCELLED, 31)]:
        await ended(services, status, days=days)
    chosen = settings.model_copy(update={"retention_completed_days": 7, "retention_cancelled_days": 30})
    engine = services.database.engine
    webhooks = WebhookStore(engine)
    retention = Retention(engine, services.clearing, webhooks, chosen)
    assert retention.wanted
    assert not Retention(engine, services.clearing, webhooks, settings).wanted
    async with turn(engine, "retention") as mine:
        assert mine
        assert await retention.look() == 0, "another process is at it"
    assert sum(await asyncio.gather(*(retention.look() for _ in range(3)))) == 3
    assert await left(services) == kept
    assert set(await services.checkpoints.folders()) == kept
