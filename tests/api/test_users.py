"""Changing users: by admins, and the own password."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
import structlog

from app.auth.permissions import Role
from app.jobs.model import Caller
from app.problems import LastAdmin
from tests.api.conftest import assert_problem, unknown_id

pytestmark = pytest.mark.anyio

OLD, NEW = "a nanosecond of wire", "a microsecond of wire"
TEST = Caller.system("test")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def signed_in(client, name, password):
    answer = await client.post("/api/v1/auth/login", json={"name": name, "password": password})
    return bearer(answer.json()["access_token"]) if answer.status_code == 200 else answer


@pytest.fixture
async def grace(client, admin):
    body = {"name": "grace", "password": OLD, "role": "operator"}
    return (await client.post("/api/v1/users", json=body, headers=admin)).json()


@pytest.fixture
def change(client, admin, grace):
    async def send(**changes):
        return await client.patch(f"/api/v1/users/{grace['id']}", json=changes, headers=admin)

    return send


async def test_an_admin_changes_the_role_of_another_user_and_it_counts_at_once(client, change, grace):
    """VR-4: a token that is out has the new role with its next request."""
    headers = await signed_in(client, "grace", OLD)
    with structlog.testing.capture_logs() as lines:
        changed = await change(role="viewer")
    assert changed.json() == {**grace, "role": "viewer"}
    assert [(line["user"], line["changes"], line["role"]) for line in lines if line["event"] == "user.changed"] == [
        ("grace", ["role"], "viewer")
    ]
    answer = await client.post("/api/v1/jobs/geocoding", json={}, headers=headers)
    assert_problem(answer, 403, "auth.forbidden")
    assert (await change()).json() == changed.json(), "what is absent stays"


async def test_a_disabled_user_is_out_at_once_and_old_tokens_stay_void_when_enabled_again(client, change):
    """VR-4: disabling ends every token for good."""
    headers = await signed_in(client, "grace", OLD)
    first = (await change(disabled=True)).json()["disabled_at"]
    assert first
    assert (await change(disabled=True)).json()["disabled_at"] == first, "it says since when"
    problem = assert_problem(await client.get("/api/v1/auth/me", headers=headers), 401, "auth.not_authenticated")
    assert "is disabled" in problem["detail"]
    assert_problem(await signed_in(client, "grace", OLD), 401, "auth.invalid_credentials")
    assert (await change(disabled=False)).json()["disabled_at"] is None
    problem = assert_problem(await client.get("/api/v1/auth/me", headers=headers), 401, "auth.not_authenticated")
    assert "was disabled" in problem["detail"]
    again = await signed_in(client, "grace", OLD)
    assert (await client.get("/api/v1/auth/me", headers=again)).status_code == 200


async def test_jobs_and_schedules_of_a_disabled_user_go_on(client, app, change, grace):
    headers, services = await signed_in(client, "grace", OLD), app.state.services
    job = (await client.post("/api/v1/jobs/geocoding", json={}, headers=headers)).json()
    body = {"name": "hourly", "type": "geocoding", "data": {}, "interval_seconds": 3600}
    schedule = (await client.post("/api/v1/schedules", json=body, headers=headers)).json()
    assert (await change(disabled=True)).json()["disabled_at"]
    assert await services.store.claim(UUID(job["id"]), 1, worker_id="w", lease=timedelta(minutes=1))
    services.clock.offset = timedelta(hours=1, seconds=1)
    assert await services.scheduler.look() == 1
    made = await services.jobs.get((await services.schedules.get(UUID(schedule["id"]))).last_job_id)
    assert str(made.created_by) == grace["id"]


async def test_a_password_that_an_admin_sets_ends_every_token(client, change):
    headers = await signed_in(client, "grace", OLD)
    answer = await change(password=NEW)
    assert answer.status_code == 200
    assert NEW not in answer.text
    problem = assert_problem(await client.get("/api/v1/auth/me", headers=headers), 401, "auth.not_authenticated")
    assert "new password" in problem["detail"]
    assert_problem(await signed_in(client, "grace", OLD), 401, "auth.invalid_credentials")
    assert "Authorization" in await signed_in(client, "grace", NEW)


async def test_everybody_changes_the_own_password_and_goes_on_with_a_new_token(client, grace):
    """VR-4: the present password is asked for, so that a token that was stolen is not enough."""
    headers, other = [await signed_in(client, "grace", OLD) for _ in range(2)]
    body = {"current_password": "something else", "new_password": NEW}
    assert_problem(await client.post("/api/v1/auth/password", json=body, headers=headers), 403, "auth.wrong_password")
    with structlog.testing.capture_logs() as lines:
        answer = await client.post("/api/v1/auth/password", json={**body, "current_password": OLD}, headers=headers)
    (line,) = (line for line in lines if line["event"] == "user.changed")
    assert (line["changes"], line["by"]) == (["password"], grace["id"])
    assert NEW not in str(lines)
    for void in (headers, other):
        assert_problem(await client.get("/api/v1/auth/me", headers=void), 401, "auth.not_authenticated")
    fresh = bearer(answer.json()["access_token"])
    assert (await client.get("/api/v1/auth/me", headers=fresh)).json() == grace
    assert "Authorization" in await signed_in(client, "grace", NEW)


async def test_the_own_account_is_not_changed_as_those_of_others_are(client, callers, admin):
    me = (await client.get("/api/v1/auth/me", headers=admin)).json()
    for changes in ({"role": "viewer"}, {"disabled": True}, {"password": NEW}):
        answer = await client.patch(f"/api/v1/users/{me['id']}", json=changes, headers=admin)
        assert_problem(answer, 409, "auth.own_account")
    answer = await client.patch(f"/api/v1/users/{unknown_id()}", json={"role": "viewer"}, headers=admin)
    assert_problem(answer, 404, "auth.user_not_found")


@pytest.mark.parametrize("changes", [{"disabled": True}, {"role": Role.VIEWER}])
async def test_of_two_admins_who_remove_each_other_one_stays(app, callers, changes):
    """VR-4: there is always somebody who manages users."""
    for name in ("ada", "bob"):
        await callers.headers(Role.ADMIN, name)
    ids = [callers.users[name].id for name in ("ada", "bob")]
    done = await asyncio.gather(
        *(app.state.accounts.change(one, **changes, caller=TEST) for one in ids), return_exceptions=True
    )
    assert sorted(isinstance(one, LastAdmin) for one in done) == [False, True]
    active = [one for one in await app.state.accounts.users.all() if one.role is Role.ADMIN and not one.disabled_at]
    assert len(active) == 1
    # Whatever is no loss is done: the last admin may get a new password.
    await app.state.accounts.change(active[0].id, role=Role.ADMIN, disabled=False, password=NEW, caller=TEST)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "root"}, "role"),
        ({"disabled": 1}, "disabled"),
        ({"password": "short"}, "password"),
        ({"name": "x"}, "name"),
    ],
)
async def test_what_cannot_be_is_422_with_the_field(change, changes, field):
    problem = assert_problem(await change(**changes), 422, "request.invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert "short" not in str(problem["errors"])
