"""A report frozen as a dated page: what was verified, when, and against which commit. It is never changed again."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trueup.errors import TrueupError
from trueup.findings import check_of
from trueup.report import Report
from trueup.watermark import TOLD

_HEAD = """---
title: {title}
search:
  exclude: true
trueup:
  service: false
---

# {title}

!!! warning "Historical"

    This page says what was true when it was written. Nothing keeps it true since then; the pages that are kept true
    carry a stamp at their end.

Verified on {day} at {time} UTC, at commit {commit}, in {seconds:.0f} seconds. {verdict}
"""

_VERDICTS = {0: "There were no findings.", 1: "There was 1 finding."}


def page(report: Report, title: str) -> str:
    """Return the report as a page of Markdown.

    Raises `TrueupError` when the report is of no commit, so that nobody could repeat it.
    """
    if not report.commit or report.dirty:
        raise TrueupError("the last report is not of a commit: commit your changes, run trueup check, then archive it")
    day, _, rest = report.finished.partition("T")
    count = len(report.findings)
    head = _HEAD.format(
        title=title,
        day=day,
        time=rest[:5],
        commit=report.commit,
        seconds=report.seconds,
        verdict=_VERDICTS.get(count, f"There were {count} findings."),
    )
    parts = [*_checks(report), *_figures(report), *_findings(report), *_facts(report), *_coverage(report)]
    return "\n".join([head, *parts, *_pages(report)])


def write(report: Report, title: str, target: Path) -> None:
    """Write the page. Raises `TrueupError` when there is one already: history is not written twice."""
    if target.exists():
        raise TrueupError(f"{target}: exists already; choose another name")
    text = page(report, title)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _table(heading: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> list[str]:
    lines = [f"## {heading}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [*lines, ""]


def _checks(report: Report) -> list[str]:
    found = Counter(check_of(finding.code) for finding in report.findings)
    rows = (
        (entry.name, entry.counted, entry.unit, entry.cached, found[entry.name], f"{entry.seconds:.1f}")
        for entry in report.checks
    )
    return _table("What was checked", ("Check", "Count", "Of", "Remembered", "Findings", "Seconds"), rows)


def _figures(report: Report) -> list[str]:
    rows = [
        (entry.name, name.replace("_", " "), number)
        for entry in report.checks
        for name, number in entry.figures.items()
    ]
    return _table("More figures", ("Check", "Figure", "Number"), iter(rows)) if rows else []


def _findings(report: Report) -> list[str]:
    if not report.findings:
        return []
    rows = ((f"{one.path}:{one.line}", one.message, one.code) for one in sorted(report.findings))
    return _table("Findings", ("Where", "What", "Code"), rows)


def _facts(report: Report) -> list[str]:
    rows = ((kind.replace("_", " "), number) for kind, number in sorted(report.facts.items()))
    return _table("Facts in the code", ("Kind", "Number"), rows)


def _coverage(report: Report) -> list[str]:
    if not report.coverage:
        return []
    rows = (
        (kind.replace("_", " "), one["facts"], *(one[way] for way in TOLD)) for kind, one in report.coverage.items()
    )
    return _table("How they are documented", ("Kind", "Facts", *(told.capitalize() for told in TOLD.values())), rows)


def _pages(report: Report) -> list[str]:
    rows = ((name, entry.facts, entry.examples, entry.links) for name, entry in sorted(report.pages.items()))
    return _table("Pages", ("Page", "Facts", "Examples", "Links"), rows)
