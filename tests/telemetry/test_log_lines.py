"""The table of log lines says what the lines carry; `tests/conftest.py` holds the lines of all tests against it too."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

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
