"""The crash test in its long form: python -m tests.crash --engine redis --seconds 300 --seed 7 --write."""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.database.embedded import EmbeddedPostgres
from tests.crash.fleet import Zygote
from tests.crash.trial import Plan, Result, trial
from tests.redis_server import RedisServer

TARGET = Path(__file__).resolve().parent.parent.parent / "docs" / "crash.json"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A server of its own, with its default durability."""
    server = EmbeddedPostgres(folder / "postgres")
    yield asyncio.run(server.start())
    asyncio.run(server.stop())


@contextmanager
def redis() -> Iterator[str]:
    """A Redis of its own."""
    server = RedisServer()
    server.start()
    yield server.url
    server.stop()


def shown(engine: str, plan: Plan, result: Result) -> dict[str, Any]:
    """Return the result as it is kept."""
    counts = result.report.counts
    return {
        "engine": engine,
        "seconds": plan.seconds,
        "seed": plan.seed,
        "services": plan.services,
        "workers": plan.workers,
        "accepted": result.accepted,
        "completed": counts["completed"],
        "failed": counts["failed"],
        "cancelled": counts["cancelled"],
        "effects": counts["effects"],
        "kills": result.disturbed["kills"],
        "freezes": result.disturbed["freezes"],
        "stops": result.disturbed["stops"],
        "rescues": counts["event rescue"],
        "requests_repeated": result.asked["requests repeated"],
        "settle_seconds": round(result.settle_seconds, 1),
        "violations": len(result.report.violations),
    }


def main() -> int:
    """Run the trials that were asked for, and say what came of them."""
    options = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    options.add_argument("--engine", choices=("postgres", "redis", "both"), default="both")
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--rate", type=float, default=8, help="jobs a second")
    options.add_argument("--gap", type=float, default=1.5, help="seconds between two kills, on average")
    options.add_argument("--services", type=int, default=2)
    options.add_argument("--workers", type=int, default=3)
    options.add_argument("--write", action="store_true", help="keep the result in docs/crash.json")
    asked = options.parse_args()
    plan = Plan(
        asked.seconds, asked.seed, rate=asked.rate, gap=asked.gap, services=asked.services, workers=asked.workers
    )
    found, failed = [], False
    for engine in ("postgres", "redis") if asked.engine == "both" else (asked.engine,):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="crash-")))
            database_url = stack.enter_context(postgres(folder))
            redis_url = stack.enter_context(redis()) if engine == "redis" else None
            zygote = stack.enter_context(Zygote())
            result = asyncio.run(trial(plan, zygote, database_url=database_url, redis_url=redis_url, folder=folder))
        found.append(shown(engine, plan, result))
        sys.stdout.write(json.dumps(found[-1]) + "\n")
        for violation in result.report.violations:
            sys.stderr.write(violation + "\n")
            failed = True
    if asked.write and not failed:
        head = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True)
        taken = {"date": datetime.now(UTC).date().isoformat(), "commit": head.stdout.strip()}
        TARGET.write_text(json.dumps({"taken": taken, "trials": found}, indent=2) + "\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
