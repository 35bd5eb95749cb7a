"""Failures in groups, and retrying a group."""

import pytest

from app.jobs.states import Status
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio


async def test_a_group_is_listed_and_retried_as_a_whole(client, admin, viewer, new_job, put_in):
    jobs = [await new_job() for _ in range(3)]
    for job in jobs[:2]:
        await put_in(job["id"], Status.FAILED)
    answer = await client.get("/api/v1/jobs/failures", headers=viewer, params={"type": "geocoding"})
    assert answer.status_code == 200, answer.text
    (group,) = answer.json()["items"]
    assert (group["type"], group["jobs"], group["kind"]) == ("geocode_households", 2, "unknown")
    assert group["example"] == jobs[1]["id"]
    shown = (await client.get(jobs[0]["links"]["self"], headers=viewer)).json()
    assert shown["fingerprint"] == group["fingerprint"]

    these = {"fingerprint": group["fingerprint"]}
    listed = (await client.get("/api/v1/jobs", headers=viewer, params=these)).json()["items"]
    assert [job["id"] for job in listed] == [jobs[1]["id"], jobs[0]["id"]]
    counted = (await client.get("/api/v1/jobs/counts", headers=viewer, params=these)).json()["items"]
    assert {one["status"]: one["jobs"] for one in counted if one["jobs"]} == {"failed": 2}
    body = {"action": "retry", "filter": these, "expected_count": 2}
    assert (await client.post("/api/v1/jobs/bulk", headers=admin, json=body)).json()["done"] == 2
    assert (await client.get("/api/v1/jobs/failures", headers=viewer)).json() == {"items": []}


async def test_a_problem_of_the_catalogue_is_linked(app, client, viewer, new_job, put_in):
    job = await new_job()
    entry = '[{"code": "service.storage_unavailable", "message": "No room.", "transient": true}]'
    async with app.state.services.database.engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE jobs SET error_log = '{entry}'")
    await put_in(job["id"], Status.FAILED)
    (group,) = (await client.get("/api/v1/jobs/failures", headers=viewer)).json()["items"]
    assert group["problem"].endswith("/reference/problems/#problem-service-storage_unavailable")
    assert (group["code"], group["kind"], group["message"]) == ("service.storage_unavailable", "transient", "No room.")


async def test_what_is_no_fingerprint_is_refused(client, admin):
    for wrong in ("", "9F86D081884C7D65", "9f86d081884c7d6", "9f86d081884c7d65a"):
        answer = await client.get("/api/v1/jobs", headers=admin, params={"fingerprint": wrong})
        assert_problem(answer, 422, "request.invalid")
    answer = await client.get("/api/v1/jobs/failures", headers=admin, params={"type": "unknown"})
    assert_problem(answer, 422, "job.unknown_type")
