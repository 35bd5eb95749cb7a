"""Actions on jobs: every action in every status, and two at once."""

import asyncio

import pytest

from app.jobs.states import Event, Status, target
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio

PATHS = {
    Event.PAUSE: ("POST", "/pause"),
    Event.RESUME: ("POST", "/resume"),
    Event.CANCEL: ("POST", "/cancel"),
    Event.RETRY: ("POST", "/retry"),
    Event.FORCE_FAIL: ("POST", "/force-fail"),
}


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("event", PATHS)
async def test_an_action_does_what_the_transition_table_says(client, admin, new_job, put_in, event, status):
    """P8-1, P8-7: each action in each status; 409 says the status and the allowed actions."""
    job = await new_job()
    await put_in(job["id"], status)
    method, suffix = PATHS[event]
    before = (await client.get(f"/api/v1/jobs/{job['id']}", headers=admin)).json()
    answer = await client.request(method, f"/api/v1/jobs/{job['id']}{suffix}", headers=admin)
    if event.value in before["allowed_actions"]:
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == target(status, event)
    else:
        problem = assert_problem(answer, 409, "job.illegal_transition")
        assert problem["current_status"] == status
        assert problem["allowed_actions"] == before["allowed_actions"]
        assert (await client.get(f"/api/v1/jobs/{job['id']}", headers=admin)).json() == before


@pytest.mark.parametrize("action", ["pause", "cancel"])
async def test_the_common_address_does_the_same_and_keeps_the_reason(client, admin, new_job, action):
    """CC-11, P8-3: one address for all actions; who and why are in the audit trail."""
    job = await new_job()
    answer = await client.post(
        f"/api/v1/jobs/{job['id']}/control", headers=admin, json={"action": action, "reason": "too hot"}
    )
    assert answer.status_code == 200, answer.text
    trail = (await client.get(job["links"]["events"], headers=admin)).json()["items"]
    assert (trail[-1]["event"], trail[-1]["reason"], trail[-1]["actor"]) == (action, "too hot", "user")


async def test_delete_cancels_and_keeps_the_job(client, admin, new_job):
    """CC-11: DELETE cancels."""
    job = await new_job()
    answer = await client.delete(f"/api/v1/jobs/{job['id']}", headers=admin)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert (await client.get(f"/api/v1/jobs/{job['id']}", headers=admin)).json()["allowed_actions"] == ["retry"]


async def test_a_running_job_notes_a_request_and_a_resume_withdraws_it(client, admin, new_job, put_in):
    job = await new_job()
    await put_in(job["id"], Status.PROCESSING)
    base = f"/api/v1/jobs/{job['id']}"
    paused = (await client.post(f"{base}/pause", headers=admin, json={"reason": "lunch"})).json()
    assert (paused["status"], paused["control_request"], paused["pause_reason"]) == ("processing", "pause", "lunch")
    assert "resume" in paused["allowed_actions"]
    resumed = (await client.post(f"{base}/resume", headers=admin)).json()
    assert resumed["control_request"] is None
    assert (await client.post(f"{base}/pause", headers=admin)).json()["control_request"] == "pause"
    cancelled = (await client.post(f"{base}/cancel", headers=admin)).json()
    assert cancelled["control_request"] == "cancel"
    assert_problem(await client.post(f"{base}/pause", headers=admin), 409, "job.illegal_transition")


async def test_of_two_actions_at_once_the_second_sees_what_the_first_did(client, admin, new_job, put_in):
    """P8-1: of simultaneous actions one happens, the others get 409."""
    job = await new_job()
    await put_in(job["id"], Status.FAILED)
    answers = await asyncio.gather(*(client.post(f"/api/v1/jobs/{job['id']}/retry", headers=admin) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    trail = (await client.get(job["links"]["events"], headers=admin)).json()["items"]
    assert [event["event"] for event in trail] == ["create", "retry"]


@pytest.mark.parametrize("body", [None, "{}", "null", '{"reason": null}', '{"reason": "because"}'])
async def test_the_reason_and_the_whole_body_may_be_left_out(client, admin, new_job, body):
    job = await new_job()
    headers = {**admin, **({"content-type": "application/json"} if body else {})}
    answer = await client.post(f"/api/v1/jobs/{job['id']}/pause", headers=headers, content=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "explode"}, "action"),
        ({"action": "force_fail"}, "action"),
        ({}, "action"),
        ({"action": "pause", "reason": ""}, "reason"),
        ({"action": "pause", "reason": "x" * 501}, "reason"),
        ({"action": "pause", "reason": 5}, "reason"),
        ({"action": "pause", "why": "x"}, "why"),
    ],
)
async def test_bad_actions_are_refused_by_field(client, admin, new_job, body, field):
    job = await new_job()
    answer = await client.post(f"/api/v1/jobs/{job['id']}/control", headers=admin, json=body)
    problem = assert_problem(answer, 422, "request.invalid")
    assert [entry["field"] for entry in problem["errors"]] == [field]
