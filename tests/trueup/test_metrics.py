"""Metrics of a registry of the Prometheus client as facts."""

from typing import Any

import pytest
from trueup.errors import TrueupError

METRICS = '''\
"""What the library measures."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
LOANS = Counter("library_loans", "Loans made.", ["desk"], registry=REGISTRY)
SECONDS = Histogram(
    "library_lend_seconds", "Seconds to lend.", buckets=(0.1, 1), registry=REGISTRY
)
OPEN = Gauge("library_open", "Whether it is open.", registry=REGISTRY)
'''


@pytest.fixture
def library(project: Any) -> Any:
    project.add("library/metrics.py", METRICS)
    old = 'packages = ["library"]\n'
    project.edit("pyproject.toml", old, f'{old}metrics = ["library.metrics:REGISTRY"]\n')
    project.add("docs/guide/loans.md", "\n/// facts | metric\n///\n\nSee `library_loans_total`.\n")
    project.write()
    assert project.findings() == []
    return project


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ('["desk"]', '["desk", "kind"]', "fact-changed", "metric library_loans_total: labels"),
        ("(0.1, 1)", "(0.1, 1, 5)", "fact-changed", "metric library_lend_seconds: buckets"),
        ("Gauge(", "Counter(", "fact-renamed", "metric library_open is now library_open_total"),
        ('"library_open"', '"library_opened"', "fact-renamed", "metric library_open is now library_opened"),
        ("Loans made.", "Loans that were made.", "fact-changed", "metric library_loans_total: summary"),
    ],
)
def test_a_changed_metric_is_found_at_its_line(library: Any, old: str, new: str, code: str, message: str) -> None:
    text = (library.root / "library/metrics.py").read_text()
    (library.root / "library/metrics.py").write_text(text.replace(old, new))
    line = text[: text.rindex(old)].count("\n") + 1
    found = [each for each in library.findings() if each.path == "library/metrics.py"]
    assert [each.code for each in found] == [code]
    assert message in found[0].message
    assert abs(found[0].line - line) <= 1


def test_something_else_than_a_registry_is_one_clear_error(library: Any) -> None:
    library.edit("pyproject.toml", "library.metrics:REGISTRY", "library.metrics:LOANS")
    with pytest.raises(TrueupError, match=r"library\.metrics:LOANS is Counter, not a CollectorRegistry"):
        library.findings()
