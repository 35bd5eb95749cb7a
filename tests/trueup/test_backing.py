"""Sentences and what stands behind them: how they are told apart, and the mark below which no page may fall."""

import json
from typing import Any

import pytest
from trueup import sentences
from trueup.bindings import Bindings
from trueup.facts import Fact, Inventory
from trueup.pages import Page

PAGE = """\
# A `LOAN_DAYS` in a heading is no sentence

It is a place. Books are lent for `LOAN_DAYS` days, i.e. not for ever! See v1.2 of {{ setting.LOAN_DAYS.default }}.
The word `foreign` names nothing.

- One item. Two
  sentences.

| A | row |

Look:

```bash
true
```

After that it is there.

Nobody proves this.

## Proved

That is proved.

/// evidence | Nothing is lost.
- tests/test_x.py::test_y
///

## Not

``` {.text .literal reason="r"}
x
```

Beside a block that nobody runs.
"""


def test_each_sentence_has_the_strongest_backing_it_has() -> None:
    page = Page("docs/a.md", "a.md", PAGE)
    bindings = Bindings([page], Inventory([Fact("setting", "LOAN_DAYS", {"default": 3})]), {})
    found = [(each.line, " ".join(each.text.split()), each.backing) for each in sentences.read(page, bindings)]
    assert found == [
        (3, "It is a place.", "bare"),
        (3, "Books are lent for `LOAN_DAYS` days, i.e. not for ever!", "bound"),
        (3, "See v1.2 of {{ setting.LOAN_DAYS.default }}.", "bound"),
        (4, "The word `foreign` names nothing.", "bare"),
        (6, "- One item.", "bare"),
        (6, "Two sentences.", "bare"),
        (11, "Look:", "example"),
        (17, "After that it is there.", "example"),
        (19, "Nobody proves this.", "bare"),
        (23, "That is proved.", "evidence"),
        (35, "Beside a block that nobody runs.", "bare"),
        (25, "Nothing is lost.", "evidence"),
    ]


MARK = "docs/coverage.json"
GUIDE = "docs/guide/more.md"


@pytest.fixture
def library(project: Any) -> Any:
    project.edit("pyproject.toml", "vocabulary =", f'coverage = "{MARK}"\nvocabulary =')
    project.edit(
        "pyproject.toml", "[tool.trueup.values]", '[tool.trueup.claims]\nfolders = ["guide"]\n\n[tool.trueup.values]'
    )
    project.add(GUIDE, "# More\n\nIt is here. `LOAN_DAYS` says how long. `LOAN_DAYS` is a number.\n")
    assert MARK in project.write()
    return project


def found(library: Any) -> list[Any]:
    return [each for each in library.findings() if each.code == "backing-lost"]


def mark(library: Any) -> str:
    return str(json.loads((library.root / MARK).read_text())["sentences of pages"][GUIDE])


def test_a_sentence_that_loses_its_backing_is_told_with_those_that_have_none(library: Any) -> None:
    assert mark(library) == "2 bound, 0 evidence, 0 example, 1 bare"
    library.edit(GUIDE, "`LOAN_DAYS` is a number", "The length is a number")
    (finding,) = found(library)
    assert "fell from 2 to 1, and those that nothing backs rose from 1 to 2" in finding.message
    assert "line 3: The length is a number." in finding.detail
    library.write()
    assert mark(library) == "2 bound, 0 evidence, 0 example, 1 bare"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("It is here.", "You find it here."),
        ("It is here.", "It is here. Read on below."),
        (" `LOAN_DAYS` is a number.", ""),
        ("how long. `LOAN_DAYS` is a number", "how long, and is a number"),
    ],
)
def test_other_words_more_sentences_and_fewer_lose_none(library: Any, old: str, new: str) -> None:
    library.edit(GUIDE, old, new)
    assert found(library) == []


def test_the_figures_are_a_fact_for_pages(library: Any) -> None:
    library.add(
        "docs/guide/loans.md", "\nOf {{ backing.total.sentences }} sentences {{ backing.total.backed }} are backed.\n"
    )
    assert [each for each in library.findings() if each.code == "value-unknown"] == []
