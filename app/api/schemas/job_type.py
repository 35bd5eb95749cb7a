"""Job types."""

from typing import Any

from pydantic import Field

from app.api.schemas.base import ResponseBody
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


class JobTypeRead(ResponseBody):
    """A kind of job."""

    name: str = Field(description="The canonical name.")
    label: str = Field(description="The name for people.")
    summary: str = Field(description="What such a job does.")
    aliases: list[str] = Field(description="Other names that are accepted for it.")
    stages: list[StageRead] = Field(description="Its stages, in order.")
    retry: RetryPolicyRead = Field(description="How it is retried.")
    payload_schema: dict[str, Any] = Field(description="The JSON Schema of `data`.")
    example: dict[str, Any] = Field(description="A payload that is valid.")

    @classmethod
    def of(cls, kind: JobType) -> "JobTypeRead":
        """Show ``kind``."""
        retry = kind.retry
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
            payload_schema=kind.payload.model_json_schema(),
            example=dict(kind.example),
        )


class JobTypeList(ResponseBody):
    """All job types."""

    items: list[JobTypeRead] = Field(description="The job types.")
