"""The Python-Markdown extension that binds pages to facts. It works in MkDocs and in Zensical alike.

Neither builder tells an extension which page it renders, so the page is known again by the digest of its body. Text
that is no page (a docstring) is left as it is.
"""

import logging
from pathlib import Path
from typing import Any
from weakref import ReferenceType, ref
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from trueup import report, testrun, vocabulary
from trueup.bindings import Bindings
from trueup.committed import digest as digest_generated
from trueup.committed import read_document, read_inventory
from trueup.config import load
from trueup.evidence import Proof
from trueup.pages import Page, digest, read_pages
from trueup.project import find_root
from trueup.resolver import Resolver
from trueup.stamp import stamp

log = logging.getLogger("mkdocs.trueup")  # below "mkdocs", so that `mkdocs build --strict` counts its warnings

_UNLINKED = {"a", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "summary"}


class _Site:
    """The pages of the project in whose folder the builder runs, read once and again when they change."""

    def __init__(self) -> None:
        self.root = find_root(Path.cwd())
        self.config = load(self.root)
        self._state: object = None
        self._seen: object = None
        self._bindings: Bindings | None = None
        self._report: report.Report | None = None
        self.rendering: ReferenceType[Markdown] | None = None
        self.generated = ""
        self.driven = self.config.conformance.events if self.config.conformance else ""

    def find(self, key: str, md: Markdown) -> tuple[Bindings, Page, report.Report | None] | None:
        """The page whose body has this digest, its bindings and the last report."""
        bindings = self._bindings
        unknown = bindings is None or key not in bindings.by_digest
        # What is rendered while a page is, by another instance, is a docstring. There are many of them.
        outer = self.rendering() if self.rendering is not None else None
        if unknown and bindings is not None and outer is not None and outer is not md:
            return None
        if bindings is None or self._files() != self._state or (unknown and self._pages() != self._seen):
            bindings = self._read()
        page = bindings.by_digest.get(key)
        return (bindings, page, self._report) if page else None

    @property
    def bindings(self) -> Bindings:
        """The pages as they were read last."""
        return self._bindings or self._read()

    def _files(self) -> object:
        """What the generated files look like now, without reading them."""
        files = [self.config.inventory, self.config.openapi, self.config.vocabulary, self.config.coverage]
        files += [report.REPORT, testrun.RESULTS]
        return [_stamp_of(self.root / file) for file in files if file]

    def _pages(self) -> object:
        """What the pages look like now, without reading them."""
        return [(path, _stamp_of(path)) for path in sorted((self.root / self.config.docs).rglob("*.md"))]

    def _read(self) -> Bindings:
        config, root = self.config, self.root
        self._state, self._seen = self._files(), self._pages()
        inventory = read_inventory(config, root)
        if not len(inventory):
            log.warning("trueup: %s holds no facts; run trueup write", config.inventory)
        resolver = Resolver(inventory, vocabulary.load(root, config.vocabulary), suggesting=False)
        pages = read_pages(root, config.docs)
        proof = Proof(root, testrun.current(config, root), link=config.source)
        self._bindings = Bindings(pages, inventory, read_document(config, root), resolver, config.owned, proof)
        self._report = report.load(root)
        self.generated = digest_generated(config, root)
        return self._bindings


def _stamp_of(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


_sites: dict[Path, _Site] = {}  # one for each folder that a builder has run in


def _site() -> _Site:
    folder = Path.cwd()
    if folder not in _sites:
        _sites[folder] = _Site()
    return _sites[folder]


def current() -> Bindings:
    """The pages of the project in whose folder this process runs, bound to the committed facts."""
    return _site().bindings


class _Expand(Preprocessor):
    """Puts facts in the place of values and fact blocks, and appends the stamp."""

    def run(self, lines: list[str]) -> list[str]:
        found = _site().find(digest("\n".join(lines)), self.md)
        self.md.trueup = None  # type: ignore[attr-defined]
        if found is None:
            return lines
        bindings, page, last = found
        self.md.trueup = (bindings, page)  # type: ignore[attr-defined]
        _site().rendering = ref(self.md)
        for expansion in bindings.expansions[page.path]:
            for finding in expansion.findings:
                log.warning("%s", finding)
        return [*bindings.render(page).split("\n"), "", stamp(page, last, _site().generated, _site().driven), ""]


class _Link(Treeprocessor):
    """Links inline code to the place that documents what it names, and keeps tests out of the search of a site."""

    def run(self, root: Element) -> None:
        bound = getattr(self.md, "trueup", None)
        if bound is not None:
            self._visit(root, *bound)

    def _visit(self, element: Element, bindings: Bindings, page: Page) -> None:
        for index, child in enumerate(list(element)):
            if "trueup-claim" in child.get("class", "") and element[index + 1 :]:
                # The claim is found; the source of its tests has the words of half the site. Other builders ignore it.
                element[index + 1].set("data-search-exclude", "")
            if child.tag == "code":
                target = bindings.link("".join(child.itertext()), page)
                if target and target.rpartition("#")[2] != child.get("id"):
                    element[index] = _anchor(child, target)
            elif child.tag not in _UNLINKED:
                self._visit(child, bindings, page)


class _End(Postprocessor):
    """Notes that a page has been rendered."""

    def run(self, text: str) -> str:
        if getattr(self.md, "trueup", None) is not None:
            _site().rendering = None
        return text


def _anchor(code: Element, target: str) -> Element:
    link = Element("a", {"href": target, "class": "trueup-ref"})
    link.tail, code.tail = code.tail, None
    link.append(code)
    return link


class TrueupExtension(Extension):
    """Registers the two steps: before anything else reads the text, and after inline code is known."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Python-Markdown's name)
        """Register with a Markdown instance."""
        md.preprocessors.register(_Expand(md), "trueup_expand", 200)
        md.treeprocessors.register(_Link(md), "trueup_link", 6)  # after attr_list (8), before toc (5)
        md.postprocessors.register(_End(md), "trueup_end", -1)


def makeExtension(**options: Any) -> TrueupExtension:  # noqa: N802 (Python-Markdown's name)
    """The entry point by which builders load the extension."""
    return TrueupExtension(**options)
