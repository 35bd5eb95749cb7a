"""The service's own state: health, metrics, queue."""

from datetime import datetime

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.telemetry.health import Reason, Report
from app.telemetry.history import History
from app.telemetry.metrics import METRICS, Figures, MetricKind, MetricType


class AliveRead(ResponseBody):
    """The process answers."""

    status: str = Field(description="The process answers.", json_schema_extra={"enum": ["alive"]})


class ReadyRead(ResponseBody):
    """Whether the process can do what it is asked."""

    status: str = Field(description="The verdict.", json_schema_extra={"enum": ["ready", "unready"]})


class ReasonRead(ResponseBody):
    """Something that keeps the service from its work."""

    code: Reason = Field(description="What is wrong, for programs.")
    detail: str = Field(description="What is wrong, with figures.")


class HealthRead(ResponseBody):
    """Whether the service does its work."""

    status: str = Field(description="The verdict.", json_schema_extra={"enum": ["healthy", "unhealthy"]})
    reasons: list[ReasonRead] = Field(description="Why it is unhealthy; empty when it is healthy.")
    workers: int | None = Field(description="Live worker processes; null when the database does not answer.")
    oldest_pending_seconds: float | None = Field(description="How long the oldest due job has waited; null: none does.")
    stuck_jobs: int | None = Field(description="Jobs processing for too long; null when the database does not answer.")
    paused_types: list[str] | None = Field(
        description="Job types that are paused: their jobs wait, and make nothing unhealthy. null when the database "
        "does not answer."
    )

    @classmethod
    def of(cls, report: Report) -> "HealthRead":
        """Show ``report``."""
        return cls(
            status="unhealthy" if report.reasons else "healthy",
            reasons=[ReasonRead(code=finding.reason, detail=finding.detail) for finding in report.reasons],
            workers=report.workers,
            oldest_pending_seconds=report.oldest_pending_seconds,
            stuck_jobs=report.stuck_jobs,
            paused_types=None if report.paused_types is None else list(report.paused_types),
        )


class SampleRead(ResponseBody):
    """One value of a metric."""

    labels: dict[str, str] = Field(description="What the value is about.")
    value: float = Field(description="The value.")


class DistributionRead(ResponseBody):
    """How the values of a histogram are distributed."""

    labels: dict[str, str] = Field(description="What the values are about.")
    buckets: dict[str, int] = Field(description="How many values there are up to each bound; `+Inf`: all of them.")
    sum: float = Field(description="The sum of all values.")


class MetricRead(ResponseBody):
    """A metric with its present values."""

    name: str = Field(description="The metric's name, as in Prometheus.")
    type: MetricType = Field(description="How its values behave.")
    help: str = Field(description="What it measures.")
    samples: list[SampleRead | DistributionRead] = Field(
        description="Its values, one for each combination of labels; distributions, if it is a histogram."
    )

    @classmethod
    def of(cls, kind: MetricKind, figures: Figures) -> "MetricRead":
        """Show what ``figures`` has of one metric."""
        values = [SampleRead(labels=dict(one.labelled), value=one.value) for one in figures.samples if one.kind is kind]
        histograms = [
            DistributionRead(labels=dict(one.labelled), buckets=dict(one.buckets), sum=one.sum)
            for one in figures.distributions
            if one.kind is kind
        ]
        return cls(name=kind.name, type=kind.type, help=kind.help, samples=[*values, *histograms])


class MetricList(ResponseBody):
    """All metrics."""

    items: list[MetricRead] = Field(description="The metrics.")

    @classmethod
    def of(cls, figures: Figures) -> "MetricList":
        """Show ``figures``, every metric in the order of the table."""
        return cls(items=[MetricRead.of(kind, figures) for kind in METRICS])


class PointRead(ResponseBody):
    """A stretch of time: how full the queue was at most, and what was done in it altogether."""

    at: datetime = Field(description="When it begins.")
    minutes: int = Field(ge=1, description="Minutes of it that were noted: those in which the service ran.")
    due: int = Field(description="Most pending jobs for which nothing but a worker was missing.")
    pending: int = Field(description="Most pending jobs.")
    processing: int = Field(description="Most jobs that ran at the same time.")
    paused: int = Field(description="Most paused jobs.")
    slots: int = Field(description="Most jobs that all live workers could run at the same time.")
    oldest_seconds: float = Field(description="Longest that the oldest due job had waited.")
    created: int = Field(description="Jobs that were created.")
    completed: int = Field(description="Jobs that were completed.")
    failed: int = Field(description="Jobs that failed.")
    cancelled: int = Field(description="Jobs that were cancelled.")
    repeated: int = Field(description="Attempts that were repeated without anybody asking: automatic retries, rescues.")


class HistoryRead(ResponseBody):
    """How full the queue was, and what was done, over time."""

    step_seconds: int = Field(description="The length of each stretch.")
    items: list[PointRead] = Field(description="The stretches, oldest first; one in which no process ran is left out.")

    @classmethod
    def of(cls, history: History) -> "HistoryRead":
        """Show ``history``."""
        points = [PointRead.model_validate(vars(point)) for point in history.points]
        return cls(step_seconds=int(history.step.total_seconds()), items=points)


class WorkerRead(ResponseBody):
    """A live worker process."""

    id: str = Field(description="The worker's id, as in `worker_id` of the jobs it holds.")
    host: str = Field(description="The machine.")
    pid: int = Field(description="The process id there.")
    slots: int = Field(description="Jobs that it runs at the same time.")
    started_at: datetime = Field(description="When it started.")
    seen_at: datetime = Field(description="Its last heartbeat.")


class QueueStatus(ResponseBody):
    """The inside of the queue."""

    engine: str = Field(description="The queue engine.")
    connection: str = Field(
        description="Whether its store answers.", json_schema_extra={"enum": ["connected", "disconnected"]}
    )
    latency_ms: float | None = Field(description="Milliseconds of one round trip; null when it does not answer.")
    entries: dict[str, int] = Field(description="Entries of the queue, by the engine's own states.")
    jobs: dict[str, int] = Field(description="Jobs, by status.")
    workers: list[WorkerRead] = Field(description="Live worker processes.")
