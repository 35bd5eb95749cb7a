"""The contract between the conformance check and a project: a driver that tries what may happen to a subject."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Trial:
    """One thing to try: bring a new subject into `state` (empty: there is none yet), then cause `event` as `actor`.

    Everything that the event asks for besides the state must hold, unless `guard` is false: then it must not.
    """

    state: str
    event: str
    actor: str
    guard: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of a trial: whether the event happened, the subject's state afterwards, and how it was refused.

    `problem` is the code of the problem that the service answered with; empty where it refuses without an answer.
    """

    happened: bool
    state: str
    problem: str = ""


@dataclass(frozen=True)
class Live:
    """The running service that a driver works with; `variables` are what the scenario exports."""

    base_url: str
    database: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


class Driver(Protocol):
    """Tries one thing after another."""

    def attempt(self, trial: Trial) -> Outcome:
        """Try it on a subject of its own."""


Drive = Callable[[Live], AbstractContextManager[Driver]]
"""What `tool.trueup.conformance.driver` names."""
