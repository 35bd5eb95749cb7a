"""People in front of the Jobs page: browsers without scripts, which send forms and follow redirects."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from app.auth.permissions import Role
from app.auth.user import User
from app.settings import Settings
from app.ui import door
from tests.api.conftest import opened
from tests.conftest import fresh_database


class Person:
    """Somebody with a browser, signed in or not."""

    def __init__(self, client: AsyncClient, app: FastAPI, user: User | None = None) -> None:
        self.client = client
        self.user = user
        self._sessions = app.state.browser_sessions

    async def token(self) -> str:
        """The token that the forms of this person's pages hold."""
        session = await self._sessions.find(self.client.cookies[door.COOKIE])
        return session.form_token

    async def get(self, path: str, **options) -> Response:
        return await self.client.get(f"/ui{path}", **options)

    async def post(self, path: str, **fields: str | list[str]) -> Response:
        """Send a form as a page of ours would."""
        return await self.client.post(f"/ui{path}", data={"token": await self.token(), **fields})


class People:
    """Opens browsers, each with cookies of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._opened: list[AsyncClient] = []

    def stranger(self, scheme: str = "http") -> Person:
        transport = ASGITransport(self._app, raise_app_exceptions=False)
        headers = {"Origin": f"{scheme}://test", "Sec-Fetch-Site": "same-origin"}
        client = AsyncClient(transport=transport, base_url=f"{scheme}://test", headers=headers)
        self._opened.append(client)
        return Person(client, self._app)

    async def user(self, role: Role, name: str | None = None) -> Person:
        """Somebody with this role who is signed in; the same name is the same user."""
        name = name or role.value
        users = self._app.state.accounts.users
        added = await users.add(name, "unknown", role)
        person = self.stranger()
        person.user = added or (await users.credentials(name)).user
        session_id = await self._app.state.browser_sessions.open(person.user.id)
        person.client.cookies.set(door.COOKIE, session_id, domain="test.local", path="/ui")
        return person

    async def close(self) -> None:
        for client in self._opened:
            await client.aclose()


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop a module, for applications that are opened once for all of its tests."""
    return "asyncio"


@pytest.fixture(scope="module")
async def app(postgres: str, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[FastAPI]:
    """One application for all tests of a module. Nothing runs jobs, so they stay as they are put."""
    data = tmp_path_factory.mktemp("data")
    with fresh_database(postgres) as address:
        async with opened(Settings(_env_file=None, database_url=address, data_dir=data)) as app:
            yield app


@pytest.fixture
async def people(app: FastAPI) -> AsyncIterator[People]:
    people = People(app)
    yield people
    await people.close()
