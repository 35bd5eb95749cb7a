# ruff: noqa: E501 (tables of edits read best with one edit to a line)
"""Each way in which code and documents may part, done to the sample project: the named finding, with file and line."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from trueup.errors import TrueupError

DRIFTS = [
    # what is edited, the old text, the new text, the finding's code, a part of its message
    ("library/main.py", "    note: str | None = Field(default=None, description=\"What the desk wrote", "    memo: str | None = Field(default=None, description=\"What the desk wrote", "fact-renamed", "field Loan.note is now Loan.memo"),
    ("library/states.py", 'RETURNED = "returned"\n', 'RETURNED = "returned"\n    LOST = "lost"\n', "fact-added", "state lost is new"),
    ("library/states.py", '    (State.OVERDUE, "return", State.RETURNED),\n', '    (State.OVERDUE, "return", State.RETURNED),\n    (State.RETURNED, "undo", State.LENT),\n', "fact-added", "transition returned → undo → lent is new"),
    ("library/settings.py", "default=21", "default=28", "fact-changed", "setting LOAN_DAYS: default 21 → 28"),
    ("library/settings.py", "le=90", "le=99", "fact-changed", "range 1 to 90 → 1 to 99"),
    ("library/settings.py", "loan_days:", "lend_days:", "fact-renamed", "setting LOAN_DAYS is now LEND_DAYS"),
    ("library/main.py", "status_code=201", "status_code=202", "fact-changed", "statuses without 201 and with 202"),
    ("library/main.py", "le=100", "le=50", "fact-changed", "parameter listLoans.limit: maximum 100 → 50"),
    ("library/main.py", 'operation_id="getLoan"', 'operation_id="showLoan"', "fact-changed", "id \"getLoan\" → \"showLoan\""),
    ("library/main.py", '"/loans/{number}"', '"/loans/by-number/{number}"', "fact-renamed", "operation GET /api/loans/{number} is now GET /api/loans/by-number/{number}"),
    ("library/problems.py", "    status = 404\n", "    status = 410\n", "fact-changed", "problem loan.unknown: status 404 → 410"),
    ("library/cli.py", "typer.Option(3, min=1", "typer.Option(4, min=1", "fact-changed", "option library desk --seats: default 3 → 4"),
    ("library/cli.py", '"--quiet", "-q"', '"--silent", "-q"', "fact-renamed", "option library desk --quiet is now library desk --silent"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "old", "new", "code", "message"), DRIFTS)
def test_a_change_of_the_code_is_found_where_it_was_made(
    project: Any, path: str, old: str, new: str, code: str, message: str
) -> None:
    line = project.edit(path, old, new)
    found = [f for f in project.findings() if f.code == code and message.replace('"', "") in f.message.replace('"', "")]
    assert len(found) == 1, project.findings()
    assert found[0].path == path
    assert abs(found[0].line - line) <= 4
    assert "run trueup write" in found[0].mend


def test_a_public_operation_that_now_needs_a_token_is_found(project: Any) -> None:
    project.edit("library/main.py", "APIRouter, FastAPI,", "APIRouter, Depends, FastAPI,")
    project.edit(
        "library/main.py", "from pydantic import", "from fastapi.security import HTTPBearer\nfrom pydantic import"
    )
    project.edit(
        "library/main.py", 'summary="Show a loan",', 'summary="Show a loan", dependencies=[Depends(HTTPBearer())],'
    )
    found = [finding for finding in project.findings() if finding.code == "fact-changed"]
    assert any("public true → false; security with HTTPBearer" in finding.message for finding in found)
    assert {finding.path for finding in found} == {"library/main.py"}


def test_a_stale_inventory_names_the_pages_that_show_what_changed(project: Any) -> None:
    project.edit("library/settings.py", "default=21", "default=28")
    found = [finding for finding in project.findings() if finding.code == "fact-changed"]
    assert found[0].mend == "run trueup write and review docs/guide/settings.md:10"


def test_a_problem_class_that_is_gone_is_found_in_its_file(project: Any) -> None:
    project.edit(
        "library/problems.py",
        'class BookGone(Problem):\n    """The book is lent to another reader."""\n\n    code = "book.gone"\n    status = 409\n\n\n',
        "",
    )
    found = [finding for finding in project.findings() if finding.code == "fact-removed"]
    assert [(f.path, f.message) for f in found] == [("library/problems.py", "problem book.gone is gone")]
    assert found[0].line > 1
    assert "docs/guide/loans.md:" in found[0].mend


def test_a_new_route_is_undocumented_after_writing_only_when_no_block_shows_it(project: Any) -> None:
    project.edit(
        "docs/reference.md",
        "/// facts | operations\n",
        "/// facts | operations\noperations: [listLoans, lendBook, getLoan]\n",
    )
    line = (
        project.edit(
            "library/main.py",
            "def create_app",
            '@router.delete("/loans/{number}", operation_id="endLoan")\ndef end_loan(number: int) -> None:\n    """Ends it."""\n\n\ndef create_app',
        )
        + 1
    )
    project.write()
    found = project.findings()
    assert [(f.path, f.line, f.code) for f in found] == [("library/main.py", line, "fact-undocumented")]
    assert "operation DELETE /api/loans/{number}" in found[0].message


def test_a_route_hidden_from_the_schema_is_found(project: Any) -> None:
    line = (
        project.edit(
            "library/main.py",
            "def create_app",
            '@router.get("/secret", include_in_schema=False)\ndef secret() -> None:\n    """Hush."""\n\n\ndef create_app',
        )
        + 1
    )
    project.write()
    found = project.findings()
    assert [(f.path, f.line, f.code) for f in found] == [("library/main.py", line, "route-hidden")]


PAGES = [
    ("docs/index.md", "`lent`", "`lend`", "code-unknown", "did you mean lent?"),
    ("docs/index.md", "GET /loans?state=overdue", "GET /loan?state=overdue", "operation-unknown", "did you mean GET /loans?"),
    ("docs/index.md", "state=overdue", "status=overdue", "parameter-unknown", "did you mean state?"),
    ("docs/index.md", "--seats", "--chairs", "option-unknown", ""),
    ("docs/guide/settings.md", "`LOAN_DAYS=30`", "`LOANS_DAYS=30`", "setting-unknown", "did you mean LOAN_DAYS?"),
    ("docs/guide/settings.md", "`LOAN_DAYS=30`", "`LOAN_DAYS=91`", "value-invalid", ""),
    ("docs/guide/settings.md", "{{ setting.LOAN_DAYS.default }}", "{{ setting.LOAN_DAY.default }}", "value-unknown", "did you mean setting.LOAN_DAYS.default?"),
    ("docs/guide/settings.md", "{{ setting.LOAN_DAYS.default }} days", "21 days", "value-bare", "bind it"),
    ("docs/guide/settings.md", "/// facts | settings", "/// facts | setings", "block-unknown", "did you mean settings?"),
    ("docs/guide/loans.md", "  Meaning: summary", "  Meaning: sumary", "block-option", "did you mean summary?"),
    ("docs/guide/loans.md", "title: Life of a loan", "titel: Life of a loan", "block-option", "did you mean title?"),
    ("docs/guide/loans.md", "`lent → overdue`", "`returned → lent`", "code-unknown", ""),
    ("docs/reference.md", "schemas: [Loan,", "schemas: [Lone,", "block-option", "did you mean Loan?"),
    ("docs/index.md", "a shelf\n```", "a shelf", "fence-unclosed", ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "old", "new", "code", "mend"), PAGES)
def test_an_error_in_a_page_is_found_on_its_line(
    project: Any, path: str, old: str, new: str, code: str, mend: str
) -> None:
    line = project.edit(path, old, new)
    found = [finding for finding in project.findings() if finding.code == code]
    assert len(found) == 1, project.findings()
    assert found[0].path == path
    assert found[0].line == (line if code != "fence-unclosed" else line - 1)
    assert mend in found[0].mend


def test_an_anchor_that_breaks_is_found(project: Any) -> None:
    line = project.edit("docs/index.md", "guide/settings.md)", "guide/settings.md#how)")
    assert ("docs/index.md", line) in [(finding.path, finding.line) for finding in project.findings(links=True)]


HARMLESS = [
    ("library/main.py", "    return []", "    nothing: list[Loan] = []\n    return nothing"),
    ("library/main.py", "def stock()", "def count_books()"),
    ("library/main.py", '"""The desk of the library, over HTTP."""', '"""The desk.\n\nMoved down a few lines.\n"""'),
    ("library/states.py", '    (State.LENT, "expire", State.OVERDUE),\n    (State.LENT, "renew", State.LENT),\n', '    (State.LENT, "renew", State.LENT),\n    (State.LENT, "expire", State.OVERDUE),\n'),
    ("docs/index.md", "Everything is set in", "All of it is set in"),
    ("docs/index.md", "A loan is `lent`,", "A loan is\n`lent`,"),
    ("library/cli.py", "def desk(\n", "def desk(  # the desk\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "old", "new"), HARMLESS)
def test_a_harmless_edit_stays_silent(project: Any, path: str, old: str, new: str) -> None:
    project.edit(path, old, new)
    assert project.findings() == []


def test_the_sample_is_true_with_its_site(project: Any) -> None:
    report = project.check(links=True)
    assert report.findings == []
    assert report.finished == "2026-02-03T00:00:00+00:00"
    assert report.pages["docs/index.md"].links >= 5
    assert report.facts["setting"] == 4


def test_writing_mends_a_stale_inventory_and_then_does_nothing(project: Any) -> None:
    project.edit("library/settings.py", "default=21", "default=28")
    assert project.write() == ["docs/inventory.json"]
    assert project.findings() == []
    assert project.write() == []


def test_two_pages_that_own_a_fact_are_both_named(project: Any) -> None:
    project.add("docs/twice.md", "# Twice\n\n/// facts | setting\n///\n")
    found = [finding for finding in project.findings() if finding.code == "fact-owned-twice"]
    assert len(found) == 4
    assert found[0].path == "docs/twice.md"
    assert found[0].line == 3
    assert "docs/guide/settings.md:10" in found[0].message


def test_two_pages_with_one_body_are_found(project: Any) -> None:
    project.add("docs/copy.md", "# Same\n")
    project.add("docs/copy2.md", "---\ntitle: x\n---\n# Same\n")
    assert [(f.path, f.line, f.code) for f in project.findings()] == [("docs/copy2.md", 4, "page-duplicate")]


def test_an_entry_of_the_vocabulary_that_nothing_uses_is_found(project: Any) -> None:
    project.add("vocabulary.toml", '"Dewey" = "a librarian"\nlent = "with a reader"\n')
    found = project.findings()
    assert [(f.path, f.line, f.code) for f in found] == [
        ("vocabulary.toml", 2, "vocabulary-stale"),
        ("vocabulary.toml", 3, "vocabulary-known"),
    ]


def test_an_exemption_that_exempts_nothing_is_found(project: Any) -> None:
    line = project.edit("pyproject.toml", "GET /api/internal/stock", "GET /api/internal/stocks")
    found = {(f.path, f.code, f.line) for f in project.findings()}
    assert ("pyproject.toml", "exemption-stale", line) in found
    assert "route-hidden" in {code for _, code, _ in found}


def test_routes_that_the_framework_adds_need_no_page_and_no_exemption(project: Any) -> None:
    project.edit("library/main.py", ", docs_url=None, redoc_url=None", "")
    project.write()
    assert project.findings() == []
    project.add("pyproject.toml", '[[tool.trueup.hidden]]\nroute = "GET /docs"\nreason = "pages for people"\n')
    found = project.findings()
    assert [(f.code, f.mend) for f in found] == [("exemption-stale", "remove the entry")]


def test_only_the_pages_that_were_named_are_looked_at(project: Any) -> None:
    project.edit("docs/index.md", "`lent`", "`lend`")
    project.edit("docs/guide/loans.md", "`lent → overdue`", "`lent → nowhere`")
    assert {finding.path for finding in project.findings("docs/guide")} == {"docs/guide/loans.md"}
    assert {finding.path for finding in project.findings("docs/index.md:3")} == {"docs/index.md"}


def test_a_folder_without_pages_is_one_error_because_nobody_would_notice(project: Any) -> None:
    project.edit("pyproject.toml", 'folders = ["guide"]', 'folders = ["guides"]')
    with pytest.raises(TrueupError, match=r"tool\.trueup\.values\.folders: no page of docs is, or .* 'guides'"):
        project.check()


def test_numbers_of_all_pages_are_held_to_bindings_when_the_folder_is_a_dot(project: Any) -> None:
    project.edit("pyproject.toml", 'folders = ["guide"]', 'folders = ["."]')
    project.add("docs/index.md", "\nThe library has 21 seats.\n")
    assert [found.path for found in project.findings() if found.code == "value-bare"] == ["docs/index.md"]


def test_a_number_at_the_beginning_of_a_line_marks_an_item_only_in_a_list(project: Any) -> None:
    text = "\n## Seats\n1. Sit down.\n21. Read.\n\nThe library seats\n33. It opens at nine.\n\n- first\n44. fourth\n"
    project.add("docs/guide/settings.md", text)
    line = project.edit("docs/guide/settings.md", "33. It opens", "33. It always opens")
    found = [each for each in project.findings() if each.code == "value-bare"]
    assert [(each.line, each.message) for each in found] == [(line, "'33' is written by hand")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It waits twice as long.", "twice as long"),
        ("It looks twice a day, after half an hour.", "half an hour, twice a day"),
        ("A network (/64) is one reader.", "/64"),
        ("It may be lent twice, and half of it is read; see and/2.", ""),
    ],
)
def test_a_factor_or_a_prefix_is_a_number_by_hand(project: Any, text: str, found: str) -> None:
    project.add("docs/guide/settings.md", f"\n{text}\n")
    bare = [each.message.split("'")[1] for each in project.findings() if each.code == "value-bare"]
    assert ", ".join(bare) == found


def test_an_application_that_opens_its_database_when_it_is_imported_gets_a_folder_for_it(project: Any) -> None:
    project.edit("pyproject.toml", "[tool.trueup]\n", '[tool.trueup]\nenv = { LIBRARY_STORE = "{data}/library.db" }\n')
    opened = "import os\nimport sqlite3\n\nsqlite3.connect(os.environ['LIBRARY_STORE']).close()\n"
    project.edit("library/states.py", "from enum import", f"{opened}\nfrom enum import")
    before = {path.name for path in project.root.iterdir()}
    project.write()
    assert project.findings() == []
    assert {path.name for path in project.root.iterdir()} == before


@pytest.mark.parametrize("written", [False, True])
def test_a_page_with_the_old_name_of_a_field_is_told_the_new_one(project: Any, written: bool) -> None:
    """Also when `trueup write` has been run since, as long as the change is not committed."""
    if written:
        commit(project.root)
    main = project.root / "library/main.py"
    main.write_text(main.read_text().replace("note: str | None", "remark_of_the_desk: str | None"))
    if written:
        project.write()
    line = project.edit("docs/index.md", "`lent`", "`note` and `lent`")
    (finding,) = [each for each in project.findings() if each.code == "code-unknown"]
    assert (finding.line, finding.mend) == (line, "did you mean remark_of_the_desk?")


def commit(root: Path) -> None:
    who = ["-c", "user.name=trueup", "-c", "user.email=trueup@localhost", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "--message", "base"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)
