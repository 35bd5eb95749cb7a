"""The metrics: one table of what is measured. ``app.telemetry.measurement`` takes the figures from the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

#: How far back figures about the past look.
WINDOW = timedelta(hours=1)

#: Upper bounds of the histograms, in seconds; five minutes is what 95 % of the jobs should keep to.
SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class MetricType(StrEnum):
    """How the values of a metric behave."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class MetricKind:
    """One metric: its name, what it measures in which unit, and its labels; of a histogram also the upper bounds."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: MetricType = MetricType.GAUGE
    bounds: tuple[float, ...] = ()


JOBS = MetricKind("jobs", "Jobs in the table, by status and type.", ("status", "type"))
QUEUE_DEPTH = MetricKind("jobs_queue_depth", "Pending jobs that are due now; those of paused types are not.")
DELAYED = MetricKind("jobs_delayed", "Pending jobs that wait for the time of their next attempt.")
OLDEST_PENDING = MetricKind("jobs_oldest_pending_seconds", "Seconds that the oldest due job has waited; 0: none does.")
STUCK = MetricKind("jobs_stuck", "Processing jobs without a step for longer than STUCK_MINUTES.")
TYPE_PAUSED = MetricKind("jobs_type_paused_seconds", "Seconds for which a job type has been paused.", ("type",))
HELD = MetricKind("jobs_held", "Pending jobs of a job type that is paused.", ("type",))
WORKERS = MetricKind("jobs_workers", "Live worker processes.")
WORKER_SLOTS = MetricKind("jobs_worker_slots", "Jobs that all live workers can run at the same time.")
RENEWALS = MetricKind(
    "jobs_lease_renewals_total",
    "Leases that a live worker process has renewed since it started.",
    ("worker",),
    MetricType.COUNTER,
)
FINISHED = MetricKind("jobs_finished_last_hour", "Jobs that ended within the last hour, by status.", ("status",))
RETRIES = MetricKind("jobs_retries_last_hour", "Automatic retries and rescues within the last hour.")
EVENTS = MetricKind("jobs_events_last_hour", "Entries of the audit trail within the last hour, by event.", ("event",))
AVERAGE = MetricKind(
    "jobs_processing_average_seconds", "Mean seconds from first claim to end, of jobs completed within the last hour."
)
P95 = MetricKind(
    "jobs_processing_p95_seconds", "95th percentile of the seconds from first claim to end, of the last hour."
)
PROCESSING = MetricKind(
    "jobs_processing_seconds",
    "Seconds from first claim to end, of jobs completed within the last hour.",
    ("type",),
    MetricType.HISTOGRAM,
    SECONDS,
)
WAITING = MetricKind(
    "jobs_wait_seconds",
    "Seconds for which a job was due and no worker had it, all attempts together; of jobs completed within the last "
    "hour.",
    ("type",),
    MetricType.HISTOGRAM,
    SECONDS,
)

PLAY_COMPARISONS = MetricKind(
    "jobs_play_comparisons",
    "Jobs that parse what a request has parsed, too (PARSING_ROLLOUT is shadow): same, different, open or failed.",
    ("outcome",),
)

#: Every metric, in the order in which they are shown.
METRICS: tuple[MetricKind, ...] = (
    JOBS, QUEUE_DEPTH, DELAYED, OLDEST_PENDING, STUCK, TYPE_PAUSED, HELD, WORKERS, WORKER_SLOTS, RENEWALS, FINISHED,
    RETRIES, EVENTS, AVERAGE, P95, PLAY_COMPARISONS, PROCESSING, WAITING,
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One value of a metric; ``labels`` are in the metric's order."""

    kind: MetricKind
    value: float
    labels: tuple[str, ...] = ()

    @property
    def labelled(self) -> Mapping[str, str]:
        """The labels by name."""
        return dict(zip(self.kind.labels, self.labels, strict=True))


@dataclass(frozen=True)
class Distribution:
    """One histogram: ``counts`` of the values up to each bound and of all of them, and their ``sum``."""

    kind: MetricKind
    counts: Sequence[int]
    sum: float
    labels: tuple[str, ...] = ()

    @property
    def labelled(self) -> Mapping[str, str]:
        """The labels by name."""
        return dict(zip(self.kind.labels, self.labels, strict=True))

    @property
    def buckets(self) -> Mapping[str, int]:
        """The counts by upper bound, as Prometheus writes it: `0.5`, `300`, `+Inf`."""
        return dict(zip([*(f"{bound:g}" for bound in self.kind.bounds), "+Inf"], self.counts, strict=True))


@dataclass(frozen=True)
class Figures:
    """All values that were taken at one time."""

    samples: Sequence[Sample]
    distributions: Sequence[Distribution]
