"""The metrics: one table of what is measured, computed from the database when somebody asks.

The database knows what all processes did, so the figures are the same whichever process is asked, and survive its
restart.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import Row, Select, and_, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import job_events, jobs, workers
from app.jobs.clock import Clock
from app.jobs.states import Event, Status
from app.settings import Settings
from app.telemetry.health import liveness

#: How far back figures about finished jobs look.
WINDOW = timedelta(hours=1)
#: What a Prometheus server is told about the text.
CONTENT_TYPE = CONTENT_TYPE_LATEST


@dataclass(frozen=True)
class MetricKind:
    """One metric: its name, what it measures in which unit, and its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


JOBS = MetricKind("jobs", "Jobs in the table, by status and type.", ("status", "type"))
QUEUE_DEPTH = MetricKind("jobs_queue_depth", "Pending jobs that are due now.")
DELAYED = MetricKind("jobs_delayed", "Pending jobs that wait for the time of their next attempt.")
OLDEST_PENDING = MetricKind("jobs_oldest_pending_seconds", "Seconds that the oldest due job has waited; 0: none does.")
STUCK = MetricKind("jobs_stuck", "Processing jobs without a step for longer than STUCK_MINUTES.")
WORKERS = MetricKind("jobs_workers", "Live worker processes.")
WORKER_SLOTS = MetricKind("jobs_worker_slots", "Jobs that all live workers can run at the same time.")
FINISHED = MetricKind("jobs_finished_last_hour", "Jobs that ended within the last hour, by status.", ("status",))
RETRIES = MetricKind("jobs_retries_last_hour", "Automatic retries and rescues within the last hour.")
AVERAGE = MetricKind(
    "jobs_processing_average_seconds", "Mean seconds from first claim to end, of jobs completed within the last hour."
)
P95 = MetricKind(
    "jobs_processing_p95_seconds", "95th percentile of the seconds from first claim to end, of the last hour."
)

#: Every metric, in the order in which they are shown.
METRICS: tuple[MetricKind, ...] = (
    JOBS, QUEUE_DEPTH, DELAYED, OLDEST_PENDING, STUCK, WORKERS, WORKER_SLOTS, FINISHED, RETRIES, AVERAGE, P95,
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


async def measure(engine: AsyncEngine, settings: Settings, clock: Clock) -> list[Sample]:
    """Take all figures from the database, in one read of it."""
    async with engine.connect() as connection:
        row = (await connection.execute(_figures(settings, clock))).one()
        counted = (await connection.execute(_counts())).all()
        finished = (await connection.execute(_finished(clock))).all()
    return list(_samples(row, counted, finished))


def _samples(row: Row[*tuple[Any, ...]], counted: Iterable[Any], finished: Iterable[Any]) -> Iterator[Sample]:
    for status, job_type, count in counted:
        yield Sample(JOBS, count, (status, job_type))
    yield Sample(QUEUE_DEPTH, row.depth)
    yield Sample(DELAYED, row.delayed)
    yield Sample(OLDEST_PENDING, max(0.0, float(row.oldest or 0)))
    yield Sample(STUCK, row.stuck)
    yield Sample(WORKERS, row.workers)
    yield Sample(WORKER_SLOTS, row.slots or 0)
    counts = dict.fromkeys((Status.COMPLETED.value, Status.FAILED.value, Status.CANCELLED.value), 0)
    counts |= dict(finished)
    for status, count in counts.items():
        yield Sample(FINISHED, count, (status,))
    yield Sample(RETRIES, row.retries)
    yield Sample(AVERAGE, float(row.average or 0))
    yield Sample(P95, float(row.p95 or 0))


def _counts() -> Select[Any]:
    return (
        select(jobs.c.status, jobs.c.type, func.count())
        .group_by(jobs.c.status, jobs.c.type)
        .order_by(jobs.c.status, jobs.c.type)
    )


def _finished(clock: Clock) -> Select[Any]:
    return select(jobs.c.status, func.count()).where(jobs.c.completed_at >= clock.now(-WINDOW)).group_by(jobs.c.status)


def _figures(settings: Settings, clock: Clock) -> Select[Any]:
    now = clock.now()
    pending = jobs.c.status == Status.PENDING.value
    due = and_(pending, or_(jobs.c.next_retry_at.is_(None), jobs.c.next_retry_at <= now))
    stuck = and_(
        jobs.c.status == Status.PROCESSING.value,
        jobs.c.updated_at < clock.now(-timedelta(minutes=settings.stuck_minutes)),
    )
    alive = workers.c.seen_at >= clock.now(-liveness(settings))
    completed = and_(jobs.c.status == Status.COMPLETED.value, jobs.c.completed_at >= clock.now(-WINDOW))
    seconds = extract("epoch", jobs.c.completed_at - jobs.c.started_at)
    again = job_events.c.event.in_([Event.RESCHEDULE.value, Event.RESCUE.value])
    waited = extract("epoch", now - func.min(func.coalesce(jobs.c.next_retry_at, jobs.c.updated_at)))
    return select(
        select(func.count()).select_from(jobs).where(due).scalar_subquery().label("depth"),
        select(func.count()).select_from(jobs).where(pending, jobs.c.next_retry_at > now).scalar_subquery()
        .label("delayed"),
        select(waited).where(due).scalar_subquery().label("oldest"),
        select(func.count()).select_from(jobs).where(stuck).scalar_subquery().label("stuck"),
        select(func.count()).select_from(workers).where(alive).scalar_subquery().label("workers"),
        select(func.sum(workers.c.slots)).where(alive).scalar_subquery().label("slots"),
        select(func.count()).select_from(job_events).where(again, job_events.c.at >= clock.now(-WINDOW))
        .scalar_subquery().label("retries"),
        select(func.avg(seconds)).where(completed).scalar_subquery().label("average"),
        select(func.percentile_cont(0.95).within_group(seconds)).where(completed).scalar_subquery().label("p95"),
    )  # fmt: skip


def prometheus_text(samples: Iterable[Sample]) -> bytes:
    """Return the figures in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Taken(list(samples)))
    return generate_latest(registry)


class _Taken(Collector):
    """Hands figures that were taken already to the Prometheus client, which knows how to write them."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        for kind in METRICS:
            family = GaugeMetricFamily(kind.name, kind.help, labels=kind.labels)
            for sample in self._samples:
                if sample.kind is kind:
                    family.add_metric(list(sample.labels), sample.value)
            yield family
