"""The facts for the documentation: each stands where it says."""

import re
from collections import Counter
from pathlib import Path

import pytest

from app.auth.permissions import GRANTS
from app.facts import collect
from app.handlers import REGISTRY
from app.jobs.states import TRANSITIONS, Status
from app.problems import Problem

ROOT = Path(__file__).parent.parent
FACTS = list(collect())


def test_every_table_is_there_whole():
    counts = Counter(fact["kind"] for fact in FACTS)
    assert counts["state"] == len(Status)
    assert counts["transition"] == len(TRANSITIONS)
    assert counts["problem"] == len(list(Problem.catalogue()))
    assert counts["job_type"] == len(REGISTRY)
    assert counts["permission"] == len(GRANTS)
    assert len({(fact["kind"], fact["key"]) for fact in FACTS}) == len(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact['kind']}:{fact['key']}")
def test_a_fact_stands_where_it_says(fact):
    line = (ROOT / fact["file"]).read_text().splitlines()[fact["line"] - 1]
    telling = {
        "transition": (fact.get("event") or "").upper(),
        "permission": fact["key"].replace(".", "_").upper(),
        "problem": f"class {fact.get('class_name')}(",
        "stage": f'"{fact["key"].rpartition(".")[2]}"',
        "file_format": "class ",
        "limit": fact.get("constant", ""),
        "log_line": fact["key"].replace(".", "_").upper(),
        "sample": "COUNTS",
        "metric": "MetricKind(",
        "span": "SpanType(",
        "jobs_page": "Destination(",
        "timing": fact.get("setting", ""),
        "button": fact["key"].upper(),
    }
    expected = telling.get(fact["kind"])
    assert expected in line if expected else any(word in line for word in re.split(r"[ .]", fact["key"]))
    assert fact["summary"]
    assert fact["title"]
