"""A whole report from memory: nothing has changed since a run of the same scope found nothing wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from trueup import repository
from trueup.memory import Memory
from trueup.report import Report, read_report
from trueup.scope import Scope


def recall(memory: Memory, scope: Scope, root: Path, clock: Callable[[], datetime]) -> Report | None:
    """The report of an earlier run over the same files, of now; none when there was none without findings."""
    started = perf_counter()
    state = repository.state(root)
    kept = memory.recall("report", *_reads(memory, scope, state.commit))
    if kept is None:
        return None
    report = read_report(kept)
    return replace(
        report,
        finished=clock().astimezone(UTC).isoformat(timespec="seconds"),
        commit=state.commit,
        dirty=state.dirty,
        checks=[replace(entry, cached=entry.counted, seconds=0.0) for entry in report.checks],
        seconds=round(perf_counter() - started, 2),
    )


def remember(report: Report, memory: Memory, scope: Scope) -> None:
    """Keep a report without findings."""
    if not scope.lines:
        memory.remember("report", *_reads(memory, scope, report.commit), value=json.loads(report.dump()))


def _reads(memory: Memory, scope: Scope, commit: str) -> tuple[str, str, str]:
    # The day of the commit decides which pages are to be reviewed.
    return repr(scope), memory.tree.digest(), commit
