"""The application on a fresh database, without workers, and callers of every role."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import update
from starlette.types import Message, Receive, Scope, Send

from app.auth.permissions import Role
from app.auth.user import User
from app.database.tables import jobs
from app.jobs.states import TERMINAL, Status
from app.main import create_app
from app.settings import Settings
from tests.databases import fresh_database

Headers = dict[str, str]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop a module, for applications that are opened once for all of its tests."""
    return "asyncio"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application, opened; nothing runs jobs, so they stay as they are put."""
    app = create_app(settings, workers=False)
    async with LifespanManager(app, startup_timeout=30, shutdown_timeout=30):
        yield app


class HangsUp:
    """Goes away as soon as a stream has begun: httpx waits for the end of an answer, and a stream has none."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming = asyncio.Event()

        async def send_or_note(message: Message) -> None:
            if (b"content-type", b"text/event-stream; charset=utf-8") in message.get("headers", []):
                streaming.set()
            await send(message)

        async def receive_or_go() -> Message:
            received, gone = asyncio.ensure_future(receive()), asyncio.ensure_future(streaming.wait())
            await asyncio.wait({received, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if received.done():
                return received.result()
            received.cancel()
            return {"type": "http.disconnect"}

        await self._app(scope, receive_or_go, send_or_note)
        if streaming.is_set():
            await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client without a token."""
    transport = ASGITransport(HangsUp(app), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    async with opened(settings) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with connected(app) as client:
        yield client


@pytest.fixture(scope="module")
async def shared_app(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[FastAPI]:
    """One application for all tests of a module, for those that do not mind what others leave behind."""
    data = tmp_path_factory.mktemp("data")
    with fresh_database(postgres) as address:
        async with opened(Settings(_env_file=None, database_url=address, data_dir=data)) as app:
            yield app


@pytest.fixture(scope="module")
async def shared_client(shared_app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with connected(shared_app) as client:
        yield client


class Callers:
    """Signed-in users. They have no password that anybody knows, which spares the cost of hashing one."""

    def __init__(self, app: FastAPI) -> None:
        self._accounts = app.state.accounts
        self.users: dict[str, User] = {}

    async def headers(self, role: Role, name: str | None = None) -> Headers:
        """The headers of a user with this role, the same for the same name."""
        name = name or role.value
        if name not in self.users:
            added = await self._accounts.users.add(name, "unknown", role)
            self.users[name] = added or (await self._accounts.users.credentials(name)).user
        user = self.users[name]
        return {"Authorization": f"Bearer {self._accounts.tokens.issue(user.id, user.generation).text}"}


@pytest.fixture
def callers(app: FastAPI) -> Callers:
    return Callers(app)


@pytest.fixture
async def admin(callers: Callers) -> Headers:
    return await callers.headers(Role.ADMIN)


@pytest.fixture
async def operator(callers: Callers) -> Headers:
    return await callers.headers(Role.OPERATOR)


@pytest.fixture
async def viewer(callers: Callers) -> Headers:
    return await callers.headers(Role.VIEWER)


@pytest.fixture
def new_job(client: AsyncClient, admin: Headers) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Create a geocoding job, as admin when no other headers are given."""

    async def create(headers: Headers | None = None, **body: Any) -> dict[str, Any]:
        body = {"type": "geocode_households", "data": {"mode": "static"}, **body}
        response = await client.post("/api/v1/jobs", json=body, headers=headers or admin)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    return create


@pytest.fixture
def put_in(app: FastAPI) -> Callable[[str, Status], Awaitable[None]]:
    """Put a job into a status by hand, as a worker would have."""

    async def put(job_id: str, status: Status) -> None:
        held = status is Status.PROCESSING
        services = app.state.services
        values = {
            "status": status.value,
            "worker_id": "by-hand" if held else None,
            "lock_expires_at": services.clock.now() if held else None,
            "completed_at": services.clock.now() if status in TERMINAL else None,
        }
        async with services.database.engine.begin() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == UUID(job_id)).values(values))

    return put


def assert_problem(response: Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, in the form of RFC 9457, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["type"].endswith("#problem-" + code.replace(".", "-"))
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == response.request.url.path
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    if status == 503:
        assert int(response.headers["retry-after"]) > 0
    return problem


def unknown_id() -> str:
    return str(uuid4())
