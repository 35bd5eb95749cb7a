"""Dashboards as facts: what each panel asks, and what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest
from trueup import dashboards
from trueup.collect.dashboards import collect
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory

METRICS = [
    Fact("metric", "loans", {"labels": ["desk"]}),
    Fact("metric", "loan_days", {"labels": ["desk"], "type": "histogram"}),
]


def panel(title: str, *queries: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "type": "stat", "targets": [{"expr": query} for query in queries], **more}


@pytest.fixture
def dashboard(tmp_path: Path) -> Any:
    def write(*panels: dict[str, Any]) -> list[Fact]:
        (tmp_path / "board.json").write_text(json.dumps({"title": "Desk", "panels": panels}, indent=1))
        return list(collect(tmp_path, [Path("board.json")]))

    return write


def test_a_panel_is_a_fact_also_in_a_row(dashboard: Any) -> None:
    late = panel("Late", "rate(loans[$__rate_interval])", "loan_days_bucket", description="Too long.")
    found = dashboard(panel("All", "sum(loans)"), {"title": "Row", "panels": [late]})
    assert [(fact.key, fact.attributes["metrics"]) for fact in found] == [
        ("All", ["loans"]),
        ("Late", ["loans", "loan_days_bucket"]),
    ]
    assert found[1].attributes["summary"] == "Too long."
    assert found[0].line < found[1].line
    assert list(dashboards.check(Inventory([*METRICS, *found]))) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sum(loan)", "the panel 'Late': unknown metric loan; did you mean loans?"),
        ("sum by (dsk) (loans)", "the panel 'Late': unknown label dsk"),
        ("sum(loans", "the panel 'Late': expression is no PromQL"),
    ],
)
def test_a_query_that_shows_nothing_is_a_finding(dashboard: Any, query: str, message: str) -> None:
    found = dashboard(panel("All", "loans"), panel("Late", query))
    (finding,) = dashboards.check(Inventory([*METRICS, *found]))
    assert (finding.code, finding.line) == ("dashboard-invalid", found[1].line)
    assert message in str(finding)


@pytest.mark.parametrize(("panels", "message"), [([], "no panel with a query"), ([panel("A", "x")] * 2, "the title")])
def test_a_file_that_is_none_is_named(dashboard: Any, panels: Any, message: str) -> None:
    with pytest.raises(TrueupError, match=rf"^board.json: .*{message}"):
        dashboard(*panels)
