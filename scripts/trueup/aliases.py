"""Aliases: other names of a thing, which may stand only where they are explained."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trueup.facts import Fact, Inventory
from trueup.findings import Finding
from trueup.masked import mask, phrase
from trueup.pages import Page, Prose, spans
from trueup.vocabulary import Vocabulary

TERM = "term"
"""The kind of the entries of a glossary: their names and aliases are words of prose, all others are code."""


_PLURAL = "(?:e?s)?"


@dataclass(frozen=True)
class _Alias:
    name: str
    fact: Fact
    pattern: re.Pattern[str]  # the alias
    term: re.Pattern[str]  # what it stands for


class Aliases:
    """The aliases of all facts that have some (attribute `aliases`)."""

    def __init__(self, inventory: Inventory, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._words: list[_Alias] = []
        self._codes: dict[str, list[_Alias]] = {}
        for fact in inventory:
            for name in fact.attributes.get("aliases") or ():
                alias = _Alias(str(name), fact, phrase(str(name), _PLURAL), phrase(fact.key, _PLURAL))
                if fact.kind == TERM:
                    self._words.append(alias)
                else:
                    self._codes.setdefault(alias.name, []).append(alias)

    def check(self, page: Page, owners: Mapping[str, Sequence[tuple[str, int, str]]]) -> Iterator[Finding]:
        """A finding for each alias outside its explanation.

        It is explained where the same Markdown block names the thing itself, and in the section (heading to heading)
        that shows its fact in full. A vocabulary entry that holds the alias exempts the places where it stands whole.
        """
        for prose in page.texts:
            for alias, line in self._found(prose):
                shown = [at for path, at, _ in owners.get(alias.fact.id, ()) if path == page.path]
                if alias.term.search(prose.text) or page.section(line) in {page.section(at) for at in shown}:
                    continue
                message = f"{alias.name!r} is another name of {alias.fact.kind.replace('_', ' ')} {alias.fact.key!r}"
                yield Finding(page.path, line, "alias-used", message, f"write {alias.fact.key}, or explain it here")

    def _found(self, prose: Prose) -> Iterator[tuple[_Alias, int]]:
        text = mask(prose.text)
        for alias in self._words:
            for match in alias.pattern.finditer(text):
                if not self._vocabulary.exempts(text, match.start(), match.end()):
                    yield alias, prose.line + text.count("\n", 0, match.start())
        for span in spans(prose) if self._codes else ():
            for alias in self._codes.get(span.text, ()):
                yield alias, span.line
