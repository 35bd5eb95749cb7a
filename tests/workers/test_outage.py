"""The database or Redis goes away for a while: callers are told so, and nothing is lost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.database.embedded import EmbeddedPostgres
from app.jobs.listing import JobFilter
from app.jobs.model import Caller
from app.jobs.states import Status
from app.services import open_services
from app.settings import Settings
from app.telemetry.events import LogEvent
from app.telemetry.health import Reason, report
from tests.redis_server import RedisServer
from tests.waiting import eventually
from tests.workers.samples import Gate, counting_registry, create_effects, effects

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TEST = Caller.system("test")


class OwnServer:
    """A PostgreSQL server that a test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.embedded = EmbeddedPostgres(folder)

    @property
    def _server(self):
        return self.embedded._server

    def stop(self) -> None:
        """Stop at once, as a crash would, so that every connection breaks."""
        info = self._server.get_postmaster_info()
        info.process.kill()
        info.process.wait(10)

    def start(self) -> None:
        self._server.ensure_postgres_running()


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="jobs-outage-") as name:
        yield Path(name)


async def test_an_outage_of_the_database_loses_nothing(folder):
    own = OwnServer(folder / "postgres")
    address = await own.embedded.start()
    settings = Settings(
        _env_file=None, database_url=address, data_dir=folder, lease_seconds=2, heartbeat_seconds=0.5,
        reconcile_seconds=0.5,
    )  # fmt: skip
    gate = Gate()
    gate.close()
    try:
        async with open_services(settings, counting_registry(gate)) as services:
            await create_effects(services.database.engine)

            async def create():
                return await services.jobs.create(type="count", data={"items": 4}, caller=TEST, created_by=None)

            running = await create()
            await gate.arrived.wait()
            own.stop()
            with pytest.raises(OperationalError):
                await create()
            gate.open()
            await asyncio.to_thread(own.start)
            after = await eventually(lambda: _succeeds(create))

            async def both_done():
                jobs = [await services.jobs.get(job.id) for job in (running, after)]
                return all(job.status is Status.COMPLETED for job in jobs)

            await eventually(both_done, within=60)
            for job in (running, after):
                assert await effects(services.database.engine, job.id) == [0, 1, 2, 3]
            page = await services.jobs.page(JobFilter(), limit=10)
            assert {job.id for job in page.items} == {running.id, after.id}, "the refused request left nothing"
    finally:
        await own.embedded.stop()


async def test_a_process_can_be_stopped_during_an_outage(folder):
    own = OwnServer(folder / "postgres")
    address = await own.embedded.start()
    settings = Settings(_env_file=None, database_url=address, data_dir=folder, shutdown_seconds=5)
    try:
        with capture_logs() as lines:
            async with asyncio.timeout(30), open_services(settings, counting_registry(Gate())):
                own.stop()
        assert lines[-1]["event"] == LogEvent.SERVICE_STOPPED
    finally:
        await asyncio.to_thread(own.start)
        await own.embedded.stop()


async def test_an_outage_of_redis_loses_nothing_although_it_forgets_everything(settings):
    """CC-1: the table is the truth, the queue only delivers."""
    server = RedisServer()
    server.start()
    settings = settings.model_copy(update={"redis_url": server.url})
    gate = Gate()
    gate.close()
    try:
        async with open_services(settings, counting_registry(gate)) as services:
            await create_effects(services.database.engine)

            async def create():
                return await services.jobs.create(type="count", data={"items": 2}, caller=TEST, created_by=None)

            async def reasons():
                found = await report(services.database.engine, services.engine, settings, services.clock)
                return {finding.reason for finding in found.reasons}

            made = [await create()]
            await gate.arrived.wait()
            assert await reasons() == set()
            server.stop()
            made += [await create() for _ in range(3)]
            assert await reasons() == {Reason.QUEUE_AWAY}
            with pytest.raises((ConnectionError, TimeoutError)):
                await services.engine.counts()
            gate.open()
            await asyncio.to_thread(server.start)

            async def all_done():
                jobs = [await services.jobs.get(job.id) for job in made]
                return all(job.status is Status.COMPLETED for job in jobs)

            await eventually(all_done, within=60)
            for job in made:
                assert await effects(services.database.engine, job.id) == [0, 1]
            assert await reasons() == set()
    finally:
        server.stop()


async def test_redis_that_goes_away_while_the_workers_begin_is_found_again(settings):
    server = RedisServer()
    server.start()
    settings = settings.model_copy(update={"redis_url": server.url, "reconcile_seconds": 0.5})
    try:
        async with open_services(settings, counting_registry(Gate())) as services:
            # No step of the workers has run yet: they find nothing at the address.
            server.stop()
            await create_effects(services.database.engine)
            job = await services.jobs.create(type="count", data={"items": 2}, caller=TEST, created_by=None)
            await asyncio.to_thread(server.start)

            async def done():
                return (await services.jobs.get(job.id)).status is Status.COMPLETED

            await eventually(done, within=30)
    finally:
        server.stop()


async def test_a_process_can_be_stopped_while_redis_is_away(settings):
    server = RedisServer()
    server.start()
    settings = settings.model_copy(update={"redis_url": server.url})
    try:
        with capture_logs() as lines:
            async with asyncio.timeout(30), open_services(settings, counting_registry(Gate())):
                server.stop()
        assert lines[-1]["event"] == LogEvent.SERVICE_STOPPED
    finally:
        server.stop()


async def _succeeds(call):
    try:
        return await call()
    except OperationalError:
        return None
