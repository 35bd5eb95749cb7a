"""The guarded writes, on a real database: every status with every event, races, leases, the audit trail."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from app.database.tables import jobs
from app.jobs.clock import Clock
from app.jobs.context import LeaseLost, Step
from app.jobs.creation import NewJob
from app.jobs.decisions import RULES, Case, LeaseState, decide
from app.jobs.listing import Cursor, JobFilter
from app.jobs.model import ERROR_LOG_LIMIT, Caller, Lease, Request
from app.jobs.recovery import RecoveryStore, Verdict
from app.jobs.states import TERMINAL, TRANSITIONS, Actor, Event, Status, target
from app.jobs.store import Claim, JobStore
from tests.waiting import eventually
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")
LEASE = timedelta(seconds=15)


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


def new(**values):
    defaults = {"type": "count", "data": {}, "config": {}, "priority": 50, "max_retries": 3, "created_by": None}
    return NewJob(**{**defaults, **values})


async def job_in(services, status: Status, **values):
    """A job in ``status``, put there by hand."""
    job = await services.store.create(new(**values), caller=TEST)
    held = status is Status.PROCESSING
    async with services.database.engine.begin() as connection:
        await connection.execute(
            update(jobs)
            .where(jobs.c.id == job.id)
            .values(
                status=status.value,
                worker_id="w" if held else None,
                lock_expires_at=services.clock.now(LEASE) if held else None,
                completed_at=services.clock.now() if status in TERMINAL else None,
            )
        )
    return await services.reader.get(job.id)


def recovery(services, clock=None) -> RecoveryStore:
    return RecoveryStore(services.database.engine, clock)


def judge(job) -> Verdict:
    """What recovery does with a job of a lost worker."""
    left = job.retry_count < job.max_retries
    return Verdict(decide(Case(job.status, LeaseState.EXPIRED, None, attempts_left=left, type_known=True)))


DEPENDENCY_EVENTS = {
    Event.UNBLOCK: (Status.COMPLETED, "fail"),
    Event.UPSTREAM_FAIL: (Status.FAILED, "fail"),
    Event.UPSTREAM_CANCEL: (Status.CANCELLED, "cancel"),
}


async def settle_by_dependency(services, job, event: Event) -> bool:
    """Let ``job`` wait for one that has ended, where the table allows jobs that wait, and let recovery look."""
    ended, policy = DEPENDENCY_EVENTS[event]
    other = await job_in(services, ended)
    if job.status not in {Status.PROCESSING, Status.COMPLETED}:
        async with services.database.engine.begin() as connection:
            values = {"depends_on": [other.id], "waits_for": [other.id], "on_dependency_failure": policy}
            await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
    await recovery(services).settle_waiting()
    return (await services.reader.events(job.id))[-1].event is event


async def cause(services, job, event: Event) -> bool:
    """Try to make ``event`` happen to ``job`` as whoever may cause it; tell whether it did."""
    store = services.store
    if event is Event.CREATE:
        return False
    if event.actor is Actor.USER:
        return (await store.control(job.id, event, caller=TEST, reason="why"))[1]
    if event is Event.CLAIM:
        return await store.claim(job.id, job.run, worker_id="w", lease=LEASE) is not None
    if event.actor is Actor.WORKER:
        lease = job.lease
        return lease is not None and await store.settle(lease, event, error={"message": "m"}) is not None
    if event is Event.REQUEUE:

        async def hand_over(jobs):
            return [(job, RULES[0]) for job in jobs]

        return bool(await recovery(services).requeue([(job.id, job.run)], hand_over, caller=TEST))
    if event in DEPENDENCY_EVENTS:
        return await settle_by_dependency(services, job, event)
    taken = await recovery(services, Clock(offset=LEASE * 2)).take_back(judge, limit=10, caller=TEST)
    return [verdict.rule.event for _, verdict in taken] == [event]


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("status", Status)
async def test_the_store_allows_exactly_what_the_table_allows(services, status, event):
    """P8-1, P8-3: each status with each event: the table decides, and what happened is in the audit trail."""
    retries = {"max_retries": 0} if event is Event.ABANDON else {}
    job = await job_in(services, status, **retries)
    expected = target(status, event)
    if (status, event) == (Status.PROCESSING, Event.RESUME):
        # The table's guard: a pause must have been requested.
        await services.store.control(job.id, Event.PAUSE, caller=TEST, reason=None)
    assert await cause(services, job, event) is (expected is not None)
    after = await services.reader.get(job.id)
    assert after.status is (expected or status)
    becomes_pending = expected is Status.PENDING and status is not Status.PENDING
    assert after.run == job.run + becomes_pending, "what was delivered before is void"
    last = (await services.reader.events(job.id))[-1]
    if expected:
        assert (last.event, last.from_status, last.to_status) == (event, status, expected)
        assert last.actor is (event.actor if event.actor is Actor.WORKER else TEST.actor)
    else:
        assert last.event is Event.CREATE


NEW_RUN = {
    (Status.PAUSED, Event.RESUME),
    (Status.FAILED, Event.RETRY),
    (Status.CANCELLED, Event.RETRY),
    (Status.PROCESSING, Event.RESCHEDULE),
    (Status.PROCESSING, Event.RELEASE),
    (Status.PROCESSING, Event.RESCUE),
}


@pytest.mark.parametrize(("status", "event"), [(row.source, row.event) for row in TRANSITIONS if row.source])
async def test_the_run_number_grows_by_what_hands_a_job_over_again_and_by_nothing_else(services, status, event):
    job = await job_in(services, status, **({"max_retries": 0} if event is Event.ABANDON else {}))
    if (status, event) == (Status.PROCESSING, Event.RESUME):
        await services.store.control(job.id, Event.PAUSE, caller=TEST, reason=None)
    assert await cause(services, job, event)
    assert (await services.reader.get(job.id)).run == job.run + ((status, event) in NEW_RUN)


async def test_jobs_that_are_created_at_once_are_each_their_own_callers_and_one_that_cannot_be_spoils_none(services):
    callers = [TEST, Caller.system("another"), TEST]
    *made, refused = await asyncio.gather(
        *(services.store.create(new(data={"place": place}), caller=who) for place, who in enumerate(callers)),
        services.store.create(new(created_by=uuid4()), caller=TEST),
        return_exceptions=True,
    )
    assert isinstance(refused, IntegrityError), "there is no such user"
    for place, (job, who) in enumerate(zip(made, callers, strict=True)):
        (event,) = await services.reader.events(job.id)
        assert (job.data, event.event, event.actor_id) == ({"place": place}, Event.CREATE, who.id)
    assert await services.reader.totals() == {status: 3 if status is Status.PENDING else 0 for status in Status}


async def test_a_claim_looks_at_its_jobs_alone_also_before_anybody_has_counted_the_others(services):
    """No statistics tell the planner of the jobs that have come since the table was made, and it keeps its plans."""
    made = await asyncio.gather(*(services.store.create(new(), caller=TEST) for _ in range(300)))
    claims = [Claim(Lease(job.id, job.run, "w"), None) for job in made[:10]]
    whole = text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'jobs'")
    async with services.database.engine.begin() as connection:
        claimed = await services.store.claim_all_on(connection, claims, lasts=LEASE)
        scans = (await connection.execute(whole)).scalar_one()
    assert [job.id for job in claimed] == [job.id for job in made[:10]]
    assert scans == 0


async def test_of_many_claims_one_wins(services):
    """P8-4: a job is claimed by one worker, whoever asks at the same time."""
    job = await services.store.create(new(), caller=TEST)
    claims = await asyncio.gather(
        *(services.store.claim(job.id, job.run, worker_id=f"w{number}", lease=LEASE) for number in range(8))
    )
    assert len([claim for claim in claims if claim]) == 1
    assert [event.event for event in await services.reader.events(job.id)] == [Event.CREATE, Event.CLAIM]


async def test_of_two_controls_at_once_both_are_answered_and_one_may_lose(services):
    """P8-1: the guard also holds in a race."""
    for _ in range(10):
        job = await services.store.create(new(), caller=TEST)
        (_, paused), (_, cancelled) = await asyncio.gather(
            services.store.control(job.id, Event.PAUSE, caller=TEST, reason=None),
            services.store.control(job.id, Event.CANCEL, caller=TEST, reason=None),
        )
        assert cancelled
        after = await services.reader.get(job.id)
        assert after.status is Status.CANCELLED
        trail = [event.event for event in await services.reader.events(job.id)]
        assert trail == [Event.CREATE, *([Event.PAUSE] if paused else []), Event.CANCEL]


async def test_an_old_delivery_claims_nothing(services):
    job = await services.store.create(new(), caller=TEST)
    await services.store.control(job.id, Event.PAUSE, caller=TEST, reason=None)
    resumed, _ = await services.store.control(job.id, Event.RESUME, caller=TEST, reason=None)
    assert resumed.run == job.run + 1
    assert await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE) is None
    await services.store.control(job.id, Event.CANCEL, caller=TEST, reason=None)
    retried, _ = await services.store.control(job.id, Event.RETRY, caller=TEST, reason=None)
    assert retried.run == resumed.run + 1
    assert await services.store.claim(job.id, resumed.run, worker_id="w", lease=LEASE) is None
    assert await services.store.claim(job.id, retried.run, worker_id="w", lease=LEASE)


async def test_a_lost_lease_writes_nothing_at_all(services):
    """P8-5: a worker that lost its lock writes neither steps nor results."""
    job = await services.store.create(new(), caller=TEST)
    claimed = await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)
    late = recovery(services, Clock(offset=LEASE * 2))
    ((rescued, _),) = await late.take_back(judge, limit=10, caller=TEST)
    assert (rescued.status, rescued.retry_count) == (Status.PENDING, 1)
    with pytest.raises(LeaseLost):
        async with services.database.engine.begin() as connection:
            await services.store.record(connection, claimed.lease, "count", Step(processed=1), extend=LEASE)
    assert await services.store.settle(claimed.lease, Event.COMPLETE) is None
    assert await services.store.renew("w", [claimed.lease], lease=LEASE) == []
    assert (await services.reader.get(job.id)).processed_items == 0


async def test_a_worker_that_is_late_goes_on_when_nobody_has_taken_its_job(services):
    """P8-5: a lease ends when recovery takes the job back, not by itself."""
    job = await services.store.create(new(), caller=TEST)
    claimed = await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)
    late = JobStore(services.database.engine, Clock(offset=LEASE * 2))
    assert [state.lease for state in await late.renew("w", [claimed.lease], lease=LEASE)] == [claimed.lease]
    assert (await services.reader.get(job.id)).lock_expires_at > claimed.lock_expires_at + LEASE


async def test_a_step_and_a_heartbeat_renew_the_lease(services):
    job = await services.store.create(new(), caller=TEST)
    lease = (await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)).lease

    async def step():
        async with services.database.engine.begin() as connection:
            await services.store.record(connection, lease, "count", Step(), extend=LEASE)

    async def heartbeat():
        await services.store.renew("w", [lease], lease=LEASE)

    for renew in (step, heartbeat):
        before = (await services.reader.get(job.id)).lock_expires_at
        await renew()
        assert (await services.reader.get(job.id)).lock_expires_at > before


async def test_a_heartbeat_takes_rows_in_the_one_order_and_waits_with_nothing_that_others_need(services):
    """Or it would wait for an end that waits for it."""
    made = [await services.store.create(new(), caller=TEST) for _ in range(8)]
    leases = [(await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)).lease for job in made]
    first, *others = sorted(leases, key=lambda lease: lease.job_id)

    def locking(ids, *, nowait=False):
        rows = select(jobs.c.id).where(jobs.c.id.in_(ids)).with_for_update(nowait=nowait)
        return rows if nowait else rows.order_by(jobs.c.id)

    async def waits():
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%lock_expires%'"
        )
        async with services.database.engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async with services.database.engine.begin() as end:
        await end.execute(locking([first.job_id]))
        # As a worker has them: by no order at all.
        heartbeat = asyncio.create_task(services.store.renew("w", [*reversed(others), first], lease=LEASE))
        await eventually(waits)
        await end.execute(locking([lease.job_id for lease in others], nowait=True))
    assert {state.lease for state in await heartbeat} == set(leases)


@pytest.mark.parametrize("ended", [Event.FAIL, Event.STOP])
async def test_a_retry_counts_the_attempts_from_zero_again(services, ended):
    store = services.store
    job = await store.create(new(max_retries=2), caller=TEST)
    for _ in range(2):
        claimed = await store.claim(job.id, job.run, worker_id="w", lease=LEASE)
        job = await store.settle(claimed.lease, Event.RESCHEDULE, error={"message": "m"})
    claimed = await store.claim(job.id, job.run, worker_id="w", lease=LEASE)
    over = await store.settle(claimed.lease, ended)
    assert (over.retry_count, over.completed_at is None) == (2, False)
    again, _ = await store.control(job.id, Event.RETRY, caller=TEST, reason=None)
    assert (again.status, again.retry_count, again.completed_at) == (Status.PENDING, 0, None)


@pytest.mark.parametrize("ended", [Event.FAIL, Event.STOP, Event.SUSPEND])
async def test_a_retry_and_a_resume_keep_progress_and_state(services, ended):
    """RZ-4: what goes on, goes on from where it stood."""
    job = await services.store.create(new(), caller=TEST)
    lease = (await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)).lease
    step = Step(processed=2, total=9, stats={"a": 1}, state={"next": 2})
    async with services.database.engine.begin() as connection:
        await services.store.record(connection, lease, "count", step, extend=LEASE)
    await services.store.settle(lease, ended)
    event = Event.RESUME if ended is Event.SUSPEND else Event.RETRY
    again, happened = await services.store.control(job.id, event, caller=TEST, reason=None)
    assert (happened, again.status) == (True, Status.PENDING)
    assert (again.processed_items, again.total_items, again.stage, again.output_stats) == (2, 9, "count", {"a": 1})
    assert again.current_state == {"stage": "count", "state": {"next": 2}}


async def test_steps_add_up_and_carry_requests(services):
    """RZ-2: percent comes from processed and total items, and details add up."""
    job = await services.store.create(new(), caller=TEST)
    lease = (await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)).lease
    async with services.database.engine.begin() as connection:
        record = services.store.record
        asked = await record(
            connection, lease, "count", Step(processed=2, total=9, stats={"a": 1}, state={"next": 2}), extend=LEASE
        )
        assert asked is None
        await record(connection, lease, "count", Step(processed=1, stats={"b": 2}), extend=LEASE)
    await services.store.control(job.id, Event.PAUSE, caller=TEST, reason=None)
    (state,) = await services.store.renew("w", [lease], lease=LEASE)
    assert state.request is Request.PAUSE
    now = await services.reader.get(job.id)
    assert (now.processed_items, now.total_items) == (3, 9)
    assert now.output_stats == {"a": 1, "b": 2}
    assert now.current_state == {"stage": "count", "state": {"next": 2}}
    assert now.progress.percent == 33


@pytest.mark.parametrize("status", Status)
async def test_the_database_refuses_a_worker_or_an_end_that_the_status_does_not_have(services, status):
    job = await job_in(services, status)
    held, ended = status is Status.PROCESSING, status in TERMINAL
    for wrong in (
        {"worker_id": None, "lock_expires_at": None} if held else {"worker_id": "w", "lock_expires_at": func.now()},
        {"completed_at": None if ended else func.now()},
    ):
        with pytest.raises(IntegrityError):
            async with services.database.engine.begin() as connection:
                await connection.execute(update(jobs).where(jobs.c.id == job.id).values(wrong))


async def test_the_error_log_keeps_the_newest(services):
    """VR-1: the error log holds the newest hundred entries."""
    job = await services.store.create(new(), caller=TEST)
    lease = (await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)).lease
    for first in range(0, 240, 60):
        async with services.database.engine.begin() as connection:
            errors = [{"message": f"row {number}\x00", "line": number} for number in range(first, first + 60)]
            await services.store.record(connection, lease, "count", Step(errors=errors), extend=LEASE)
    entries = (await services.reader.get(job.id)).error_log
    assert [entry["line"] for entry in entries] == list(range(239, 239 - ERROR_LOG_LIMIT, -1))
    assert entries[0]["message"] == "row 239\ufffd"
    assert all(entry["at"] and entry["stage"] == "count" for entry in entries)


async def test_pages_are_stable_while_jobs_arrive(services):
    """CC-11: a page of the list does not move when jobs arrive."""
    made = [(await services.store.create(new(), caller=TEST)).id for _ in range(7)]
    filters, seen, cursor = JobFilter(), [], None
    while True:
        page = await services.reader.page(filters, limit=3, cursor=cursor)
        seen += [job.id for job in page.items]
        await services.store.create(new(), caller=TEST)
        if page.next_cursor is None:
            break
        cursor = Cursor.decode(page.next_cursor, filters)
    assert seen == made[::-1]


async def test_filters_combine(services):
    user = None
    paused = await job_in(services, Status.PAUSED)
    await job_in(services, Status.FAILED)
    for filters, found in [
        (JobFilter(status=(Status.PAUSED,)), [paused.id]),
        (JobFilter(status=(Status.PAUSED,), type="other"), []),
        (JobFilter(type="count", created_by=uuid4()), []),
        (JobFilter(stage="count"), []),
    ]:
        page = await services.reader.page(filters, limit=10, cursor=user)
        assert [job.id for job in page.items] == found
