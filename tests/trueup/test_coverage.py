# ruff: noqa: E501 (tables of examples read best with one to a line)
"""How facts are covered by pages, and the figures that may not fall."""

import json
from typing import Any

import pytest
from trueup.errors import TrueupError
from trueup.exercised import Exercise
from trueup.facts import Fact, Inventory
from trueup.pages import Page

MARK = "docs/coverage.json"

INVENTORY = Inventory(
    [
        Fact("operation", "GET /api/loans", {"id": "listLoans", "names": ["listLoans"], "method": "GET", "path": "/api/loans"}),
        Fact("operation", "POST /api/loans", {"id": "lend", "names": ["lend"], "method": "POST", "path": "/api/loans"}),
        Fact("operation", "DELETE /api/loans/{number}", {"method": "DELETE", "path": "/api/loans/{number}"}),
        Fact("command", "library", {"commands": ["desk"], "arguments": []}),
        Fact("command", "library desk", {"commands": [], "arguments": []}),
        Fact("option", "library desk --seats", {"command": "library desk", "spellings": ["--seats"], "type": "integer"}),
        Fact("setting", "LOAN_DAYS", {}),
        Fact("problem", "loan.unknown", {}),
        Fact("transition", "lent → returned", {}),
        Fact("state", "lent", {}),
    ]
)  # fmt: skip
KINDS = ["operation", "command", "option", "setting", "problem", "transition", "state"]


def exercised(block: str) -> set[str]:
    return {fact.key for fact in Exercise(INVENTORY, KINDS).facts(Page("docs/a.md", "a.md", f"{block}\n"))}


@pytest.mark.parametrize(
    ("block", "keys"),
    [
        ('```bash\ncurl -s "$BASE_URL/api/loans?x=1"\n```', {"GET /api/loans"}),
        ('```bash\ncurl -s "$BASE_URL/api/loans" \\\n  -d \'{"a": "b|c"}\' | cat\n```', {"POST /api/loans"}),
        ("```bash\ncurl -s http://127.0.0.1:$PORT/api/loans -d x -G\n```", {"GET /api/loans"}),
        ("```bash\nX=$(curl -sX DELETE $URL/api/loans/7)\n```", {"DELETE /api/loans/{number}"}),
        ("```bash\ncurl --request DELETE $URL/api/loans/$N; curl $URL/api/loans\n```", {"DELETE /api/loans/{number}", "GET /api/loans"}),
        ("```bash\ncall POST /loans -H 'A: b'\n```", {"POST /api/loans"}),
        ("```bash\ncurl 'unclosed\n```", set()),
        ("```http\nGET /api/loans HTTP/1.1\n```", {"GET /api/loans"}),
        ("```bash\nLOAN_DAYS=3 .venv/bin/library desk --seats 4 2> log &\n```", {"LOAN_DAYS", "library desk", "library desk --seats"}),
        ("```console\n$ library desk\n```", {"library desk"}),
        ("```bash\ntrue\n```\n\n``` {.text .output}\nloan.unknown: lent → returned\n```", {"loan.unknown", "lent → returned", "lent"}),
        ('``` {.bash .literal reason="no"}\ncurl $URL/api/loans LOAN_DAYS=1\n```', set()),
        ('```json\n{"a": "lent"}\n```', set()),
        ("```bash\necho loan.unknown.not silent $LOAN_DAYS\n```", {"LOAN_DAYS"}),
        ("---\ntrueup:\n  service:\n    env: {LOAN_DAYS: 3}\n---\n\nText", {"LOAN_DAYS"}),
        ("/// failure | gone\nenv:\n  LOAN_DAYS: 3\n///", {"LOAN_DAYS"}),
        ("/// facts | setting\nenv:\n  LOAN_DAYS: 3\n///", set()),
    ],
)  # fmt: skip
def test_what_an_example_exercises(block: str, keys: set[str]) -> None:
    assert exercised(block) == keys


@pytest.fixture
def library(project: Any) -> Any:
    project.edit("pyproject.toml", 'packages = ["library"]\n', f'packages = ["library"]\ncoverage = "{MARK}"\n')
    project.add("docs/guide/settings.md", "\nSee `DESK_PASSWORD`.\n")
    assert MARK in project.write()
    assert project.findings() == []
    return project


def test_the_figures_are_in_the_report_and_on_pages(library: Any) -> None:
    library.add("docs/guide/settings.md", "\n/// facts | coverage\n///\n\nIn prose: {{ coverage.setting.prose }}.\n")
    report = library.check()
    assert report.findings == []
    setting = report.coverage["setting"]
    assert setting["facts"] == setting["owner"] >= setting["prose"] >= 1


def test_a_figure_that_falls_names_what_was_lost(library: Any) -> None:
    library.edit("docs/guide/settings.md", "See `DESK_PASSWORD`.", "See above.")
    found = library.findings()
    assert [each.code for each in found] == ["coverage-fell"]
    assert [each.path for each in found] == [MARK]
    assert "setting facts named in prose fell from" in found[0].message
    assert found[0].message.endswith("lost: DESK_PASSWORD")
    assert '"DESK_PASSWORD"' in (library.root / MARK).read_text().splitlines()[found[0].line - 1]


def test_writing_raises_the_figures_and_does_not_lower_them(library: Any) -> None:
    library.edit("docs/guide/settings.md", "See `DESK_PASSWORD`.", "See above.")
    assert library.write() == []
    assert "coverage-fell" in [each.code for each in library.findings()]
    library.add("docs/guide/settings.md", "\nSee `DESK_PASSWORD` again.\n")
    assert library.findings() == []


def test_a_fact_that_the_code_lost_is_not_missed(library: Any) -> None:
    mark = json.loads((library.root / MARK).read_text())
    mark["setting"]["GONE"] = "owner prose example"
    (library.root / MARK).write_text(json.dumps(mark))
    assert library.findings() == []
    assert library.write() == [MARK]
    assert "GONE" not in (library.root / MARK).read_text()


def test_a_page_of_the_archive_covers_nothing(library: Any) -> None:
    library.edit("docs/guide/settings.md", "See `DESK_PASSWORD`.", "See above.")
    library.edit("pyproject.toml", 'packages = ["library"]\n', 'packages = ["library"]\narchive = "docs/old"\n')
    library.add("docs/old/report.md", "# Report\n\nIt was `DESK_PASSWORD`.\n")
    assert "coverage-fell" in [each.code for each in library.findings()]


@pytest.mark.parametrize("text", ["{", "[]", '{"setting": 3}', '{"setting": {"A": 3}}'])
def test_a_broken_mark_is_one_clear_error(library: Any, text: str) -> None:
    (library.root / MARK).write_text(text)
    with pytest.raises(TrueupError, match=rf"^{MARK}: is no mark of coverage"):
        library.findings()
