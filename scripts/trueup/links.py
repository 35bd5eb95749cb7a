"""The resolver: every link, image, script and anchor of a built site, checked without a server or a network."""

import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree
from rapidfuzz import fuzz, process

from trueup.built import BuiltPage, Link, read_page
from trueup.findings import Finding
from trueup.origin import line_of, sources

_PLAIN = re.compile(r"((?:\.\./)*)((?:(?!\.\.?(?:[/#]|$))[\w.~-]+(?:/|(?=#|$)))*)(?:#([\w.~-]*))?", re.ASCII)
"""An address below or above the page's own: the steps up, the path from there, the fragment."""

_MARKDOWN = re.compile(r"^(?!\w+:|/)[^?#]*\.md()(?:[?#]|$)")
"""A link to a page by its file, as pages write it; group 1 stands behind the path."""

_ALIKE = 72

_INERT = frozenset({"mailto", "tel", "data", "javascript", "blob", "about"})


@dataclass(frozen=True)
class LinkResult:
    """The outcome of one resolution of a built site."""

    findings: tuple[Finding, ...]
    pages: int
    links: int
    seconds: float
    external: tuple[str, ...] = ()
    """Addresses that leave the site, listed and never fetched."""
    per_page: Mapping[str, int] = field(default_factory=dict)
    """Links in the content of each Markdown page, by its path relative to the project root."""
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The files of the site that each HTML page of it leads to, both relative to the site."""

    def reachable(self, start: str = "index.html") -> frozenset[str]:
        """Every file that a reader can get to from the page `start`."""
        seen, waiting = {start}, [start]
        while waiting:
            new = self.targets.get(waiting.pop(), frozenset()) - seen
            seen |= new
            waiting += new
        return frozenset(seen)


def resolve(site_dir: Path, *, base_url: str = "", root: Path, docs: Path) -> LinkResult:
    """Resolve every link of the site in `site_dir`, which was built from `docs` and is to be served at `base_url`.

    Findings name the Markdown file, relative to `root`, and the line where they can be found, the HTML file otherwise.
    A broken link of the navigation, which is on every page, is reported once.
    """
    started = time.perf_counter()
    return _Resolver(site_dir, base_url, root, docs).run(started)


class _Trouble(NamedTuple):
    code: str
    message: str


class _Resolver:
    def __init__(self, site: Path, base_url: str, root: Path, docs: Path) -> None:
        self._site, self._root = site, root
        self._docs, self._origin = docs, sources(docs)
        base = urlsplit(base_url)
        self._hosts = {base.netloc} if base.netloc else set()
        self._prefix = base.path.rstrip("/") + "/"
        self._files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
        self._pages: dict[str, BuiltPage] = {}
        self._external: set[str] = set()
        self._targets: dict[str, set[str]] = defaultdict(set)
        self._memo: dict[tuple[str, str], tuple[_Trouble | None, str | None]] = {}

    def run(self, started: float) -> LinkResult:
        for path in sorted(name for name in self._files if name.endswith((".html", ".htm"))):
            self._pages[path] = read_page(self._site / path, path)
        findings: list[Finding] = []
        around: dict[_Trouble, list[str]] = defaultdict(list)
        count = 0
        for page in self._pages.values():
            findings += self._own(page)
            # The navigation repeats one link several times on a page; the content repeats on purpose.
            for link in page.links:
                count += 1
                trouble = self._check(page, link.href)
                if trouble is None and link.content:
                    trouble = self._misleads(page, link)
                if trouble is None:
                    continue
                if link.content:
                    findings.append(self._finding(page, link, *trouble))
                else:
                    around[trouble].append(page.path)
        findings += [self._shared(code, message, pages) for (code, message), pages in around.items()]
        findings += self._sitemap()
        per_page = {
            self._name(page): sum(link.content for link in page.links)
            for page in self._pages.values()
            if page.path in self._origin
        }
        return LinkResult(
            findings=tuple(sorted(set(findings))),
            pages=len(self._pages),
            links=count,
            seconds=time.perf_counter() - started,
            external=tuple(sorted(self._external)),
            per_page=per_page,
            targets={page: frozenset(found) for page, found in self._targets.items()},
        )

    def _own(self, page: BuiltPage) -> Iterator[Finding]:
        for name in page.duplicates:
            yield Finding(
                self._name(page),
                self._line(page, f"#{name}", name),
                "id-duplicate",
                f"anchor #{name} occurs twice on the built page",
                "rename one of the headings, or give one an explicit {#id}",
            )
        if page.refresh is None:
            return
        self._check(page, page.refresh)
        if self._final(page.path) is None:
            yield Finding(
                self._name(page), 1, "redirect-broken", f"the page redirects to {page.refresh!r}, which does not exist"
            )

    def _check(self, page: BuiltPage, href: str) -> _Trouble | None:
        """The code and message of what is wrong with an address on a page; none when it resolves."""
        key = (page.base or page.path.rpartition("/")[0], href)
        # Addresses of the page itself (`#x`) differ from page to page even in one folder.
        if href.startswith(("#", "?")) or not href or _MARKDOWN.search(href):
            key = (page.path, href)
        if key not in self._memo:
            self._memo[key] = self._look(page, href)
        trouble, target = self._memo[key]
        if target is not None:
            self._targets[page.path].add(target)
        return trouble

    def _look(self, page: BuiltPage, href: str) -> tuple[_Trouble | None, str | None]:
        """What is wrong with an address, and the file of the site that it leads to."""
        try:
            target, fragment = self._locate(page, href)
        except ValueError as error:
            return _Trouble("link-broken", f"link {href!r} is no address: {error}"), None
        if target is None:
            return None, None
        if target not in self._files:
            if page.path in self._origin and not page.base and (match := _MARKDOWN.search(href)):
                return _Trouble("link-broken", self._no_page(page, href, unquote(href[: match.start(1)]))), None
            message = f"link {href!r} leads to {target}, which is not in the site{self._near(target)}"
            return _Trouble("link-broken", message), None
        return self._anchor(href, target, fragment), target

    def _anchor(self, href: str, target: str, fragment: str) -> _Trouble | None:
        final = self._final(target)
        if final is None or not fragment or final not in self._pages:
            return None
        if fragment == "top" or fragment.startswith(":~:") or fragment in self._pages[final].ids:
            return None
        guess = process.extractOne(fragment, sorted(self._pages[final].ids), score_cutoff=60)
        hint = f"; did you mean #{guess[0]}?" if guess else ""
        return _Trouble("anchor-missing", f"link {href!r}: page {final} has no anchor #{fragment}{hint}")

    def _misleads(self, page: BuiltPage, link: Link) -> _Trouble | None:
        """What is wrong with a link whose text is the heading of another section than the one it leads to."""
        if "#" not in link.href:
            return None
        target, fragment = self._locate(page, link.href)
        titles = self._pages[target].titles if target in self._pages else {}
        text = " ".join(link.text.split())
        if fragment not in titles or titles[fragment] == text:
            return None
        named = next((anchor for anchor, title in titles.items() if title == text), None)
        if named is None:
            return None
        message = (
            f"link {link.href!r} reads {text!r}, which is the heading of #{named}, but leads to {titles[fragment]!r}"
        )
        return _Trouble("link-misleads", message)

    def _locate(self, page: BuiltPage, href: str) -> tuple[str | None, str]:
        """The file of the site that an address means, and its fragment; no file when it leaves the site."""
        if not page.base and (found := self._near_by(page.path, href)):
            return found
        if urlsplit(href).scheme in _INERT:
            return None, ""
        here = f"http://site.invalid{self._prefix}{page.path}"
        parts = urlsplit(urljoin(urljoin(here, page.base) if page.base else here, href))
        path = unquote(parts.path) or "/"
        own = parts.netloc == "site.invalid" or parts.netloc in self._hosts
        if not own or parts.scheme not in {"http", "https"}:
            self._external.add(href)
            return None, ""
        if not path.startswith(self._prefix) and path + "/" != self._prefix:
            if parts.netloc in self._hosts:
                self._external.add(href)
                return None, ""
            return path, ""
        inner = path[len(self._prefix) :]
        folder = inner.endswith("/") or not inner
        inner = normpath(inner) if inner else ""
        return self._file("" if inner == "." else inner, folder), unquote(parts.fragment)

    def _near_by(self, here: str, href: str) -> tuple[str, str] | None:
        """What `_locate` says of plain addresses (`#x`, `../a/#x`), which most are: without taking them apart twice."""
        match = _PLAIN.fullmatch(href)
        if match is None or not href:
            return None
        ups, rest, fragment = match[1].count("/"), match[2], match[3] or ""
        if not ups and not rest:
            return here, fragment
        folders = here.split("/")[:-1]
        if ups > len(folders):
            return None
        inner = "/".join([*folders[: len(folders) - ups], rest.rstrip("/")]).rstrip("/")
        return self._file(inner, not rest or rest.endswith("/")), fragment

    def _file(self, inner: str, folder: bool) -> str:
        """The file of the site that is shown for a path in it."""
        if folder or (inner not in self._files and f"{inner}/index.html" in self._files):
            return f"{inner}/index.html" if inner else "index.html"
        return inner

    def _final(self, path: str) -> str | None:
        """The page at the end of a chain of redirects; none when the chain breaks, leaves the site or is a loop."""
        seen: set[str] = set()
        while (page := self._pages.get(path)) is not None and page.refresh is not None:
            if path in seen:
                return None
            seen.add(path)
            target, _ = self._locate(page, page.refresh)
            if target is None:
                return path
            path = target
        return path if path in self._files else None

    def _no_page(self, page: BuiltPage, href: str, path: str) -> str:
        """What is wrong with a link to a Markdown file: the builder left it as it is, since there is none."""
        here = self._origin[page.path].relative_to(self._docs).parent.as_posix()
        wanted = normpath(f"{here}/{path}")
        pages = sorted({source.relative_to(self._docs).as_posix() for source in self._origin.values()})

        def likeness(other: str) -> tuple[float, float]:
            # Folders last: pages of one folder are alike by it alone.
            return fuzz.ratio(PurePosixPath(wanted).stem, PurePosixPath(other).stem), fuzz.ratio(wanted, other)

        near = max(pages, key=likeness)
        hint = f"; did you mean {relpath(near, here)}?" if likeness(near)[0] >= _ALIKE else ""
        return f"link {href!r} leads to {wanted}, which is not in the site{hint}"

    def _near(self, target: str) -> str:
        guess = process.extractOne(target, sorted(self._files), scorer=fuzz.ratio, score_cutoff=80)
        return f"; did you mean {guess[0]}?" if guess else ""

    def _name(self, page: BuiltPage) -> str:
        source = self._origin.get(page.path)
        path = source if source is not None else self._site / page.path
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)

    def _line(self, page: BuiltPage, href: str, text: str) -> int:
        source = self._origin.get(page.path)
        return line_of(source, href, text) if source is not None else 1

    def _finding(self, page: BuiltPage, link: Link, code: str, message: str) -> Finding:
        return Finding(self._name(page), self._line(page, link.href, link.text), code, message)

    def _shared(self, code: str, message: str, pages: list[str]) -> Finding:
        others = len(set(pages)) - 1
        also = f" (in what surrounds the page; also on {others} other pages)" if others else ""
        return Finding(self._name(self._pages[pages[0]]), 1, code, message + also)

    def _sitemap(self) -> Iterator[Finding]:
        path = self._site / "sitemap.xml"
        if not path.is_file():
            return
        where = path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)
        try:
            tree = etree.fromstring(path.read_bytes())
        except etree.XMLSyntaxError as error:
            yield Finding(where, 1, "link-broken", f"the sitemap is no XML: {error}")
            return
        home = BuiltPage("")
        for place in tree.iter("{*}loc"):
            trouble, _ = self._look(home, (place.text or "").strip())
            if trouble is not None:
                line = place.sourceline
                yield Finding(where, line if isinstance(line, int) else 1, *trouble)
