"""The sentences of each page by what stands behind them, and the mark that is committed: none may lose its backing."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup import sentences
from trueup.bindings import Bindings
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.facts import Fact
from trueup.findings import Finding
from trueup.sentences import BACKINGS, Sentence
from trueup.watermark import SENTENCES

_MARK = re.compile(", ".join(rf"(?P<{name}>\d+) {name}" for name in BACKINGS))
_MOST = 6  # bare sentences that a finding shows


@dataclass(frozen=True)
class Backing:
    """How many sentences of a page each backing has."""

    bound: int = 0
    evidence: int = 0
    example: int = 0
    bare: int = 0

    @property
    def backed(self) -> int:
        """Those with any backing."""
        return self.bound + self.evidence + self.example

    @property
    def sentences(self) -> int:
        """All of them."""
        return self.backed + self.bare

    def lost(self, before: "Backing") -> bool:
        """Whether sentences lost their backing: fewer have some, and more have none.

        A page that only got shorter, or got a sentence that states nothing, has lost none.
        """
        return self.backed < before.backed and self.bare > before.bare

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, name)} {name}" for name in BACKINGS)


def measure(bindings: Bindings, config: Config) -> Mapping[str, list[Sentence]]:
    """The sentences of every page of the folders in which promises need evidence, by the page's path."""
    return {
        page.path: list(sentences.read(page, bindings))
        for page in bindings.pages
        if config.coverage and page.below(config.claims.folders)
    }


def check(found: Mapping[str, list[Sentence]], config: Config, root: Path) -> Iterator[Finding]:
    """A finding for each page of which sentences have lost their backing."""
    if config.coverage is None:
        return
    for path, before in read(config, root).items():
        now = counted(found.get(path, []))
        if path in found and now.lost(before):
            bare = [sentence for sentence in found[path] if sentence.backing == "bare"]
            message = (
                f"sentences that something backs fell from {before.backed} to {now.backed}, "
                f"and those that nothing backs rose from {before.bare} to {now.bare}"
            )
            mend = f"name what they are about in inline code, or write “{now}” in {config.coverage}"
            shown = [f"line {each.line}: {' '.join(each.text.split())}" for each in bare[:_MOST]]
            more = [f"and {len(bare) - _MOST} more"] if len(bare) > _MOST else []
            detail = "\n".join(["those that nothing backs:", *shown, *more])
            yield Finding(path, bare[0].line, "backing-lost", message, mend, detail)


def counted(found: list[Sentence]) -> Backing:
    """The figures of a page."""
    return Backing(**Counter(sentence.backing for sentence in found))


def raised(found: Mapping[str, list[Sentence]], config: Config, root: Path) -> dict[str, str]:
    """The marks to commit: the figures as they are now, and of pages that have lost backing those from before."""
    marks = read(config, root)
    now = {path: counted(each) for path, each in sorted(found.items())}
    return {path: str(marks[path] if path in marks and each.lost(marks[path]) else each) for path, each in now.items()}


def read(config: Config, root: Path) -> Mapping[str, Backing]:
    """The marks, by page; none when there are none yet. Raises `TrueupError` when the file is something else."""
    if config.coverage is None or not (root / config.coverage).exists():
        return {}
    try:
        plain: Any = json.loads((root / config.coverage).read_text(encoding="utf-8")).get(SENTENCES, {})
        matches = {path: _MARK.fullmatch(mark) for path, mark in plain.items()}
        return {
            path: Backing(**{name: int(number) for name, number in match.groupdict().items()})
            for path, match in matches.items()
            if match
        }
    except (OSError, ValueError, AttributeError, TypeError) as error:
        message = f"is no mark of coverage ({type(error).__name__}: {error}); delete it and run trueup write"
        raise TrueupError(f"{config.coverage}: {message}") from None


def facts(config: Config, root: Path) -> list[Fact]:
    """The figures at the mark, of all pages together, as a fact for pages to show."""
    marks = list(read(config, root).values())
    total = Backing(*(sum(getattr(mark, name) for mark in marks) for name in BACKINGS))
    attributes = {name: getattr(total, name) for name in (*BACKINGS, "backed", "sentences")}
    path = config.coverage.as_posix() if config.coverage else ""
    return [Fact("backing", "total", attributes, path, 1)] if marks else []
