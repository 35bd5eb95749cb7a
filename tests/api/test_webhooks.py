"""Webhooks over HTTP."""

import pytest

from tests.api.conftest import assert_problem, unknown_id

pytestmark = pytest.mark.anyio


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


async def test_a_webhook_is_created_changed_told_and_deleted(client, admin, new_job):
    """VR-3: its secret is shown once; what it was told can be seen, and delivered again."""
    body = {"url": "https://hooks.example.org/jobs", "events": ["job.cancelled"], "job_type": "geocoding"}
    created = (await client.post("/api/v1/webhooks", json=body, headers=admin)).json()
    path = f"/api/v1/webhooks/{created['id']}"
    assert created["secret"].startswith("whsec_")
    assert created["job_type"] == "geocode_households"
    rotated = (await client.post(f"{path}/rotate-secret", headers=admin)).json()
    assert rotated["secret"] not in {created["secret"], None}
    assert rotated["old_secret_until"] > rotated["created_at"]
    assert "secret" not in (await client.get("/api/v1/webhooks", headers=admin)).json()["items"][0]
    job = await new_job()
    await client.delete(f"/api/v1/jobs/{job['id']}", headers=admin)
    (delivery,) = (await client.get(f"{path}/deliveries", headers=admin)).json()["items"]
    assert (delivery["job_id"], delivery["event"], delivery["state"]) == (job["id"], "job.cancelled", "waiting")
    again = await client.post(f"{path}/deliveries/{delivery['id']}/redeliver", headers=admin)
    assert again.json()["attempts"] == 0
    changed = await client.patch(path, json={"enabled": False}, headers=admin)
    assert (changed.json()["enabled"], changed.json()["url"]) == (False, body["url"])
    assert (await client.delete(path, headers=admin)).status_code == 200
    for gone in (path, f"{path}/deliveries"):
        assert_problem(await client.get(gone, headers=admin), 404, "webhook.not_found")
    answer = await client.post(f"{path}/rotate-secret", headers=admin)
    assert_problem(answer, 404, "webhook.not_found")
    missing = f"{path}/deliveries/{unknown_id()}/redeliver"
    assert_problem(await client.post(missing, headers=admin), 404, "webhook.delivery_not_found")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://169.254.169.254/latest", "http://10.0.0.1:8080/", "ftp://example.org/",
     "https://ada:secret@example.org/", "http://[::1]/", "https://example.org/#part", "http://example.org:70000/"],
)  # fmt: skip
async def test_an_address_that_must_not_be_reached_is_refused_by_its_field(client, admin, url):
    """VR-5: private addresses, other schemes, and credentials in the address."""
    problem = assert_problem(
        await client.post("/api/v1/webhooks", json={"url": url}, headers=admin), 422, "request.invalid"
    )
    assert [error["field"] for error in problem["errors"]] == ["url"]
