"""Statuses and whereabouts in prose, held against facts."""

from pathlib import Path

import pytest
from trueup import statuses, whereabouts
from trueup.facts import Fact, Inventory
from trueup.pages import Page
from trueup.resolver import Resolver
from trueup.values import Values
from trueup.vocabulary import Vocabulary

INVENTORY = Inventory(
    [
        Fact(
            "operation",
            "GET /loans",
            {"method": "GET", "path": "/loans", "id": "listLoans", "names": ["listLoans"], "statuses": ["200", "503"]},
        ),
        Fact(
            "operation",
            "POST /loans",
            {"method": "POST", "path": "/loans", "id": "lend", "names": ["lend"], "statuses": ["201", "409"]},
            "library/main.py",
            30,
        ),
        Fact("problem", "book.gone", {"status": 410}, "library/problems.py", 3),
        Fact("symbol", "library.desk.lend_book", {"names": ["lend_book"]}, "library/desk.py", 7),
        Fact("symbol", "library.desk.take_back", {"names": ["take_back"]}, "library/desk.py", 9),
        Fact("file", "library/desk.py", {}, "library/desk.py", 1),
        Fact("file", "library/main.py", {}, "library/main.py", 1),
    ]
)
RESOLVER = Resolver(INVENTORY, Vocabulary())


def page(text: str) -> Page:
    return Page("docs/a.md", "a.md", text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`GET /loans` answers 200, or 503 when closed.", []),
        ("`GET /loans` answers 200, or 500 when closed.", [(1, "500")]),
        ("It needs no token.\n`listLoans` answers `201 Created`.", [(2, "201")]),
        ("- `GET /loans` is 200\n- `lend` is 201\n- `lend` is 200", [(3, "200")]),
        ("| `book.gone` | 410 |\n|---|---|\n| `book.gone` | 404 |", [(3, "404")]),
        ("`GET /loans` and `POST /loans` answer 418.", []),
        ("All answer 418.", []),
        ("`GET /loans` answers 400 or more, in 200 ms, 200% and docs/404.", []),
        ("`GET /loans` answers {{ problem.book.gone.status }}.", [(1, "410")]),
    ],
)
def test_a_status_is_one_that_the_operation_beside_it_has(text: str, told: list[tuple[int, str]]) -> None:
    found = statuses.check(page(text), RESOLVER, Values(INVENTORY))
    assert [(each.line, each.message.split(" with ")[1].split(";")[0]) for each in found] == told


def test_a_status_may_also_be_declared_where_the_operation_is() -> None:
    (found,) = statuses.check(page("`lend` is 200."), RESOLVER, Values(INVENTORY))
    assert found.mend == (
        "correct the status, or declare it where the operation is (responses={200: …}, library/main.py:30)"
    )
    (found,) = statuses.check(page("`book.gone` is 404."), RESOLVER, Values(INVENTORY))
    assert found.mend == "correct the status"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("See `lend_book` in `library/desk.py`.", []),
        ("See `lend_book` in\n`library/main.py`.", ["lend_book is not in library/main.py"]),
        ("`lend_book`, `take_back` and `book.gone` in `library/main.py`", ["lend_book", "take_back", "book.gone"]),
        ("`library/desk.py` and `200` in `library/main.py`; `lend_book` in `nowhere/else.py`", []),
        ("`library.desk.lend_book` and `lend_book()` in `library/desk.py`", []),
    ],
)
def test_a_name_is_where_it_is_said_to_be(tmp_path: Path, text: str, told: list[str]) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "desk.py").write_text("def lend_book(): ...\ndef take_back(): ...\n")
    (tmp_path / "library" / "main.py").write_text("lend_books = 7\n")
    found = [each.message for each in whereabouts.check(page(text), RESOLVER, tmp_path)]
    assert len(found) == len(told)
    assert all(message.startswith(part) for message, part in zip(found, told, strict=True))
