"""Changes of what stands behind a project: requirements that a test cites, and queries of dashboards."""

import re
from collections.abc import Iterator

from trueup import requirements
from trueup.collect.dashboards import line_of
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.testcode import Test


def uncited(ground: Ground) -> Iterator[Mutant]:
    """The one test that cites a requirement does so no more."""
    for number, test in _only(ground):
        yield _mutant(ground, "requirement cited no more", number, test, "", "requirement-unproved", number)


def misquoted(ground: Ground) -> Iterator[Mutant]:
    """A test cites a requirement that there is not."""
    for number, test in _only(ground):
        other = f"{number}0"
        yield _mutant(
            ground, "requirement that does not exist", number, test, f"{other}: ", "requirement-unknown", other
        )


def panels(ground: Ground) -> Iterator[Mutant]:
    """A query of a dashboard names a metric that does not exist."""
    known = {fact.key for fact in ground.truth.inventory.of_kind("metric")}
    for panel in ground.truth.inventory.of_kind("panel"):
        query = panel.attributes["queries"][0]
        word = next((word for word in re.findall(r"\w+", query) if word in known), None)
        if word is None:
            continue
        lines = ground.text(panel.file).splitlines(keepends=True)
        at = line_of("".join(lines), query) - 1
        lines[at] = lines[at].replace(word, f"{word}_total", 1)
        yield Mutant(
            "panel of a metric that does not exist",
            Side.CODE,
            f"panel {panel.key}: {word} → {word}_total",
            f"{panel.file}:{at + 1}",
            (Edit(panel.file, "".join(lines)),),
            Expected(("dashboard-invalid",), (f"{word}_total",)),
        )


def _only(ground: Ground) -> Iterator[tuple[str, Test]]:
    """Each requirement that one test cites, alone and in its own docstring."""
    if ground.config.requirements is None:
        return
    tests: dict[str, list[Test]] = {}
    for citation in requirements.citations(ground.root):
        tests.setdefault(citation.id, []).append(citation.test)
    for number, found in tests.items():
        if len(found) == 1 and found[0].source.count(f'"""{number}: ') == 1:
            yield number, found[0]


def _mutant(ground: Ground, group: str, number: str, test: Test, instead: str, code: str, word: str) -> Mutant:
    source = test.source.replace(f'"""{number}: ', f'"""{instead}', 1)
    return Mutant(
        group,
        Side.CODE,
        f"{test.node}: {number} → {instead.strip(': ') or 'nothing'}",
        f"{test.file}:{test.line}",
        (Edit(test.file, ground.text(test.file).replace(test.source, source, 1)),),
        Expected((code,), (word,)),
    )
