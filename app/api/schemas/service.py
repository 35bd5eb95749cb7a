"""The service's own state: health, metrics, queue."""

from datetime import datetime

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.telemetry.health import Reason, Report


class AliveRead(ResponseBody):
    """The process answers."""

    status: str = Field(description="The process answers.", json_schema_extra={"enum": ["alive"]})


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

    @classmethod
    def of(cls, report: Report) -> "HealthRead":
        """Show ``report``."""
        return cls(
            status="unhealthy" if report.reasons else "healthy",
            reasons=[ReasonRead(code=finding.reason, detail=finding.detail) for finding in report.reasons],
            workers=report.workers,
            oldest_pending_seconds=report.oldest_pending_seconds,
            stuck_jobs=report.stuck_jobs,
        )


class SampleRead(ResponseBody):
    """One value of a metric."""

    labels: dict[str, str] = Field(description="What the value is about.")
    value: float = Field(description="The value.")


class MetricRead(ResponseBody):
    """A metric with its present values."""

    name: str = Field(description="The metric's name, as in Prometheus.")
    help: str = Field(description="What it measures.")
    samples: list[SampleRead] = Field(description="Its values, one for each combination of labels.")


class MetricList(ResponseBody):
    """All metrics."""

    items: list[MetricRead] = Field(description="The metrics.")


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
