"""Job types: what they are, and pausing them."""

import pytest

from app.handlers import REGISTRY
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio


async def paused(client, headers):
    items = (await client.get("/api/v1/job-types", headers=headers)).json()["items"]
    assert [item["name"] for item in items] == list(REGISTRY)
    return {item["name"]: item["pause"] for item in items if item["pause"]}


async def test_an_operator_pauses_a_type_and_everybody_sees_who_did_and_why(client, callers, admin, operator, viewer):
    answer = await client.post("/api/v1/job-types/geocoding/pause", headers=operator, json={"reason": "Wrong data."})
    assert answer.status_code == 200, answer.text
    pause = answer.json()["pause"]
    assert (pause["reason"], pause["paused_by"]) == ("Wrong data.", str(callers.users["operator"].id))
    assert await paused(client, viewer) == {"geocode_households": pause}
    again = await client.post("/api/v1/job-types/geocode_households/pause", headers=admin)
    assert again.json() == answer.json(), "the second is told of the first"
    health = await client.get("/api/health")
    assert health.json()["paused_types"] == ["geocode_households"]

    for _ in range(2):
        resumed = await client.post("/api/v1/job-types/geocode_households/resume", headers=admin)
        assert (resumed.status_code, resumed.json()["pause"]) == (200, None)
    assert await paused(client, viewer) == {}


async def test_who_may_not_and_what_is_not_known_is_refused(client, operator, viewer):
    for action in ("pause", "resume"):
        path = f"/api/v1/job-types/geocode_households/{action}"
        assert_problem(await client.post(path, headers=viewer), 403, "auth.forbidden")
        unknown = await client.post(f"/api/v1/job-types/no_such_type/{action}", headers=operator)
        assert_problem(unknown, 422, "job.unknown_type")
