"""Measures how soon the list of jobs, its filters, its counts and what else people look at answer with many jobs.

    uv run python scripts/list_speed.py [--jobs 1000000] [--rounds 200] [--write]

The jobs are made by SQL in an embedded database of its own, which is removed afterwards. Every look is asked for
through the service's own code; what has values is asked for with others each time, so that it is not fast because it
has just been asked for.
With ``--write`` the result goes to docs/list_speed.json, from which a page is made.
"""

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import taken
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from app.auth.permissions import Role
from app.cli import settle_in
from app.jobs.failures import FailureReader
from app.jobs.listing import Cursor, JobFilter
from app.jobs.states import Status
from app.main import create_app
from app.services import Services
from app.settings import LogFormat, LogLevel, Settings
from app.telemetry.health import report
from app.telemetry.history import history
from app.telemetry.logging import configure
from app.ui import door

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "list_speed.json"

#: What is asked for: milliseconds within which 99 of 100 queries, and of 100 whole pages, answer.
QUERY_MS, PAGE_MS = 50, 300

Look = Callable[[], Awaitable[object]]

_TYPES = ("geocode_households", "process_document", "import_voters", "parse_play")
_STAGES = ("select", "look_up", "write_back", "extraction", "embedding", "read", "upsert", "parse")
_WORDS = ("timeout", "provider", "household", "utf", "static", "zip code", "uploaded file", "static oh", "no such file")

#: Jobs of a year: nearly all completed, one in twenty failed with one of thirty causes, ten thousand waiting.
_FILL = """
INSERT INTO jobs (id, type, status, priority, data, config, created_by, created_at, updated_at, started_at,
    completed_at, stage, processed_items, error_log, max_retries, worker_id, lock_expires_at, schedule_id)
SELECT base.id, type, status, 50,
    CASE type WHEN 'geocode_households' THEN jsonb_build_object(
        'mode', (array['static', 'dynamic'])[1 + mod(n, 2)], 'limit', (r4 * 10000)::int, 'filters', jsonb_build_object(
            'state', (array['OH', 'NY', 'CA', 'TX'])[1 + mod(n / 7, 4)], 'city', 'city' || (r4 * r4 * 3000)::int))
    ELSE jsonb_build_object('file_id', gen_random_uuid(), 'encoding', 'utf-8') END,
    '{}', u.id, born, born + interval '30 s', CASE WHEN status <> 'pending' THEN born + interval '2 s' END,
    CASE WHEN status IN ('completed', 'failed', 'cancelled') THEN born + interval '30 s' END,
    (string_to_array(:stages, ','))[1 + mod((r3 * 800)::int, 8)], 10,
    CASE WHEN status = 'failed' THEN jsonb_build_array(jsonb_build_object('at', born, 'stage', 'select',
        'transient', mod(cause, 2) = 0,
        'code', (array['TransientError', 'file.not_found', 'PermanentError', 'ValueError'])[1 + mod(cause, 4)],
        'message', (array['The provider answered 503, a timeout, for household ', 'There is no such uploaded file ',
            'This is no ZIP code: ', 'invalid literal for int: '])[1 + mod(cause, 4)]
            || quote_literal(n::text) || ' of kind ' || chr(97 + mod(cause, 26)) || chr(97 + cause / 26)))
    WHEN r3 < 0.1 THEN jsonb_build_array(jsonb_build_object('at', born, 'item', n, 'message', 'Another ZIP code.'))
    ELSE '[]' END,
    3, CASE WHEN status = 'processing' THEN 'worker' END, CASE WHEN status = 'processing' THEN now() END,
    CASE WHEN r4 < 0.1 THEN s.id END
FROM (SELECT n, gen_random_uuid() AS id, now() - n * interval '365 days' / :jobs AS born, random() AS r1,
    random() AS r2, random() AS r3, random() AS r4, (random() * random() * 30)::int AS cause
    FROM generate_series(1, :jobs) AS n OFFSET 0) AS base
CROSS JOIN LATERAL (SELECT (string_to_array(:types, ','))[
        CASE WHEN r1 < 0.4 THEN 1 WHEN r1 < 0.85 THEN 2 WHEN r1 < 0.95 THEN 3 ELSE 4 END] AS type,
    CASE WHEN n <= 100 THEN 'processing' WHEN n <= :jobs / 100 THEN 'pending' WHEN r2 < 0.001 THEN 'paused'
        WHEN r2 < 0.05 THEN 'failed' WHEN r2 < 0.08 THEN 'cancelled' ELSE 'completed' END AS status) AS drawn
LEFT JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM users) AS u
    ON u.number = 1 + mod((r3 * r3 * 50)::int, 50)
LEFT JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM schedules) AS s ON s.number = 1 + mod(n, 20)
ORDER BY n DESC
"""
_AROUND = """
INSERT INTO users (id, name, password_hash, role)
    SELECT gen_random_uuid(), 'user' || n, 'none', 'operator' FROM generate_series(1, 50) AS n;
INSERT INTO schedules (id, name, type, data, priority, interval_seconds, catch_up, enabled, created_at, updated_at)
    SELECT gen_random_uuid(), 's' || n, 'geocode_households', '{}', 50, 60, 'skip', false, now(), now()
    FROM generate_series(1, 20) AS n;
INSERT INTO queue_samples SELECT date_trunc('minute', now()) - n * interval '1 minute',
    10, 20, 4, 1, 8, 5, 30, 28, 1, 0, 2 FROM generate_series(1, 14 * 1440) AS n ON CONFLICT DO NOTHING;
"""
#: As a migration does it: all words in one statement, and their index last.
_TEXTS = """
INSERT INTO job_texts (job_id, created_at, words)
    SELECT id, created_at, job_words(id, data, error_log) FROM jobs ORDER BY created_at;
CREATE INDEX ix_job_texts_words ON job_texts USING gin (words);
"""


@dataclass(frozen=True)
class Seen:
    """How soon one look answered, in milliseconds: half of the times, and 99 of 100 times."""

    key: str
    meaning: str
    p50: float
    p99: float
    target: float


@asynccontextmanager
async def many(jobs: int) -> AsyncIterator[FastAPI]:
    """Open an application on a database with so many jobs. Nothing runs them."""
    with TemporaryDirectory(prefix="list-speed-") as folder:
        # Open to the system user that an embedded database runs as.
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 (that is what it is for)
        settings = Settings(_env_file=None, data_dir=Path(folder), log_level=LogLevel.ERROR)
        app = create_app(settings, workers=False)
        async with app.router.lifespan_context(app):
            engine = app.state.services.database.engine
            async with engine.begin() as connection:
                await connection.exec_driver_sql("ALTER TABLE jobs DISABLE TRIGGER keep_job_text")
                await connection.exec_driver_sql("DROP INDEX ix_job_texts_words")
                for statement in filter(str.strip, _AROUND.split(";\n")):
                    await connection.exec_driver_sql(statement)
                values = {"jobs": jobs, "types": ",".join(_TYPES), "stages": ",".join(_STAGES)}
                await connection.execute(text(_FILL), values)
                for statement in filter(str.strip, _TEXTS.split(";\n")):
                    await connection.exec_driver_sql(statement)
                await connection.exec_driver_sql("ALTER TABLE jobs ENABLE TRIGGER keep_job_text")
            alone = engine.execution_options(isolation_level="AUTOCOMMIT")
            async with alone.connect() as connection:
                await connection.exec_driver_sql("VACUUM ANALYZE")
                # What the making of the jobs left to be written would slow down those who ask first.
                await connection.exec_driver_sql("CHECKPOINT")
            settle_in()
            yield app


class Looks:
    """What is looked at; every call asks for other values."""

    def __init__(self, app: FastAPI, users: Sequence[UUID], schedules: Sequence[UUID], prints: Sequence[str]) -> None:
        self._services: Services = app.state.services
        self._users, self._schedules, self._prints = users, schedules, prints
        # Reproducible; nothing depends on it that anybody could guess.
        self._random = random.Random(7)  # noqa: S311

    def filters(self) -> dict[str, Callable[[], JobFilter]]:
        """Every filter alone, then filters together."""
        pick = self._random.choice
        return {
            "no filter": JobFilter,
            "a status": lambda: JobFilter(status=(pick(list(Status)),)),
            "a type": lambda: JobFilter(type=pick(_TYPES)),
            "a stage": lambda: JobFilter(stage=pick(_STAGES)),
            "a creator": lambda: JobFilter(created_by=pick(self._users)),
            "a schedule": lambda: JobFilter(schedule_id=pick(self._schedules)),
            "a group of failures": lambda: JobFilter(fingerprint=pick(self._prints)),
            "words": lambda: JobFilter(text=pick(_WORDS)),
            "a rare word": lambda: JobFilter(text=f"city{self._random.randrange(3000)}"),
            "the beginning of an id": lambda: JobFilter(text=f"{self._random.randrange(16**8):08x}"),
            "status and type": lambda: JobFilter(status=(pick(list(Status)),), type=pick(_TYPES)),
            "status, stage and creator": lambda: JobFilter(
                status=(pick(list(Status)),), stage=pick(_STAGES), created_by=pick(self._users)
            ),
            "words and type": lambda: JobFilter(text=pick(_WORDS), type=pick(_TYPES)),
            "words, failed": lambda: JobFilter(text=pick(_WORDS), status=(Status.FAILED,)),
        }

    async def page(self, filters: JobFilter) -> None:
        """One page of the list: half of the time the first, else one somewhere in the middle."""
        cursor = None
        if self._random.random() < 0.5:
            async with self._services.database.engine.connect() as connection:
                when = text("SELECT now() - :days * interval '1 day', gen_random_uuid()")
                row = (await connection.execute(when, {"days": self._random.randrange(300)})).one()
                cursor = Cursor(*row)
        started = time.perf_counter()
        await self._services.reader.page(filters, limit=50, cursor=cursor)
        self.took = time.perf_counter() - started

    async def counts(self, filters: JobFilter) -> None:
        """The counts above the list."""
        started = time.perf_counter()
        await self._services.reader.counts(filters)
        self.took = time.perf_counter() - started

    def others(self) -> dict[str, tuple[str, Look]]:
        """What else the page shows."""
        services = self._services
        engine, clock = services.database.engine, services.clock
        return {
            "failures": ("Failures in groups", lambda: FailureReader(engine).groups()),
            "history": ("A week of charts", lambda: history(engine, clock, minutes=7 * 1440, points=120)),
            "unfinished": ("Job types with what runs and waits", services.reader.unfinished),
            "health": ("The health report", lambda: report(engine, services.engine, services.settings, clock)),
        }


async def measured(app: FastAPI, rounds: int) -> list[Seen]:
    """Look at everything ``rounds`` times."""
    services: Services = app.state.services
    async with services.database.engine.connect() as connection:
        users = list((await connection.execute(text("SELECT id FROM users ORDER BY name"))).scalars())
        schedules = list((await connection.execute(text("SELECT id FROM schedules"))).scalars())
    prints = [group.fingerprint for group in await FailureReader(services.database.engine).groups()]
    looks = Looks(app, users, schedules, prints)
    found = []
    for meaning, filters in looks.filters().items():
        for key, look in (("list", looks.page), ("counts", looks.counts)):
            times = []
            for _ in range(rounds):
                await look(filters())
                times.append(looks.took)
            what = "Page of the list" if key == "list" else "Counts"
            found.append(_seen(f"{key}.{meaning}", f"{what}: {meaning}", times, QUERY_MS))
    for key, (meaning, ask) in looks.others().items():
        found.append(_seen(key, meaning, [await _timed(ask) for _ in range(rounds)], QUERY_MS))
    found += await _pages(app, rounds)
    return found


async def _pages(app: FastAPI, rounds: int) -> list[Seen]:
    """Ask for whole pages, as a browser does."""
    added = await app.state.accounts.users.add("list-speed", "none", Role.ADMIN)
    session = await app.state.browser_sessions.open(added.id)
    found = []
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        client.cookies.set(door.COOKIE, session, domain="test.local", path="/ui")
        for key, path, shown in (
            ("page.list", "/ui/jobs", "the list"),
            (
                "page.filtered",
                "/ui/jobs?status=failed&type=geocode_households&text=timeout",
                "the list with a status, a type and a word",
            ),
            ("page.failures", "/ui/failures", "failures"),
            ("page.queues", "/ui/queues?span=7d", "queues, with the charts of a week"),
        ):

            async def ask(path: str = path) -> None:
                (await client.get(path)).raise_for_status()

            times = [await _timed(ask) for _ in range(rounds)]
            found.append(_seen(key, f"Rendered page: {shown}", times, PAGE_MS))
    return found


async def _timed(look: Look) -> float:
    started = time.perf_counter()
    await look()
    return time.perf_counter() - started


def _seen(key: str, meaning: str, seconds: Sequence[float], target: float) -> Seen:
    ordered = sorted(1000 * each for each in seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Seen(key, meaning, round(ordered[len(ordered) // 2], 1), round(p99, 1), target)


async def run(jobs: int, rounds: int) -> dict[str, Any]:
    """Make the jobs, measure, and return what the page is made of."""
    async with many(jobs) as app:
        seen = await measured(app, rounds)
        async with app.state.services.database.engine.connect() as connection:
            sizes = "SELECT pg_total_relation_size('jobs') / 1e6, pg_total_relation_size('job_texts') / 1e6"
            table, texts = (await connection.exec_driver_sql(sizes)).one()
    about = {"jobs": jobs, "rounds": rounds, "table_mb": round(table), "texts_mb": round(texts)}
    return {"taken": {**taken.taken(), **about}, "looks": [asdict(each) for each in seen]}


def main() -> None:
    """Measure, print, and with ``--write`` keep the result."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--write", action="store_true")
    asked = arguments.parse_args()
    configure(LogFormat.CONSOLE, LogLevel.ERROR)
    result = asyncio.run(run(asked.jobs, asked.rounds))
    table = Table("What", "p50, ms", "p99, ms", "Asked for", box=None, pad_edge=False)
    for look in result["looks"]:
        mark = "" if look["p99"] <= look["target"] else "  missed"
        table.add_row(look["meaning"], str(look["p50"]), str(look["p99"]), f"{look['target']}{mark}")
    Console().print(table)
    if asked.write:
        TARGET.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
