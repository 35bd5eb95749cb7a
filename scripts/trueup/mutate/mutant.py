"""A mutant: one small change of a project, and what the checks must say about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trueup.findings import CODES, Finding


class Side(StrEnum):
    """What a mutant changes, and so what is expected of the checks."""

    CODE = "code"
    DOCS = "docs"
    HARMLESS = "harmless"


class Depth(StrEnum):
    """The cheapest check that must see a mutant."""

    STATIC = "static"
    """Facts, bindings, coverage and generated files; nothing is run."""
    SITE = "site"
    """The same, and the built site with its links."""
    PAGE = "page"
    """The examples of one page, against a live service."""


@dataclass(frozen=True)
class Edit:
    """One file as the mutant leaves it; `text` none: the file is gone. `path` is relative to the project root."""

    path: str
    text: str | None


@dataclass(frozen=True)
class Expected:
    """The finding that must be among those reported: one of `codes`, and every text of `names` in it, in any case.

    `path` is that of the finding, when it matters. `refused` says that an error that ends the run (exit 2) is the
    documented answer, and `names` stand in its message.
    Raises `KeyError` when a code is none of trueup's.
    """

    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    path: str = ""
    refused: bool = False

    def __post_init__(self) -> None:
        for code in self.codes:
            if code not in CODES:
                raise KeyError(f"finding code {code!r} is not listed in trueup.findings.CODES")

    def met_by(self, findings: Sequence[Finding]) -> Finding | None:
        """The first finding that is the expected one."""
        return next((finding for finding in findings if self._is(finding)), None)

    def _is(self, finding: Finding) -> bool:
        if finding.code not in self.codes or (self.path and finding.path != self.path):
            return False
        text = f"{finding.message}\n{finding.mend}\n{finding.detail}".casefold()
        return all(name.casefold() in text for name in self.names)

    def __str__(self) -> str:
        what = "the run ends" if self.refused else " or ".join(self.codes)
        named = f" naming {' and '.join(self.names)}" if self.names else ""
        return f"{what}{named}{f' in {self.path}' if self.path else ''}"


@dataclass(frozen=True)
class Mutant:
    """One change. `group` is its class, `title` says what was done, `place` where (`file:line`).

    `expected` is none for harmless edits, which must cause no finding at all. `pages` are checked alone at the depth
    `PAGE`. With `written`, the generated files are written anew first, as after `trueup write`: what is left are pages
    that are wrong.
    """

    group: str
    side: Side
    title: str
    place: str
    edits: tuple[Edit, ...]
    expected: Expected | None = None
    depth: Depth = Depth.STATIC
    pages: tuple[str, ...] = ()
    written: bool = False

    @property
    def id(self) -> str:
        """What tells this mutant from all others, and stays the same from run to run."""
        return f"{self.group} | {self.title} | {self.place}"
