"""Blocks in a page, rendered into Markdown: `/// facts | view` from facts, `/// evidence | claim` from tests.

A fact block that shows facts in full makes its page their owner; every other mention of them links there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import ValidationError

from trueup import evidence, failures, screenshots
from trueup.evidence import Proof
from trueup.facts import Fact, Inventory, closest
from trueup.findings import Finding
from trueup.pages import Directive, Page
from trueup.render import VIEWS
from trueup.render.view import Rendered, Source
from trueup.scenes import OPTIONS as SCENES
from trueup.values import Values
from trueup.yamltext import read_yaml


@dataclass(frozen=True)
class Expansion:
    """What one block becomes, and what is wrong with it."""

    directive: Directive
    rendered: Rendered = field(default_factory=Rendered)
    findings: Sequence[Finding] = ()


def expand(
    page: Page, inventory: Inventory, document: Mapping[str, Any], proof: Proof | None = None
) -> list[Expansion]:
    """Render every block of a page, in order; evidence needs the `proof` that it is held against."""
    source = Source(inventory, document)
    return [_expand_any(page, directive, source, proof) for directive in page.directives]


def _expand_any(page: Page, directive: Directive, source: Source, proof: Proof | None) -> Expansion:
    if directive.name in SCENES:
        return _finished(page, directive, failures.show(directive, source.inventory))
    if directive.name == "evidence":
        return _evidence(page, directive, source.inventory, proof)
    if directive.name == screenshots.NAME:
        return _finished(page, directive, screenshots.show(page, directive))
    return _expand(page, directive, source)


def _evidence(page: Page, directive: Directive, inventory: Inventory, proof: Proof | None) -> Expansion:
    if proof is None:
        return Expansion(directive)
    found = evidence.read(page, directive, proof)
    shown = evidence.render(found, Values(inventory).fill(found.claim).text, proof)
    return Expansion(directive, Rendered(shown), found.findings)


def _expand(page: Page, directive: Directive, source: Source) -> Expansion:
    def problem(line: int, code: str, message: str, mend: str = "") -> Expansion:
        return Expansion(directive, findings=[Finding(page.path, line, code, message, mend)])

    try:
        options = read_yaml(directive.body) or {}
    except yaml.YAMLError as error:
        message = f"options of the fact block are no YAML: {str(error).splitlines()[0]}"
        return problem(directive.line, "block-option", message, "write one `option: value` on each line")
    if not isinstance(options, dict):
        return problem(
            directive.line, "block-option", "options of the fact block are no mapping", "write `option: value`"
        )
    words = directive.argument.split()
    kinds = source.inventory.kinds
    if len(words) == 1 and words[0] not in VIEWS and words[0] in kinds:
        words.insert(0, "table")
    if len(words) > 2:
        message = f"the header of a fact block names one view and one kind, not {directive.argument!r}"
        return problem(directive.line, "block-unknown", message, f"write /// facts | {words[0]} {words[1]}")
    if not words or words[0] not in VIEWS:
        name = words[0] if words else ""
        close = closest(name, [*VIEWS, *kinds])
        return problem(
            directive.line,
            "block-unknown",
            f"unknown view or kind {directive.argument!r}",
            f"did you mean {close}?" if close else f"views: {', '.join(VIEWS)}",
        )
    if len(words) == 2:
        options.setdefault("kind", words[1])
    view = VIEWS[words[0]]
    try:
        checked = view.options.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        close = closest(name, view.options.model_fields) if first["type"] == "extra_forbidden" else None
        what = f"unknown option {name}" if first["type"] == "extra_forbidden" else f"option {name}: {first['msg']}"
        known = ", ".join(view.options.model_fields)
        mend = f"did you mean {close}?" if close else f"{words[0]} takes {known}"
        return problem(directive.line_of(str(first["loc"][0]) if first["loc"] else ""), "block-option", what, mend)
    return _finished(page, directive, view.render(checked, source))


def _finished(page: Page, directive: Directive, rendered: Rendered) -> Expansion:
    findings = [
        Finding(page.path, directive.line_of(trouble.option, trouble.word), trouble.code, trouble.message, trouble.mend)
        for trouble in rendered.troubles
    ]
    return Expansion(directive, rendered, findings)


def owners(expansions: Mapping[str, Sequence[Expansion]]) -> Mapping[str, list[tuple[str, int, str]]]:
    """Fact id → page, line and anchor of each block that owns it. `expansions` are those of each page path."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    for path, each in expansions.items():
        for expansion in each:
            for fact, anchor in expansion.rendered.owned:
                found.setdefault(fact.id, []).append((path, expansion.directive.line, anchor))
    return found


def used(expansions: Sequence[Expansion]) -> set[Fact]:
    """Every fact that the blocks show."""
    return {fact for expansion in expansions for fact in expansion.rendered.used}
