"""Every operation with every role: the answers that the permission table asks for, and nothing else."""

import pytest

from app.api.openapi import operations
from app.auth.permissions import GRANTS, Permission, Role, Scope
from app.jobs.states import Status
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import assert_problem, unknown_id

pytestmark = pytest.mark.anyio

APP = create_app(Settings(_env_file=None))
OPERATIONS = {operation.id: (method, path, operation) for path, method, operation, _ in operations(APP)}
GUARDED = [name for name, (_, _, operation) in OPERATIONS.items() if operation.permission is not None]
PUBLIC = sorted(set(OPERATIONS) - set(GUARDED))
OWNED = [name for name in GUARDED if OPERATIONS[name][2].owned]


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


def test_what_is_public():
    """VR-4: everything but what is public needs a token."""
    assert PUBLIC == ["getHealth", "getJobProgress", "getLiveness", "getReadiness", "setUp", "signIn"]


def test_every_permission_is_asked_for_by_an_operation():
    assert {operation.permission for _, _, operation in OPERATIONS.values()} - {None} == set(Permission)


def test_an_admin_may_do_everything_and_nobody_less_may_do_more():
    order = [Scope.NONE, Scope.OWN, Scope.ANY]
    for grant in GRANTS:
        assert grant.admin is not Scope.NONE
        assert order.index(grant.viewer) <= order.index(grant.operator) <= order.index(grant.admin)


@pytest.mark.parametrize("name", GUARDED)
async def test_strangers_get_401_before_anything_else_is_looked_at(client, name):
    """VR-4: no token gets 401, on every operation."""
    method, path, _ = OPERATIONS[name]
    for job_id in (unknown_id(), "no-id"):
        answer = await client.request(
            method, path.replace("{job_id}", job_id), params={"unknown": "1"}, content=b"{no json"
        )
        assert_problem(answer, 401, "auth.not_authenticated")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", GUARDED)
async def test_a_role_without_the_permission_gets_403_before_any_lookup(client, callers, name, role):
    """VR-4: the wrong role gets 403, whether the job exists or not."""
    method, path, operation = OPERATIONS[name]
    headers = await callers.headers(role)
    answer = await client.request(method, path.replace("{job_id}", unknown_id()), headers=headers)
    if callers.users[role.value].may(operation.permission):
        assert answer.status_code not in {401, 403}, answer.text
    else:
        problem = assert_problem(answer, 403, "auth.forbidden")
        assert operation.permission in problem["detail"]


ACTION_BODIES = {"controlJob": {"action": "cancel"}}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", OWNED)
async def test_the_owner_decides_where_the_table_says_own(client, callers, new_job, put_in, name, role):
    """VR-4: a job belongs to its creator."""
    method, path, operation = OPERATIONS[name]
    headers = await callers.headers(role)
    user = callers.users[role.value]
    for own in (True, False):
        if own and not user.may(Permission.JOBS_CREATE):
            continue
        job = await new_job(headers if own else await callers.headers(Role.ADMIN, "somebody else"))
        status = {"resumeJob": Status.PAUSED, "retryJob": Status.FAILED}.get(name, Status.PENDING)
        await put_in(job["id"], status)
        answer = await client.request(
            method, path.replace("{job_id}", job["id"]), headers=headers, json=ACTION_BODIES.get(name)
        )
        if user.may_on(operation.permission, user.id if own else None):
            assert answer.status_code == 200, answer.text
        else:
            assert_problem(answer, 403, "auth.forbidden")


@pytest.mark.parametrize("role", Role)
async def test_the_offered_actions_are_those_that_would_be_done(client, callers, new_job, role):
    job = await new_job(await callers.headers(Role.ADMIN, "somebody else"))
    headers = await callers.headers(role)
    seen = (await client.get(f"/api/v1/jobs/{job['id']}", headers=headers)).json()
    assert seen["allowed_actions"] == (["pause", "cancel", "force_fail"] if role is Role.ADMIN else [])


async def test_only_admins_control_jobs_of_others_and_end_any_job_by_force(client, callers, new_job):
    """VR-4: said without the table, as a page says it."""
    admin, operator = [await callers.headers(role) for role in (Role.ADMIN, Role.OPERATOR)]
    own, foreign = await new_job(operator), await new_job(admin)
    for job in (own, foreign):
        for headers in (await callers.headers(Role.VIEWER), operator, admin):
            assert (await client.get(f"/api/v1/jobs/{job['id']}", headers=headers)).status_code == 200

    async def asked(headers, job, action):
        return (await client.post(f"/api/v1/jobs/{job['id']}/{action}", headers=headers)).status_code

    assert [await asked(operator, job, "pause") for job in (own, foreign)] == [200, 403]
    assert [await asked(operator, job, "force-fail") for job in (own, foreign)] == [403, 403]
    assert await asked(admin, own, "resume") == 200
    assert [await asked(admin, job, "force-fail") for job in (own, foreign)] == [200, 200]


@pytest.mark.parametrize("name", PUBLIC)
async def test_public_operations_ask_nobody(client, name):
    method, path, _ = OPERATIONS[name]
    answer = await client.request(method, path.replace("{job_id}", unknown_id()))
    assert answer.status_code not in {401, 403}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_document_says_what_is_checked(name):
    method, path, operation = OPERATIONS[name]
    specification = APP.openapi()["paths"][path][method]
    assert specification["operationId"] == name
    assert specification["x-permission"] == (operation.permission or "public")
    assert specification["security"] == ([{"bearer": []}] if operation.permission else [])
    assert ("401" in specification["responses"]) == (operation.permission is not None or name == "signIn")
    assert ("403" in specification["responses"]) == (operation.forbids or name == "changePassword")
