"""Actions on many jobs: what is counted is what is done, by the rules of each single job."""

import pytest

from app.auth.permissions import Role
from app.jobs import bulk
from app.jobs.states import Status
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


@pytest.fixture
async def clean(app):
    """No jobs of other tests."""
    async with app.state.services.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM jobs")


async def send(client, headers, action, filters, **more):
    body = {"action": action, "filter": filters, **more}
    return await client.post("/api/v1/jobs/bulk", headers=headers, json=body)


async def status_of(client, headers, job):
    return (await client.get(job["links"]["self"], headers=headers)).json()["status"]


@pytest.mark.usefixtures("clean")
async def test_an_operator_reaches_own_jobs_and_what_was_counted_is_done(client, callers, admin, new_job, put_in):
    """VR-3: bulk cancel by filter with a dry run; others' and finished jobs are skipped and counted."""
    operator = await callers.headers(Role.OPERATOR)
    mine = [await new_job(operator) for _ in range(3)]
    other = await new_job(admin)
    await put_in(mine[0]["id"], Status.COMPLETED)
    await put_in(mine[1]["id"], Status.PROCESSING)
    filters = {"type": "geocoding"}
    seen = (await send(client, operator, "cancel", filters, dry_run=True)).json()
    assert seen["matched"] == {"pending": 2, "processing": 1, "completed": 1}
    assert [seen[name] for name in ("chosen", "illegal", "forbidden", "done")] == [2, 1, 1, 0]
    assert await status_of(client, admin, mine[2]) == "pending"
    done = (await send(client, operator, "cancel", filters, digest=seen["digest"], reason="over")).json()
    assert (done["chosen"], done["done"]) == (2, 2)
    assert [await status_of(client, admin, job) for job in (*mine, other)] == [
        "completed", "processing", "cancelled", "pending",
    ]  # fmt: skip
    asked = (await client.get(mine[1]["links"]["self"], headers=admin)).json()
    assert asked["control_request"] == "cancel"
    trail = (await client.get(mine[2]["links"]["events"], headers=admin)).json()["items"]
    assert (trail[-1]["event"], trail[-1]["reason"]) == ("cancel", "over")


@pytest.mark.usefixtures("clean")
async def test_what_has_changed_since_the_dry_run_is_not_done(client, admin, new_job):
    """VR-3: what is confirmed is what happens."""
    first = await new_job()
    seen = (await send(client, admin, "pause", {}, dry_run=True)).json()
    await new_job()
    for confirmed in ({"digest": seen["digest"]}, {"expected_count": seen["chosen"]}):
        problem = assert_problem(await send(client, admin, "pause", {}, **confirmed), 409, "job.bulk_mismatch")
        assert problem["count"] == 2
    assert await status_of(client, admin, first) == "pending"
    again = await send(client, admin, "pause", {}, digest=problem["digest"], expected_count=2)
    assert again.json()["done"] == 2
    assert (await send(client, admin, "resume", {"created_by": "me"}, expected_count=2)).json()["done"] == 2


@pytest.mark.usefixtures("clean")
async def test_a_job_that_has_started_since_the_dry_run_is_still_the_same_job(client, admin, new_job, put_in):
    jobs = [await new_job() for _ in range(2)]
    seen = (await send(client, admin, "pause", {}, dry_run=True)).json()
    await put_in(jobs[0]["id"], Status.PROCESSING)
    assert (await send(client, admin, "pause", {}, digest=seen["digest"])).json()["done"] == 2


@pytest.mark.usefixtures("clean")
async def test_retried_jobs_are_in_the_queue_again(client, admin, new_job, put_in, app):
    """VR-3: bulk retry by filter."""
    jobs = [await new_job() for _ in range(3)]
    for job in jobs:
        await put_in(job["id"], Status.FAILED)
    entries = sum((await app.state.services.engine.counts()).values())
    answer = await send(client, admin, "retry", {"status": ["failed"]}, expected_count=3)
    assert answer.json()["done"] == 3
    assert sum((await app.state.services.engine.counts()).values()) == entries + 3


@pytest.mark.usefixtures("clean")
async def test_many_ended_jobs_are_deleted_at_once(client, admin, new_job, put_in):
    """VR-3: bulk delete by filter; jobs that have not ended stay."""
    ended, open_job = [await new_job() for _ in range(2)], await new_job()
    for job in ended:
        await put_in(job["id"], Status.FAILED)
    body = {"filter": {}, "expected_count": 2}
    answer = (await client.post("/api/v1/admin/jobs/bulk-delete", headers=admin, json=body)).json()
    assert (answer["done"], answer["illegal"]) == (2, 1)
    left = (await client.get("/api/v1/jobs", headers=admin)).json()["items"]
    assert [job["id"] for job in left] == [open_job["id"]]


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "digest"),
        ({"filter": {"status": []}}, "filter.status"),
        ({"filter": {"colour": "red"}}, "filter.colour"),
        ({"digest": "x"}, "digest"),
        ({"action": "force_fail"}, "action"),
        ({"dry_run": True}, "filter"),
    ],
)
async def test_what_cannot_be_confirmed_or_is_too_much_is_refused(client, admin, new_job, monkeypatch, body, field):
    """VR-3, VR-5: 422 names the field, and nothing is done."""
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 1)
    jobs = [await new_job() for _ in range(2)]
    answer = await send(client, admin, **{"action": "cancel", "filters": body.pop("filter", {}), **body})
    problem = assert_problem(answer, 422, "request.invalid")
    assert [entry["field"] for entry in problem["errors"]] == [field]
    assert await status_of(client, admin, jobs[0]) == "pending"
