"""The score: what became of each mutant, counted by class, printed and kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from trueup.errors import TrueupError
from trueup.mutate.mutant import Mutant, Side


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """The expected finding was reported."""
    SURVIVED = "survived"
    """It was not, whatever else was."""
    SILENT = "silent"
    """A harmless edit caused no finding."""
    ALARM = "alarm"
    """A harmless edit caused one."""
    INVALID = "invalid"
    """The changed program does not import, so it says nothing about the checks; another one takes its place."""

    @property
    def good(self) -> bool:
        """Whether the checks did as they should."""
        return self not in {Fate.SURVIVED, Fate.ALARM}


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: `finding` is what killed it, `others` are the findings that did not."""

    mutant: Mutant
    fate: Fate
    finding: str = ""
    code: str = ""
    others: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Group:
    """The score of one class of mutants; `codes` are those of the findings that killed."""

    name: str
    side: str
    mutants: int
    good: int
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """The result of one run. `candidates` is how many mutants there were to choose from."""

    finished: str
    commit: str
    dirty: bool
    seconds: float
    cpu: float
    jobs: int
    seed: int
    candidates: int
    outcomes: Sequence[Outcome] = field(default_factory=tuple)

    @property
    def counted(self) -> list[Outcome]:
        """The outcomes that say something about the checks."""
        return [outcome for outcome in self.outcomes if outcome.fate is not Fate.INVALID]

    @property
    def bad(self) -> list[Outcome]:
        """The mutants that survived and the harmless edits that were not passed over."""
        return [outcome for outcome in self.outcomes if not outcome.fate.good]

    def count(self, fate: Fate) -> int:
        """How many mutants had a fate."""
        return sum(outcome.fate is fate for outcome in self.outcomes)

    @property
    def groups(self) -> list[Group]:
        """The score of each class, code first, then docs, then harmless edits."""
        found: dict[tuple[int, str], list[Outcome]] = {}
        sides = list(Side)
        for outcome in self.counted:
            found.setdefault((sides.index(outcome.mutant.side), outcome.mutant.group), []).append(outcome)
        return [
            Group(
                name.partition(": ")[2] or name,
                sides[index].value,
                len(outcomes),
                sum(outcome.fate.good for outcome in outcomes),
                tuple(sorted({outcome.code for outcome in outcomes if outcome.code})),
            )
            for (index, name), outcomes in sorted(found.items())
        ]

    def totals(self) -> Mapping[str, Any]:
        """The figures of the run in one flat table."""
        kinds = {group.name for group in self.groups if group.side != Side.HARMLESS}
        return {
            "date": self.finished[:10],
            "commit": self.commit + ("+" if self.dirty else ""),
            "seconds": round(self.seconds),
            "cpu": round(self.cpu),
            "jobs": self.jobs,
            "seed": self.seed,
            "candidates": self.candidates,
            "mutants": self.count(Fate.KILLED) + self.count(Fate.SURVIVED),
            "killed": self.count(Fate.KILLED),
            "survived": self.count(Fate.SURVIVED),
            "classes": len(kinds),
            "harmless": self.count(Fate.SILENT) + self.count(Fate.ALARM),
            "silent": self.count(Fate.SILENT),
            "alarms": self.count(Fate.ALARM),
            "invalid": self.count(Fate.INVALID),
        }

    def dump(self) -> str:
        """The score as JSON: totals, classes, and every mutant with what killed it."""
        rows = [
            {
                "class": outcome.mutant.group,
                "side": outcome.mutant.side.value,
                "mutant": outcome.mutant.title,
                "place": outcome.mutant.place,
                "expected": str(outcome.mutant.expected or "no finding"),
                "fate": outcome.fate.value,
                "finding": outcome.finding,
                **({"others": list(outcome.others[:5])} if not outcome.fate.good else {}),
            }
            for outcome in sorted(self.counted, key=lambda one: one.mutant.id)
        ]
        document = {"totals": self.totals(), "classes": [asdict(group) for group in self.groups], "mutants": rows}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> Mapping[str, Any]:
    """A kept score. Raises `TrueupError` when the file is something else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not {"totals", "classes", "mutants"} <= set(document):
            raise KeyError("totals, classes, mutants")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrueupError(f"{path.name}: is no score ({type(error).__name__}); run trueup mutate --write") from None
    return dict(document)
