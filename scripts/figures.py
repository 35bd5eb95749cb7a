"""Measures what the page of figures shows, and writes docs/figures.json.

    uv run python scripts/figures.py

Real parts only: an embedded PostgreSQL with its default durability, and a worker in a process of its own. Timings
depend on the machine; the page says on which they were taken. ``collect`` gives them to the pages as facts.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table
from sample_households import sample
from speed import measure
from trueup.links import resolve

from app.database.embedded import EmbeddedPostgres
from app.handlers import REGISTRY
from app.jobs.model import Caller, Job
from app.jobs.states import TERMINAL, Status
from app.services import Services, open_services
from app.settings import LogFormat, LogLevel, Settings
from app.telemetry.logging import configure

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "figures.json"

#: Sizes of the imports: ten times more rows must not need more memory.
HOUSEHOLDS = (1_000, 10_000)
#: The page that gets one sentence more.
EDITED = Path("docs/admin/jobs/overview.md")
#: Copies of the built site that the resolver reads, so that it has enough to do.
SITE_COPIES = 10


@dataclass(frozen=True)
class Figure:
    """One measured number: ``unit`` is what it counts, ``meaning`` what was done."""

    key: str
    value: float
    unit: str
    meaning: str


def collect() -> Iterator[Mapping[str, Any]]:
    """Yield the committed figures as facts for the documentation."""
    if not TARGET.exists():
        return
    document = json.loads(TARGET.read_text())
    file = str(TARGET.relative_to(ROOT))
    for figure in document["figures"]:
        yield {"kind": "figure", "title": figure["meaning"], "file": file, "line": 1, **figure}
    yield {"kind": "figures", "key": "taken", "file": file, "line": 1, **document["taken"]}


async def jobs_figures() -> list[Figure]:
    """Measure an import and a geocoding of each size, by a worker in its own process."""
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="figures-") as folder:
        data = Path(folder)
        async with EmbeddedPostgres(data / "postgres"):
            for households in HOUSEHOLDS:
                imported, geocoded, peak = await _one_size(data, households)
                figures += [
                    Figure(
                        f"import.{households}", imported, "rows/s", f"Voter rows imported, {households:,} households"
                    ),
                    Figure(f"geocode.{households}", geocoded, "households/s", f"Look-ups of {households:,} households"),
                    Figure(f"memory.{households}", peak, "MB", f"Peak memory of the worker, {households:,} households"),
                ]
    return figures


async def _one_size(data: Path, households: int) -> tuple[float, float, float]:
    settings = Settings(_env_file=None, data_dir=data, log_level=LogLevel.ERROR)
    async with open_services(settings, REGISTRY, workers=False) as services:
        await _empty(services)
        upload = await services.files.save(_chunks(sample(households).encode()))
        with _worker(data) as process:
            memory = asyncio.create_task(_peak(process.pid))
            imported = await _finished(services, "import_voters", {"file_id": str(upload.id)})
            geocoded = await _finished(services, "geocode_households", {"mode": "static"})
            memory.cancel()
            peak = await memory
    return _rate(imported), _rate(geocoded), peak


async def _chunks(data: bytes) -> Any:
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


async def _empty(services: Services) -> None:
    async with services.database.engine.begin() as connection:
        await connection.exec_driver_sql("TRUNCATE households, voters CASCADE")


class _worker:  # noqa: N801 (used as a with-block only)
    """A worker process that runs one job at a time."""

    def __init__(self, data: Path) -> None:
        environment = {**os.environ, "DATA_DIR": str(data), "LOG_LEVEL": "error"}
        command = [sys.executable, "-c", "from app.cli import main; main()", "worker", "--count", "1"]
        self._process = subprocess.Popen(command, env=environment, cwd=ROOT)

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)


async def _peak(pid: int) -> float:
    """Return the largest resident memory of a process in MB, sampled until cancelled."""
    peak, process = 0, psutil.Process(pid)
    try:
        while True:
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        return round(peak / 1e6, 1)


async def _finished(services: Services, job_type: str, data: dict[str, Any]) -> Job:
    job = await services.jobs.create(type=job_type, data=data, caller=Caller.system("figures"), created_by=None)
    async with asyncio.timeout(600):
        while job.status not in TERMINAL:
            await asyncio.sleep(0.05)
            job = await services.jobs.get(job.id)
    if job.status is not Status.COMPLETED:
        raise SystemExit(f"figures: the job {job_type} is {job.status}: {job.error_log[:1]}")
    return job


def _rate(job: Job) -> float:
    if job.started_at is None or job.completed_at is None:
        raise ValueError(f"job {job.id} has not run")
    return round(job.processed_items / (job.completed_at - job.started_at).total_seconds(), 1)


def documentation_figures() -> list[Figure]:
    """Measure a check of all pages, and the resolver of links over copies of the built site."""
    started = time.perf_counter()
    status = subprocess.run(
        ["trueup", "check", "--no-memory"], cwd=ROOT, check=False, stdout=subprocess.DEVNULL
    ).returncode
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit("figures: trueup check has findings; mend them first")
    subprocess.run(["trueup", "build"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with TemporaryDirectory(prefix="figures-") as folder:
        for number in range(SITE_COPIES):
            shutil.copytree(ROOT / "site", Path(folder) / f"copy{number}")
        started = time.perf_counter()
        result = resolve(Path(folder), base_url="", root=ROOT, docs=ROOT / "docs")
        rate = result.pages / (time.perf_counter() - started)
    return [
        Figure("check", round(seconds, 1), "s", "`trueup check` of all pages, nothing remembered"),
        Figure("resolver", round(rate, 1), "pages/s", "Links and anchors of built pages resolved"),
        *(Figure(*row) for row in measure()),
    ]


def site_figures() -> list[Figure]:
    """Measure the main job on a fresh clone of the last commit, and then checks of it; the package caches are warm."""
    with TemporaryDirectory(prefix="figures-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        # Its place must be open to the system user that an embedded database runs as.
        Path(folder).chmod(0o755)

        def seconds(*command: str) -> float:
            started = time.perf_counter()
            subprocess.run(command, cwd=clone, check=True, stdout=subprocess.DEVNULL)
            return round(time.perf_counter() - started, 1)

        check = str(clone / ".venv" / "bin" / "trueup"), "check"
        site = seconds(str(clone / "scripts" / "site"))
        seconds(*check)
        unchanged = seconds(*check)
        with (clone / EDITED).open("a", encoding="utf-8") as page:
            page.write("\nJobs wait until a worker is free.\n")
        edited = seconds(*check)
    return [
        Figure("site", site, "s", "`scripts/site` on a fresh clone, packages in the local cache"),
        Figure("whole.unchanged", unchanged, "s", "`trueup check` again, nothing changed"),
        Figure("whole.sentence", edited, "s", "`trueup check` after a sentence was added to a page with examples"),
    ]


def write(figures: list[Figure]) -> None:
    """Write the figures, with when and where they were taken."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    taken = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
    }
    TARGET.write_text(json.dumps({"taken": taken, "figures": [asdict(figure) for figure in figures]}, indent=2) + "\n")
    subprocess.run(["trueup", "write", "--no-examples"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure, print and write the figures."""
    configure(LogFormat.CONSOLE, LogLevel.ERROR)
    figures = asyncio.run(jobs_figures())
    write(figures)  # before the pages are checked: one of them shows these
    figures += [*documentation_figures(), *site_figures()]
    write(figures)
    table = Table("What", "Value", "Unit", box=None, pad_edge=False)
    for figure in figures:
        table.add_row(figure.meaning, f"{figure.value:,}", figure.unit)
    Console().print(table)


if __name__ == "__main__":
    main()
