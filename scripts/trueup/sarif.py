"""The report as SARIF 2.1.0, which code hosts show on the lines of a pull request and keep track of."""

import hashlib
import json
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote

from trueup.findings import CODES, Finding, check_of
from trueup.report import Report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "SRCROOT"


def sarif(report: Report) -> str:
    """The report as one JSON document: a rule for each code that occurs, a result for each finding."""
    codes = sorted({finding.code for finding in report.findings})
    counts: Counter[tuple[str, str, str]] = Counter()
    results = []
    for finding in sorted(report.findings):
        key = (finding.code, finding.path, finding.message)
        results.append(_result(finding, codes.index(finding.code), counts[key]))
        counts[key] += 1
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "trueup", "version": _version(), "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The project's folder."}}},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": report.finished.replace("+00:00", "Z")}],
        "results": results,
        "properties": {
            "commit": report.commit,
            "localChanges": report.dirty,
            "checks": {entry.name: {"counted": entry.counted, "unit": entry.unit} for entry in report.checks},
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    entry = CODES[code]
    return {
        "id": code,
        "name": code.title().replace("-", ""),
        "shortDescription": {"text": entry.meaning},
        "help": {"text": entry.mend, "markdown": entry.mend},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": [check_of(code)]},
    }


def _result(finding: Finding, rule: int, occurrence: int) -> dict[str, Any]:
    text = finding.message + (f"; {finding.mend}" if finding.mend else "")
    # Without the line, so that an edit above it does not make another finding of it.
    identity = "\0".join((finding.code, finding.path, finding.message, str(occurrence)))
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": f"{text}\n\n{finding.detail}" if finding.detail else text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.path), "uriBaseId": _BASE},
                    "region": {"startLine": max(finding.line, 1)},
                }
            }
        ],
        "partialFingerprints": {"trueup/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _version() -> str:
    try:
        return version("trueup-reference")
    except PackageNotFoundError:
        return "0"
