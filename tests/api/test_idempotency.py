"""P8-8: the same request with the same key creates one job; the same key with another request is refused."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.jobs.model import Caller
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio

GEOCODING = {"type": "geocode_households", "data": {"mode": "static"}}


@pytest.fixture
def keyed(admin):
    return {**admin, "idempotency-key": str(uuid4())}


async def number_of_jobs(client, headers) -> int:
    return len((await client.get("/api/v1/jobs", headers=headers)).json()["items"])


@pytest.mark.parametrize(
    ("path", "body"), [("/api/v1/jobs", GEOCODING), ("/api/v1/jobs/geocoding?priority=70", {"mode": "static"})]
)
async def test_the_same_request_again_gives_the_same_job(client, keyed, path, body):
    first = await client.post(path, headers=keyed, json=body)
    again = await client.post(path, headers=keyed, json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert [answer.headers["idempotency-replayed"] for answer in (first, again)] == ["false", "true"]
    assert await number_of_jobs(client, keyed) == 1


async def test_a_replay_shows_the_job_as_it_is_now(client, keyed):
    job = (await client.post("/api/v1/jobs", headers=keyed, json=GEOCODING)).json()
    await client.post(f"/api/v1/jobs/{job['id']}/cancel", headers=keyed)
    again = await client.post("/api/v1/jobs", headers=keyed, json=GEOCODING)
    assert (again.json()["id"], again.json()["status"]) == (job["id"], "cancelled")


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 51},
        {"data": {"mode": "dynamic"}},
        {"config": {"max_retries": 1}},
        {"start_at": "2100-01-01T00:00:00Z"},
    ],
    ids=str,
)
async def test_the_same_key_with_another_request_is_refused(client, keyed, change):
    job = (await client.post("/api/v1/jobs", headers=keyed, json=GEOCODING)).json()
    refused = await client.post("/api/v1/jobs", headers=keyed, json={**GEOCODING, **change})
    problem = assert_problem(refused, 409, "job.idempotency_mismatch")
    assert keyed["idempotency-key"] in problem["detail"]
    assert job["id"] in problem["detail"]
    assert await number_of_jobs(client, keyed) == 1


async def test_what_was_refused_does_not_use_up_its_key(client, keyed):
    wrong = await client.post("/api/v1/jobs", headers=keyed, json={**GEOCODING, "data": {"mode": "often"}})
    assert_problem(wrong, 422, "request.invalid")
    assert (await client.post("/api/v1/jobs", headers=keyed, json=GEOCODING)).status_code == 201


async def test_a_key_belongs_to_its_user(client, keyed, operator):
    first = await client.post("/api/v1/jobs", headers=keyed, json=GEOCODING)
    other = {**operator, "idempotency-key": keyed["idempotency-key"]}
    second = await client.post("/api/v1/jobs", headers=other, json=GEOCODING)
    assert second.status_code == 201, second.text
    assert first.json()["id"] != second.json()["id"]


async def test_a_key_is_known_for_as_long_as_its_job_is_kept(app, client, keyed):
    first = (await client.post("/api/v1/jobs", headers=keyed, json=GEOCODING)).json()
    await app.state.services.clearing.delete(UUID(first["id"]), caller=Caller.system("test"))
    again = await client.post("/api/v1/jobs", headers=keyed, json=GEOCODING)
    assert again.headers["idempotency-replayed"] == "false"
    assert again.json()["id"] != first["id"]


async def test_of_many_requests_at_once_one_creates_the_job(client, keyed):
    answers = await asyncio.gather(*(client.post("/api/v1/jobs", headers=keyed, json=GEOCODING) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.headers["idempotency-replayed"] for answer in answers) == ["false"] + ["true"] * 7
    assert await number_of_jobs(client, keyed) == 1


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "ü"])
async def test_a_key_that_is_none_is_refused(client, admin, key):
    refused = await client.post("/api/v1/jobs", headers={**admin, "idempotency-key": key.encode()}, json=GEOCODING)
    assert_problem(refused, 422, "request.invalid")
