"""What came of one attempt, as a value."""

from dataclasses import dataclass

from app.jobs.model import Request


@dataclass(frozen=True)
class Completed:
    """Every stage is finished."""


@dataclass(frozen=True)
class Failed:
    """A stage raised ``error``; ``transient`` tells whether another attempt may help."""

    error: Exception
    stage: str
    transient: bool


@dataclass(frozen=True)
class Stopped:
    """The job stopped at a boundary: a person asked for it, or (``request`` is None) the worker is shutting down."""

    request: Request | None


@dataclass(frozen=True)
class Lost:
    """The lease is lost: nothing may be written about this attempt."""


Outcome = Completed | Failed | Stopped | Lost
