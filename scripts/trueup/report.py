"""The report: one result of one run, printed as text, as JSON or as annotations on a pull request."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from trueup.errors import TrueupError
from trueup.findings import Finding

REPORT = Path(".trueup/report.json")
"""Where the last report is kept, relative to the project root."""


@dataclass(frozen=True)
class PageEntry:
    """What was verified on one page. `digest` is that of the body that was verified."""

    digest: str
    facts: int = 0
    examples: int = 0
    links: int = 0
    findings: int = 0


@dataclass(frozen=True)
class CheckEntry:
    """One check of a run: its name, how many things it looked at, how many of them were remembered, and how long.

    `note` says what it could not look at.
    """

    name: str
    counted: int
    unit: str
    seconds: float
    cached: int = 0
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The result of a run.

    `finished` is an ISO time in UTC, `commit` is empty outside a repository, `facts` counts facts by kind, and
    `generated` is the digest of the generated files that the pages were held against.
    """

    finished: str
    commit: str
    dirty: bool
    seconds: float
    checks: Sequence[CheckEntry] = ()
    facts: Mapping[str, int] = field(default_factory=dict)
    pages: Mapping[str, PageEntry] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    generated: str = ""

    def dump(self) -> str:
        """The report as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def save(report: Report, root: Path) -> None:
    """Keep the report as the project's last one."""
    path = root / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(report.dump(), encoding="utf-8")
    partial.replace(path)


def load(root: Path) -> Report | None:
    """The project's last report; none when there is none. Raises `TrueupError` when the file is something else."""
    path = root / REPORT
    try:
        return read_report(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise TrueupError(f"{REPORT}: is no report ({type(error).__name__}: {error}); run trueup check") from None


def read_report(data: Mapping[str, Any]) -> Report:
    """A report from its plain form. Raises `TypeError` or `KeyError` when it is something else."""
    checks = [CheckEntry(**entry) for entry in data["checks"]]
    pages = {name: PageEntry(**entry) for name, entry in data["pages"].items()}
    findings = [Finding(**entry) for entry in data["findings"]]
    return Report(**{**data, "checks": checks, "pages": pages, "findings": findings})


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """Print findings grouped by file, details below each; nothing when there are none."""
    file = ""
    for finding in sorted(findings):
        if finding.path != file:
            file = finding.path
            console.print(f"\n[bold]{escape(file)}[/]", highlight=False)
        console.print(escape(str(finding)), highlight=False, soft_wrap=True)
        for line in finding.detail.splitlines():
            console.print(f"    {escape(line)}", highlight=False, soft_wrap=True)
    if findings:
        console.print()


def print_text(report: Report, console: Console) -> None:
    """Print the report for people: findings by file, then what was checked, then the verdict."""
    print_findings(report.findings, console)
    for entry in report.checks:
        cached = f", {entry.cached} remembered" if entry.cached else ""
        console.print(
            f"{entry.name:<16} {entry.counted:>6} {entry.unit}{cached} ({entry.seconds:.1f} s)"
            + (f"; {entry.note}" if entry.note else ""),
            highlight=False,
            soft_wrap=True,
        )
    console.print(verdict(report), highlight=False, style="red" if report.findings else "green", soft_wrap=True)


def verdict(report: Report) -> str:
    """One line: how many findings, over how much, against which commit."""
    pages = len(report.pages)
    facts = sum(entry.facts for entry in report.pages.values())
    examples = sum(entry.examples for entry in report.pages.values())
    links = sum(entry.links for entry in report.pages.values())
    where = f" at {report.commit}{' with local changes' if report.dirty else ''}" if report.commit else ""
    count = len(report.findings)
    found = "no findings" if not count else "1 finding" if count == 1 else f"{count} findings"
    return f"{found}: {pages} pages, {facts} facts, {examples} examples, {links} links{where}, {report.seconds:.1f} s"


def github(report: Report) -> str:
    """The findings as workflow commands, which GitHub shows on the lines of a pull request."""
    lines = []
    for finding in sorted(report.findings):
        message = f"{finding.message}{'; ' + finding.mend if finding.mend else ''}"
        if finding.detail:
            message += f"\n{finding.detail}"
        text = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        lines.append(f"::error file={finding.path},line={max(finding.line, 1)},title={finding.code}::{text}")
    return "\n".join(lines)
