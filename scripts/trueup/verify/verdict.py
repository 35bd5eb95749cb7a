"""What a verifier is given, and what it answers; the contract of built-in verifiers and of plug-ins alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trueup.facts import Inventory


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a block. `line` counts from 1 in the block, 0 is its header; `code` is a finding code."""

    message: str
    line: int = 0
    code: str = "block-invalid"
    mend: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came of a block: faults, and what it printed when it was run (compared with the output block after it)."""

    faults: tuple[Fault, ...] = ()
    output: str | None = None

    @classmethod
    def fault(cls, message: str, line: int = 0, code: str = "block-invalid", mend: str = "") -> "Verdict":
        """A verdict of one fault."""
        return cls((Fault(message, line, code, mend),))


@dataclass(frozen=True)
class Sample:
    """A fenced block as a verifier sees it.

    `path` and `line` say where its first line stands in the project; `attributes` are those of its header. `facts` is
    the committed inventory. A block that is run in order also has `variables` (the exported variables of the page's
    shell, `BASE_URL` among them when the page has a service), `database` (its address, when
    `tool.trueup.service.database` is set) and `seconds`, its time limit.
    """

    source: str
    language: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    line: int = 1
    root: Path = Path()
    facts: Inventory = field(default_factory=lambda: Inventory(()))
    variables: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    seconds: float = 30


class Verifier(Protocol):
    """A function that verifies a block."""

    def __call__(self, sample: Sample) -> Verdict:
        """Say what is wrong with the block, and what it printed, if it is run."""
