"""The table of log lines says what the lines carry; `tests/conftest.py` holds the lines of all tests against it too."""

import ast
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from app.settings import LogLevel
from app.telemetry.events import LOG_LINES, LogEvent

SOURCES = sorted((Path(__file__).parents[2] / "app").rglob("*.py"))


def sites():
    """Event name → the names that each call of `emit` gives it; None where they cannot be read from the source."""
    found = defaultdict(list)
    for text in map(Path.read_text, SOURCES):
        for node in ast.walk(ast.parse(text)) if "emit(" in text else ():
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "emit"):
                continue
            event = node.args[1]
            if isinstance(event, ast.Attribute) and getattr(event.value, "id", "") == "LogEvent":
                found[event.attr].append({keyword.arg for keyword in node.keywords})
    return found


SITES = sites()


def test_every_event_is_in_the_table():
    assert set(LOG_LINES) == set(LogEvent)


@pytest.mark.parametrize("name", sorted(SITES))
def test_a_line_carries_what_the_table_says(name):
    """P8-9: log lines have the fields of the table."""
    given = set().union(*SITES[name])
    assert None not in given, "write the names of the fields, or let the tests of the part cover them"
    assert given == set(LOG_LINES[LogEvent[name]].fields)


def test_what_is_not_written_by_name_is_written_by_a_variable():
    # The ends of an attempt and of a delivery to a webhook, and the errors of what runs periodically.
    assert {event.name for event in LogEvent} - set(SITES) == {
        *("JOB_COMPLETED", "JOB_RESCHEDULED", "JOB_FAILED", "JOB_SUSPENDED", "JOB_STOPPED", "JOB_RELEASED"),
        *("WEBHOOK_FAILED", "WEBHOOK_GIVEN_UP"),
        *("RECONCILER_FAILED", "RETENTION_FAILED", "SCHEDULER_FAILED", "COURIER_FAILED", "SAMPLER_FAILED"),
    }


WRITES = """
import logging, sys
import structlog
from app.settings import LogFormat, LogLevel
from app.telemetry.logging import configure

configure(LogFormat.JSON, LogLevel(sys.argv[1]))
for level in ("debug", "info", "warning", "error"):
    getattr(structlog.get_logger("jobs"), level)(f"job.{level}")
    getattr(logging.getLogger("library"), level)("A plain sentence.")
"""


@pytest.mark.parametrize("level", LogLevel)
def test_what_is_less_severe_than_the_level_is_left_out(level):
    done = subprocess.run([sys.executable, "-c", WRITES, level], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    written = list(LogLevel)[list(LogLevel).index(level) :]
    assert [line["event"] for line in lines if line["logger"] == "jobs"] == [f"job.{each}" for each in written]
    assert [line["level"] for line in lines if line["event"] == "A plain sentence."] == written
    assert done.stdout == ""


UNWRITABLE = """
from app.settings import LogFormat, LogLevel
from app.telemetry.logging import configure
import structlog
configure(LogFormat.JSON, LogLevel.INFO)
for level in ("info", "warning", "error"):
    getattr(structlog.get_logger("jobs"), level)("said")
print("went on")
"""


def test_a_line_that_cannot_be_written_keeps_nothing_from_going_on():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", UNWRITABLE], stdout=subprocess.PIPE, stderr=full, text=True)
    assert done.stdout == "went on\n"
