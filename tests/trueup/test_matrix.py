"""Matrices, and tables whose columns the page does not name."""

from pathlib import Path

import pytest
from trueup import blocks, config
from trueup.committed import read_inventory
from trueup.facts import Fact, Inventory
from trueup.pages import Page

ROOT = Path(__file__).parents[2]
INVENTORY = Inventory(
    [
        Fact("role", "reader", {"title": "Reader"}),
        Fact("role", "clerk", {"title": "Clerk", "order": -1}),
        Fact("operation", "GET /loans", {"roles": {"reader": "own", "clerk": "any"}}),
        Fact("operation", "GET /health", {}),
        Fact("operation", "POST /loans", {"roles": {"clerk": ["any", "lent"]}}),
        Fact("seat", "window", {"width": 3, "view": "the sea", "parts": ["a"], "deep": {"a": 1}}),
        Fact("bare", "one"),
    ]
)


def render(block: str) -> tuple[str, list[str]]:
    page = Page("docs/a.md", "a.md", f"{block}\n///\n")
    found = blocks.expand(page, INVENTORY, {})[0]
    return found.rendered.markdown, [f"{each.line} {each.message}" for each in found.findings]


def test_a_matrix_says_what_each_row_says_of_each_column() -> None:
    text, findings = render(
        "/// facts | matrix operation\nacross: role\ncells: roles | code\nabsent: nobody\nover: title"
    )
    assert findings == []
    assert text.splitlines() == [
        "| Operation | Clerk | Reader |",
        "| --- | --- | --- |",
        "| `GET /health`{#operation-get-health} | nobody | nobody |",
        "| `GET /loans`{#operation-get-loans} | `any` | `own` |",
        "| `POST /loans`{#operation-post-loans} | `any`, `lent` | nobody |",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("across: rolle\ncells: roles", "2 unknown kind 'rolle'"),
        ("across: role\ncells: rules", "3 no operation has a mapping 'rules' from role to cells"),
        ("across: role\ncells: roles | loud", "3 unknown filter 'loud'"),
        ("cells: roles", "1 unknown kind ''"),
    ],
)
def test_a_matrix_that_cannot_be_drawn_says_why(options: str, message: str) -> None:
    text, findings = render(f"/// facts | matrix operation\n{options}")
    assert text == ""
    assert findings[0].startswith(message)


def test_a_kind_that_nobody_knows_shows_what_its_facts_tell() -> None:
    assert render("/// facts | seat")[0].splitlines()[0] == "| Seat | Parts | View | Width |"
    assert render("/// facts | bare")[0].splitlines()[0] == "| Bare |"


OURS = read_inventory(config.load(ROOT), ROOT)


@pytest.mark.parametrize("kind", OURS.kinds)
def test_every_kind_of_this_project_has_a_default_view(kind: str) -> None:
    page = Page("docs/a.md", "a.md", f"/// facts | {kind}\n///\n")
    found = blocks.expand(page, OURS, {})[0]
    assert found.findings == []
    rows = found.rendered.markdown.splitlines()
    assert len(rows) == len(OURS.of_kind(kind)) + 2
    told = {name for fact in OURS.of_kind(kind) for name in fact.attributes} - {"names", "order"}
    assert rows[0].count("|") >= (3 if told else 2)
