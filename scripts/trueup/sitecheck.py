"""The site of one run: built beside the other checks, then held to have no complaint and no broken link."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from trueup import links, sitebuild
from trueup.config import Config
from trueup.findings import Finding
from trueup.keptsite import KeptSite, kept_site


@dataclass(frozen=True)
class SiteResult:
    """Complaints of the builder, findings in what it built, and its links: in all, and on each page."""

    complaints: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
    links: int = 0
    per_page: Mapping[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong with the site."""
        return not self.complaints and not self.findings


class SiteCheck:
    """A build that is on its way. When only changed pages are built and something is wrong, all are built anew."""

    def __init__(self, config: Config, root: Path, scratch: Path, kept: KeptSite | None) -> None:
        self._config, self._root, self._kept = config, root, kept
        self._partial = kept is not None and kept.partial
        self._complaints: tuple[Finding, ...] = ()
        self._build = sitebuild.start(config, root, scratch / "site", kept)

    @property
    def site(self) -> Path:
        """The folder of the site."""
        return self._build.site

    def wait(self) -> None:
        """Wait until the site is built."""
        self._complaints = tuple(self._build.finish())

    def finish(self) -> SiteResult:
        """Look at the site that has been built."""
        result = self._look()
        if self._partial and not result.clean:
            # The page at fault may be one that was left as it was: only a whole site tells.
            self._build = sitebuild.start(self._config, self._root, self.site, self._kept)
            self.wait()
            result = self._look()
        return result

    @property
    def left(self) -> int:
        """How many pages were left as they are in the kept site."""
        return self._kept.left if self._kept is not None else 0

    def keep(self) -> None:
        """Keep the site, in which nothing is wrong, to build the next one from."""
        if self._kept is not None:
            self._kept.keep()

    def stop(self) -> None:
        """End the build, if it still runs."""
        self._build.stop()

    def _look(self) -> SiteResult:
        config, root, build, complaints = self._config, self._root, self._build, self._complaints
        if not build.site.is_dir():
            return SiteResult(complaints)
        address = sitebuild.site_url(config, root)
        result = links.resolve(build.site, base_url=address, root=root, docs=root / config.docs)
        findings = (*sitebuild.unstamped(config, root, build.site), *result.findings)
        return SiteResult(complaints, findings, result.links, result.per_page)


@contextmanager
def site_check(config: Config, root: Path, scratch: Path, reads: str) -> Iterator[SiteCheck]:
    """Build the site while the block runs.

    `reads` is as for `KeptSite`; when it is empty, a whole site is built in `scratch` and not kept.
    """
    with ExitStack() as stack:
        kept = stack.enter_context(kept_site(root, reads)) if reads else None
        check = SiteCheck(config, root, scratch, kept)
        stack.callback(check.stop)
        yield check
