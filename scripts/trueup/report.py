"""The report: one result of one run, with the form in which people read it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from trueup.errors import TrueupError
from trueup.findings import CHANGED, CODES, Finding, check_of
from trueup.nouns import counted
from trueup.watermark import TOLD

REPORT = Path(".trueup/report.json")
"""Where the last report is kept, relative to the project root."""

_MANY = 10
_FILES = 5


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

    `note` says what it could not look at; `figures` are further counts by name.
    """

    name: str
    counted: int
    unit: str
    seconds: float
    cached: int = 0
    note: str = ""
    figures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """The result of a run.

    `finished` is an ISO time in UTC, `commit` is empty outside a repository, `facts` counts facts by kind,
    `generated` is the digest of the generated files that the pages were held against, and `coverage` holds the figures
    of each kind: `facts`, and how many of them have an `owner`, are in `prose`, and in an `example`.
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
    coverage: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def examples(self) -> int:
        """How many examples have run."""
        return sum(entry.examples for entry in self.pages.values())

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
    """Print findings grouped by file, details below each; nothing when there are none.

    Files whose facts have changed come first, and those that only have to be written anew come last.
    """
    counts = Counter(finding.path for finding in findings)
    causes = {finding.path for finding in findings if finding.code in CHANGED}
    others = {finding.path for finding in findings if finding.code != "generated-stale"}
    file = ""
    for finding in sorted(findings, key=lambda each: (each.path not in causes, each.path not in others, each)):
        if finding.path != file:
            file = finding.path
            more = f" [dim]({counts[file]} findings)[/]" if counts[file] > 1 else ""
            console.print(f"\n[bold]{escape(file)}[/]{more}", highlight=False)
        console.print(escape(str(finding)), highlight=False, soft_wrap=True)
        for line in finding.detail.splitlines():
            console.print(f"    {escape(line)}", highlight=False, soft_wrap=True)
    if findings:
        console.print()


def print_summary(findings: Sequence[Finding], console: Console) -> None:
    """Of many findings: how many of each code, most first, with the way out, and the files that have most."""
    if len(findings) < _MANY:
        return
    codes = Counter(finding.code for finding in findings).most_common()
    width = max(len(code) for code, _ in codes)
    console.print("[bold]Where to look first[/]", highlight=False)
    for code, count in codes:
        console.print(f"{count:>6}  {code:<{width}}  {escape(CODES[code].mend)}", highlight=False, soft_wrap=True)
    files = Counter(finding.path for finding in findings).most_common(_FILES)
    if len(files) > 1:
        console.print(
            "most in " + ", ".join(f"{path} ({count})" for path, count in files),
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    console.print()


def print_text(report: Report, console: Console) -> None:
    """Print the report for people: findings by file, where to look first, what was checked, and the verdict."""
    print_findings(report.findings, console)
    print_summary(report.findings, console)
    failed = Counter(check_of(finding.code) for finding in report.findings)
    for entry in report.checks:
        cached = f", {entry.cached} remembered" if entry.cached else ""
        found = f", {failed[entry.name]} found" if failed[entry.name] else ""
        console.print(
            f"{entry.name:<16} {entry.counted:>6} {entry.unit}{cached}{found} ({entry.seconds:.1f} s)"
            + (f"; {entry.note}" if entry.note else ""),
            highlight=False,
            soft_wrap=True,
        )
    if report.coverage:
        console.print(f"{'documented':<16} {documented(report)}", highlight=False, soft_wrap=True)
    console.print(verdict(report), highlight=False, style="red" if report.findings else "green", soft_wrap=True)


def documented(report: Report) -> str:
    """The figures of coverage over all kinds, in one line."""
    total = {name: sum(figure[name] for figure in report.coverage.values()) for name in ("facts", *TOLD)}
    return f"{total['facts']:>6} facts: " + ", ".join(f"{total[way]} {told}" for way, told in TOLD.items())


def verdict(report: Report) -> str:
    """One line: how many findings, over how much, against which commit."""
    pages = len(report.pages)
    facts = sum(entry.facts for entry in report.pages.values())
    links = sum(entry.links for entry in report.pages.values())
    where = f" at {report.commit}{' with local changes' if report.dirty else ''}" if report.commit else ""
    found = counted(len(report.findings), "finding") if report.findings else "no findings"
    over = ((pages, "page"), (facts, "fact"), (report.examples, "example"), (links, "link"))
    told = ", ".join(counted(number, noun) for number, noun in over)
    return f"{found}: {told}{where}, {report.seconds:.1f} s"
