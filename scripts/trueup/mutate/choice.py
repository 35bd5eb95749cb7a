"""Which mutants are made: some of each class, by a seed, so that a run can be repeated and samples can rotate."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trueup.errors import TrueupError
from trueup.facts import closest
from trueup.mutate.mutant import Mutant, Side

_SAMPLE = re.compile(r"(?:(\d+)/)?(\d+)")


_HARMLESS = 2
"""How many harmless edits are made of each class for one mutant of each other class."""

_SPARE = 8
"""How many others of a class are tried when those chosen are no valid programs."""


@dataclass(frozen=True)
class Sample:
    """One of `of` parts of all mutants; `number` counts from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str, commit: str) -> "Sample":
        """Read `3/8`, or `8`: then the commit decides which eighth it is. Raises `TrueupError`."""
        match = _SAMPLE.fullmatch(text)
        of = int(match[2]) if match else 0
        number = int(match[1]) if match and match[1] else int(commit or "0", 16) % max(of, 1) + 1
        if not 1 <= number <= of:
            raise TrueupError(f"--sample {text}: write N/M with N from 1 to M, or M alone to let the commit choose")
        return cls(number, of)


@dataclass
class Choice:
    """The mutants of a run: `chosen`, and for each class those that may stand in for one that is no valid program."""

    chosen: list[Mutant]
    spare: dict[str, list[Mutant]] = field(default_factory=dict)


def choose(
    mutants: Iterable[Mutant], *, each: int, seed: int, only: Sequence[str] = (), sample: Sample | None = None
) -> Choice:
    """Choose `each` mutants of every class (0: all; twice as many harmless edits), in an order that the seed decides.

    `only` names classes, or sides (`code`, `docs`, `harmless`). Raises `TrueupError` when one is unknown.
    """
    groups: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        groups.setdefault(mutant.group, []).append(mutant)
    _known(only, groups)
    choice = Choice([])
    for name, found in sorted(groups.items()):
        if only and name not in only and found[0].side.value not in only:
            continue
        ordered = _ordered(found, seed)
        count = (each * _HARMLESS if found[0].side is Side.HARMLESS else each) or len(ordered)
        choice.chosen += ordered[:count]
        choice.spare[name] = ordered[count : count + _SPARE]
    if sample is not None:
        choice.chosen = [mutant for index, mutant in enumerate(choice.chosen) if index % sample.of == sample.number - 1]
    return choice


def _ordered(mutants: Sequence[Mutant], seed: int) -> list[Mutant]:
    """By chance, but so that each file is met once before any is met again."""
    drawn = sorted(mutants, key=lambda mutant: hashlib.sha256(f"{seed}\n{mutant.id}".encode()).digest())
    met: dict[str, int] = {}
    rounds = []
    for mutant in drawn:
        file = mutant.place.partition(":")[0]
        met[file] = met.get(file, 0) + 1
        rounds.append(met[file])
    return [mutant for _, mutant in sorted(zip(rounds, drawn, strict=True), key=lambda pair: pair[0])]


def _known(only: Sequence[str], groups: dict[str, list[Mutant]]) -> None:
    sides = [side.value for side in Side]
    for name in only:
        if name not in groups and name not in sides:
            close = closest(name, [*groups, *sides])
            hint = f"did you mean {close!r}?" if close else "trueup mutate --list shows all"
            raise TrueupError(f"--only {name}: there is no such class of mutants; {hint}")
