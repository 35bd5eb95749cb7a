"""Coverage as figures that may never fall: how facts are documented, and the low-water mark that is committed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trueup.config import Config
from trueup.errors import TrueupError
from trueup.facts import Fact
from trueup.findings import Finding

TOLD = {
    "owner": "with an owner page",
    "prose": "named in prose",
    "example": "in an executed example",
}
"""How a fact may be covered: a page owns it, prose names it or takes a value of it, an example exercises it."""

WAYS = tuple(TOLD)
"""The same, without words."""

SENTENCES = "sentences of pages"
"""The key below which the same file keeps the marks of pages; see `trueup.backing`."""

_MOST = 6  # facts that a finding names one by one

Covered = Mapping[str, Mapping[str, frozenset[str]]]
"""Kind → key → the ways in which that fact is covered."""


@dataclass(frozen=True)
class Figure:
    """The figures of one kind: how many facts there are, and how many of them are covered in each way."""

    facts: int
    owner: int
    prose: int
    example: int


def figures(covered: Covered) -> Mapping[str, Figure]:
    """The figures of each kind."""
    return {
        kind: Figure(len(facts), *(sum(way in ways for ways in facts.values()) for way in WAYS))
        for kind, facts in covered.items()
    }


def check(covered: Covered, config: Config, root: Path) -> Iterator[Finding]:
    """A finding for each figure that is below its mark; facts that the code has lost do not count."""
    if config.coverage is None:
        return
    mark = read(config, root)
    for kind, facts in mark.items():
        now = covered.get(kind, {})
        for way in WAYS:
            before = {key for key, ways in facts.items() if way in ways and key in now}
            after = {key for key, ways in now.items() if way in ways}
            if len(after) < len(before):
                lost = sorted(before - after)
                yield _fallen(config.coverage, root, kind, way, lost, (len(before), len(after)))


def _fallen(path: Path, root: Path, kind: str, way: str, lost: Sequence[str], counts: tuple[int, int]) -> Finding:
    names = ", ".join(lost[:_MOST]) + (f" and {len(lost) - _MOST} more" if len(lost) > _MOST else "")
    message = f"{kind} facts {TOLD[way]} fell from {counts[0]} to {counts[1]}; lost: {names}"
    mend = f"bring them back, or take the word {way} from their lines here"
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    first = json.dumps(lost[0], ensure_ascii=False)
    line = next((number for number, text in enumerate(lines, 1) if text.strip().startswith(f"{first}:")), 1)
    return Finding(path.as_posix(), line, "coverage-fell", message, mend)


def write(covered: Covered, sentences: Mapping[str, str], config: Config, root: Path) -> bool:
    """Raise the mark to where coverage is now; figures that have fallen keep theirs. Answers whether it changed.

    `sentences` are the marks of pages, which the same file keeps.
    """
    if config.coverage is None:
        return False
    mark = read(config, root)
    raised: dict[str, dict[str, set[str]]] = {kind: {key: set() for key in facts} for kind, facts in covered.items()}
    for kind, facts in covered.items():
        for way in WAYS:
            before = {key for key, ways in mark.get(kind, {}).items() if way in ways and key in facts}
            after = {key for key, ways in facts.items() if way in ways}
            for key in after if len(after) >= len(before) else before:
                raised[kind][key].add(way)
    plain: dict[str, dict[str, str]] = {
        kind: {key: " ".join(way for way in WAYS if way in ways) for key, ways in sorted(facts.items())}
        for kind, facts in sorted(raised.items())
    }
    if sentences:
        plain = {**plain, SENTENCES: dict(sentences)}
    text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
    path = root / config.coverage
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return True


def read(config: Config, root: Path) -> Covered:
    """The mark; empty when there is none yet. Raises `TrueupError` when the file is something else."""
    if config.coverage is None or not (root / config.coverage).exists():
        return {}
    try:
        plain = json.loads((root / config.coverage).read_text(encoding="utf-8"))
        return {
            str(kind): {str(key): frozenset(ways.split()) for key, ways in facts.items()}
            for kind, facts in plain.items()
            if kind != SENTENCES
        }
    except (OSError, ValueError, AttributeError) as error:
        message = f"is no mark of coverage ({type(error).__name__}: {error}); delete it and run trueup write"
        raise TrueupError(f"{config.coverage}: {message}") from None


def facts(config: Config, root: Path) -> list[Fact]:
    """The figures at the mark as facts of kind `coverage`, for pages to show."""
    path = config.coverage.as_posix() if config.coverage else ""
    return [Fact("coverage", kind, asdict(figure), path, 1) for kind, figure in figures(read(config, root)).items()]
