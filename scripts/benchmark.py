"""Measures jobs that do nothing, from being accepted to being completed: this service beside other queues.

    uv run --group benchmark python scripts/benchmark.py [--jobs 400] [--rounds 5] [--only KEY ...] [--write]

Every contestant runs in its own processes, one that adds jobs (ten callers at the same time, one job a call) and one
that works them off (ten at the same time), on a database of its own of one PostgreSQL server, with the durability that
it has by default: what is committed is on the disk. Redis (appendfsync always) and SQLite (synchronous = full) are set
to the same. The contestants take turns, round by round, so that what else the machine does meets them all.

Nothing is deleted before the end: ext4 is slow to make files where many have been deleted in the last five minutes, and
the service makes two for each job. For the same reason, wait so long between two runs.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from cProfile import Profile
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import taken
from bullmq import Queue, Worker
from pydantic import BaseModel
from redis import BusyLoadingError, Redis
from redis import ConnectionError as RedisConnectionError
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from app.database.embedded import EmbeddedPostgres
from app.database.tables import jobs as table
from app.jobs.context import Context
from app.jobs.model import Caller
from app.jobs.registry import JobType, Registry, Stage
from app.jobs.states import Status
from app.services import open_services
from app.settings import LogFormat, LogLevel, Settings
from app.telemetry.logging import configure

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "benchmark.json"

#: Callers that add jobs at the same time, and jobs that are worked off at the same time.
CALLERS = WORKERS = 10
#: Jobs before the clock starts, so that every statement has been prepared and every connection is open.
WARM_UP = 50
#: Seconds after which a contestant counts as stuck.
PATIENCE = 60
#: Seconds between two looks whether all jobs are completed.
LOOK = 0.02


@dataclass(frozen=True)
class Options:
    """How much each contestant has to do, and where its profile goes."""

    jobs: int
    rounds: int
    profile: str | None = None


@dataclass(frozen=True)
class Stores:
    """Where a contestant keeps its jobs, fresh for each run."""

    postgres: str
    redis: str
    folder: str


class Client:
    """Adds jobs to a contestant, and counts those that are completed."""

    def __init__(self, add: Callable[[], Awaitable[object]], completed: Callable[[], Awaitable[int]]) -> None:
        self.add = add
        self.completed = completed


@dataclass(frozen=True)
class Contestant:
    """``client`` opens what adds jobs, ``work`` what works them off until the process is ended."""

    key: str
    title: str
    client: Callable[[Stores], AbstractAsyncContextManager[Client]]
    work: Callable[[Stores], AbstractAsyncContextManager[None]]
    #: What it keeps of a job that can be looked up after its end.
    keeps: str
    #: The contestant that the service is here, on the same store.
    beside: str = "service.postgres"


# -- this service


class _Nothing(BaseModel):
    """The payload of a job that does nothing."""


async def _nothing(_context: Context) -> dict[str, Any]:
    return {}


_REGISTRY = Registry(
    [
        JobType(
            name="nothing",
            label="Nothing",
            summary="Does nothing.",
            payload=_Nothing,
            stages=(Stage("nothing", "Nothing", _nothing),),
            example={},
        )
    ]
)


def _settings(stores: Stores, *, redis: bool) -> Settings:
    return Settings(
        _env_file=None,
        database_url=stores.postgres,
        redis_url=stores.redis if redis else None,
        data_dir=Path(stores.folder),
        worker_count=WORKERS,
        log_format=LogFormat.JSON,
    )


def _ours(*, redis: bool) -> tuple[Any, Any]:
    @asynccontextmanager
    async def client(stores: Stores) -> AsyncIterator[Client]:
        configure(LogFormat.JSON, LogLevel.ERROR)
        caller = Caller.system("benchmark")
        ended = select(func.count()).where(table.c.status == Status.COMPLETED.value)
        async with open_services(_settings(stores, redis=redis), _REGISTRY, workers=False) as services:

            async def add() -> None:
                await services.jobs.create(type="nothing", data={}, caller=caller, created_by=None)

            async def completed() -> int:
                async with services.database.engine.connect() as connection:
                    return int((await connection.execute(ended)).scalar_one())

            yield Client(add, completed)

    @asynccontextmanager
    async def work(stores: Stores) -> AsyncIterator[None]:
        configure(LogFormat.JSON, LogLevel.INFO)
        async with open_services(_settings(stores, redis=redis), _REGISTRY):
            yield

    return client, work


# -- plain BullMQ


def _bullmq(*, redis: bool) -> tuple[Any, Any]:
    def options(stores: Stores) -> dict[str, Any]:
        return {"connection": stores.redis} if redis else {"backend": "postgres", "connection": stores.postgres}

    @asynccontextmanager
    async def client(stores: Stores) -> AsyncIterator[Client]:
        queue = Queue("nothing", options(stores))
        await queue.backend.waitUntilReady()

        async def completed() -> int:
            return int((await queue.getJobCounts("completed"))["completed"])

        yield Client(lambda: queue.add("nothing", {}, {}), completed)
        await queue.close()

    @asynccontextmanager
    async def work(stores: Stores) -> AsyncIterator[None]:
        async def nothing(_job: object, _token: str) -> None: ...

        worker = Worker("nothing", nothing, {**options(stores), "concurrency": WORKERS})
        yield
        await worker.close(force=True)

    return client, work


# -- others that keep a row for each job


def _procrastinate() -> tuple[Any, Any]:
    def app(stores: Stores) -> Any:
        procrastinate = import_module("procrastinate")
        made = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=stores.postgres, min_size=WORKERS, max_size=WORKERS + 2)
        )

        async def nothing() -> None: ...

        return made, made.task(name="nothing")(nothing)

    @asynccontextmanager
    async def client(stores: Stores) -> AsyncIterator[Client]:
        made, nothing = app(stores)
        async with made.open_async():

            async def completed() -> int:
                row = await made.connector.execute_query_one_async(
                    "SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'succeeded'"
                )
                return int(row["n"])

            yield Client(nothing.defer_async, completed)

    @asynccontextmanager
    async def work(stores: Stores) -> AsyncIterator[None]:
        made, _ = app(stores)
        async with made.open_async():
            await made.schema_manager.apply_schema_async()
            task = asyncio.create_task(
                made.run_worker_async(concurrency=WORKERS, install_signal_handlers=False, delete_jobs="never")
            )
            yield
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return client, work


def _huey() -> tuple[Any, Any]:
    def app(stores: Stores) -> Any:
        # fsync 2: synchronous = full, as durable as PostgreSQL is by default. A result is kept, or there is no row.
        made = import_module("huey").SqliteHuey(
            "nothing", filename=f"{stores.folder}/huey.db", fsync=2, store_none=True
        )

        def nothing() -> None: ...

        return made, made.task(name="nothing")(nothing)

    @asynccontextmanager
    async def client(stores: Stores) -> AsyncIterator[Client]:
        made, nothing = app(stores)

        async def completed() -> int:
            return int(await asyncio.to_thread(made.result_count))

        yield Client(lambda: asyncio.to_thread(nothing), completed)
        made.storage.close()

    @asynccontextmanager
    async def work(stores: Stores) -> AsyncIterator[None]:
        made, _ = app(stores)
        consumer = made.create_consumer(workers=WORKERS, periodic=False, initial_delay=0.005, max_delay=0.05)
        consumer.start()
        yield
        consumer.stop()

    return client, work


def _dbos() -> tuple[Any, Any]:
    @asynccontextmanager
    async def client(stores: Stores) -> AsyncIterator[Client]:
        made = import_module("dbos").DBOSClient(system_database_url=stores.postgres, system_database_pool_size=CALLERS)
        options = {"queue_name": "nothing", "workflow_name": "nothing"}
        connection = await psycopg.AsyncConnection.connect(stores.postgres, autocommit=True)

        async def completed() -> int:
            rows = await connection.execute("SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'")
            row = await rows.fetchone()
            return int(row[0]) if row else 0

        yield Client(lambda: made.enqueue_async(options), completed)
        await connection.close()
        made.destroy()

    @asynccontextmanager
    async def work(stores: Stores) -> AsyncIterator[None]:
        dbos = import_module("dbos").DBOS
        dbos(
            config={
                "name": "nothing",
                "system_database_url": stores.postgres,
                "sys_db_pool_size": WORKERS,
                "log_level": "ERROR",
            }
        )

        async def nothing() -> None: ...

        dbos.workflow(name="nothing")(nothing)
        dbos.launch()
        # It fetches when it polls; at its default of a second it would run ten jobs a second.
        await dbos.register_queue_async("nothing", worker_concurrency=WORKERS, polling_interval_sec=0.01)
        yield
        dbos.destroy()

    return client, work


_OWN = "row, audit trail, checkpoint"
CONTESTANTS = (
    Contestant("service.postgres", "This service, queue on PostgreSQL", *_ours(redis=False), keeps=_OWN),
    Contestant("bullmq.postgres", "BullMQ for Python on PostgreSQL", *_bullmq(redis=False), keeps="queue entry"),
    Contestant("service.redis", "This service, queue on Redis", *_ours(redis=True), keeps=_OWN, beside="service.redis"),
    Contestant(
        "bullmq.redis", "BullMQ for Python on Redis", *_bullmq(redis=True), keeps="queue entry", beside="service.redis"
    ),
    Contestant("procrastinate", "Procrastinate on PostgreSQL", *_procrastinate(), keeps="row, events"),
    Contestant("dbos", "DBOS on PostgreSQL", *_dbos(), keeps="row"),
    Contestant("huey", "Huey on SQLite", *_huey(), keeps="result"),
)


# -- one run


async def run(contestant: Contestant, stores: Stores, options: Options) -> float:
    """Return the jobs per second of one run."""
    with worker(contestant, stores, options.profile) as ready:
        await ready()
        async with contestant.client(stores) as client:
            await _through(client, WARM_UP, 0)
            started = time.perf_counter()
            await _through(client, options.jobs, WARM_UP)
            return options.jobs / (time.perf_counter() - started)


async def _through(client: Client, jobs: int, before: int) -> None:
    """Add ``jobs``, and wait until they are completed."""
    left = iter(range(jobs))

    async def caller() -> None:
        for _ in left:
            await client.add()

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller())
    async with asyncio.timeout(PATIENCE):
        while await client.completed() < before + jobs:  # noqa: ASYNC110 (another process completes them)
            await asyncio.sleep(LOOK)


@contextmanager
def worker(contestant: Contestant, stores: Stores, profile: str | None) -> Iterator[Callable[[], Awaitable[None]]]:
    """Run the worker of a contestant in a process of its own; gives what waits until it takes jobs."""
    command = [sys.executable, __file__, "--worker", contestant.key, "--stores", json.dumps(asdict(stores))]
    if profile:
        Path(profile).mkdir(parents=True, exist_ok=True)
        command += ["--profile", str(Path(profile).absolute() / f"{contestant.key}.prof")]
    said = Path(stores.folder) / "worker.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    async def ready() -> None:
        while not (Path(stores.folder) / "ready").exists():
            if process.poll() is not None:
                raise SystemExit(f"benchmark: the worker of {contestant.key} has ended: {said.read_text()[-2000:]}")
            await asyncio.sleep(0.02)

    try:
        yield ready
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def work(contestant: Contestant, stores: Stores, profile: str | None) -> None:
    """Work off jobs until the process is told to end; write where its time went to the file ``profile``."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with contestant.work(stores):
        with Profile() if profile else nullcontext() as profiled:
            (Path(stores.folder) / "ready").touch()
            await stop.wait()
        if profiled and profile:
            profiled.dump_stats(profile)
        # Contestants have threads and connections of their own, which end with the process.
        os._exit(0)


# -- stores


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis that has on the disk what it has acknowledged."""
    port = taken.free_port()
    executable = shutil.which("redis-server")
    if executable is None:
        raise SystemExit("benchmark: redis-server is not installed")
    options = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"]
    process = subprocess.Popen(
        [executable, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *options],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        with Redis.from_url(url) as client:
            while True:
                try:
                    client.ping()
                    break
                except (RedisConnectionError, BusyLoadingError):
                    time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def fresh(server: str, redis: str, folder: Path, name: str) -> Iterator[Stores]:
    """Empty stores for one run."""
    place = folder / name
    place.mkdir()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        with Redis.from_url(redis) as client:
            client.flushall()
        yield Stores(server.replace("/postgres?", f"/{name}?"), redis, str(place))


async def race(contestants: list[Contestant], folder: Path, options: Options) -> dict[str, list[float]]:
    """Return the jobs per second of each round, by contestant."""
    rates: dict[str, list[float]] = {contestant.key: [] for contestant in contestants}
    console = Console(stderr=True)
    (folder / "redis").mkdir()
    with redis_server(folder / "redis") as redis:
        async with EmbeddedPostgres(folder / "postgres") as server:
            address = await server.start()
            for number in range(options.rounds):
                for contestant in contestants:
                    with fresh(address, redis, folder, f"{contestant.key}.{number}") as stores:
                        rate = await run(contestant, stores, options)
                    rates[contestant.key].append(rate)
                    console.print(f"{number + 1}/{options.rounds} {contestant.title}: {rate:.0f} jobs/s")
    return rates


def standing(contestants: list[Contestant], rates: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return one row for each contestant: its rates, and how fast the service is on the same store beside it."""
    middle = {key: median(found) for key, found in rates.items()}
    return [
        {
            "key": one.key,
            "title": one.title,
            "keeps": one.keeps,
            "rate": round(middle[one.key]),
            "lowest": round(min(rates[one.key])),
            "highest": round(max(rates[one.key])),
            "service": round(middle[one.beside] / middle[one.key], 2) if one.beside in middle else None,
        }
        for one in contestants
    ]


def write(rows: list[dict[str, Any]], options: Options) -> None:
    """Write the rows where the page finds them, with when, where and how they were taken."""
    made = {**taken.taken(), "jobs": options.jobs, "rounds": options.rounds}
    TARGET.write_text(json.dumps({"taken": made, "queues": rows}, indent=2) + "\n")


def main() -> None:
    """Run the race, or the worker of one contestant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=400, help="jobs of one contestant in one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], metavar="KEY", help="these contestants; by default all")
    parser.add_argument("--profile", metavar="FOLDER", help="write there where the time of each worker goes")
    parser.add_argument("--write", action="store_true", help="write docs/benchmark.json, which the page shows")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--stores", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    by_key = {contestant.key: contestant for contestant in CONTESTANTS}
    if asked.worker:
        asyncio.run(work(by_key[asked.worker], Stores(**json.loads(asked.stores)), asked.profile))
        return
    contestants = [by_key[key] for key in asked.only] or list(CONTESTANTS)
    options = Options(asked.jobs, asked.rounds, asked.profile)
    with TemporaryDirectory(prefix="benchmark-") as folder:
        Path(folder).chmod(0o755)
        rows = standing(contestants, asyncio.run(race(contestants, Path(folder), options)))
    if asked.write:
        write(rows, options)
    table = Table("Queue", "jobs/s", "lowest", "highest", "service", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("title", "rate", "lowest", "highest", "service")))
    Console().print(table)


if __name__ == "__main__":
    main()
