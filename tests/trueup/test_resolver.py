from collections.abc import Mapping
from typing import Any

import pytest
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory, closest, slug
from trueup.resolver import Resolver
from trueup.vocabulary import Vocabulary


def fact(kind: str, key: str, **attributes: Any) -> Fact:
    return Fact(kind, key, attributes, "code.py", 1)


def option(command: str, name: str, kind: str = "integer") -> Fact:
    return fact("option", f"{command} {name}", command=command, spellings=[name], type=kind, names=[name])


INVENTORY = Inventory(
    [
        fact("operation", "GET /api/v1/loans", method="GET", path="/api/v1/loans", id="listLoans", names=["listLoans"]),
        fact("operation", "POST /api/v1/loans", method="POST", path="/api/v1/loans", id="lend"),
        fact("operation", "GET /api/v1/loans/{number}", method="GET", path="/api/v1/loans/{number}", id="getLoan"),
        fact("operation", "POST /api/v1/loans/bulk", method="POST", path="/api/v1/loans/bulk", id="bulk"),
        fact("parameter", "listLoans.state", operation="listLoans", name="state", enum=["lent", "late"]),
        fact("parameter", "listLoans.limit", operation="listLoans", name="limit"),
        fact("field", "Loan.state", enum=["lent", "late"]),
        fact("field", "Loan.number", type="integer"),
        fact("field", "Loan.progress", type="list of Progress or null"),
        fact("field", "Loan.notes", type="object"),
        fact("field", "Progress.percent", schema="Progress", type="number"),
        fact("value", "State.lent"),
        fact("setting", "LOAN_DAYS"),
        fact("state", "lent"),
        fact("state", "late"),
        fact("transition", "lent → late", names=["expire"]),
        fact("command", "lib", arguments=[], commands=["desk", "find"]),
        fact("command", "lib desk", arguments=[], commands=[]),
        fact("command", "lib find", arguments=[{"name": "WORD", "many": False}], commands=[]),
        option("lib desk", "--seats"),
        option("lib desk", "--quiet", "flag"),
        option("lib", "--root", "text"),
        fact("problem", "book.gone"),
        fact("symbol", "lib.main.create_app"),
        fact("symbol", "lib.main.run"),
        fact("symbol", "lib.states.State.LENT"),
        fact("file", "lib/main.py"),
        fact("file", "docs/"),
        fact("header", "Retry-After"),
        fact("media", "application/problem+json"),
        fact("file", "image/"),
    ]
)


def _days(text: str) -> str | None:
    return None if text.isdigit() else "is no number"


def resolver(words: Mapping[str, str] | None = None) -> Resolver:
    return Resolver(INVENTORY, Vocabulary(dict(words or {})), {"LOAN_DAYS": _days})


RIGHT = {
    "LOAN_DAYS": "setting:LOAN_DAYS",
    "$LOAN_DAYS": "setting:LOAN_DAYS",
    "${LOAN_DAYS}": "setting:LOAN_DAYS",
    "LOAN_DAYS=4": "setting:LOAN_DAYS",
    "export LOAN_DAYS=4": "setting:LOAN_DAYS",
    "LOAN_DAYS=…": "setting:LOAN_DAYS",
    "setting:LOAN_DAYS": "setting:LOAN_DAYS",
    "GET /loans": "operation:GET /api/v1/loans",
    "GET /api/v1/loans": "operation:GET /api/v1/loans",
    "GET /loans?state=late&limit=3": "operation:GET /api/v1/loans",
    "GET /loans?state=$STATE": "operation:GET /api/v1/loans",
    "GET /loans/{number}": "operation:GET /api/v1/loans/{number}",
    "GET /loans/7": "operation:GET /api/v1/loans/{number}",
    "GET /loans/$LOAN": "operation:GET /api/v1/loans/{number}",
    "/loans/bulk": "operation:POST /api/v1/loans/bulk",
    "/api/v1": "operation:GET /api/v1/loans",
    "listLoans": "operation:GET /api/v1/loans",
    "lib desk": "command:lib desk",
    "lib desk --seats 3 --quiet": "command:lib desk",
    "lib desk --seats=3": "command:lib desk",
    "LOAN_DAYS=3 lib desk": "command:lib desk",
    "lib find dune | less": "command:lib find",
    "lib desk --root x": "command:lib desk",
    "--seats": "option:lib desk --seats",
    "lent": "state:lent",
    "lent → late": "transition:lent → late",
    "lent -> late": "transition:lent → late",
    "Loan.state": "field:Loan.state",
    "state=late": "field:Loan.state",
    'state: "late"': "field:Loan.state",
    "{number}": "field:Loan.number",
    "<number>": "field:Loan.number",
    "book.gone": "problem:book.gone",
    "create_app()": "symbol:lib.main.create_app",
    "create_app(settings)": "symbol:lib.main.create_app",
    "State.LENT": "symbol:lib.states.State.LENT",
    "lib.main.run": "symbol:lib.main.run",
    "lib/main.py": "file:lib/main.py",
    "lib/main.py:7": "file:lib/main.py",
    "Retry-After": "header:Retry-After",
    "application/problem+json": "media:application/problem+json",
    "application/problem+json; charset=utf-8": "media:application/problem+json",
}


@pytest.mark.parametrize(("text", "ident"), RIGHT.items())
def test_what_names_a_fact(text: str, ident: str) -> None:
    answer = resolver().resolve(text)
    assert not answer.wrong, answer.message
    assert ident in {fact.id for fact in answer.facts}


@pytest.mark.parametrize(
    "text",
    [
        "42", "3.5", "99 %", "10,000", "true", "null", "404", "5xx", "409 Conflict", "KeyError", "None",
        "0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10", "2026-02-03T04:05:06Z", '{"state": "late"}', '["lent"]', "{}",
        '{"progress": {"percent": 3}}', "progress.percent", "progress[0].percent", "notes.by.hand", '"lent"',
        "text/csv", "text/csv; charset=utf-8", "application/x-ndjson", "application/vnd.api+json", "video/*",
    ],
)  # fmt: skip
def test_what_is_a_literal(text: str) -> None:
    assert not resolver().resolve(text).wrong


WRONG = {
    "LOANS_DAYS": ("setting-unknown", "did you mean LOAN_DAYS?"),
    "LOAN_DAY=4": ("setting-unknown", "did you mean LOAN_DAYS?"),
    "LOAN_DAYS=many": ("value-invalid", ""),
    "GET /loan": ("operation-unknown", "did you mean GET /loans?"),
    "DELETE /loans": ("operation-unknown", ""),
    "GET /loans/{nr}": ("operation-unknown", "did you mean GET /loans/{number}?"),
    "GET /loans/bulks": ("operation-unknown", ""),
    "GET /loans?stat=late": ("parameter-unknown", "did you mean state?"),
    "GET /loans?state=lat": ("parameter-unknown", "did you mean late?"),
    "lib desc": ("code-unknown", "did you mean desk?"),
    "lib desk --seat 3": ("option-unknown", "did you mean --seats?"),
    "lib find a b": ("code-unknown", ""),
    "lib find 'a": ("code-unknown", ""),
    "late → lent": ("code-unknown", ""),
    "Loan.stat": ("code-unknown", "did you mean Loan.state?"),
    "number.percent": ("code-unknown", ""),
    "progress.number": ("code-unknown", ""),
    "state=lost": ("code-unknown", "it takes lent, late"),
    '{"stat": "late"}': ("code-unknown", "did you mean state?"),
    '{"state": "lost"}': ("code-unknown", "it takes lent, late"),
    '"lost"': ("code-unknown", ""),
    "404 Gone": ("code-unknown", "did you mean 404 Not Found?"),
    "book.gon": ("code-unknown", "did you mean book.gone?"),
    "create_ap()": ("code-unknown", ""),
    "lib/mein.py": ("file-unknown", "did you mean lib/main.py?"),
    "text/guide.md": ("file-unknown", ""),
    "image/png": ("file-unknown", ""),
    "images/png": ("file-unknown", ""),
    "run": ("code-unknown", ""),
    "setting:LOAN_DAY": ("code-unknown", "did you mean LOAN_DAYS?"),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items())
def test_what_names_nothing(text: str, expected: tuple[str, str]) -> None:
    answer = resolver().resolve(text)
    assert answer.code == expected[0], answer
    assert expected[1] in answer.mend


def test_the_vocabulary_explains_words_and_patterns_and_knows_which_were_used() -> None:
    words = Vocabulary({"curl": "a tool", "pip *": "a tool", "unused": "?"}, "words.toml")
    known = Resolver(INVENTORY, words)
    assert not known.resolve("curl").wrong
    assert not known.resolve("pip install x").wrong
    assert known.resolve("crul").mend == "did you mean curl?"
    assert [(finding.path, finding.message) for finding in words.stale(INVENTORY)] == [
        ("words.toml", "vocabulary entry 'unused' is used by no page")
    ]


def test_two_facts_with_one_kind_and_key_are_an_error_that_names_both_places() -> None:
    with pytest.raises(TrueupError, match=r"'state:lent': a.py:1 and b.py:2"):
        Inventory([Fact("state", "lent", {}, "a.py", 1), Fact("state", "lent", {}, "b.py", 2)])


def test_an_inventory_is_read_back_as_it_was_written() -> None:
    committed = Inventory.load(INVENTORY.dump(), "inventory.json")
    assert committed.dump() == INVENTORY.dump()
    assert committed.kinds == [kind for kind in INVENTORY.kinds if kind not in ("file", "symbol")]


@pytest.mark.parametrize("text", ["", "[]", '{"facts": [{}]}', '{"facts": 3}', "{"])
def test_an_inventory_that_is_something_else_is_an_error_that_names_the_file(text: str) -> None:
    with pytest.raises(TrueupError, match=r"inventory.json: is no inventory .* run trueup write"):
        Inventory.load(text, "inventory.json")


def test_names_and_ids() -> None:
    assert slug("setting-WORKER_COUNT") == "setting-worker_count"
    assert slug("transition-lent → late") == "transition-lent-late"
    assert closest("WORKERS_COUNT", ["WORKER_COUNT", "x"]) == "WORKER_COUNT"
    assert closest("zzz", ["WORKER_COUNT"]) is None
