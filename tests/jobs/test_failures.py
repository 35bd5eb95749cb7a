"""Failed jobs are grouped by what their errors have in common."""

from datetime import timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from app.jobs.clock import Clock
from app.jobs.creation import NewJob
from app.jobs.failures import FailureKind, FailureReader
from app.jobs.listing import Count, JobFilter
from app.jobs.model import Caller
from app.jobs.recovery import RecoveryStore
from app.jobs.states import Event, Status
from app.workers.recovery import Recovery
from tests.waiting import eventually
from tests.workers.samples import counting_registry, create_effects

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")
LEASE = timedelta(seconds=60)


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("The provider answered 503 after 12.5 s.", "The provider answered … after … s."),
        ("There is no uploaded file 0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10.", "There is no uploaded file …"),
        ("It can't open '/srv/x/y 1.csv': it doesn't exist.", "It can't open …: it doesn't exist."),
        ("No room in /var/lib/jobs/a.json, says the disk", "No room in …, says the disk"),
        ('Unknown city "Saint-Louis" or `Lyon`', "Unknown city … or …"),
        ("lines 1, 2, 3 and 7 of 2026-11-22T01:15:55.8Z", "lines … and … of …"),
        ("GET https://a.example/b?c=d failed: and/or", "GET … failed: and/or"),
        ("host-1-4711-9c2f1a is gone", "… is gone"),
        ("nothing differs here", "nothing differs here"),
        ("", ""),
        ("x" * 900, "x" * 500),
    ],
)
def test_what_differs_from_job_to_job_is_masked(database_url, message, pattern):
    with psycopg.connect(database_url) as connection:
        entry = Jsonb([{"code": "Away", "message": message}, {"code": "older", "message": "older"}])
        (found,) = connection.execute("SELECT failure_pattern(%s)", [entry]).fetchone()
    assert found == f"Away: {pattern}"


@pytest.mark.parametrize("log", ["[]", "{}", "null", '"text"', "[1]", '[{"message": null}]', '[{"code": {"a": 1}}]'])
def test_a_strange_error_log_has_a_pattern_too(database_url, log):
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT failure_pattern(%s::jsonb)", [log]).fetchone()[0] is not None


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


async def claimed(services, **values):
    defaults = {"type": "count", "data": {}, "config": {}, "priority": 50, "max_retries": 0, "created_by": None}
    job = await services.store.create(NewJob(**{**defaults, **values}), caller=TEST)
    return await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)


async def fails(services, message, code="Away", **values):
    job = await claimed(services, **values)
    error = {"message": message, "code": code, "transient": False}
    return await services.store.settle(job.lease, Event.FAIL, error=error)


async def test_jobs_that_failed_alike_are_one_group(services):
    first = await fails(services, "No room for file 1.")
    last = await fails(services, "No room for file 27.")
    await fails(services, "No room for file 3.", type="other")
    await fails(services, "No room for file 4.", code="Full")
    (full, other, away) = await FailureReader(services.database.engine).groups()
    assert (away.type, away.code, away.jobs, away.kind) == ("count", "Away", 2, FailureKind.PERMANENT)
    assert (away.pattern, away.message) == ("Away: No room for file …", "No room for file 27.")
    assert (away.example, away.first_at, away.last_at) == (last.id, first.completed_at, last.completed_at)
    assert away.fingerprint == first.fingerprint == last.fingerprint
    assert len({away.fingerprint, other.fingerprint, full.fingerprint}) == 3
    assert [(one.type, one.code) for one in (full, other)] == [("count", "Full"), ("other", "Away")]
    reader = FailureReader(services.database.engine)
    assert await reader.groups(type="other") == [other]
    assert await reader.groups(limit=1) == [full]


async def test_a_group_is_a_filter_of_the_list_and_loses_what_is_retried(services):
    jobs = [await fails(services, f"No room for file {number}.") for number in range(3)]
    group = JobFilter(fingerprint=jobs[0].fingerprint)
    page = await services.reader.page(group, limit=10, cursor=None)
    assert [job.id for job in page.items] == [job.id for job in reversed(jobs)]
    assert (await services.reader.counts(group))[Status.FAILED] == Count(3, more=False)
    retried, _ = await services.store.control(jobs[1].id, Event.RETRY, caller=TEST, reason=None)
    assert retried.fingerprint is None
    (left,) = await FailureReader(services.database.engine).groups()
    assert left.jobs == 2


async def test_what_ended_the_last_attempt_is_told(services):
    clock = Clock(offset=LEASE * 2)
    store = services.store
    await store.control((await claimed(services)).id, Event.FORCE_FAIL, caller=TEST, reason="stuck for good")
    upstream = await claimed(services)
    await store.create(NewJob("count", {}, {}, 50, 0, None, depends_on=(upstream.id,)), caller=TEST)
    await store.settle(upstream.lease, Event.FAIL, error={"message": "from an older version"})
    await claimed(services)
    store = RecoveryStore(services.database.engine, clock)
    await Recovery(store, services.reader, services.outbox, services.registry).take_back()
    groups = await FailureReader(services.database.engine).groups()
    assert {group.kind for group in groups} == {
        FailureKind.FORCED, FailureKind.DEPENDENCY, FailureKind.UNKNOWN, FailureKind.WORKER_LOST,
    }  # fmt: skip
    assert all(group.jobs == 1 for group in groups)


async def test_workers_say_whether_an_error_may_pass(open_process):
    async with open_process(counting_registry(max_retries=1)) as services:
        await create_effects(services.database.engine)
        for permanent in (True, False):
            data = {"fail_at": 0, "permanent": permanent}
            await services.jobs.create(type="count", data=data, caller=TEST, created_by=None)

        async def both():
            groups = await FailureReader(services.database.engine).groups()
            return groups if len(groups) == 2 else None

        groups = await eventually(both)
    assert {(group.code, group.kind) for group in groups} == {
        ("PermanentError", FailureKind.PERMANENT),
        ("TransientError", FailureKind.TRANSIENT),
    }
