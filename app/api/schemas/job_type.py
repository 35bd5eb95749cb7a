"""Job types."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.jobs.pauses import TypePause
from app.jobs.registry import JobType


class StageRead(ResponseBody):
    """One step of a job type."""

    name: str = Field(description="The stage's name, as in `stage` of a job.")
    label: str = Field(description="The name for people.")


class RetryPolicyRead(ResponseBody):
    """How often and how soon a job is tried again after an error that may pass."""

    max_retries: int = Field(description="Retries after the first attempt.")
    base_seconds: float = Field(description="Seconds before the first retry.")
    factor: float = Field(description="What the seconds are multiplied with for each further retry.")
    cap_seconds: float = Field(description="Most seconds before a retry.")
    jitter: float = Field(description="Part of the delay that is left to chance, from 0 to 1.")


class RateRead(ResponseBody):
    """How often jobs of a type may start."""

    starts: int = Field(description="Most starts in the period.")
    seconds: float = Field(description="The period; any of this length.")


class LimitsRead(ResponseBody):
    """What holds for all jobs of a type together, over all processes."""

    concurrency: int | None = Field(description="Most jobs that run at the same time; null: as many as workers.")
    rate: RateRead | None = Field(description="How often they may start; null: as often as workers are free.")
    attempt_seconds: float | None = Field(description="Most seconds of one attempt; null: no limit.")


class TypePauseRead(ResponseBody):
    """Why no job of a type is claimed."""

    paused_at: datetime = Field(description="Since when.")
    paused_by: str | None = Field(description="Who paused it: a user's id, or a part of the service.")
    reason: str | None = Field(description="Why, where they said so.")


class JobTypeRead(ResponseBody):
    """A kind of job."""

    name: str = Field(description="The canonical name.")
    label: str = Field(description="The name for people.")
    summary: str = Field(description="What such a job does.")
    aliases: list[str] = Field(description="Other names that are accepted for it.")
    stages: list[StageRead] = Field(description="Its stages, in order.")
    retry: RetryPolicyRead = Field(description="How it is retried.")
    limits: LimitsRead = Field(description="How many may run, how often they may start, and for how long.")
    pause: TypePauseRead | None = Field(description="The pause of the type; null: its jobs are claimed.")
    payload_schema: dict[str, Any] = Field(description="The JSON Schema of `data`.")
    example: dict[str, Any] = Field(description="A payload that is valid.")

    @classmethod
    def of(cls, kind: JobType, pause: TypePause | None) -> "JobTypeRead":
        """Show ``kind``, which is paused if there is a ``pause``."""
        retry, limits = kind.retry, kind.limits
        return cls(
            name=kind.name,
            label=kind.label,
            summary=kind.summary,
            aliases=list(kind.aliases),
            stages=[StageRead(name=stage.name, label=stage.label) for stage in kind.stages],
            retry=RetryPolicyRead(
                max_retries=retry.max_retries,
                base_seconds=retry.base_seconds,
                factor=retry.factor,
                cap_seconds=retry.cap_seconds,
                jitter=retry.jitter,
            ),
            limits=LimitsRead(
                concurrency=limits.concurrency,
                rate=RateRead(starts=limits.rate.starts, seconds=limits.rate.seconds) if limits.rate else None,
                attempt_seconds=limits.attempt_seconds,
            ),
            pause=TypePauseRead(paused_at=pause.paused_at, paused_by=pause.paused_by, reason=pause.reason)
            if pause
            else None,
            payload_schema=kind.payload.model_json_schema(),
            example=dict(kind.example),
        )


class JobTypeList(ResponseBody):
    """All job types."""

    items: list[JobTypeRead] = Field(description="The job types.")
