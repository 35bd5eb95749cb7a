"""Health, metrics, and the inside of the queue."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url, update

from app.database.tables import jobs
from app.jobs.roster import WorkerProcess
from app.jobs.states import Status
from app.telemetry.metrics import METRICS
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(settings):
    """With heartbeats that are rare enough for a test's own worker to count as live to its end."""
    return settings.model_copy(update={"heartbeat_seconds": 20, "lease_seconds": 60})


@pytest.fixture
async def worker(app):
    """A worker process that has just sent a heartbeat."""
    process = WorkerProcess("host-1-a", "host", 1, 4)
    await app.state.services.roster.seen(process)
    return process


async def reasons(client):
    answer = await client.get("/api/health")
    body = answer.json()
    assert (answer.status_code, body["status"]) == ((503, "unhealthy") if body["reasons"] else (200, "healthy"))
    return {reason["code"]: reason["detail"] for reason in body["reasons"]}


async def set_back(app, job, column, minutes):
    services = app.state.services
    async with services.database.engine.begin() as connection:
        values = {column: services.clock.now(-timedelta(minutes=minutes))}
        await connection.execute(update(jobs).where(jobs.c.id == job["id"]).values(values))


async def test_the_process_is_alive_whatever_else_is(client):
    assert (await client.get("/api/health/live")).json() == {"status": "alive"}


async def test_without_a_worker_the_service_is_unhealthy(client, app):
    assert set(await reasons(client)) == {"no_worker"}
    await app.state.services.roster.seen(WorkerProcess("host-1-a", "host", 1, 4))
    assert await reasons(client) == {}


@pytest.mark.usefixtures("worker")
async def test_a_due_job_that_waits_too_long_is_a_reason(client, app, new_job):
    job = await new_job()
    assert await reasons(client) == {}
    await set_back(app, job, "updated_at", 16)
    found = await reasons(client)
    assert set(found) == {"pending_too_old"}
    assert "16 minutes" in found["pending_too_old"]


@pytest.mark.usefixtures("worker")
async def test_a_job_that_waits_for_its_next_attempt_is_none(client, app, new_job):
    job = await new_job()
    await set_back(app, job, "updated_at", 100)
    await set_back(app, job, "next_retry_at", -5)
    assert await reasons(client) == {}


@pytest.mark.usefixtures("worker")
async def test_a_job_without_a_step_for_long_is_stuck(client, app, new_job, put_in):
    job = await new_job()
    await put_in(job["id"], Status.PROCESSING)
    await set_back(app, job, "started_at", 100)
    assert await reasons(client) == {}, "it runs for long, but it moves"
    await set_back(app, job, "updated_at", 61)
    assert set(await reasons(client)) == {"jobs_stuck"}


async def test_the_database_away_is_a_problem_with_a_time_to_try_again_and_nothing_is_half_written(
    client, app, admin, new_job, postgres, settings
):
    job = await new_job()
    name = make_url(str(settings.database_url)).database
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        for method, path, body in (
            ("GET", "/api/v1/jobs", None),
            ("GET", job["links"]["progress"], None),
            ("POST", "/api/v1/jobs", {"type": "geocoding", "data": {"mode": "static"}}),
            ("POST", "/api/v1/auth/login", {"name": "a", "password": "b"}),
            ("GET", "/api/metrics", None),
        ):
            answer = await client.request(method, path, headers=admin, json=body)
            assert_problem(answer, 503, "service.database_unavailable")
        assert set(await reasons(client)) == {"database_away"}
        assert (await client.get("/api/health/live")).status_code == 200
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert [one["id"] for one in (await client.get("/api/v1/jobs", headers=admin)).json()["items"]] == [job["id"]]


@pytest.mark.usefixtures("worker")
async def test_metrics_count_what_is_there(client, app, admin, new_job, put_in):
    for status in (Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.PENDING):
        job = await new_job()
        await put_in(job["id"], status)
        if status is Status.COMPLETED:
            await set_back(app, job, "started_at", 2)
    text = await client.get("/api/metrics", headers=admin)
    assert text.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(text.text)}
    assert list(families) == [kind.name for kind in METRICS]
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["jobs", "completed", "geocode_households"] == 2
    assert values["jobs_queue_depth",] == 1
    assert values["jobs_workers",] == 1
    assert values["jobs_worker_slots",] == 4
    assert values["jobs_finished_last_hour", "failed"] == 1
    assert 119 < values["jobs_processing_p95_seconds",] < 130
    assert 119 < values["jobs_processing_average_seconds",] < 130

    as_json = await client.get("/api/metrics", headers={**admin, "accept": "application/json"})
    shown = {
        (metric["name"], *sample["labels"].values()): sample["value"]
        for metric in as_json.json()["items"]
        for sample in metric["samples"]
    }
    assert shown.keys() == values.keys()


async def test_an_empty_service_has_all_metrics_too(client, viewer):
    text = (await client.get("/api/metrics", headers=viewer)).text
    for kind in METRICS:
        assert f"# HELP {kind.name} {kind.help}" in text


async def test_the_queue_tells_engine_connection_counts_and_workers(client, admin, worker, new_job):
    await new_job()
    status = (await client.get("/api/v1/admin/jobs/redis-status", headers=admin)).json()
    assert (status["engine"], status["connection"]) == ("bullmq-postgres", "connected")
    assert status["latency_ms"] > 0
    assert sum(status["entries"].values()) == 1
    assert status["jobs"] == {**{one.value: 0 for one in Status}, "pending": 1}
    assert [seen["id"] for seen in status["workers"]] == [worker.id]


async def test_a_health_probe_needs_no_existing_job(client):
    assert_problem(await client.get(f"/api/v1/jobs/{uuid4()}/progress"), 404, "job.not_found")
