"""The service with its queue on Redis, and while Redis is away."""

import pytest

from app.jobs.roster import WorkerProcess
from app.jobs.states import Status
from tests.redis_server import RedisServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def redis():
    """A Redis that the test may stop."""
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(settings, redis):
    """With heartbeats that are rare enough for a test's own worker to count as live to its end."""
    return settings.model_copy(update={"redis_url": redis.url, "heartbeat_seconds": 20, "lease_seconds": 60})


async def test_a_redis_that_is_away_is_told_and_delays_jobs_only(client, app, admin, new_job, redis):
    """CC-10, P8-7: the same answer for each engine; without its store the service is ready, but not healthy."""

    async def answers(path):
        answer = await client.get(path, headers=admin)
        return answer.status_code, answer.json()

    await app.state.services.roster.seen(WorkerProcess("host-1-a", "host", 1, 4))
    await new_job()
    _, status = await answers("/api/v1/admin/jobs/redis-status")
    assert (status["engine"], status["connection"]) == ("bullmq-redis", "connected")
    assert status["latency_ms"] > 0
    assert {state: count for state, count in status["entries"].items() if count} == {"prioritized": 1}
    assert (await answers("/api/health"))[0] == 200

    redis.stop()
    await new_job()
    _, status = await answers("/api/v1/admin/jobs/redis-status")
    assert (status["connection"], status["latency_ms"], status["entries"]) == ("disconnected", None, {})
    assert status["jobs"] == {**{one.value: 0 for one in Status}, "pending": 2}
    assert [worker["id"] for worker in status["workers"]] == ["host-1-a"]
    code, health = await answers("/api/health")
    assert (code, [reason["code"] for reason in health["reasons"]]) == (503, ["queue_away"])
    assert await answers("/api/health/ready") == (200, {"status": "ready"})
