"""The scope of a run: which pages, and which checks."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """What a run looks at: some pages (paths relative to the root; none: all), and the checks that take minutes."""

    paths: Sequence[str] = ()
    examples: bool = True
    links: bool = True
    contract: bool = False
    crawl: bool = False

    @property
    def whole(self) -> bool:
        """Whether the run looks at all pages."""
        return not self.paths
