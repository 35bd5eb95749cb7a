"""The ground that operators work on: a project's facts, code and pages, as they are before anything is changed."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from trueup import inline, vocabulary
from trueup.bindings import Bindings
from trueup.config import Config
from trueup.facts import AMBIENT_KINDS, Fact
from trueup.mutate.source import Source
from trueup.pages import Page, Span
from trueup.resolver import Resolver
from trueup.truth import Truth

_SELF = "trueup/mutate/ground.py"


@dataclass(frozen=True, eq=False)
class Ground:
    """A project that is clean: `truth` is what its code says, `pages` are all its pages."""

    config: Config
    root: Path
    truth: Truth
    pages: tuple[Page, ...]

    @cached_property
    def bindings(self) -> Bindings:
        """The pages, bound to the facts."""
        words = vocabulary.load(self.root, self.config.vocabulary)
        resolver = Resolver(self.truth.inventory, words, self.truth.validators)
        return Bindings(self.pages, self.truth.inventory, self.truth.document, resolver, self.config.owned)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every file of the repository, sorted."""
        return tuple(fact.key for fact in self.truth.inventory.of_kind("file") if not fact.key.endswith("/"))

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The Python files of the project. trueup's own, which judge, are left out."""
        own = next((path.removesuffix("mutate/ground.py") for path in self.files if path.endswith(_SELF)), None)
        return tuple(path for path in self.files if path.endswith(".py") and not (own and path.startswith(own)))

    @cached_property
    def application(self) -> tuple[str, ...]:
        """The modules that facts come from, and those beside them: tests and scripts of their own are left out."""
        tops = {path.split("/", 1)[0] for path in self.facts_by_file if "/" in path}
        return tuple(path for path in self.modules if path.split("/", 1)[0] in tops - {"tests", "scripts"})

    @cached_property
    def facts_by_file(self) -> Mapping[str, list[Fact]]:
        """The committed facts whose place is known, by Python file."""
        found: dict[str, list[Fact]] = {}
        modules = set(self.modules)
        for fact in self.truth.inventory:
            if fact.file in modules and fact.line and fact.kind not in AMBIENT_KINDS:
                found.setdefault(fact.file, []).append(fact)
        return {file: self._declared(file, facts) for file, facts in found.items()}

    def _declared(self, file: str, facts: list[Fact]) -> list[Fact]:
        """Of facts that share a place only those that it is about: an operation, not its responses."""
        places: dict[int, list[Fact]] = {}
        for fact in facts:
            places.setdefault(fact.line, []).append(fact)
        chosen = []
        for line, here in places.items():
            unit = self.source(file).unit(line)
            text = "".join(self.source(file).piece(node) for node in unit)
            first = [fact for fact in here if fact.kind == "operation"]
            named = [fact for fact in here if _mentioned(fact.key.rpartition(".")[2], text)]
            chosen += first or named or here
        return chosen

    @cached_property
    def facts(self) -> list[Fact]:
        """The same facts in one list."""
        return [fact for facts in self.facts_by_file.values() for fact in facts]

    @cached_property
    def crowded(self) -> frozenset[Fact]:
        """The facts that share their place with others of their kind, so that it declares more than them."""
        count = Counter((fact.kind, fact.file, fact.line) for fact in self.facts)
        return frozenset(fact for fact in self.facts if count[fact.kind, fact.file, fact.line] > 1)

    def lines(self, file: str) -> frozenset[int]:
        """The lines of a file on which a fact is declared."""
        return frozenset(fact.line for fact in self.facts_by_file.get(file, ()))

    def source(self, path: str) -> Source:
        """A Python file of the project."""
        return _source(self.root, path)

    def text(self, path: str) -> str:
        """A text file of the project."""
        return (self.root / path).read_text(encoding="utf-8")

    @cached_property
    def spans(self) -> list[tuple[Page, Span]]:
        """Every inline code of every page, as it is written."""
        return [(page, span) for page in self.pages for span in page.spans if "{{" not in span.text]

    def naming(self, name: str) -> Sequence[Page]:
        """The pages that have `name`, and nothing else, as inline code."""
        return self._naming.get(name, [])

    @cached_property
    def _naming(self) -> Mapping[str, list[Page]]:
        found: dict[str, list[Page]] = {}
        for page in self.pages:
            for name in dict.fromkeys(span.text for span in inline.page_spans(page, self.bindings.values)):
                found.setdefault(name, []).append(page)
        return found


def _mentioned(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


@cache
def _source(root: Path, path: str) -> Source:
    return Source(path, (root / path).read_text(encoding="utf-8"))
