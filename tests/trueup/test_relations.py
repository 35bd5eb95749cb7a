"""Sentences that relate two facts: what is held against the facts, and what is left alone."""

import pytest
from trueup.facts import Fact, Inventory
from trueup.pages import Page
from trueup.relations import Relations
from trueup.resolver import Resolver
from trueup.values import Values
from trueup.vocabulary import Vocabulary


def named(key: str) -> dict[str, str]:
    method, path = key.split()
    return {"method": method, "path": path}


INVENTORY = Inventory(
    [
        Fact(
            "operation",
            "POST /loans",
            {"permission": "loans.create", "problems": ["book.gone"], **named("POST /loans")},
        ),
        Fact("operation", "GET /books", {"public": True, **named("GET /books")}),
        Fact("permission", "loans.create", {"clerk": "any", "reader": "own", "guest": "none"}),
        Fact("permission", "loans.delete", {"clerk": "any", "reader": "none", "guest": "none"}),
        *(Fact("role", name) for name in ("clerk", "reader", "guest")),
        Fact("problem", "book.gone", {"status": 409}),
        Fact("problem", "loan.unknown", {"status": 404}),
        Fact("setting", "SHELVING", {"default": "author", "choices": ["author", "colour"]}),
        Fact("setting", "DESKS", {"default": 3.0}),
        Fact("metric", "loans", {"type": "gauge", "labels": ["state"]}),
        Fact("work", "stocktaking", {"stages": ["count", "compare"], "aliases": ["count_all"], "names": ["count_all"]}),
        Fact("work", "moving", {"stages": ["pack"]}),
        Fact("stage", "stocktaking.count", {"work": "stocktaking", "names": ["count"]}),
        Fact("stage", "moving.pack", {"work": "moving", "names": ["pack"]}),
        Fact("state", "lent", {"terminal": False}),
        Fact("state", "returned", {"terminal": True}),
        Fact("event", "bring_back"),
        Fact("event", "renew"),
        Fact("transition", "lent → returned", {"source": "lent", "event": "bring_back", "target": "returned"}),
        Fact("transition", "lent → lent", {"source": "lent", "event": "renew", "target": "lent"}),
    ]
)


def messages(text: str) -> list[str]:
    relations = Relations(INVENTORY, Resolver(INVENTORY, Vocabulary()), Values(INVENTORY))
    return [finding.message for finding in relations.check(Page("docs/a.md", "a.md", f"{text}\n"))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("`POST /loans` needs `loans.delete`.", "POST /loans has no permission loans.delete; it has loans.create"),
        ("For a book that is lent `POST /loans` answers `loan.unknown`.", "has no problem loan.unknown"),
        ("A `guest` may not lend, but a `reader` has `loans.delete`.", ""),
        ("A `reader` has `loans.delete`.", "loans.delete is none for reader"),
        ("A `clerk` may not use `loans.delete`.", "loans.delete is any for clerk"),
        ("`SHELVING` is `colour` by default.", "SHELVING is author by default, not colour"),
        ("**`DESKS`** defaults to `4`.", "DESKS is 3 by default, not 4"),
        ("The stage `pack` of `stocktaking` comes last.", "stocktaking has no stage pack; it has count, compare"),
        ("It is `stocktaking` (alias `count_books`).", "stocktaking has no alias count_books"),
        ("Count in the stage `count` of the work `moving`.", "moving has no stage count"),
        ("The counter `loans` shows it.", "loans is no counter; its type is gauge"),
        ("`loans` has the labels `state` and `desk`.", "loans has no labels desk"),
        ("`lent` is terminal.", "lent is not terminal"),
        ("`returned` is not terminal.", "returned is terminal"),
        ("`GET /books` is not public.", "GET /books is public"),
        ("`renew` takes a loan from `lent` to `returned`.", "renew does not lead from lent to returned"),
        ("It goes from `returned` to `lent`.", "nothing leads from returned to lent"),
        ("First. It goes\nfrom `returned` to `lent`.", "nothing leads from returned to lent"),
    ],
)
def test_a_relation_that_does_not_hold_is_found(text: str, message: str) -> None:
    found = messages(text)
    assert len(found) == bool(message)
    assert not message or message in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "`POST /loans` needs the permission `loans.create`, and is refused with `book.gone`.",
        "A `guest` may not use `loans.create`. A `reader` may.",
        "`SHELVING` is `author` by default; `colour` is for children. `DESKS` is `3` by default.",
        "The stages `count` and `compare` of `stocktaking` may be repeated; it is `stocktaking` (alias `count_all`).",
        "The gauge `loans` has the label `state`.",
        "`bring_back` takes a loan from `lent` to `returned`, which is final: `returned` is terminal.",
        "No event leads from `returned` to `lent`. `POST /loans` does not need `loans.delete`.",
        "Unlike `GET /books`, `POST /loans` may give `book.gone`. Do it instead of `loans.delete`.",
        "| `lent` is terminal | `loans` |",
    ],
)
def test_what_holds_and_what_may_mean_anything_is_left_alone(text: str) -> None:
    assert messages(text) == []
