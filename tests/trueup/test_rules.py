"""Alert rules as facts: what a change of one does, and what is wrong with a file."""

from pathlib import Path
from typing import Any

import pytest
from trueup.collect.rules import collect
from trueup.errors import TrueupError

RULES = """\
groups:
  - name: desk
    rules:
      - record: loans:late
        expr: loans_late / loans
      - alert: ManyLate
        expr: loans_late{desk="a"} > 5 and rate(loans[5m]) >= 0.5
        for: 10m
        labels: {severity: warning}
        annotations: {summary: Many loans are late.}
      - alert: Closed
        expr: up == 0
"""


@pytest.fixture
def library(project: Any) -> Any:
    project.add("alerts.yml", RULES)
    project.edit("pyproject.toml", 'packages = ["library"]\n', 'packages = ["library"]\nrules = ["alerts.yml"]\n')
    return project


def test_an_alert_is_a_fact_with_its_line(library: Any) -> None:
    many, closed = collect(library.root, [Path("alerts.yml")])
    assert (many.key, many.place) == ("ManyLate", "alerts.yml:6")
    assert many.attributes["metrics"] == ["loans_late", "loans"]
    assert many.attributes["thresholds"] == [5.0, 0.5]
    assert (many.attributes["for"], many.attributes["severity"]) == ("10m", "warning")
    assert (closed.key, closed.line, closed.attributes["for"]) == ("Closed", 11, "0s")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("> 5", "> 6", "alert ManyLate: expr"),
        ("for: 10m", "for: 1m", "alert ManyLate: for"),
        ("severity: warning", "severity: critical", "alert ManyLate: "),
        ("      - alert: Closed\n        expr: up == 0\n", "", "alert Closed is gone"),
    ],
)
def test_a_changed_alert_is_found_at_its_line(library: Any, old: str, new: str, message: str) -> None:
    library.write()
    line = library.edit("alerts.yml", old, new)
    found = [each for each in library.findings() if each.path == "alerts.yml"]
    assert len(found) == 1
    assert message in found[0].message
    assert abs(found[0].line - line) <= 6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate(loans[5m])", "rate(loans[5m]", "no PromQL"),
        ("for: 10m", "for: soon", "no duration"),
        ("for: 10m", "fro: 10m", "has no fro"),
    ],
)
def test_what_prometheus_would_refuse_is_a_finding(library: Any, old: str, new: str, message: str) -> None:
    library.edit("alerts.yml", old, new)
    library.write()
    found = [each for each in library.findings() if each.code == "rule-invalid"]
    assert len(found) == 1
    assert message in found[0].message
    assert found[0].path == "alerts.yml"


@pytest.mark.parametrize("text", ["", "groups: 3", "groups: [{name: a}]", "a: [", "- x"])
def test_a_file_without_rules_is_one_clear_error(library: Any, text: str) -> None:
    (library.root / "alerts.yml").write_text(text)
    with pytest.raises(TrueupError, match=r"^alerts\.yml: is no "):
        library.findings()


def test_a_file_that_is_gone_is_one_clear_error(library: Any) -> None:
    (library.root / "alerts.yml").unlink()
    with pytest.raises(TrueupError, match=r"^alerts\.yml: not found"):
        library.findings()
