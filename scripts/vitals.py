"""Measures one service: how fast it takes jobs, starts and rescues, and what memory it needs at rest.

    uv run python scripts/vitals.py [--seconds 15] [--rounds 3] [--write]

Real parts only: an embedded PostgreSQL with its default durability, and a service in a process of its own that shares
the processors with its clients. Times of rescue are those of the audit trail, by the database's clock.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil
import taken
from crowd import Connection, service, set_up
from day import quantile, until
from rich.console import Console
from rich.table import Table
from sample_households import sample
from sqlalchemy import func, select

from app.database.embedded import EmbeddedPostgres
from app.handlers import REGISTRY
from app.jobs.model import Caller
from app.jobs.states import Event
from app.services import Services, open_services
from app.settings import LogFormat, LogLevel, Settings
from app.telemetry.logging import configure

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "vitals.json"

#: Callers that create jobs at the same time, each waiting for its answer.
CALLERS = 8
#: Seconds at rest before memory is read.
REST = 5
#: Households of the import whose worker is killed.
HOUSEHOLDS = 5_000
#: The shortest times that the settings allow: a worker that hangs for a second has lost its jobs.
LEAST_SAFE = {"LEASE_SECONDS": "1", "HEARTBEAT_SECONDS": "0.2", "RECONCILE_SECONDS": "0.2"}


@dataclass(frozen=True)
class Vital:
    """One measured number: the median of its rounds."""

    key: str
    value: float
    unit: str
    meaning: str


async def serving(data: Path, seconds: float, rounds: int) -> list[Vital]:
    """Measure the start of a service, its memory at rest, and its creation of jobs."""
    starts, rates, middles, tails = [], [], [], []
    started = time.perf_counter()
    async with service(data) as (address, _):
        first = time.perf_counter() - started
        await set_up(address)
    for _ in range(rounds):
        started = time.perf_counter()
        # No worker takes the processors from the requests.
        async with service(data, WORKER_COUNT="0") as (address, process):
            starts.append(time.perf_counter() - started)
            token = await set_up(address)
            if len(starts) == 1:
                await asyncio.sleep(REST)
                memory = psutil.Process(process.pid).memory_info().rss / 1e6
            took = await _creating(address, token, seconds)
        rates.append(len(took) / seconds)
        middles.append(quantile(took, 0.5) * 1000)
        tails.append(quantile(took, 0.99) * 1000)
    return [
        Vital("start.first", round(first, 1), "s", "From the first start on an empty folder to the first answer"),
        Vital("start.again", round(median(starts), 1), "s", "From any later start to the first answer"),
        Vital("memory.idle", round(memory), "MB", "Resident memory of a service at rest, without its database"),
        Vital("create.rate", round(median(rates)), "requests/s", f"`POST /api/v1/jobs` of {CALLERS} callers"),
        Vital("create.p50", round(median(middles), 1), "ms", "`POST /api/v1/jobs`, half of the answers take at most"),
        Vital("create.p99", round(median(tails), 1), "ms", "`POST /api/v1/jobs`, 99 % of the answers take at most"),
    ]


async def _creating(address: str, token: str, seconds: float) -> list[float]:
    """Create jobs for so many seconds; return how long each took."""
    body = json.dumps({"type": "geocode_households", "data": {"mode": "static"}}).encode()
    took: list[float] = []
    until = asyncio.get_running_loop().time() + seconds

    async def caller() -> None:
        connection = Connection(address)
        while asyncio.get_running_loop().time() < until:
            answer = await connection.send("POST", "/api/v1/jobs", token=token, body=body)
            if answer.status != 201:
                raise SystemExit(f"vitals: a job was not created: {answer.status} {answer.body!r}")
            took.append(answer.seconds)
        connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller())
    return took


async def rescuing(data: Path, rounds: int) -> list[Vital]:
    """Measure how long a job stays with a worker that was killed, at default settings and at the least safe ones."""
    vitals = []
    async with EmbeddedPostgres(data / "data" / "postgres"):
        for key, env, what in (("default", {}, "default settings"), ("shortest", LEAST_SAFE, "shortest leases")):
            found = [await _rescue(data / "data", env) for _ in range(rounds)]
            back, again = (median(times) for times in zip(*found, strict=True))
            vitals += [
                Vital(f"rescue.{key}", round(back, 1), "s", f"From `kill -9` of a worker to the rescue, {what}"),
                Vital(f"resumed.{key}", round(again, 1), "s", f"From `kill -9` until another worker goes on, {what}"),
            ]
    return vitals


async def _rescue(data: Path, env: Mapping[str, str]) -> tuple[float, float]:
    """Kill the worker of a job; return the seconds until the job is taken back, and until another worker has it."""
    settings = Settings(_env_file=None, data_dir=data, log_level=LogLevel.ERROR)
    async with open_services(settings, REGISTRY, workers=False) as services:
        workers = [_worker(data, env) for _ in range(2)]
        try:
            return await _killed(services, workers)
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait(60)


async def _killed(services: Services, workers: list[subprocess.Popen[bytes]]) -> tuple[float, float]:
    pids = {worker.pid: worker for worker in workers}

    async def both_alive() -> bool:
        return set(pids) <= {seen.process.pid for seen in await services.roster.alive(timedelta(minutes=1))}

    await until(both_alive, 0.05)

    async def content() -> AsyncIterator[bytes]:
        yield sample(HOUSEHOLDS, int(time.time())).encode()

    upload = await services.files.save(content())
    data = {"file_id": str(upload.id)}
    job = await services.jobs.create(type="import_voters", data=data, caller=Caller.system("vitals"), created_by=None)

    async def holder() -> str | None:
        return (await services.jobs.get(job.id)).worker_id

    # Worker ids hold the process's number between the host's name and a random part.
    victim = pids[int((await until(holder, 0.01)).split("-")[-2])]
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    async with services.database.engine.connect() as connection:
        killed = (await connection.execute(select(func.clock_timestamp()))).scalar_one()

    async def taken_over() -> list[float] | None:
        trail = await services.jobs.events(job.id)
        times = [(entry.at - killed).total_seconds() for entry in trail if entry.event in {Event.RESCUE, Event.CLAIM}]
        return times[1:] if len(times) == 3 else None

    back, again = await until(taken_over, 0.05)
    await services.jobs.control(job.id, Event.CANCEL, caller=Caller.system("vitals"))
    return back, again


def _worker(data: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATA_DIR": str(data), "LOG_LEVEL": "error", **env}
    command = [sys.executable, "-c", "from app.cli import main; main()", "worker", "--count", "1"]
    return subprocess.Popen(command, env=environment, cwd=ROOT)


async def measure(seconds: float, rounds: int) -> list[Vital]:
    """Measure everything."""
    vitals: list[Vital] = []
    with TemporaryDirectory(prefix="vitals-") as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 (nothing else runs yet)
        for name in ("serving", "rescuing"):
            (Path(folder) / name).mkdir()
        vitals += await serving(Path(folder) / "serving", seconds, rounds)
        vitals += await rescuing(Path(folder) / "rescuing", rounds)
    return vitals


def main() -> None:
    """Measure, print, and write what the page shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15, help="seconds of each round in which jobs are created")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/vitals.json, which the page shows")
    options = parser.parse_args()
    configure(LogFormat.CONSOLE, LogLevel.ERROR)
    vitals = asyncio.run(measure(options.seconds, options.rounds))
    if options.write:
        document = {"taken": taken.taken(), "vitals": [asdict(vital) for vital in vitals]}
        TARGET.write_text(json.dumps(document, indent=2) + "\n")
    table = Table("What", "Value", "Unit", box=None, pad_edge=False)
    for vital in vitals:
        table.add_row(vital.meaning, f"{vital.value:,}", vital.unit)
    Console().print(table)


if __name__ == "__main__":
    main()
