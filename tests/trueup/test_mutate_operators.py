"""Operators, on the sample project: what they change, and that the named finding comes of it."""

from pathlib import Path
from typing import Any

import pytest
from trueup import accepted
from trueup.config import load
from trueup.mutate import operators
from trueup.mutate.export import patch
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Depth, Edit, Expected, Mutant, Side
from trueup.mutate.operators import (
    attributes,
    declarations,
    page_names,
    page_relations,
    proofs,
    quiet_code,
    renames,
    rows,
)
from trueup.pages import read_pages


@pytest.fixture
def ground(project: Any) -> Ground:
    config = load(project.root)
    return Ground(config, project.root, project.truth(), tuple(read_pages(project.root, config.docs)))


def apply(project: Any, mutant: Mutant) -> None:
    for edit in mutant.edits:
        path = project.root / edit.path
        if edit.text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(edit.text)


def one(found: list[Mutant], group: str, word: str) -> Mutant:
    chosen = [mutant for mutant in found if mutant.group == group and word in mutant.title]
    assert chosen, f"no mutant {group!r} with {word!r} among {sorted({m.group for m in found})}"
    return chosen[0]


@pytest.mark.parametrize(
    ("operator", "group", "word"),
    [
        (attributes.values, "setting default changed", "LOAN_DAYS"),
        (attributes.values, "setting range changed", "LOAN_DAYS: le"),
        (attributes.values, "problem status changed", "book.gone"),
        (attributes.values, "operation description changed", "GET /api/loans"),
        (attributes.values, "parameter range changed", "listLoans.limit"),
        (attributes.units, "unit changed", "REMINDER_SECONDS"),
        (rows.removed, "state removed", "overdue"),
        (rows.removed, "transition removed", "expire"),
        (rows.removed, "setting removed", "LOAN_DAYS"),
        (rows.removed, "operation removed", "POST /api/loans"),
        (rows.removed, "field removed", "Loan.note"),
        (rows.added, "setting added", "LOAN_DAYS"),
        (rows.added, "operation added", "GET /api/loans"),
        (rows.added, "problem added", "book.gone"),
        (renames.literals, "problem renamed", "book.gone"),
        (renames.literals, "operation renamed", "GET /api/loans"),
        (renames.literals, "option renamed", "--quiet"),
        (renames.names, "setting renamed", "LOAN_DAYS"),
        (renames.literals, "state renamed, trueup write run", "lent"),
        (renames.names, "field renamed", "Loan.note"),
        (renames.functions, "command renamed", "library desk"),
        (declarations.retyped, "setting retyped", "LOAN_DAYS"),
        (declarations.required, "field made required", "Loan.note"),
        (declarations.hidden, "operation hidden", "POST /api/loans"),
        (declarations.statuses, "operation status changed", "POST /api/loans"),
        (page_names.transitions, "docs: transition that does not exist", "overdue → lent"),
        (page_names.settings, "docs: value that a setting refuses", "LOAN_DAYS=91"),
        (page_names.options, "docs: option that a command does not have", "--seatss"),
        (page_names.requests, "docs: path that does not exist", "/loans"),
        (page_names.misspelt, "docs: state misspelt", "lent"),
        (page_relations.defaults, "docs: default of another thing", "SHELVING"),
        (page_relations.statuses, "docs: status of another thing", "GET /api/loans"),
        (page_relations.moves, "docs: move of another thing", "returned"),
        (page_relations.conditions, "docs: condition of another thing", "public"),
    ],
)
def test_a_mutant_causes_the_finding_it_names(
    project: Any, ground: Ground, operator: operators.Operator, group: str, word: str
) -> None:
    mutant = one(list(operator(ground)), group, word)
    assert mutant.expected is not None
    apply(project, mutant)
    if mutant.written:
        project.write()
    finding = mutant.expected.met_by(project.findings())
    assert finding is not None, f"{mutant.title}: {[str(one) for one in project.findings()]}"


CLAIMS = """# Claims

Nothing is said here.

## Loans

It is told by `LOAN_DAYS`.

/// evidence | A loan never ends.
- tests/test_loans.py::test_it_stays
- tests/test_loans.py::test_it_is_there
///
"""


@pytest.mark.parametrize(
    "group",
    [
        "docs: claim reversed",
        "docs: claim with fewer tests",
        "docs: claim deleted",
        "evidence weakened",
        "harmless: claim set otherwise",
    ],
)
def test_a_claim_and_its_tests_are_held_together(project: Any, group: str) -> None:
    tests = [
        "def test_it_stays():\n    assert 1 + 1 == 2\n    assert 1\n\n",
        "def test_it_is_there():\n    assert 2 > 1\n",
    ]
    project.add("tests/test_loans.py", "\n".join(tests))
    project.add("docs/guide/claims.md", CLAIMS)
    claims = '[tool.trueup.claims]\nfolders = ["guide"]\nreviewed = "claims.json"\n\n'
    project.edit("pyproject.toml", "[tool.trueup.values]", f"{claims}[tool.trueup.values]")
    config = load(project.root)
    pages = tuple(read_pages(project.root, config.docs))
    assert len(list(accepted.accept(pages, pages, config, project.root))) == 1
    ground = Ground(config, project.root, project.truth(), pages)
    mutant = next(mutant for mutant in operators.mutants(ground) if mutant.group == group)
    apply(project, mutant)
    found = project.findings()
    assert mutant.expected.met_by(found) if mutant.expected else found == []


@pytest.mark.parametrize("operator", [proofs.uncited, proofs.misquoted, proofs.panels])
def test_what_stands_behind_a_project_is_missed(project: Any, operator: operators.Operator) -> None:
    project.add("wanted.toml", '[LIB-1]\nsummary = "A book is lent once."\n')
    project.add("tests/test_loans.py", 'def test_once():\n    """LIB-1: twice is refused."""\n    assert lend()\n')
    project.add("board.json", '{"panels": [{"title": "Loans", "targets": [{"expr": "sum(loans)"}]}]}')
    metric = '{"kind": "metric", "key": "loans", "file": "library/facts.py", "line": 1, "type": "gauge"}'
    project.add(
        "library/facts.py", f"\n\nold = collect\n\n\ndef collect():\n    yield from old()\n    yield {metric}\n"
    )
    keys = 'requirements = "wanted.toml"\ndashboards = ["board.json"]\n'
    project.edit("pyproject.toml", 'packages = ["library"]\n', f'packages = ["library"]\n{keys}')
    project.write()
    assert project.findings() == []
    config = load(project.root)
    ground = Ground(config, project.root, project.truth(), tuple(read_pages(project.root, config.docs)))
    (mutant,) = operator(ground)
    assert mutant.expected is not None
    apply(project, mutant)
    assert mutant.expected.met_by(project.findings()) is not None


@pytest.mark.parametrize(
    "group",
    [
        "docs: deleted fact block",
        "docs: duplicated owner",
        "docs: fact block of no kind",
        "docs: value of no fact",
        "docs: number typed by hand",
        "docs: page twice",
    ],
)
def test_a_false_page_causes_the_finding_it_names(project: Any, ground: Ground, group: str) -> None:
    mutant = next(mutant for mutant in operators.mutants(ground) if mutant.group == group)
    assert mutant.expected is not None
    assert mutant.side is Side.DOCS
    apply(project, mutant)
    assert mutant.expected.met_by(project.findings()) is not None


def test_harmless_edits_cause_no_finding(project: Any, ground: Ground) -> None:
    groups: dict[str, Mutant] = {}
    for mutant in operators.mutants(ground):
        if mutant.side is Side.HARMLESS and mutant.depth is Depth.STATIC:
            groups.setdefault(mutant.group, mutant)
    assert len(groups) >= 10
    clean = {path: path.read_text() for path in project.root.rglob("*") if path.suffix in {".py", ".md", ".yml"}}
    for group, mutant in groups.items():
        apply(project, mutant)
        assert project.findings() == [], group
        for path, text in clean.items():
            path.write_text(text)
        for edit in mutant.edits:
            if project.root / edit.path not in clean:
                (project.root / edit.path).unlink()


def test_every_mutant_changes_something_and_has_an_id_of_its_own(project: Any, ground: Ground) -> None:
    found = list(operators.mutants(ground))
    assert len({mutant.id for mutant in found}) == len(found)
    for mutant in found:
        for edit in mutant.edits:
            path = project.root / edit.path
            assert edit.text is None or not path.exists() or path.read_text() != edit.text, mutant.id


def test_a_project_may_bring_an_operator(project: Any) -> None:
    project.add(
        "library/mutations.py",
        "from trueup.mutate.mutant import Edit, Expected, Mutant, Side\n\n\n"
        "def desks(ground):\n"
        "    yield Mutant('desk closed', Side.CODE, 'no desk', 'library/cli.py:1', (Edit('library/cli.py', ''),),\n"
        "                 Expected(('fact-removed',), ('library desk',)))\n",
    )
    project.edit(
        "pyproject.toml", "[project]", "[tool.trueup.mutate]\noperators = ['library.mutations:desks']\n\n[project]"
    )
    ground = Ground(load(project.root), project.root, project.truth(), ())
    groups = {mutant.group for mutant in operators.mutants(ground)}
    assert "desk closed" in groups


def test_only_the_named_finding_kills(ground: Ground, project: Any) -> None:
    project.edit("library/settings.py", "default=21", "default=22")
    found = project.findings()
    assert found
    assert Expected(("fact-changed",), ("setting LOAN_DAYS", "default")).met_by(found)
    assert Expected(("fact-changed",), ("setting REMINDER_SECONDS",)).met_by(found) is None
    assert Expected(("fact-removed",), ("setting LOAN_DAYS",)).met_by(found) is None
    assert Expected(("fact-changed",), ("setting LOAN_DAYS",), path="docs/index.md").met_by(found) is None
    with pytest.raises(KeyError, match="no-such-code"):
        Expected(("no-such-code",))


def test_patches_apply(project: Any, ground: Ground, tmp_path: Path) -> None:
    text = (project.root / "docs/index.md").read_text()
    assert patch(Edit("docs/index.md", text.replace("A loan", "Each loan")), project.root).splitlines()[1:4] == [
        "--- a/docs/index.md",
        "+++ b/docs/index.md",
        "@@ -1,6 +1,6 @@",
    ]
    assert "/dev/null" in patch(Edit("docs/index.md", None), project.root)
    assert "new file mode" in patch(Edit("docs/new.md", "x"), project.root)


def test_functions_swap_without_losing_anything(ground: Ground) -> None:
    for mutant in quiet_code.functions_reordered(ground):
        (edit,) = mutant.edits
        before = (ground.root / edit.path).read_text()
        assert edit.text is not None
        assert sorted(edit.text.split()) == sorted(before.split())
