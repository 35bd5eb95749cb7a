"""Runs a day's load in a few minutes, and holds what came of it against the targets of operation.

    uv run python scripts/day.py [--jobs 300] [--minutes 4] [--write]

Real parts only: an embedded PostgreSQL with its default durability, two worker processes, the shipped job types, and
the default settings. Jobs arrive as people and programs send them over a day, more by day than by night. In the
afternoon the worker that runs the largest job is killed (`kill -9`), and started again. The arrivals are compressed in
time, the jobs are not: what takes a minute of a worker's time takes it here too.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import taken
from rich.console import Console
from rich.table import Table
from sample_households import sample
from sqlalchemy import and_, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.embedded import EmbeddedPostgres
from app.database.tables import job_events, jobs
from app.handlers import REGISTRY
from app.jobs.model import Caller
from app.jobs.states import TERMINAL, Event, Status
from app.services import Services, open_services
from app.settings import LogFormat, LogLevel, Settings
from app.telemetry.logging import configure

ROOT = Path(__file__).resolve().parent.parent
#: What ``--write`` leaves.
TARGET = ROOT / "docs" / "day.json"

#: How many jobs arrive in each hour of the day, in proportion.
HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 9, 12, 14, 13, 10, 7, 5, 4, 3, 2, 2, 1)
#: The hour in which a worker is killed.
FAULT_HOUR = 14
#: Every so many jobs are imports; the others geocode what was imported.
IMPORT_EVERY = 5
#: Households of an ordinary import, of the one whose worker is killed, and of one geocoding.
SMALL, LARGE, LIMIT = 60, 10_000, 50
WORKERS, SLOTS = 2, 2
#: Seconds between two looks, and until what is left counts as lost.
LOOK, PATIENCE = 0.25, 600

T = TypeVar("T")

#: A row of the page of figures: key, value, unit, meaning.
Row = tuple[str, float, str, str]


@dataclass(frozen=True)
class Target:
    """What a figure should be: ``most`` or ``least`` in the figure's unit."""

    key: str
    summary: str
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def asked(self) -> str:
        """The target in words."""
        return f"at least {self.least:g} {self.unit}" if self.most is None else f"at most {self.most:g} {self.unit}"

    def met(self, value: float) -> bool:
        """Tell whether ``value`` meets it."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


TARGETS = (
    Target("day.success", "Jobs that are completed, of all jobs of the day", "%", least=99),
    Target("day.retries", "Automatic retries and rescues, for each hundred jobs", "%", most=5),
    Target("day.still", "The longest time that a running job makes no step, the killed worker's too", "s", most=3600),
    Target("day.p95", "From creation to completion, of 95 % of the jobs", "s", most=300),
    Target("day.depth", "Due jobs that wait for a worker, 95 % of the time", "jobs", most=10),
    Target("day.progress", "Age of the progress that is shown of a running job, in 99 % of the looks", "s", most=5),
    Target("day.detected", "From the kill of a worker until all its jobs are taken back", "s", most=60),
)


def collect() -> Iterator[dict[str, Any]]:
    """Yield the targets as facts, with what was measured last, and when that was, if anything was."""
    file = str(TARGET.relative_to(ROOT))
    document = json.loads(TARGET.read_text()) if TARGET.exists() else {"figures": []}
    if document["figures"]:
        yield {"kind": "day", "key": "taken", "file": file, "line": 1, **document["taken"]}
    yield from facts({figure["key"]: figure["value"] for figure in document["figures"]}, file)


def facts(measured: dict[str, float], file: str) -> Iterator[dict[str, Any]]:
    """Yield the targets as facts, with what was measured of them."""
    for order, target in enumerate(TARGETS):
        value = measured.get(target.key)
        yield {
            "kind": "target",
            "key": target.key,
            "title": target.summary,
            "summary": target.summary,
            "file": file,
            "line": 1,
            "order": order,
            "asked": target.asked,
            "unit": target.unit,
            "measured": value,
            "met": value is not None and target.met(value),
        }


def arrivals(count: int, seconds: float) -> list[float]:
    """Return when each of ``count`` jobs arrives, in seconds from the beginning of a day that takes ``seconds``."""
    so_far = [0, *accumulate(HOURS)]
    times = []
    for number in range(count):
        share = (number + 0.5) / count * so_far[-1]
        hour = next(at for at, upper in enumerate(so_far[1:]) if share <= upper)
        times.append((hour + (share - so_far[hour]) / HOURS[hour]) * seconds / len(HOURS))
    return times


@dataclass(frozen=True)
class Look:
    """What one look saw: due jobs, and the age of the last step of the running job that moved the longest ago."""

    depth: int
    still: float
    disturbed: bool


async def look(engine: AsyncEngine, *, disturbed: bool) -> Look:
    """Look once; ``disturbed``: a killed worker's job has not been taken back yet."""
    pending = and_(
        jobs.c.status == Status.PENDING.value, or_(jobs.c.next_retry_at.is_(None), jobs.c.next_retry_at <= func.now())
    )
    running = jobs.c.status == Status.PROCESSING.value
    age = extract("epoch", func.now() - func.min(jobs.c.updated_at))
    async with engine.connect() as connection:
        depth = (await connection.execute(select(func.count()).where(pending))).scalar_one()
        still = (await connection.execute(select(age).where(running))).scalar_one()
    return Look(depth, float(still or 0), disturbed)


async def result(engine: AsyncEngine, looks: Sequence[Look], detected: float) -> list[Row]:
    """Return the figures of a day that is over."""
    ended = select(jobs.c.status, func.count()).group_by(jobs.c.status)
    took = func.percentile_cont(0.95).within_group(extract("epoch", jobs.c.completed_at - jobs.c.created_at))
    again = job_events.c.event.in_([Event.RESCHEDULE.value, Event.RESCUE.value])
    async with engine.connect() as connection:
        counts: dict[str, int] = dict(map(tuple, (await connection.execute(ended)).all()))
        p95 = (await connection.execute(select(took).where(jobs.c.status == Status.COMPLETED.value))).scalar_one()
        retries = (await connection.execute(select(func.count()).select_from(job_events).where(again))).scalar_one()
    total = sum(counts.values())
    lost = total - sum(counts.get(status.value, 0) for status in TERMINAL)
    values = {
        "day.success": 100 * counts.get(Status.COMPLETED.value, 0) / max(1, total),
        "day.retries": 100 * retries / max(1, total),
        "day.still": max(one.still for one in looks),
        "day.p95": float(p95 or 0),
        "day.depth": quantile([one.depth for one in looks], 0.95),
        "day.progress": quantile([one.still for one in looks if not one.disturbed], 0.99),
        "day.detected": detected,
    }
    rows: list[Row] = [
        ("day.jobs", total, "jobs", "Jobs of a day's load, compressed in time"),
        ("day.lost", lost, "jobs", "Jobs of that day that came to no end"),
    ]
    return rows + [(target.key, round(values[target.key], 3), target.unit, target.summary) for target in TARGETS]


async def until(answer: Callable[[], Awaitable[T | None]], every: float = LOOK) -> T:
    """Ask until there is an answer that holds, and return it. Raises TimeoutError after PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await answer()
            if found:
                return found
            await asyncio.sleep(every)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` of the values do not exceed; 0 when there are none."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0.0


class Day:
    """One run: the service without workers in this process, and workers in their own."""

    def __init__(self, services: Services, data: Path) -> None:
        self._services = services
        self._data = data
        self._engine = services.database.engine
        self._workers: list[subprocess.Popen[bytes]] = []
        self._looks: list[Look] = []
        self._disturbed = False

    async def run(self, count: int, seconds: float) -> list[Row]:
        """Send ``count`` jobs over ``seconds``, and wait for the end of the last one."""
        files = [await self._upload(SMALL, seed) for seed in range(1, count // IMPORT_EVERY + 2)]
        large = await self._upload(LARGE, 0)
        self._workers = [self._start() for _ in range(WORKERS)]
        await until(self._all_alive)
        looking = asyncio.create_task(self._look())
        fault = asyncio.create_task(self._fault(large, FAULT_HOUR * seconds / len(HOURS)))
        try:
            await self._send(arrivals(count, seconds), files)
            detected = await fault
            await until(self._all_ended)
        finally:
            looking.cancel()
            for worker in self._workers:
                worker.terminate()
            for worker in self._workers:
                worker.wait(60)
        return await result(self._engine, self._looks, detected)

    async def _send(self, times: Sequence[float], files: Sequence[str]) -> None:
        clock = asyncio.get_running_loop()
        began = clock.time()
        for number, at in enumerate(times):
            await asyncio.sleep(max(0.0, began + at - clock.time()))
            if number % IMPORT_EVERY == 0:
                await self._create("import_voters", {"file_id": files[number // IMPORT_EVERY]})
            else:
                await self._create("geocode_households", {"mode": "static", "limit": LIMIT})

    async def _fault(self, large: str, at: float) -> float:
        """Kill the worker of a large import, start another; return the seconds until all its jobs are taken back."""
        await asyncio.sleep(at)
        job = await self._create("import_voters", {"file_id": large})

        async def holder() -> str | None:
            return (await self._services.jobs.get(job)).worker_id

        # Worker ids hold the process's number between the host's name and a random part.
        held_by = await until(holder, 0.01)
        pid = int(held_by.split("-")[-2])
        victim = next(worker for worker in self._workers if worker.pid == pid)
        self._disturbed = True
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        killed = time.monotonic()
        self._workers.remove(victim)
        self._workers.append(self._start())

        async def all_taken_back() -> bool:
            left = select(func.count()).select_from(jobs).where(jobs.c.worker_id == held_by)
            async with self._engine.connect() as connection:
                return (await connection.execute(left)).scalar_one() == 0

        await until(all_taken_back)
        self._disturbed = False
        return time.monotonic() - killed

    async def _look(self) -> None:
        while True:
            self._looks.append(await look(self._engine, disturbed=self._disturbed))
            await asyncio.sleep(LOOK)

    async def _all_alive(self) -> bool:
        return len(await self._services.roster.alive(timedelta(minutes=1))) >= WORKERS

    async def _all_ended(self) -> bool:
        counts = await self._services.reader.totals()
        return not any(number for status, number in counts.items() if Status(status) not in TERMINAL)

    async def _create(self, job_type: str, data: dict[str, Any]) -> Any:
        made = await self._services.jobs.create(type=job_type, data=data, caller=Caller.system("day"), created_by=None)
        return made.id

    async def _upload(self, households: int, seed: int) -> str:
        content = sample(households, seed).encode()

        async def chunks() -> Any:
            yield content

        return str((await self._services.files.save(chunks())).id)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "DATA_DIR": str(self._data), "LOG_LEVEL": "error"}
        command = [sys.executable, "-c", "from app.cli import main; main()", "worker", "--count", str(SLOTS)]
        return subprocess.Popen(command, env=environment, cwd=ROOT)


async def day(count: int, minutes: float) -> list[Row]:
    """Run a day of ``count`` jobs in ``minutes``, and return its figures."""
    with TemporaryDirectory(prefix="day-") as folder:
        data = Path(folder)
        async with EmbeddedPostgres(data / "postgres"):
            settings = Settings(_env_file=None, data_dir=data, log_level=LogLevel.ERROR)
            async with open_services(settings, REGISTRY, workers=False) as services:
                return await Day(services, data).run(count, minutes * 60)


def main() -> None:
    """Run, and print figures and targets; the status is 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--jobs", type=int, default=300, help="jobs of the day")
    parser.add_argument("--minutes", type=float, default=4, help="minutes that the day takes")
    parser.add_argument("--write", action="store_true", help="write docs/day.json, which the page shows")
    chosen = parser.parse_args()
    configure(LogFormat.CONSOLE, LogLevel.ERROR)
    rows = asyncio.run(day(chosen.jobs, chosen.minutes))
    if chosen.write:
        made = {**taken.taken(), "jobs": chosen.jobs, "minutes": chosen.minutes}
        figures = [dict(zip(("key", "value", "unit", "meaning"), row, strict=True)) for row in rows]
        TARGET.write_text(json.dumps({"taken": made, "figures": figures}, indent=2) + "\n")
    targets = {target.key: target for target in TARGETS}
    table = Table("What", "Value", "Unit", "Target", box=None, pad_edge=False)
    missed = 0
    for key, value, unit, meaning in rows:
        target = targets.get(key)
        met = target is None or target.met(value)
        missed += not met
        table.add_row(meaning, f"{value:,}", unit, f"{target.asked}: {'met' if met else 'missed'}" if target else "")
    Console().print(table)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
