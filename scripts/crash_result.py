"""Gives what the last long crash test came to, docs/crash.json, to the pages as facts."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
#: What `python -m tests.crash --write` leaves.
RESULT = ROOT / "docs" / "crash.json"


def collect() -> Iterator[Mapping[str, Any]]:
    """Yield one fact for each trial, and one about when they were."""
    if not RESULT.exists():
        return
    document = json.loads(RESULT.read_text())
    where = {"file": str(RESULT.relative_to(ROOT)), "line": 1}
    for trial in document["trials"]:
        title = f"Crash test on {trial['engine']}"
        yield {"kind": "crash_trial", "key": f"crash.{trial['engine']}", "title": title, **where, **trial}
    yield {"kind": "crash", "key": "taken", **where, **document["taken"]}
