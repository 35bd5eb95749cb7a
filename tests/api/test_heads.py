"""HEAD: what GET answers, without the body."""

import asyncio

import pytest

from app.api.openapi import operations
from app.auth.permissions import Role
from tests.api.conftest import Callers, assert_problem

pytestmark = pytest.mark.anyio

#: Headers that are new with each answer.
_OWN = {"x-request-id", "date"}


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


@pytest.mark.parametrize(
    "path",
    [
        "/api/health/live",
        "/api/openapi.json",
        "/api/v1/jobs",
        "/api/v1/jobs?limit=0",
        "/api/v1/schedules",
        "/api/v1/jobs/0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10",
        "/docs",
        "/ui/sign-in",
        "/ui/jobs",
        "/nothing",
    ],
)
async def test_head_is_get_without_the_body(client, callers, path):
    """CC-11: RFC 9110; checks of proxies and uptime monitors ask so."""
    headers = await callers.headers(Role.VIEWER)
    got, head = [await client.request(method, path, headers=headers) for method in ("GET", "HEAD")]
    assert head.status_code == got.status_code
    assert head.content == b""
    told = [{name: value for name, value in one.headers.items() if name not in _OWN} for one in (head, got)]
    assert told[0] == told[1]


async def test_head_asks_for_the_same_token(client):
    answer = await client.head("/api/v1/jobs")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_what_has_no_get_has_no_head_and_allow_names_it_where_it_is(client, callers):
    headers = await callers.headers(Role.VIEWER)
    answer = await client.head("/api/v1/auth/login", headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    problem = assert_problem(await client.put("/api/v1/jobs", headers=headers), 405, "request.method_not_allowed")
    assert "GET, HEAD, POST" in problem["detail"]


def test_the_document_names_no_head(app):
    assert "head" not in {method for _, method, _, _ in operations(app)}


async def test_a_head_of_a_stream_ends_and_follows_nothing(app):
    headers = await Callers(app).headers(Role.VIEWER)
    scope = {
        "type": "http", "http_version": "1.1", "method": "HEAD", "scheme": "http", "path": "/api/v1/jobs/stream",
        "query_string": b"", "root_path": "", "server": ("test", 80), "client": ("test", 1),
        "headers": [(b"authorization", headers["Authorization"].encode())],
    }  # fmt: skip
    sent, never = [], asyncio.Event()

    async def send(message):
        sent.append(message)

    async with asyncio.timeout(20):
        await app(scope, never.wait, send)
    start, body = sent
    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    assert body == {"type": "http.response.body"}
    assert not app.state.feed._followers
