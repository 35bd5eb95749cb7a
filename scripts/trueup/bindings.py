"""All pages of a site bound to one inventory: blocks expanded, values filled in, inline code linked to its owner."""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from trueup import blocks, mermaid
from trueup.blocks import Expansion
from trueup.evidence import Proof
from trueup.examples.story import ATTRIBUTES as FENCE_OPTIONS
from trueup.facts import Fact, Inventory
from trueup.pages import Block, Page
from trueup.resolver import Resolver
from trueup.values import Values
from trueup.vocabulary import Vocabulary

FENCE_MARKS = frozenset({"literal"})
"""Classes of a fence header that only trueup reads; `output` stays, so that a style can show it."""

_DOCSTRINGS = re.compile(r"^:::[ \t]+([\w.]+)", re.MULTILINE)
_SHARED = frozenset({"field", "parameter"})  # a bare `status` may be any of several, or none of them: no link


class Bindings:
    """The pages of a site and the facts they are bound to.

    `kinds` lists kinds of facts in the order in which inline code that may mean several facts is linked.
    """

    def __init__(
        self,
        pages: Iterable[Page],
        inventory: Inventory,
        document: Mapping[str, Any],
        resolver: Resolver | None = None,
        kinds: Sequence[str] = (),
        proof: Proof | None = None,
    ) -> None:
        self.pages = list(pages)
        self.inventory = inventory
        self.document = document
        self.resolver = resolver or Resolver(inventory, Vocabulary())
        self.values = Values(inventory)
        self.proof = proof
        self._rank = {kind: index for index, kind in enumerate(kinds)}

    @cached_property
    def by_digest(self) -> Mapping[str, Page]:
        """The pages by the digest of their bodies."""
        found: dict[str, Page] = {}
        for page in self.pages:
            found.setdefault(page.digest, page)
        return found

    @cached_property
    def expansions(self) -> Mapping[str, Sequence[Expansion]]:
        """The blocks of each page, by the page's path."""
        return {page.path: blocks.expand(page, self.inventory, self.document, self.proof) for page in self.pages}

    @cached_property
    def owners(self) -> Mapping[str, list[tuple[str, int, str]]]:
        """Page path, line and anchor of each block that owns a fact, by the fact's id."""
        return blocks.owners(self.expansions)

    @cached_property
    def _homes(self) -> Mapping[str, tuple[str, str]]:
        """Docs path and anchor where each owned fact is shown in full."""
        docs_paths = {page.path: page.docs_path for page in self.pages}
        return {ident: (docs_paths[places[0][0]], places[0][2]) for ident, places in self.owners.items()}

    @property
    def places(self) -> Mapping[str, tuple[str, str]]:
        """Docs path and anchor of everything that a page documents: facts by their ids, symbols by their names."""
        return {**self._homes, **self._documented}

    def link(self, text: str, page: Page) -> str | None:
        """The link, relative to `page`, to where inline code is documented; none when it is nowhere or unclear."""
        if text in self._documented:
            return _relative(page.docs_path, *self._documented[text])
        answer = self.resolver.resolve(text)
        homes = [
            (self._rank.get(fact.kind, 999), self._homes[fact.id])
            for fact in answer.facts
            if fact.id in self._homes and (fact.kind not in _SHARED or fact.key == text)
        ]
        if not homes:
            return None
        best = min(rank for rank, _ in homes)
        places = {place for rank, place in homes if rank == best}
        if len(places) > 1:
            places = {place for place in places if place[0] == page.docs_path}
        if len(places) != 1:
            return None
        return _relative(page.docs_path, *places.pop())

    @cached_property
    def _documented(self) -> Mapping[str, tuple[str, str]]:
        """Docs path and anchor of each symbol that a page documents with mkdocstrings' own `::: symbol`."""
        found: dict[str, tuple[str, str]] = {}
        for page in self.pages:
            for prose in page.prose:
                for symbol in _DOCSTRINGS.findall(prose.text):
                    found.setdefault(symbol, (page.docs_path, symbol))
        return found

    def render(self, page: Page) -> str:
        """The body of a page as the Markdown builder gets it: facts in place of values and blocks, plain fences."""
        lines = page.text.splitlines()
        edits: list[tuple[int, int, list[str]]] = []
        for prose in page.prose:
            count = prose.text.count("\n") + 1
            edits.append((prose.line, prose.line + count, self.values.fill(prose.text).text.split("\n")))
        for block in page.blocks:
            drawn = _drawn(block)
            edits.append(
                (block.line, block.end + 1, drawn) if drawn else (block.line, block.line + 1, [_header(block)])
            )
        for expansion in self.expansions[page.path]:
            directive = expansion.directive
            shown = [directive.prefix + line if line else line for line in expansion.rendered.markdown.split("\n")]
            edits.append((directive.line, directive.end + 1, ["", *shown, ""]))
        for start, end, replacement in sorted(edits, reverse=True):
            lines[start - 1 : end - 1] = replacement
        return "\n".join(lines[page.offset :])

    def used(self, page: Page) -> set[Fact]:
        """The facts that the fact blocks of a page show."""
        return blocks.used(self.expansions[page.path])


@cache
def _path(page: str, docs_path: str) -> str:
    return posixpath.relpath(docs_path, posixpath.dirname(page) or ".")


def _relative(page: str, docs_path: str, anchor: str) -> str:
    """The address of an anchor, seen from a page; both pages by their docs paths."""
    return f"#{anchor}" if docs_path == page else f"{_path(page, docs_path)}#{anchor}"


def _drawn(block: Block) -> list[str]:
    """A diagram of Mermaid as lines of HTML; none for other blocks, and for one that it cannot draw."""
    if block.language != "mermaid" or "literal" in block.classes:
        return []
    try:
        return ["", block.prefix + mermaid.figure(block.source, block.attributes.get("title", "")), ""]
    except RuntimeError:
        return []  # that it cannot be drawn is a finding of the check


def _header(block: Block) -> str:
    """A fence header without what only trueup reads."""
    classes = [name for name in block.classes if name not in FENCE_MARKS]
    attributes = {key: value for key, value in block.attributes.items() if key not in FENCE_OPTIONS}
    if not classes and not attributes:
        return f"{block.prefix}{block.fence}{block.language}"
    parts = [f".{name}" for name in [block.language or "text", *classes]]
    parts += [f'{key}="{value}"' for key, value in attributes.items()]
    return f"{block.prefix}{block.fence} {{{' '.join(parts)}}}"
