"""The findings as workflow commands, which GitHub shows on the lines of a pull request."""

from collections.abc import Iterator

from trueup.findings import Finding
from trueup.report import Report

SHOWN = 10
"""The errors of one step that GitHub shows as annotations; the log has all of them."""
_MOST_LINES = 40


def annotations(report: Report) -> Iterator[str]:
    """A command for each finding; the first ones of many come from as many files as there are."""
    findings = _spread(sorted(report.findings)) if len(report.findings) > SHOWN else sorted(report.findings)
    for finding in findings:
        message = f"{finding.message}{'; ' + finding.mend if finding.mend else ''}"
        if finding.detail:
            lines = finding.detail.splitlines()
            message = "\n".join([message, *lines[:_MOST_LINES], *(["…"] if len(lines) > _MOST_LINES else [])])
        place = f"file={_property(finding.path)},line={max(finding.line, 1)},title={_property(finding.code)}"
        yield f"::error {place}::{_data(message)}"
    if len(findings) > SHOWN:
        yield f"::notice title=trueup::{len(findings)} findings, of which GitHub shows {SHOWN}; the log has all of them"


def _spread(findings: list[Finding]) -> list[Finding]:
    """First one of each file, then the second of each, and so on."""
    seen: dict[str, int] = {}
    ranked = []
    for finding in findings:
        seen[finding.path] = seen.get(finding.path, 0) + 1
        ranked.append((seen[finding.path], finding))
    return [finding for _, finding in sorted(ranked)]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
