"""The pages that every page links to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Destination:
    """A page: its path below the address of the Jobs page, what it is called, and the key that follows ``g``."""

    path: str
    label: str
    key: str


DESTINATIONS: tuple[Destination, ...] = (
    Destination("/jobs", "Jobs", "j"),
    Destination("/failures", "Failures", "f"),
    Destination("/queues", "Queues", "q"),
    Destination("/schedules", "Schedules", "s"),
)
