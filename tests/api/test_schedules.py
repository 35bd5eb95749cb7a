"""Schedules over HTTP: whose they are, and what is refused."""

import pytest

from app.auth.permissions import Role
from tests.api.conftest import Callers, assert_problem, unknown_id

pytestmark = pytest.mark.anyio

BODY = {
    "name": "nightly",
    "type": "geocoding",
    "data": {"mode": "dynamic"},
    "cron": "30 2 * * *",
    "time_zone": "Europe/Berlin",
}


async def test_a_schedule_belongs_to_its_creator(client, callers, operator, admin, viewer):
    """CC-8: schedules are created, seen, changed, run, disabled and deleted through the API, by whom it concerns."""
    created = await client.post("/api/v1/schedules", json=BODY, headers=operator)
    assert created.status_code == 201, created.text
    made = created.json()
    assert (made["type"], made["catch_up"], made["enabled"]) == ("geocode_households", "skip", True)
    address = f"/api/v1/schedules/{made['id']}"
    assert (await client.get(address, headers=viewer)).json() == made
    assert (await client.get("/api/v1/schedules", headers=viewer)).json() == {"items": [made]}
    stranger = await callers.headers(Role.OPERATOR, "stranger")
    for method, path in (("PATCH", address), ("DELETE", address), ("POST", f"{address}/run")):
        body = {"json": {"enabled": False}} if method == "PATCH" else {}
        assert_problem(await client.request(method, path, headers=stranger, **body), 403, "auth.forbidden")
        unknown = path.replace(made["id"], unknown_id())
        assert_problem(await client.request(method, unknown, headers=admin, **body), 404, "schedule.not_found")
    job = (await client.post(f"{address}/run", headers=admin)).json()
    assert (job["schedule_id"], job["scheduled_for"], job["created_by"]) == (made["id"], None, made["created_by"])
    assert (await client.get(address, headers=operator)).json()["next_at"] == made["next_at"], "its ticks stay"
    changed = (await client.patch(address, json={"enabled": False}, headers=operator)).json()
    assert (changed["enabled"], changed["next_at"]) == (False, None)
    assert (await client.delete(address, headers=operator)).json() == changed
    assert (await client.get("/api/v1/schedules", headers=viewer)).json() == {"items": []}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": "0 25 * * *"}, "cron"),
        ({"cron": "0 2 * *"}, "cron"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"interval_seconds": 60}, "cron"),
        ({"data": {"mode": "none"}}, "data.mode"),
        ({"name": "No Name"}, "name"),
        ({"enabled": 1}, "enabled"),
    ],
)
async def test_what_cannot_be_kept_is_422_with_the_field(shared_client, shared_app, change, field):
    headers = await Callers(shared_app).headers(Role.ADMIN)
    answer = await shared_client.post("/api/v1/schedules", json={**BODY, **change}, headers=headers)
    assert [error["field"] for error in assert_problem(answer, 422, "request.invalid")["errors"]] == [field]


async def test_a_moment_is_a_moment_and_nothing_else(shared_client, shared_app):
    """P8-4: `start_at` takes RFC 3339 and no other spelling; far ends of time are reckonable."""
    headers = await Callers(shared_app).headers(Role.ADMIN)

    async def create(start_at):
        body = {"type": "geocoding", "data": {"mode": "static"}, "start_at": start_at}
        return await shared_client.post("/api/v1/jobs", json=body, headers=headers)

    for wrong in (1_772_442_900, "1772442900", "2026-03-02", "2026-03-02 09:15:00Z", "2026-03-02T09:15:00", True):
        errors = assert_problem(await create(wrong), 422, "request.invalid")["errors"]
        assert [error["field"] for error in errors] == ["start_at"]
    for right in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "2026-03-02t09:15:00z"):
        assert (await create(right)).status_code == 201
