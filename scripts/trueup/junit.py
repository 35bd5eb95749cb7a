"""The report as JUnit XML: a suite for each check, a test case for each page that it looked at."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from lxml import etree

from trueup.findings import Finding, check_of
from trueup.report import CheckEntry, PageEntry, Report

#: Checks of pages, with what a page must have to be looked at by them.
_PER_PAGE: Mapping[str, str] = {"bindings": "", "examples": "examples", "links": "links"}
#: XML has no place for them, escaped or not.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def junit(report: Report) -> str:
    """The report as one XML document. Findings are failures; a finding outside of pages is a case of its own file."""
    found: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in sorted(report.findings):
        found[check_of(finding.code)][finding.path].append(finding)
    entries = {entry.name: entry for entry in report.checks}
    # A check that has no entry of its own (a page that cannot be read ends others early) still has its findings.
    names = [*entries, *(name for name in found if name not in entries)]
    root = etree.Element("testsuites", name="trueup", time=f"{report.seconds:.3f}")
    total = failed = 0
    for name in names:
        suite = etree.SubElement(root, "testsuite", name=name, timestamp=report.finished, hostname="")
        cases, failures = _cases(suite, name, entries.get(name), report.pages, found.get(name, {}))
        suite.set("tests", str(cases))
        suite.set("failures", str(failures))
        suite.set("errors", "0")
        suite.set("skipped", "0")
        suite.set("time", f"{entries[name].seconds if name in entries else 0:.3f}")
        total, failed = total + cases, failed + failures
    root.set("tests", str(total))
    root.set("failures", str(failed))
    return etree.tostring(root, encoding="unicode", pretty_print=True)


def _cases(
    suite: etree._Element,
    name: str,
    entry: CheckEntry | None,
    pages: Mapping[str, PageEntry],
    found: Mapping[str, list[Finding]],
) -> tuple[int, int]:
    """Add the cases of a check; how many there are, and how many failed."""
    if name in _PER_PAGE:
        need = _PER_PAGE[name]
        paths = [path for path, page in pages.items() if path in found or not need or getattr(page, need)]
    else:
        paths = [] if found else [name]
    paths = sorted({*paths, *found})
    seconds = (entry.seconds if entry else 0) / max(len(paths), 1)
    for path in paths:
        case = etree.SubElement(suite, "testcase", classname=f"trueup.{name}", name=path, time=f"{seconds:.3f}")
        if path != name:
            case.set("file", path)
        _failure(case, found.get(path, ()))
    return len(paths), len(found)


def _failure(case: etree._Element, findings: Iterable[Finding]) -> None:
    findings = list(findings)
    if not findings:
        return
    first = findings[0]
    case.set("line", str(first.line))
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    failure = etree.SubElement(case, "failure", type=first.code, message=_clean(first.message + more))
    failure.text = _clean("\n".join(f"{finding}\n{finding.detail}".strip() for finding in findings))


def _clean(text: str) -> str:
    return _CONTROL.sub("\ufffd", text)
