"""The Jobs page in the system's Chromium: one browser, and one service that listens, for all tests of a run."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from trueup.camera import BROWSERS, find_browser

from app.auth.permissions import Role
from app.auth.user import User
from app.jobs.context import Step
from app.jobs.model import Caller, Job
from app.jobs.states import Event, Status
from app.main import create_app
from app.settings import Settings
from app.ui import door
from tests.databases import fresh_database
from tests.node_packages import absent, installed
from tests.ui.conftest import Workshop

ARGUMENTS = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]  # fmt: skip
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 700}

expect.set_options(timeout=30_000)


class Service:
    """A service that listens, and what a test does behind its back; nothing runs jobs but the tests."""

    def __init__(self, app: FastAPI, portal: BlockingPortal, address: str) -> None:
        self.app = app
        self.address = address
        self.call = portal.call
        self._workshop = Workshop(app)

    @property
    def services(self):
        return self.app.state.services

    def user(self, role: Role, name: str | None = None) -> User:
        """The user of this name, made when there is none."""
        users = self.app.state.accounts.users
        added = self.call(users.add, name or role.value, "unknown", role)
        return added or self.call(users.credentials, name or role.value).user

    def job(self, owner: User, **options: Any) -> Job:
        """A new job; its payload names the test's town, so that a filter finds it."""
        return self.call(lambda: self._workshop.job(owner, **options))

    def put(self, job: Job, status: Status, **values: Any) -> Job:
        return self.call(lambda: self._workshop.put(job, status, **values))

    def claimed(self, job: Job) -> Job:
        """The job in the hands of a worker."""
        store = self.services.store
        return self.call(lambda: store.claim(job.id, job.run, worker_id="worker-7", lease=timedelta(hours=1)))

    def step(self, job: Job, stage: str, step: Step) -> None:
        """Commit a step of a job that a worker has."""

        async def commit() -> None:
            async with self.services.database.engine.begin() as connection:
                await self.services.store.record(connection, job.lease, stage, step, extend=timedelta(hours=1))

        self.call(commit)

    def settle(self, job: Job, event: Event, **options: Any) -> None:
        """End the worker's hold on a job."""
        self.call(lambda: self.services.store.settle(job.lease, event, **options))

    def delete(self, job: Job) -> None:
        self.call(lambda: self.services.clearing.delete(job.id, caller=Caller.system("test")))

    def get(self, job: Job) -> Job:
        return self.call(self.services.jobs.get, job.id)


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """Open an application, and listen; its address."""
    # TCP is named so that answers are sent at once; see app.cli.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    async with app.router.lifespan_context(app), anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        app.state.feed.stop()
        server.should_exit = True


@pytest.fixture(scope="session")
def service(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("browser")
    with fresh_database(postgres) as address, start_blocking_portal() as portal:
        app = create_app(Settings(_env_file=None, database_url=address, data_dir=data), workers=False)
        with portal.wrap_async_context_manager(listening(app)) as base:
            yield Service(app, portal, base)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for a module. While Playwright is open its event loop runs, and no asynchronous test could."""
    executable = find_browser("")
    if executable is None:
        absent(f"none of {', '.join(BROWSERS)} is on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe."""
    return (installed(Path(__file__).parent) / "node_modules" / "axe-core" / "axe.min.js").read_text()


#: Opens a browser window for somebody who is signed in; options go to the context.
Open = Callable[..., Page]


@pytest.fixture
def open_page(service: Service, browser: Browser) -> Iterator[Open]:
    """Opens windows; whatever a page complains of fails the test at its end."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open(path: str, role: Role = Role.ADMIN, name: str | None = None, **options: Any) -> Page:
        options = {"viewport": WIDE, "locale": "en-GB", "timezone_id": "Europe/Berlin", **options}
        context = browser.new_context(base_url=service.address, reduced_motion="reduce", **options)
        opened.append(context)
        session_id = service.call(service.app.state.browser_sessions.open, service.user(role, name).id)
        context.add_cookies([{"name": door.COOKIE, "value": session_id, "url": f"{service.address}/ui"}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # What the network does is the business of a test; what the policy forbids, or a script does wrong, is not.
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type in {"error", "warning"} and "Failed to load resource" not in said.text
                else None
            ),
        )
        page.goto(path)
        return page

    yield open
    for context in opened:
        context.close()
    assert complaints == []


def goes_sideways(page: Page) -> bool:
    """Whether a page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
