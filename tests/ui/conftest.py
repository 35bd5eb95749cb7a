"""People in front of the Jobs page: browsers without scripts, which send forms and follow redirects."""

from collections.abc import AsyncIterator

import lxml.html
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import update

from app.auth.permissions import Role
from app.auth.user import User
from app.database.tables import jobs
from app.jobs.model import Caller, Job
from app.jobs.states import TERMINAL, Status
from app.settings import Settings
from app.ui import door
from app.ui.headers import POLICY
from tests.api.conftest import opened
from tests.databases import fresh_database


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


class Workshop:
    """Makes jobs, and puts them where a worker would have brought them."""

    def __init__(self, app: FastAPI) -> None:
        self.services = app.state.services

    async def job(self, owner: User | None = None, type: str = "geocode_households", **options) -> Job:
        options = {"data": {"mode": "static"}, **options}
        caller = Caller.user(owner.id) if owner else Caller.system("schedule")
        return await self.services.jobs.create(
            type=type, caller=caller, created_by=owner.id if owner else None, **options
        )

    async def put(self, job: Job, status: Status, **values) -> Job:
        """Write a status, and whatever else, into the row of a job."""
        held = status is Status.PROCESSING
        now = self.services.clock.now()
        values = {
            "status": status.value,
            "worker_id": "worker-by-hand" if held else None,
            "lock_expires_at": now if held else None,
            "started_at": None if status is Status.PENDING else now,
            "completed_at": now if status in TERMINAL else None,
            **values,
        }
        async with self.services.database.engine.begin() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
        return await self.services.jobs.get(job.id)


@pytest.fixture
def workshop(app: FastAPI) -> Workshop:
    return Workshop(app)


def shown(response: Response, status: int = 200) -> lxml.html.HtmlElement:
    """The page of an answer, which is whole and keeps the policy of all pages."""
    page = lxml.html.fromstring(response.text)
    assert response.status_code == status, texts(page, "main")
    assert response.headers["content-security-policy"] == POLICY
    return page


def texts(page: lxml.html.HtmlElement, selector: str) -> list[str]:
    """What the elements that fit a selector say, with spaces as people see them."""
    return [" ".join(" ".join(found.itertext()).split()) for found in page.cssselect(selector)]


def notice(page: lxml.html.HtmlElement) -> str:
    """What a page says of what was done."""
    (said,) = texts(page, ".notice p")
    return said
