"""Real parts for every test: one PostgreSQL server a session, one empty database a test."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import hypothesis
import psycopg
import pytest
import redis
import structlog
from psycopg import sql

from app.database.connect import open_database
from app.database.embedded import EmbeddedPostgres
from app.jobs.clock import Clock
from app.jobs.registry import Registry
from app.migrations import migrate
from app.queue.postgres import BullmqPostgres
from app.services import Services, open_services
from app.settings import Settings
from app.telemetry.events import LOG_LINES, LogEvent
from tests.databases import TEMPLATE, address_of, fresh_database
from tests.redis_server import RedisServer

#: For walks through the service that take minutes: ``--hypothesis-profile=thorough``.
hypothesis.settings.register_profile(
    "thorough",
    max_examples=1000,
    stateful_step_count=80,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

# As the service does: each look of the collector goes through all that was imported, and finds nothing.
gc.set_threshold(50_000)

# Started in the background by a shell, a run ignores interrupts, and so would every process that its tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _log_lines_carry_what_their_table_says() -> Iterator[None]:
    """Every line that a test lets the service write is held against the table, whatever the test is about."""
    strangers: list[str] = []

    def note(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if line["event"] in set(LogEvent):
            fields = set(line) - {"event"} - set(LOG_LINES[LogEvent(line["event"])].fields)
            strangers.extend(f"{line['event']} {field}" for field in fields)
        return line

    shown = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[note, *structlog.get_config()["processors"][:-1], shown])
    yield
    assert strangers == []


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server whose database ``template`` has all our tables, and BullMQ's."""
    # Not in pytest's folder: as root the server runs as another user, and pytest closes its folder to others.
    folder = TemporaryDirectory(prefix="jobs-tests-")
    server = EmbeddedPostgres(Path(folder.name) / "data")

    async def prepare() -> str:
        address = await server.start()
        with psycopg.connect(address, autocommit=True) as connection:
            # Tests may lose their data; durable writes would only make them slow.
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        template = address_of(address, TEMPLATE)
        async with open_database(Settings(database_url=template)) as database:
            await migrate(database.engine)
            queue = BullmqPostgres(database.address, database.engine)
            await queue.open()
            await queue.close()
        return address

    yield asyncio.run(prepare())
    asyncio.run(server.stop())
    folder.cleanup()


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    with fresh_database(postgres) as address:
        yield address


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a Redis."""
    server = RedisServer()
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of a Redis that holds nothing."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings for a process on a fresh database, with short intervals."""
    return Settings(
        _env_file=None,
        database_url=database_url,
        data_dir=tmp_path / "data",
        lease_seconds=10,
        heartbeat_seconds=0.2,
        reconcile_seconds=0.2,
        shutdown_seconds=5,
    )


class Open(Protocol):
    """Opens the services of one process on the test's database."""

    def __call__(
        self, registry: Registry, *, workers: bool = ..., clock: Clock | None = ..., settings: Settings = ...
    ) -> AbstractAsyncContextManager[Services]: ...


@pytest.fixture(params=["postgres", "redis"])
def settings_of_each_queue(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """The settings once for each store that the queue can be kept in."""
    if request.param == "postgres":
        return settings
    return settings.model_copy(update={"redis_url": request.getfixturevalue("redis_url")})


@pytest.fixture
def open_process(settings: Settings) -> Open:
    """Return a function that opens the services of one more process on the test's database."""
    return opener(settings)


def opener(default: Settings) -> Open:
    """Return a function that opens the services of one more process, by default with these settings."""

    @asynccontextmanager
    async def opened(
        registry: Registry,
        *,
        workers: bool = True,
        clock: Clock | None = None,
        settings: Settings = default,
    ) -> AsyncIterator[Services]:
        async with open_services(settings, registry, workers=workers, clock=clock) as services:
            yield services

    return opened
