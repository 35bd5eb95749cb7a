"""A run of the checks: each is timed and counted, and all of them make one report."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trueup import (
    accepted,
    backing,
    bare,
    claims,
    coverage,
    dashboards,
    evidence,
    generated,
    inline,
    installed,
    repository,
    requirements,
    review,
    rules,
    screenshots,
    sidework,
    spelling,
    statuses,
    testrun,
    values,
    vocabulary,
    watermark,
    whereabouts,
)
from trueup.aliases import Aliases
from trueup.asked import Asked
from trueup.beside import Timed, opened_lanes, result
from trueup.bindings import Bindings
from trueup.committed import ambient, digest, read_document, read_inventory
from trueup.config import Config
from trueup.covered import measure
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory
from trueup.findings import Finding
from trueup.known import Known
from trueup.memory import Memory
from trueup.operations import Operations
from trueup.outcome import CheckResult
from trueup.pages import Page, read_pages
from trueup.progress import Progress
from trueup.recollection import remember
from trueup.relations import Relations, States
from trueup.renamed import Renamed
from trueup.report import CheckEntry, PageEntry, Report
from trueup.resolver import Resolver
from trueup.scope import Scope
from trueup.sidework import SideWork
from trueup.sitecheck import SiteCheck, SiteResult, site_check
from trueup.truth import Truth


@dataclass
class Run:
    """One run over a project; `report` ends it. `truth` is what its code says, when that is known already."""

    config: Config
    root: Path
    scope: Scope
    progress: Progress
    clock: Callable[[], datetime]
    memory: Memory = field(default_factory=Memory.none)
    truth: Truth | None = None
    findings: list[Finding] = field(default_factory=list)
    checks: list[CheckEntry] = field(default_factory=list)
    facts: dict[str, set[Fact]] = field(default_factory=dict)
    examples: dict[str, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    coverage: dict[str, dict[str, int]] = field(default_factory=dict)

    def execute(self) -> Report:
        """Run everything in scope. Raises `TrueupError` when the project cannot be checked at all."""
        started = time.perf_counter()
        want_site = self.scope.whole and (self.scope.links or self.scope.crawl)
        kept = self._known.check("site") if want_site and not self.scope.crawl else None
        with TemporaryDirectory(prefix="trueup-") as scratch:
            folder = Path(scratch)
            # The site takes long, so it begins first; its build is ended before the lanes that wait for it.
            with (
                opened_lanes() as lanes,
                self._site(folder) if want_site and kept is None else nullcontext() as site,
            ):
                truth = self._facts()
                pages = read_pages(self.root, self.config.docs)
                _require_folders(pages, self.config)
                chosen = choose(pages, self.scope.paths, self.config)
                beside = sidework.begin(
                    self.config, self.root, self.scope, self._known, lanes, truth, chosen, site, folder
                )
                self._bindings(truth, pages, chosen)
                if self.scope.examples:
                    self._examples(chosen)
                if site is not None and beside.built and beside.links:
                    self._links(site, len(pages), beside.built, beside.links)
                elif kept is not None:
                    self._links_known(kept, len(pages))
                if beside.screenshots:
                    self._screenshots(beside.screenshots)
                self._slow(truth, chosen, beside)
        report = self._report(truth, chosen, time.perf_counter() - started)
        if not report.findings:
            remember(report, self.memory, self.scope)
        self.memory.settle()
        return report

    def _site(self, scratch: Path) -> AbstractContextManager[SiteCheck]:
        # The other opinion on links gets a site of which every page is new.
        whole = self.scope.crawl or not self.memory.kept
        return site_check(self.config, self.root, scratch, "" if whole else self._known.site_reads)

    @cached_property
    def _today(self) -> date:
        return repository.committed_on(self.root) or self.clock().date()

    @cached_property
    def _known(self) -> Known:
        return Known(self.memory, self.config, self.root)

    @contextmanager
    def _timed(self, name: str, unit: str) -> Iterator["_Entry"]:
        self.progress(name)
        entry = _Entry()
        started = time.perf_counter()
        yield entry
        seconds = round(entry.seconds or time.perf_counter() - started, 3)
        self.checks.append(CheckEntry(name, entry.counted, unit, seconds, entry.cached, entry.note, entry.figures))

    def _facts(self) -> Truth:
        with self._timed("facts", "facts") as entry:
            remembered = self.truth or self._known.truth()
            truth = remembered or self._known.gather()
            entry.counted = len(truth.inventory)
            entry.cached = entry.counted if remembered else 0
        return truth

    def _bindings(self, truth: Truth, pages: Sequence[Page], chosen: Sequence[Page]) -> None:
        words = vocabulary.load(self.root, self.config.vocabulary)
        inventory = Inventory([*truth.inventory, *ambient(self.config, self.root)])
        renamed = Renamed(self.config, self.root, truth.inventory)
        resolver = Resolver(inventory, words, truth.validators, renamed=renamed.now)
        tests = testrun.current(self.config, self.root)
        proof = evidence.Proof(self.root, tests, self.scope.evidence, self.config.source)
        bindings = Bindings(pages, inventory, truth.document, resolver, self.config.owned, proof)
        self._aliases = Aliases(inventory, words)
        self._relations = Relations(inventory, resolver, bindings.values, States.of(self.config.conformance))
        self._asked = Asked(Operations(inventory), words, truth.document)
        with self._timed("bindings", "bindings") as entry:
            for page in chosen:
                self._page(page, bindings)
                entry.counted += len(self.facts[page.path])
            entry.note = evidence.unrun(chosen, proof)
        self.findings += accepted.check(pages, chosen, self.config, self.root, whole=self.scope.whole)
        if not self.scope.whole:
            return
        self.findings += _duplicates(pages)
        self.findings += screenshots.check(pages, self.root, self.config.docs)
        with self._timed("coverage", "owned facts") as entry:
            self.findings += coverage.check(bindings, self.config, self.root)
            covered = measure(bindings, self.config.owned, self.config.archive)
            self.findings += watermark.check(covered, self.config, self.root)
            self.findings += backing.check(backing.measure(bindings, self.config), self.config, self.root)
            if self.config.coverage:
                self.coverage = {kind: asdict(figure) for kind, figure in watermark.figures(covered).items()}
            self.findings += rules.check(self.root, self.config.rules, truth.inventory)
            self.findings += installed.check(self.root)
            self.findings += dashboards.check(truth.inventory)
            self.findings += requirements.check(self.config, self.root, tests, strict=self.scope.evidence)
            self.findings += words.stale(truth.inventory)
            entry.counted = sum(len(truth.inventory.of_kind(kind)) for kind in self.config.owned)
        with self._timed("generated", "generated files") as entry:
            changed = generated.changes(truth, self.config, self.root)
            shown = self._shown(pages, bindings) if changed else {}
            self.findings += generated.check(truth, self.config, self.root, changed, shown)
            idents = {ident for change in changed for ident in change.ids}
            self.touched = {place.partition(":")[0] for ident in idents for place in shown.get(ident, ())}
            entry.counted = 2 if self.config.openapi else 1

    def _page(self, page: Page, bindings: Bindings) -> None:
        used: set[Fact] = set()
        self.findings += page.findings
        self.findings += inline.check(page, bindings.resolver, bindings.values, used)
        self.findings += values.check(page, bindings.values, used)
        self.findings += bare.check(page, self.config.values, bindings.resolver.vocabulary)
        self.findings += statuses.check(page, bindings.resolver, bindings.values)
        self.findings += self._relations.check(page)
        self.findings += self._asked.check(page)
        self.findings += whereabouts.check(page, bindings.resolver, self.root)
        self.findings += claims.check(page, self.config.claims, bindings.resolver.vocabulary)
        if not Path(page.path).is_relative_to(self.config.archive):
            self.findings += self._aliases.check(page, bindings.owners)
            if self.config.spelling:
                self.findings += spelling.check(page, bindings.resolver.vocabulary)
            self.findings += review.check(page, self.config.review, self._today)
        for expansion in bindings.expansions[page.path]:
            self.findings += expansion.findings
        used |= bindings.used(page)
        self.facts[page.path] = used

    def _shown(self, pages: Sequence[Page], bindings: Bindings) -> dict[str, list[str]]:
        """Fact id → the places in pages that show it, by what the code says now and by what was committed."""
        before = Bindings(pages, read_inventory(self.config, self.root), read_document(self.config, self.root))
        found: dict[str, set[str]] = {}
        for path, used in self.facts.items():
            for fact in used:
                found.setdefault(fact.id, set()).add(path)
        for version in (bindings, before):
            for ident, places in version.owners.items():
                for path, line, _ in places:
                    found.setdefault(ident, set()).discard(path)
                    found[ident].add(f"{path}:{line}")
        return {ident: sorted(places) for ident, places in found.items()}

    def _examples(self, pages: Sequence[Page]) -> None:
        from trueup.examples.run import run_pages

        with self._timed("examples", "examples") as entry:
            result = run_pages(
                self.config,
                pages,
                root=self.root,
                write=False,
                jobs=os.cpu_count() or 1,
                lines=chosen_lines(self.scope.paths),
                progress=self.progress,
                known=None if self.scope.lines else self._known,
            )
            self.findings += result.findings
            self.examples = dict(result.per_page)
            entry.counted = sum(self.examples.values())
            entry.cached, entry.note = result.remembered, result.note

    def _links(self, site: SiteCheck, pages: int, built: Future[Timed[None]], links: Future[Timed[SiteResult]]) -> None:
        with self._timed("site", "pages") as entry:
            entry.seconds = result(built).seconds
            entry.counted, entry.cached = pages, site.left
        with self._timed("links", "links") as entry:
            timed = result(links)
            found, entry.seconds = timed.value, timed.seconds
            self.findings += found.findings
            self.links = dict(found.per_page)
            entry.counted, entry.note = sum(self.links.values()), _around(found.links, self.links)
            if found.clean:
                self._known.note_check("site", {"links": found.links, "pages": self.links})
                if self.memory.settle():
                    site.keep()
        reported = {finding.path for finding in self.findings}
        self.findings += [complaint for complaint in found.complaints if complaint.path not in reported]

    def _links_known(self, kept: Mapping[str, Any], pages: int) -> None:
        with self._timed("site", "pages") as entry:
            entry.counted = entry.cached = pages
        with self._timed("links", "links") as entry:
            self.links = dict(kept["pages"])
            entry.counted = entry.cached = sum(self.links.values())
            entry.note = _around(kept["links"], self.links)

    def _screenshots(self, visited: Future[Timed[sidework.Visited]]) -> None:
        with self._timed("screenshots", "screenshots") as entry:
            timed = result(visited)
            seen, entry.seconds = timed.value, timed.seconds
            if isinstance(seen, Mapping):
                entry.counted = entry.cached = seen["counted"]
                return
            self.findings += seen.findings
            entry.counted, entry.cached, entry.note = seen.visited, seen.remembered, seen.note
            if self.scope.whole and not seen.findings and not seen.unseen:
                self._known.note_check("screenshots", {"counted": seen.visited})

    def _slow(self, truth: Truth, pages: Sequence[Page], beside: SideWork) -> None:
        # Types and conformance import parts of the project, which the other lanes must not see half done.
        if self.scope.types:
            from trueup import blocktypes

            self._counted("types", "blocks", lambda: blocktypes.run(self.config, self.root, pages))
        if self.scope.conformance:
            from trueup import conformance

            self._counted("conformance", "pairs", lambda: conformance.run(self.config, self.root, truth))
        if self.scope.contract:
            self._counted("contract", "cases", beside.contract)
        if self.scope.crawl:
            self._counted("crawl", "links", beside.crawl)

    def _counted(
        self, name: str, unit: str, check: Callable[[], CheckResult] | Future[Timed[CheckResult | None]] | None
    ) -> None:
        kept = sidework.kept(self._known, self.scope, name)
        if kept is None and check is None:
            return
        with self._timed(name, unit) as entry:
            if kept is not None:
                entry.counted = entry.cached = kept["counted"]
                entry.figures = kept["figures"]
                return
            if isinstance(check, Future):
                timed = result(check)
                found, entry.seconds = timed.value, timed.seconds
            else:
                found = check() if check is not None else None
            if found is None:
                return
            entry.figures = found.figures
            self.findings += found.findings
            entry.counted = found.counted
            if not found.findings and self.scope.whole:
                self._known.note_check(name, {"counted": found.counted, "figures": dict(found.figures)})

    def _report(self, truth: Truth, pages: Sequence[Page], seconds: float) -> Report:
        state = repository.state(self.root)
        findings = sorted(set(self.findings))
        entries = {
            page.path: PageEntry(
                digest=page.digest,
                facts=len(self.facts.get(page.path, ())),
                examples=self.examples.get(page.path, 0),
                links=self.links.get(page.path, 0),
                findings=sum(finding.path == page.path for finding in findings) + (page.path in self.touched),
            )
            for page in pages
        }
        counts = {kind: len(truth.inventory.of_kind(kind)) for kind in truth.inventory.kinds}
        finished = self.clock().astimezone(UTC).isoformat(timespec="seconds")
        return Report(
            finished,
            state.commit,
            state.dirty,
            round(seconds, 2),
            self.checks,
            counts,
            entries,
            findings,
            digest(self.config, self.root),
            self.coverage,
        )


def _around(links: int, pages: Mapping[str, int]) -> str:
    """What else was resolved besides the links in the texts of pages."""
    return f"{links - sum(pages.values())} more in the navigation and on pages of the builder"


@dataclass
class _Entry:
    counted: int = 0
    cached: int = 0
    note: str = ""
    figures: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    """Of a check that ran beside others; else it is measured."""


def choose(pages: Sequence[Page], paths: Sequence[str], config: Config) -> list[Page]:
    """The pages that `paths` (files or folders relative to the root, a line after `:` allowed) name; all by default.

    Raises `TrueupError` when a path names no page.
    """
    wanted = [path.partition(":")[0].rstrip("/") for path in paths]
    for path in wanted:
        if not any(_below(page, path) for page in pages):
            raise TrueupError(f"{path}: no page of {config.docs}; give a Markdown file or folder below it")
    return [page for page in pages if not wanted or any(_below(page, path) for path in wanted)]


def _require_folders(pages: Sequence[Page], config: Config) -> None:
    """Raise `TrueupError` when a check is asked for where no page is: nobody would notice."""
    for key, folders in (("values", config.values.folders), ("claims", config.claims.folders)):
        for folder in folders:
            if not any(page.below([folder]) for page in pages):
                raise TrueupError(
                    f"tool.trueup.{key}.folders: no page of {config.docs} is, or is below, {folder!r}; "
                    "name a folder or page relative to it, or . for all"
                )


def chosen_lines(paths: Sequence[str]) -> dict[str, list[int]]:
    """The lines that `paths` name after a `:`, by page; a page that is also named without a line is whole.

    Raises `TrueupError` when something else than a number stands there.
    """
    found: dict[str, list[int]] = {}
    for path in paths:
        name, colon, rest = path.partition(":")
        line = rest.partition(":")[0]
        if colon and not line.isdigit():
            raise TrueupError(f"{path}: {line!r} is no line; write {name}:41")
        if colon:
            found.setdefault(name, []).append(int(line))
    return {name: lines for name, lines in found.items() if name not in paths}


def _below(page: Page, path: str) -> bool:
    return page.path == path or page.path.startswith(f"{path}/")


def _duplicates(pages: Iterable[Page]) -> Iterator[Finding]:
    seen: dict[str, Page] = {}
    for page in pages:
        other = seen.setdefault(page.digest, page)
        if other is not page:
            message = f"has the same body as {other.path}"
            yield Finding(page.path, page.offset + 1, "page-duplicate", message, "make them differ, or delete one")
