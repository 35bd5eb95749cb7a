"""Times that are kept of jobs are the database's, whatever the clock of a process says."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from app.jobs.clock import Clock

APP = Path(__file__).parent.parent.parent / "app"
OWN = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("time", "time"), ("time", "time_ns")}


@pytest.mark.parametrize("offset", [timedelta(), timedelta(hours=1)])
def test_the_present_time_is_an_expression_that_the_database_evaluates(offset):
    clock = Clock(offset)
    for time, function in ((clock.now(), "now()"), (clock.instant(), "clock_timestamp()")):
        asked = select(time).compile(dialect=postgresql.dialect())
        assert function in str(asked)
        assert set(asked.params.values()) <= {offset}, "no process has put a time into it"


def asks_its_own_clock(path: Path) -> bool:
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute))
    return any(isinstance(call.value, ast.Name) and (call.value.id, call.attr) in OWN for call in calls)


def test_what_writes_jobs_asks_no_clock_of_its_own():
    """What is handed to the queue, for delays and its own locks, is the one exception."""
    found = {
        str(path.relative_to(APP))
        for folder in ("jobs", "workers", "queue", "schedules")
        for path in (APP / folder).rglob("*.py")
        if asks_its_own_clock(path)
    }
    assert found == {"queue/outbox.py", "queue/postgres.py", "queue/redis.py"}
