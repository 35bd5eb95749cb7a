"""How the facts of a project are covered by its pages: by an owner page, in prose, in an executed example."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trueup.bindings import Bindings
from trueup.exercised import Exercise
from trueup.facts import Fact
from trueup.inline import page_spans
from trueup.pages import Page
from trueup.watermark import Covered


def measure(bindings: Bindings, kinds: Sequence[str], leave_out: Path) -> Covered:
    """How every fact of these kinds is covered now; pages below `leave_out` (the archive) do not count."""
    found: dict[str, dict[str, set[str]]] = {
        kind: {fact.key: set() for fact in bindings.inventory.of_kind(kind)} for kind in kinds
    }

    def note(facts: Iterable[Fact], way: str) -> None:
        for fact in facts:
            if fact.kind in found:
                found[fact.kind].setdefault(fact.key, set()).add(way)

    exercise = Exercise(bindings.inventory, kinds)
    for page in bindings.pages:
        if not Path(page.path).is_relative_to(leave_out):
            note(_told(page, bindings), "prose")
            note(exercise.facts(page), "example")
    for kind, facts in found.items():
        for key, ways in facts.items():
            if f"{kind}:{key}" in bindings.owners:
                ways.add("owner")
    return {kind: {key: frozenset(ways) for key, ways in facts.items()} for kind, facts in found.items()}


def _told(page: Page, bindings: Bindings) -> Iterator[Fact]:
    for span in page_spans(page, bindings.values):
        yield from bindings.resolver.resolve(span.text).facts
    for prose in page.texts:
        if "{{" in prose.text:
            yield from bindings.values.fill(prose.text).used
