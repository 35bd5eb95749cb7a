"""What a run begins beside the rest, because it needs none of its results: the site and what looks at it, the contract.

The site and what looks at it are one lane, the contract test is another.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from trueup import screenshots, sitebuild
from trueup.beside import Lanes, Timed
from trueup.config import Config
from trueup.known import Known
from trueup.outcome import CheckResult
from trueup.pages import Page
from trueup.scope import Scope
from trueup.sitecheck import SiteCheck, SiteResult
from trueup.truth import Truth

if TYPE_CHECKING:
    from trueup.gallery import Gallery

Visited: TypeAlias = "Gallery | Mapping[str, Any]"
"""What came of looking at the screenshots, or what is remembered of it."""


@dataclass
class SideWork:
    """What has been begun; None is what this run does not ask for, or what is remembered."""

    built: Future[Timed[None]] | None = None
    links: Future[Timed[SiteResult]] | None = None
    screenshots: Future[Timed[Visited]] | None = None
    crawl: Future[Timed[CheckResult | None]] | None = None
    contract: Future[Timed[CheckResult | None]] | None = None


def begin(
    config: Config,
    root: Path,
    scope: Scope,
    known: Known,
    lanes: Lanes,
    truth: Truth,
    pages: Sequence[Page],
    site: SiteCheck | None,
    scratch: Path,
) -> SideWork:
    """Begin what `scope` asks for; `site` is the build that is on its way, None when there is none."""
    work = SideWork()
    if scope.contract and kept(known, scope, "contract") is None:
        work.contract = lanes.begin("contract", partial(_contract, config, root, truth))
    if site is not None:
        work.built = lanes.begin("site", site.wait)
        work.links = lanes.begin("site", site.finish)
    if scope.examples and any(block.name == screenshots.NAME for page in pages for block in page.directives):
        built = partial(sitebuild.once, config, root, scratch) if site is None else lambda: site.site
        work.screenshots = lanes.begin("site", partial(_visit, config, root, scope, known, pages, built))
    if scope.crawl and site is not None and kept(known, scope, "crawl") is None:
        work.crawl = lanes.begin("site", partial(_crawl, config, root, site))
    return work


def kept(known: Known, scope: Scope, name: str) -> Mapping[str, Any] | None:
    """What is remembered of a check; that is what a look at all pages found."""
    return known.check(name) if scope.whole else None


# Each imports what it needs only when it runs: an answer from memory comes without.


def _contract(config: Config, root: Path, truth: Truth) -> CheckResult | None:
    from trueup import contract

    return contract.run(config, root, truth)


def _visit(
    config: Config, root: Path, scope: Scope, known: Known, pages: Sequence[Page], site: Callable[[], Path]
) -> Visited:
    remembered = kept(known, scope, "screenshots")
    if remembered is not None:
        return remembered
    from trueup import gallery

    wanted = config.screenshots.required
    required = scope.everything and (wanted == "always" or (wanted == "ci" and bool(os.environ.get("CI"))))
    return gallery.visit(config, root, pages, site=site, write=False, required=required, known=known)


def _crawl(config: Config, root: Path, site: SiteCheck) -> CheckResult | None:
    if not site.site.is_dir():
        return None  # a site that did not build has its finding
    from trueup import crawl

    return crawl.run(config, root, site.site)
