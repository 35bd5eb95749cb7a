"""One built HTML file, as the link resolver sees it: its anchors and its links."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

_ADDRESSES = ("href", "src", "poster")
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_HINTS = frozenset({"preconnect", "dns-prefetch"})
_TELLING = frozenset({"id", "name", "http-equiv", "srcset", "data", *_ADDRESSES})


@dataclass(frozen=True)
class Link:
    """One address that a page of the site carries."""

    href: str
    text: str
    content: bool
    """Whether it belongs to the page itself, not to the navigation around it."""


@dataclass(frozen=True)
class BuiltPage:
    """What the resolver needs to know of one HTML file; `path` is relative to the site."""

    path: str
    ids: frozenset[str] = frozenset()
    duplicates: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    refresh: str | None = None
    """Where the page redirects to, when it is a redirect."""
    base: str = ""
    """The address that its links are relative to, when it sets one."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The text of each heading below the page's own, by its anchor."""


def read_page(file: Path, path: str) -> BuiltPage:
    """Parse one HTML file; a file that is empty or no HTML is a page without anchors."""
    try:
        tree = etree.fromstring(file.read_bytes(), etree.HTMLParser(encoding="utf-8", huge_tree=True))
    except etree.XMLSyntaxError:
        return BuiltPage(path)
    # lxml answers with nothing, against its annotation, when a file holds no element at all.
    return _page(path, tree) if tree is not None else BuiltPage(path)


def _page(path: str, tree: etree._Element) -> BuiltPage:
    ids: Counter[str] = Counter()
    names: set[str] = set()
    links: list[Link] = []
    titles: dict[str, str] = {}
    refresh, base = None, ""
    for element in tree.iter("*"):
        if _TELLING.isdisjoint(element.keys()):
            continue  # as most elements are, which only give code its colours
        tag, get = element.tag, element.get
        if (name := get("id")) is not None:
            ids[name] += 1
            if tag in _HEADINGS:
                titles[name] = _title(element)
        if tag == "a" and (name := get("name")) is not None:
            names.add(name)
        elif tag == "base":
            base = get("href") or ""
            continue
        elif tag == "meta" and (get("http-equiv") or "").lower() == "refresh":
            refresh = _refresh_target(get("content") or "")
        links += _links(element)
    duplicates = tuple(sorted(name for name, times in ids.items() if times > 1))
    return BuiltPage(path, frozenset(ids) | names, duplicates, tuple(links), refresh, base, titles)


def _links(element: etree._Element) -> Iterator[Link]:
    get = element.get
    found = [value.strip() for name in _ADDRESSES if (value := get(name)) is not None]
    if element.tag == "object" and (data := get("data")) is not None:
        found.append(data.strip())
    if (candidates := get("srcset")) is not None:
        found += [candidate.split()[0] for candidate in candidates.split(",") if candidate.strip()]
    if found and not (element.tag == "link" and get("rel") in _HINTS):
        content, text = _surroundings(element)
        yield from (Link(href, text, content) for href in found)


def _surroundings(element: etree._Element) -> tuple[bool, str]:
    """Whether an element is part of the page's own content, and the text shown for it."""
    if "headerlink" in (element.get("class") or ""):
        return False, ""
    for ancestor in element.iterancestors("nav", "header", "footer", "article", "main"):
        if ancestor.tag in {"main", "article"}:
            return True, element.get("alt") or "".join(str(text) for text in element.itertext())
        return False, ""
    return False, ""


def _title(heading: etree._Element) -> str:
    """The words of a heading, without the mark that links to it."""
    marks = {
        part for link in heading.iter("a") if "headerlink" in (link.get("class") or "") for part in link.itertext()
    }
    return " ".join("".join(str(part) for part in heading.itertext() if part not in marks).split())


def _refresh_target(content: str) -> str | None:
    _, _, target = content.partition(";")
    name, _, address = target.strip().partition("=")
    return address.strip().strip("'\"") if name.strip().lower() == "url" else None
