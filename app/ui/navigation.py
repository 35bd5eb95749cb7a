"""The pages that every page links to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Destination:
    """A page: its path below the address of the Jobs page, what it is called, the key that follows ``g``, its use."""

    path: str
    label: str
    key: str
    meaning: str


DESTINATIONS: tuple[Destination, ...] = (
    Destination(
        "/jobs",
        "Jobs",
        "j",
        "All jobs, the newest first: filter, search, look into one, act on one or on all that match.",
    ),
    Destination(
        "/failures", "Failures", "f", "Failed jobs in groups, one for each cause; a group is retried as a whole."
    ),
    Destination(
        "/queues",
        "Queues",
        "q",
        "Health with its reasons, charts over time, job types with pause and resume, workers with their leases.",
    ),
    Destination(
        "/schedules",
        "Schedules",
        "s",
        "What creates jobs by the clock: next ticks, run now, disable, change, delete.",
    ),
)
