"""What belongs to a job besides its row: the audit trail and the checkpoints."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.jobs.checkpoints import CheckpointInfo
from app.jobs.model import JobEvent
from app.jobs.states import Actor, Event, Status


class JobEventRead(ResponseBody):
    """One entry of the audit trail."""

    at: datetime = Field(description="When it happened.")
    event: Event = Field(description="What happened.")
    actor: Actor = Field(description="What kind of party caused it.")
    actor_id: str | None = Field(description="Which one: a user's id, a worker's id, or a part of the service.")
    from_status: Status | None = Field(description="The status before; null for the creation.")
    to_status: Status = Field(description="The status after.")
    run: int = Field(description="The run of the job that it belongs to.")
    reason: str | None = Field(description="Why, where somebody said so.")
    details: dict[str, Any] = Field(description="What else is known of it.")

    @classmethod
    def of(cls, event: JobEvent) -> "JobEventRead":
        """Show ``event``."""
        return cls(**{name: getattr(event, name) for name in cls.model_fields})


class JobEventList(ResponseBody):
    """The audit trail of a job, oldest first."""

    items: list[JobEventRead] = Field(description="The entries.")


class CheckpointRead(ResponseBody):
    """A stored stage result."""

    stage: str = Field(description="The stage.")
    path: str = Field(description="Where it is, below the checkpoint store's address.")
    final: bool = Field(description="Whether the stage is finished; if not, this is where it was interrupted.")
    size: int = Field(ge=0, description="Its size in bytes.")

    @classmethod
    def of(cls, checkpoint: CheckpointInfo) -> "CheckpointRead":
        """Show ``checkpoint``."""
        return cls(stage=checkpoint.stage, path=checkpoint.path, final=checkpoint.final, size=checkpoint.size)


class CheckpointList(ResponseBody):
    """The checkpoints of a job, by path."""

    items: list[CheckpointRead] = Field(description="The checkpoints.")
