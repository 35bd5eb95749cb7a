"""Operators: functions that look at a project and yield mutants of it. Those of trueup, and those of the project."""

from collections.abc import Callable, Iterable, Iterator

from trueup.collect.load import load, project_imports
from trueup.errors import TrueupError
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Mutant
from trueup.mutate.operators import (
    attributes,
    declarations,
    page_blocks,
    page_claims,
    page_fences,
    page_links,
    page_names,
    page_promises,
    page_relations,
    page_values,
    proofs,
    quiet_code,
    quiet_docs,
    renames,
    rows,
    rule_files,
)

Operator = Callable[[Ground], Iterable[Mutant]]
"""Looks at a project that is clean, and yields mutants of it in any number; the run chooses among them."""

OPERATORS: tuple[Operator, ...] = (
    attributes.values, attributes.loosened, attributes.units,
    rows.removed, rows.added, rows.swapped,
    renames.literals, renames.names, renames.functions, renames.identifiers,
    declarations.retyped, declarations.required, declarations.unprotected, declarations.hidden, declarations.statuses,
    declarations.signatures,
    rule_files.entries, rule_files.names, rule_files.metrics,
    proofs.uncited, proofs.misquoted, proofs.panels,
    page_promises.evidence_renamed, page_promises.tests_removed, page_promises.tests_skipped,
    page_promises.tests_emptied, page_promises.evidence_deleted, page_promises.claims, page_promises.failures,
    page_promises.screenshots, page_promises.aliases, page_promises.misspellings,
    page_claims.reversed_, page_claims.untested, page_claims.weakened, page_claims.unbound, page_claims.forgotten,
    page_relations.defaults, page_relations.permissions, page_relations.problems, page_relations.statuses,
    page_relations.roles, page_relations.types, page_relations.conditions, page_relations.members, page_relations.moves,
    page_relations.places,
    page_names.misspelt, page_names.transitions, page_names.requests, page_names.settings, page_names.options,
    page_names.files,
    page_values.unknown, page_values.typed,
    page_blocks.deleted, page_blocks.sections, page_blocks.pages, page_blocks.duplicated, page_blocks.misspelt,
    page_blocks.unclosed, page_blocks.copied,
    page_links.links, page_links.anchors, page_links.headings, page_links.pictures, page_links.navigation,
    page_fences.outputs, page_fences.unmarked, page_fences.unexplained, page_fences.unclosed,
    quiet_code.locals_renamed, quiet_code.variables_extracted, quiet_code.returns_early,
    quiet_code.functions_reordered, quiet_code.comments_added, quiet_code.lines_shifted, quiet_code.quotes_changed,
    quiet_code.reformatted, quiet_code.functions_added, quiet_code.modules_moved,
    quiet_docs.rewrapped, quiet_docs.reworded, quiet_docs.bullets, quiet_docs.emphasis, quiet_docs.tables,
    quiet_docs.headings, quiet_docs.blank_lines, quiet_docs.comments, quiet_docs.sentences, quiet_docs.line_ends,
    quiet_docs.pages_moved, page_claims.restated,
)  # fmt: skip
"""The operators that know nothing of any one project."""


def mutants(ground: Ground) -> Iterator[Mutant]:
    """All mutants of a project: those of trueup's operators and of `tool.trueup.mutate.operators`, each once.

    Raises `TrueupError` naming an operator of the project that fails.
    """
    seen: set[str] = set()
    for operator in OPERATORS:
        yield from _new(operator(ground), seen)
    with project_imports(ground.root, ground.config.env):
        for name in ground.config.mutate.operators:
            yield from _new(_own(name, ground), seen)


def _own(name: str, ground: Ground) -> list[Mutant]:
    function = load(name, "mutate.operators")
    try:
        return list(function(ground))
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise TrueupError(f"pyproject.toml: tool.trueup.mutate.operators: {name} failed: {message}") from error


def _new(found: Iterable[Mutant], seen: set[str]) -> Iterator[Mutant]:
    for mutant in found:
        if mutant.id not in seen:
            seen.add(mutant.id)
            yield mutant
