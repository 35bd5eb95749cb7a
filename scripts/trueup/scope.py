"""The scope of a run: which pages, and which checks."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """What a run looks at: some pages (paths relative to the root; none: all), and the checks that take minutes.

    `evidence` makes it a finding that a test which a page names has not been run.
    """

    paths: Sequence[str] = ()
    examples: bool = True
    links: bool = True
    contract: bool = False
    crawl: bool = False
    evidence: bool = False
    conformance: bool = False
    types: bool = False

    @property
    def everything(self) -> bool:
        """Whether the run looks at all that there is."""
        return self.whole and self.examples and self.links and self.contract and self.crawl

    @property
    def whole(self) -> bool:
        """Whether the run looks at all pages."""
        return not self.paths

    @property
    def lines(self) -> bool:
        """Whether single lines are named, whose examples somebody wants to see run."""
        return any(":" in path for path in self.paths)
