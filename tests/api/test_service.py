"""Health, metrics, and the inside of the queue."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url, update
from structlog.testing import capture_logs

from app.api.problems import RETRY_AFTER
from app.database.tables import jobs
from app.jobs.clock import Clock
from app.jobs.roster import WorkerProcess
from app.jobs.states import Event, Status
from app.telemetry.measurement import measure
from app.telemetry.metrics import METRICS, WINDOW, MetricType
from tests.api.conftest import assert_problem, connected, opened

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


async def measured(client, headers):
    """Every figure in Prometheus's text, by metric and values of its labels."""
    text = await client.get("/api/metrics", headers=headers)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.text)
        for sample in family.samples
    }


async def test_the_process_is_alive_whatever_else_is(client):
    """P8-7: liveness and readiness are told apart from doing the work."""
    assert (await client.get("/api/health/live")).json() == {"status": "alive"}
    assert (await client.get("/api/health/ready")).json() == {"status": "ready"}
    assert set(await reasons(client)) == {"no_worker"}


async def test_without_a_worker_the_service_is_unhealthy(client, app):
    """P8-7: health is 503 without a live worker."""
    assert set(await reasons(client)) == {"no_worker"}
    await app.state.services.roster.seen(WorkerProcess("host-1-a", "host", 1, 4))
    assert await reasons(client) == {}
    assert (await client.get("/api/health")).json()["workers"] == 1, "a process, however many jobs it runs at once"


@pytest.mark.usefixtures("worker")
async def test_a_due_job_that_waits_too_long_is_a_reason(client, app, new_job):
    """P8-7: health is 503 when the oldest pending job is too old."""
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
async def test_the_time_that_a_job_was_paused_is_no_waiting(client, app, admin, new_job):
    job = await new_job()
    await client.post(f"/api/v1/jobs/{job['id']}/pause", headers=admin)
    await set_back(app, job, "created_at", 100)
    await set_back(app, job, "updated_at", 90)
    await client.post(f"/api/v1/jobs/{job['id']}/resume", headers=admin)
    assert await reasons(client) == {}
    waited = (await client.get("/api/health")).json()["oldest_pending_seconds"]
    assert 0 <= waited < 60
    values = await measured(client, admin)
    assert 0 < values["jobs_oldest_pending_seconds",] < 60


@pytest.mark.usefixtures("worker")
async def test_a_job_without_a_step_for_long_is_stuck(client, app, new_job, put_in):
    """P8-7: health is 503 when jobs are stuck."""
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
            assert answer.headers["retry-after"] == str(RETRY_AFTER)
        assert set(await reasons(client)) == {"database_away"}
        assert (await client.get("/api/health/live")).status_code == 200
        unready = await client.get("/api/health/ready")
        assert (unready.status_code, unready.json()) == (503, {"status": "unready"})
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert [one["id"] for one in (await client.get("/api/v1/jobs", headers=admin)).json()["items"]] == [job["id"]]


@pytest.mark.usefixtures("worker")
async def test_metrics_count_what_is_there(client, app, admin, new_job, put_in):
    """P8-7, P8-9: the metrics as text for Prometheus and as JSON."""
    for status in (Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.PENDING):
        job = await new_job()
        await put_in(job["id"], status)
        if status is Status.COMPLETED:
            await set_back(app, job, "started_at", 2)
    text = await client.get("/api/metrics", headers=admin)
    assert text.headers["content-type"].startswith("text/plain; version=")
    assert set(re.findall(r"^# HELP (\S+)", text.text, re.MULTILINE)) >= {kind.name for kind in METRICS}
    values = await measured(client, admin)
    assert values["jobs", "completed", "geocode_households"] == 2
    assert values["jobs_queue_depth",] == 1
    assert values["jobs_workers",] == 1
    assert values["jobs_worker_slots",] == 4
    assert values["jobs_finished_last_hour", "failed"] == 1
    assert 119 < values["jobs_processing_p95_seconds",] < 130
    assert 119 < values["jobs_processing_average_seconds",] < 130

    as_json = await client.get("/api/metrics", headers={**admin, "accept": "application/json"})
    shown = {
        (metric["name"], *sample["labels"].values())
        for metric in as_json.json()["items"]
        for sample in metric["samples"]
    }
    histograms = {kind.name for kind in METRICS if kind.type is MetricType.HISTOGRAM}
    plain = {name for name in values if not name[0].startswith(tuple(histograms))}
    assert shown - plain == {(name, "geocode_households") for name in histograms}


@pytest.mark.usefixtures("worker")
async def test_histograms_say_how_long_jobs_waited_and_ran(client, app, admin, new_job):
    """P8-9: histograms of waiting and running, by type, as text and as JSON."""
    services, job = app.state.services, await new_job()
    await set_back(app, job, "updated_at", 2)
    claimed = await services.store.claim(UUID(job["id"]), 1, worker_id="w", lease=timedelta(minutes=1))
    await set_back(app, job, "started_at", 1)
    assert await services.store.settle(claimed.lease, Event.COMPLETE)
    text = (await client.get("/api/metrics", headers=admin)).text
    buckets = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                buckets.setdefault(family.name, {})[sample.labels["le"]] = sample.value
    waited, ran = buckets["jobs_wait_seconds"], buckets["jobs_processing_seconds"]
    assert (waited["60"], waited["300"], waited["+Inf"]) == (0, 1, 1), "two minutes"
    assert (ran["15"], ran["60"] + ran["300"], ran["+Inf"]) == (0, 1, 1), "one minute, and a little"
    items = (await client.get("/api/metrics", headers={**admin, "accept": "application/json"})).json()["items"]
    (shown,) = next(one["samples"] for one in items if one["name"] == "jobs_wait_seconds")
    assert shown["labels"] == {"type": "geocode_households"}
    assert shown["buckets"] == waited
    assert 120 <= shown["sum"] < 180


@pytest.mark.usefixtures("worker")
async def test_of_many_jobs_one_in_twenty_takes_longer_than_the_95th_percentile(client, app, admin, new_job):
    """P8-9: average and 95th percentile of the processing time."""
    services = app.state.services
    made = [UUID((await new_job())["id"]) for _ in range(21)]
    async with services.database.engine.begin() as connection:
        # One transaction has one time, so the seconds are exact: 0, 10, … 200.
        now = services.clock.now()
        for number, job_id in enumerate(made):
            started = services.clock.now(-timedelta(seconds=10 * number))
            ended = {"status": Status.COMPLETED.value, "started_at": started, "completed_at": now}
            await connection.execute(update(jobs).where(jobs.c.id == job_id).values(ended))
    values = await measured(client, admin)
    assert values["jobs_processing_p95_seconds",] == pytest.approx(190)
    assert values["jobs_processing_average_seconds",] == pytest.approx(100)


async def test_retries_and_rescues_are_counted_together(client, app, admin, new_job):
    store = app.state.services.store
    failing, orphaned = [UUID((await new_job())["id"]) for _ in range(2)]
    claimed = await store.claim(failing, 1, worker_id="w", lease=timedelta(minutes=1))
    assert await store.settle(claimed.lease, Event.RESCHEDULE, error={"message": "m"})
    assert (await measured(client, admin))["jobs_retries_last_hour",] == 1
    assert await store.claim(orphaned, 1, worker_id="dead", lease=timedelta(seconds=-1))
    (rescued,) = await app.state.services.recovery.take_back()
    assert rescued.id == orphaned
    values = await measured(client, admin)
    assert values["jobs_retries_last_hour",] == 2
    assert (values["jobs_events_last_hour", "rescue"], values["jobs_events_last_hour", "claim"]) == (1, 2)


async def test_figures_of_the_last_hour_fall_again(app, new_job):
    services, job = app.state.services, await new_job()
    claimed = await services.store.claim(UUID(job["id"]), 1, worker_id="w", lease=timedelta(minutes=1))
    assert await services.store.settle(claimed.lease, Event.RESCHEDULE, error={"message": "m"})
    claimed = await services.store.claim(UUID(job["id"]), 2, worker_id="w", lease=timedelta(minutes=1))
    assert await services.store.settle(claimed.lease, Event.COMPLETE)

    async def counted(later):
        found = await measure(services.database.engine, services.settings, Clock(later))
        return {
            (sample.kind.name, *sample.labels): sample.value
            for sample in found.samples
            if sample.kind.name in {"jobs_finished_last_hour", "jobs_retries_last_hour"}
        }, {one.kind.name for one in found.distributions}

    figures, histograms = await counted(WINDOW - timedelta(minutes=1))
    assert (figures["jobs_finished_last_hour", "completed"], figures["jobs_retries_last_hour",]) == (1, 1)
    assert histograms == {"jobs_wait_seconds", "jobs_processing_seconds"}
    figures, histograms = await counted(WINDOW + timedelta(seconds=1))
    assert (figures["jobs_finished_last_hour", "completed"], figures["jobs_retries_last_hour",]) == (0, 0)
    assert histograms == set()


async def test_an_empty_service_has_all_metrics_too(client, viewer):
    text = (await client.get("/api/metrics", headers=viewer)).text
    for kind in METRICS:
        assert f"# HELP {kind.name} {kind.help}" in text
    assert not {"jobs", "jobs_wait_seconds_count", "jobs_processing_seconds_count"} & {
        name for name, *_ in await measured(client, viewer)
    }, "there is nothing to count"


@pytest.mark.usefixtures("worker")
async def test_every_process_tells_the_same_figures_also_after_a_restart(client, settings, admin, new_job, put_in):
    for status in (Status.FAILED, Status.PROCESSING, Status.PAUSED):
        await put_in((await new_job())["id"], status)
    told = await measured(client, admin)
    assert told["jobs_finished_last_hour", "failed"] == told["jobs_workers",] == 1
    async with opened(settings) as other, connected(other) as elsewhere:
        assert await measured(elsewhere, admin) == told


async def test_the_queue_tells_engine_connection_counts_and_workers(client, admin, worker, new_job):
    """CC-10: engine, connection, latency, counts and workers."""
    await new_job()
    status = (await client.get("/api/v1/admin/jobs/redis-status", headers=admin)).json()
    assert (status["engine"], status["connection"]) == ("bullmq-postgres", "connected")
    assert status["latency_ms"] > 0
    assert sum(status["entries"].values()) == 1
    assert status["jobs"] == {**{one.value: 0 for one in Status}, "pending": 1}
    assert [seen["id"] for seen in status["workers"]] == [worker.id]


async def test_lines_of_a_request_carry_its_id(client, admin):
    body = {"type": "geocoding", "data": {"mode": "static"}}
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await client.post("/api/v1/jobs", headers={**admin, "X-Request-ID": "trace-1"}, json=body)
    assert answer.headers["x-request-id"] == "trace-1"
    (created,) = [line for line in lines if line["event"] == "job.created"]
    assert created["request_id"] == "trace-1"


async def test_a_health_probe_needs_no_existing_job(client):
    assert_problem(await client.get(f"/api/v1/jobs/{uuid4()}/progress"), 404, "job.not_found")


async def test_charts_get_how_full_the_queue_was(client, viewer):
    answer = await client.get("/api/metrics/history", headers=viewer, params={"minutes": 60, "points": 20})
    assert answer.status_code == 200, answer.text
    assert answer.json()["step_seconds"] == 180
    assert_problem(
        await client.get("/api/metrics/history", headers=viewer, params={"minutes": 0}), 422, "request.invalid"
    )
    assert_problem(await client.get("/api/metrics/history"), 401, "auth.not_authenticated")
