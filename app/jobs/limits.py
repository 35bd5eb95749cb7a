"""How many jobs of one type may run, how often they may start, and how long an attempt may take."""

from dataclasses import dataclass

#: The most starts that a rate may allow in its period; their times are kept in one row of the database.
MOST_STARTS = 1000


@dataclass(frozen=True)
class Rate:
    """At most ``starts`` attempts begin in any ``seconds``, over all processes."""

    starts: int
    seconds: float

    def __post_init__(self) -> None:
        if not 1 <= self.starts <= MOST_STARTS or self.seconds <= 0:
            raise ValueError(f"a rate has 1 to {MOST_STARTS} starts in more than 0 seconds; this one is {self}")


@dataclass(frozen=True)
class Limits:
    """What holds for all jobs of a type together, over all processes; None: no limit.

    Attributes:
        concurrency: jobs that run at the same time.
        rate: attempts that begin in a period.
        attempt_seconds: seconds that one attempt may take; then it is cut off, and counts as a transient error.
    """

    concurrency: int | None = None
    rate: Rate | None = None
    attempt_seconds: float | None = 3600.0

    def __post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"concurrency is at least 1; this one is {self.concurrency}")
        if self.attempt_seconds is not None and self.attempt_seconds <= 0:
            raise ValueError(f"an attempt takes more than 0 seconds; this one has {self.attempt_seconds}")

    @property
    def gated(self) -> bool:
        """Whether a job of the type may have to wait although a worker is free."""
        return self.concurrency is not None or self.rate is not None
