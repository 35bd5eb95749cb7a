"""One trial: load, kills, the wait for the end, and what the checker says."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.crash.checker import Report, check
from tests.crash.clients import Clients
from tests.crash.fleet import DISTURBANCES, Fleet, Zygote
from tests.crash.ledger import CREATE_TABLE

LEASE_SECONDS = 2.0
#: What a killed process leaves is to be finished within this time, also on a machine that is busy.
SETTLE_SECONDS = 200


@dataclass(frozen=True)
class Plan:
    """How long and how hard: ``rate`` jobs a second, and a disturbance every ``gap`` seconds on average.

    The load lasts for ``seconds``, and until there were so many disturbances and jobs.
    """

    seconds: float
    seed: int
    disturbances: int = 0
    jobs: int = 0
    rate: float = 8
    gap: float = 1.5
    services: int = 1
    workers: int = 2
    slots: int = 4


@dataclass(frozen=True)
class Result:
    """What was done, what came of it, and how long the last jobs took after the last kill."""

    accepted: int
    disturbed: Counter[str]
    asked: Counter[str]
    report: Report
    settle_seconds: float


async def trial(plan: Plan, zygote: Zygote, *, database_url: str, redis_url: str | None, folder: Path) -> Result:
    """Run a trial on an empty database.

    Raises:
        TimeoutError: jobs were left that did not end.
    """
    environment = {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder / "data"),
        "WORKER_COUNT": str(plan.slots),
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "HEARTBEAT_SECONDS": "0.5",
        "RECONCILE_SECONDS": "0.5",
        "SHUTDOWN_SECONDS": "2",
        "LOG_LEVEL": "warning",
        **({"REDIS_URL": redis_url} if redis_url else {}),
    }
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(CREATE_TABLE)
    chance = random.Random(plan.seed)
    fleet = Fleet(zygote, environment, folder, plan.services, plan.workers, random.Random(chance.random()))
    clients = Clients(fleet.addresses, random.Random(chance.random()))
    fleet.start_missing()
    try:
        await clients.sign_in()
        await _load(plan, fleet, clients)
        began = time.monotonic()
        async with asyncio.timeout(SETTLE_SECONDS):
            await _all_ended(database_url, fleet, clients)
        settled = time.monotonic() - began
    finally:
        await clients.close()
        await fleet.stop()
    report = check(database_url, clients.accepted)
    return Result(len(clients.accepted), fleet.done, clients.done, report, settled)


async def _load(plan: Plan, fleet: Fleet, clients: Clients) -> None:
    """Create jobs and disturb processes until the time is over."""
    end = time.monotonic() + plan.seconds

    def going_on() -> bool:
        disturbed = sum(fleet.done[what] for what in DISTURBANCES)
        return time.monotonic() < end or disturbed < plan.disturbances or len(clients.accepted) < plan.jobs

    ending = asyncio.Event()

    async def disturb() -> None:
        while not ending.is_set():
            await asyncio.sleep(fleet.chance.expovariate(1 / plan.gap))
            await fleet.disturb(freeze_seconds=1.5 * LEASE_SECONDS)

    disturbing = asyncio.create_task(disturb())
    try:
        await clients.press(rate=plan.rate, going_on=going_on)
    finally:
        ending.set()
        await disturbing


async def _all_ended(database_url: str, fleet: Fleet, clients: Clients) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        while True:
            # One that was asked to stop takes its time, and ends only now.
            fleet.start_missing()
            rows = await (await connection.execute("SELECT id, status FROM jobs")).fetchall()
            left = [job_id for job_id, status in rows if status not in ("completed", "failed", "cancelled")]
            if not left:
                return
            await clients.resume([job_id for job_id, status in rows if status == "paused"])
            await asyncio.sleep(0.2)
