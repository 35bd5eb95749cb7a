# ruff: noqa: E501 (edits read best on one line)
"""Claims as they were accepted: what wants reading again, what does not, and the command that takes them over."""

import json
from typing import Any

import pytest
from trueup.cli import cli
from trueup.errors import TrueupError
from typer.testing import CliRunner

RECORD = "docs/claims.json"
PAGE = "docs/guide/promises.md"

TESTS = '''\
"""Tests of loans."""

import pytest

LONGEST = 90
desk = object()


@pytest.fixture
def loan():
    return {"days": LONGEST}


def length(loan):
    return loan["days"]


def test_a_loan_ends(loan):
    """It ends."""
    desk.give("Emma")
    days = length(loan)
    assert days <= 90 and desk.empty


def test_a_loan_begins(loan):
    assert length(loan) > 0
'''

BLOCK = """
## Loans

/// evidence | A loan ends **after** `90` days.
- tests/test_loans.py::test_a_loan_ends
///
"""


@pytest.fixture
def library(project: Any) -> Any:
    project.edit(
        "pyproject.toml", "[tool.trueup.values]", f'[tool.trueup.claims]\nreviewed = "{RECORD}"\n\n[tool.trueup.values]'
    )
    project.add("tests/test_loans.py", TESTS)
    project.add(PAGE, f"# Promises\n{BLOCK}")
    assert review(project, PAGE)[-1] == f"1 accepted; the record is {RECORD}"
    return project


def review(project: Any, *paths: str) -> list[str]:
    result = CliRunner().invoke(
        cli, ["review", *(str(project.root / path) for path in paths), "--root", str(project.root)]
    )
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def told(project: Any) -> list[str]:
    return [str(each) for each in project.findings() if each.code in {"claim-unreviewed", "claim-gone"}]


def test_a_claim_that_is_as_it_was_accepted_is_fine(library: Any) -> None:
    assert told(library) == []
    assert list(json.loads((library.root / RECORD).read_text())) == ["A loan ends after 90 days"]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (PAGE, "A loan ends **after** `90` days.", "A  loan __ends__ after 90 days"),
        (
            "tests/test_loans.py",
            "    days = length(loan)\n    assert days <= 90",
            "    found = length( loan )  # so long\n\n    assert found <= 90",
        ),
        ("tests/test_loans.py", '    """It ends."""\n', ""),
        ("tests/test_loans.py", 'desk.give("Emma")', 'desk.hand_out("Emma")'),
        ("tests/test_loans.py", "def length(loan):", "def length(loan: dict[str, int]) -> int:"),
        ("tests/test_loans.py", "assert length(loan) > 0", "assert length(loan) > 1"),
    ],
)
def test_layout_comments_locals_and_other_tests_do_not_count(library: Any, path: str, old: str, new: str) -> None:
    library.edit(path, old, new)
    assert told(library) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (PAGE, "ends **after**", "ends **before**", "the claim was accepted as “A loan ends after 90 days”"),
        ("tests/test_loans.py", "days <= 90", "days <= 91", "changed since: tests/test_loans.py::test_a_loan_ends"),
        ("tests/test_loans.py", 'return loan["days"]', "return 1", "changed since: tests/test_loans.py::test_a_loan_ends"),
        ("tests/test_loans.py", "LONGEST = 90", "LONGEST = 9", "changed since: tests/test_loans.py::test_a_loan_ends"),
        ("tests/test_loans.py", "desk.empty", "desk.open", "changed since: tests/test_loans.py::test_a_loan_ends"),
        ("tests/test_loans.py", '"Emma"', '"Persuasion"', "changed since: tests/test_loans.py::test_a_loan_ends"),
        (PAGE, "::test_a_loan_ends", "::test_a_loan_begins", "changed since: tests/test_loans.py::test_a_loan_begins, tests/test_loans.py::test_a_loan_ends"),
    ],
)  # fmt: skip
def test_a_claim_or_a_test_that_changes_wants_reading(
    library: Any, path: str, old: str, new: str, message: str
) -> None:
    library.edit(path, old, new)
    (found,) = told(library)
    assert found.startswith(f"{PAGE}:5: ")
    assert message in found
    assert f"trueup review {PAGE}" in found
    assert len(review(library, PAGE)) == 2
    assert told(library) == []


def test_a_claim_that_is_new_or_gone_is_told(library: Any) -> None:
    library.edit(
        PAGE,
        "A loan ends **after** `90` days.\n- tests/test_loans.py::test_a_loan_ends",
        "Nobody may keep what is not theirs.\n- tests/test_loans.py::test_a_loan_begins",
    )
    new, gone = sorted(told(library), reverse=True)
    assert "has not been accepted by anybody yet" in new
    assert gone.startswith(f"{RECORD}:2: the claim “A loan ends after 90 days” is on no page any more")


def test_only_the_pages_that_were_read_are_accepted(library: Any) -> None:
    library.add(
        "docs/guide/more.md",
        f"# More\n{BLOCK}".replace("A loan ends", "A loan begins").replace("test_a_loan_ends", "test_a_loan_begins"),
    )
    library.edit(PAGE, "ends **after**", "ends **before**")
    assert review(library, "docs/guide/more.md")[-1].startswith("1 accepted")
    (left,) = told(library)
    assert "accepted as “A loan ends after 90 days”" in left


def test_writing_accepts_nothing(library: Any) -> None:
    library.edit(PAGE, "ends **after**", "ends **before**")
    record = (library.root / RECORD).read_text()
    library.write()
    assert (library.root / RECORD).read_text() == record
    assert len(told(library)) == 1


def test_a_page_that_moves_takes_its_claims_along(library: Any) -> None:
    (library.root / PAGE).rename(library.root / "docs/guide/pledges.md")
    assert told(library) == []


def test_a_broken_record_is_one_clear_error(library: Any) -> None:
    (library.root / RECORD).write_text("[]")
    with pytest.raises(TrueupError, match="is no record of claims"):
        library.findings()
