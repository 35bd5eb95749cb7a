"""Jobs that wait for others: chains, policies, races, retries."""

import asyncio
import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.database.tables import jobs
from app.jobs.bulk import BulkStore
from app.jobs.clock import Clock
from app.jobs.creation import NewJob
from app.jobs.dependency import DependencyPolicy, is_lost
from app.jobs.model import Caller
from app.jobs.recovery import RecoveryStore
from app.jobs.removal import RemovalStore
from app.jobs.states import TERMINAL, Event, Status
from app.jobs.store import JobStore
from app.problems import DependencyNotFound
from tests.waiting import eventually
from tests.workers.samples import counting_registry, create_effects

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")
LEASE = timedelta(seconds=60)
ENDS = {Status.COMPLETED: Event.COMPLETE, Status.FAILED: Event.FAIL, Status.CANCELLED: Event.STOP}


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


async def make(services, *others, policy=DependencyPolicy.FAIL):
    ids = tuple(other.id for other in others)
    new = NewJob("count", {}, {}, 50, 3, None, depends_on=ids, on_dependency_failure=policy)
    return await services.store.create(new, caller=TEST)


async def now(services, *found):
    return [(await services.reader.get(job.id)) for job in found]


async def end(services, job, status: Status):
    """Let a worker take the job and end it so."""
    job = await services.reader.get(job.id)
    claimed = await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)
    return await services.store.settle(claimed.lease, ENDS[status], error={"message": "m"})


async def test_random_graphs_end_as_a_simple_model_says(services):
    """VR-3: whatever waits for whatever, each end settles all that it decides, at once and in one transaction."""
    chance = random.Random(3)
    for _ in range(6):
        made, policies, parents = [], [], []
        for number in range(8):
            others = chance.sample(range(number), k=min(number, chance.choice([0, 1, 1, 2, 3])))
            policies.append(chance.choice(list(DependencyPolicy)))
            parents.append(others)
            made.append(await make(services, *(made[other] for other in others), policy=policies[-1]))
        model = [Status.PENDING] * len(made)
        while any(status is Status.PENDING for status in model):
            free = [
                n for n, status in enumerate(model)
                if status is Status.PENDING and all(policies[n].is_met_by(model[other]) for other in parents[n])
            ]  # fmt: skip
            blocked = next((n for n in range(len(made)) if model[n] is Status.PENDING and n not in free), None)
            if blocked is not None:
                job = await services.reader.get(made[blocked].id)
                assert job.waits_for
                assert await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE) is None
            chosen, status = chance.choice(free), chance.choice([Status.COMPLETED, Status.COMPLETED, *ENDS])
            await end(services, made[chosen], status)
            model[chosen] = status
            for n, others in enumerate(parents):
                lost = any(is_lost(model[other]) for other in others if model[other] in TERMINAL)
                if model[n] is Status.PENDING and lost and policies[n] is not DependencyPolicy.RUN:
                    model[n] = Status.FAILED if policies[n] is DependencyPolicy.FAIL else Status.CANCELLED
            assert [job.status for job in await now(services, *made)] == model
        assert await RecoveryStore(services.database.engine).settle_waiting() == 0, "the net has nothing to do"


async def test_of_many_ends_at_once_the_last_one_frees_the_job_once(services):
    """VR-3: dependencies that end in the same moment neither free a job twice nor leave it waiting."""
    for _ in range(2):
        others = [await make(services) for _ in range(6)]
        first = await make(services, *others)
        second = await make(services, first, others[0])
        await asyncio.gather(*(end(services, other, Status.COMPLETED) for other in others))
        (freed, still) = await now(services, first, second)
        assert (freed.waits_for, still.waits_for) == ([], [first.id])
        assert [event.event for event in await services.reader.events(first.id)] == [Event.CREATE, Event.UNBLOCK]


async def test_a_job_that_was_failed_by_another_waits_for_it_again_when_both_are_retried(services):
    """VR-3: a retry alone fails again at once; after a retry of what it waits for, it waits, and then runs."""
    other = await make(services)
    job = await make(services, other)
    paused, _ = await services.store.control(job.id, Event.PAUSE, caller=TEST, reason=None)
    await end(services, other, Status.FAILED)
    (failed,) = await now(services, job)
    assert (paused.status, failed.status) == (Status.PAUSED, Status.FAILED)
    assert failed.error_log[0]["message"] == f"Job {other.id}, which it waits for, failed."
    again, _ = await services.store.control(job.id, Event.RETRY, caller=TEST, reason=None)
    assert again.status is Status.FAILED
    await services.store.control(other.id, Event.RETRY, caller=TEST, reason=None)
    assert (await now(services, job))[0].status is Status.FAILED, "what waits for a job is not retried with it"
    again, _ = await services.store.control(job.id, Event.RETRY, caller=TEST, reason=None)
    assert (again.status, again.waits_for) == (Status.PENDING, [other.id])
    await end(services, other, Status.COMPLETED)
    assert (await end(services, job, Status.COMPLETED)).status is Status.COMPLETED
    assert [event.event.value for event in await services.reader.events(job.id)] == [
        "create", "pause", "upstream_fail", "retry", "upstream_fail", "retry", "unblock", "claim", "complete",
    ]  # fmt: skip


async def test_a_paused_job_that_is_free_waits_to_be_resumed_and_a_delayed_one_for_its_time(services):
    """VR-3: to wait for nothing any more is one condition of several."""
    other = await make(services)
    paused = await make(services, other)
    await services.store.control(paused.id, Event.PAUSE, caller=TEST, reason=None)
    delayed = await services.jobs.create(
        type="count", data={}, caller=TEST, created_by=None, depends_on=[other.id],
        start_at=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    await end(services, other, Status.COMPLETED)
    (paused, delayed) = await now(services, paused, delayed)
    assert (paused.status, paused.waits_for) == (Status.PAUSED, [])
    assert (delayed.status, delayed.waits_for) == (Status.PENDING, [])
    assert await services.store.claim(delayed.id, delayed.run, worker_id="w", lease=LEASE) is None
    later = JobStore(services.database.engine, Clock(timedelta(hours=2)))
    assert await later.claim(delayed.id, delayed.run, worker_id="w", lease=LEASE)


async def test_many_jobs_are_cancelled_and_retried_together_whatever_waits_for_whatever(services):
    """VR-3: an action on many jobs settles what waits for them, and lets those wait again that do."""
    store = BulkStore(services.database.engine)
    other = await make(services)
    job, outside = await make(services, other), await make(services, other)
    ids = [job.id, other.id]
    await store.control_many(ids, Event.CANCEL, caller=TEST, reason=None)
    assert [found.status.value for found in await now(services, other, job, outside)] == [
        "cancelled", "cancelled", "failed"
    ]  # fmt: skip
    await store.control_many(ids, Event.RETRY, caller=TEST, reason=None)
    (again, waiting) = await now(services, other, job)
    assert [(found.status, found.waits_for) for found in (again, waiting)] == [
        (Status.PENDING, []), (Status.PENDING, [other.id])
    ]  # fmt: skip


async def test_what_has_ended_before_decides_at_once_and_what_is_unknown_is_refused(services):
    """VR-3: a new job does not wait for what is over, and cannot wait for what does not exist."""
    done, lost = await make(services), await make(services)
    await end(services, done, Status.COMPLETED)
    await end(services, lost, Status.CANCELLED)
    assert (await make(services, done)).waits_for == []
    assert (await make(services, done, lost)).status is Status.FAILED
    assert (await make(services, lost, policy=DependencyPolicy.CANCEL)).status is Status.CANCELLED
    runs = await make(services, lost, policy=DependencyPolicy.RUN)
    assert (runs.status, runs.waits_for, runs.depends_on) == (Status.PENDING, [], [lost.id])
    await services.store.control(lost.id, Event.RETRY, caller=TEST, reason=None)
    await end(services, runs, Status.FAILED)
    again, _ = await services.store.control(runs.id, Event.RETRY, caller=TEST, reason=None)
    assert (again.status, again.waits_for) == (Status.PENDING, []), "what was freed stays free"
    new = NewJob("count", {}, {}, 50, 3, None, depends_on=(done.id, uuid4()))
    with pytest.raises(DependencyNotFound) as refused:
        await services.store.create(new, caller=TEST)
    assert [error["field"] for error in refused.value.extra["errors"]] == ["depends_on.1"]


async def test_recovery_settles_what_a_deleted_job_leaves_waiting(services):
    """VR-3: nothing waits for ever, not even for a job whose row is gone."""
    other, third = await make(services), await make(services)
    job, last = await make(services, other), await make(services, third)
    await RemovalStore(services.database.engine).delete(third.id, caller=TEST, reason=None)
    assert (await now(services, last))[0].status is Status.FAILED, "the end that comes before the deletion settles it"
    async with services.database.engine.begin() as connection:
        # By hand, past everything that would tell.
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(waits_for=[uuid4()]))
    await RecoveryStore(services.database.engine).settle_waiting()
    (failed,) = await now(services, job)
    assert (failed.status, "is gone" in failed.error_log[0]["message"]) == (Status.FAILED, True)


async def test_a_retry_leaves_what_failed_with_the_job_as_it_is(services):
    other = await make(services)
    job = await make(services, other)
    await end(services, other, Status.FAILED)
    again, _ = await services.store.control(other.id, Event.RETRY, caller=TEST, reason=None)
    (left,) = await now(services, job)
    assert (again.status, left.status) == (Status.PENDING, Status.FAILED)
    assert (await services.reader.events(job.id))[-1].event is Event.UPSTREAM_FAIL


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.COMPLETED])
async def test_the_database_refuses_a_running_job_that_waits(services, status):
    job = await make(services, await make(services))
    held = {"worker_id": "w", "lock_expires_at": services.clock.now()} if status is Status.PROCESSING else {}
    ended = {} if held else {"completed_at": services.clock.now()}
    by_hand = update(jobs).where(jobs.c.id == job.id).values(status=status.value, **held, **ended)
    with pytest.raises(IntegrityError, match="ck_jobs_waits_for"):
        async with services.database.engine.begin() as connection:
            await connection.execute(by_hand)
    async with services.database.engine.begin() as connection:
        await connection.execute(by_hand.values(waits_for=[]))


async def test_workers_run_a_chain_in_its_order(open_process):
    """VR-3: a freed job reaches the queue by itself."""
    async with open_process(counting_registry()) as services:
        await create_effects(services.database.engine)
        made = []
        for _ in range(3):
            made.append(
                await services.jobs.create(
                    type="count", data={"items": 2}, caller=TEST, created_by=None,
                    depends_on=[job.id for job in made[-1:]],
                )
            )  # fmt: skip

        async def finished():
            found = await now(services, *made)
            return all(job.status is Status.COMPLETED for job in found) and found

        chain = await eventually(finished)
        assert all(a.completed_at <= b.started_at for a, b in itertools.pairwise(chain))
