"""Schedules, as callers create and see them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.api.schemas.base import RequestBody, ResponseBody
from app.database.tables import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from app.schedules.model import LONGEST, SHORTEST, CatchUp, Schedule
from app.schedules.timing import CRON

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Expression = Annotated[str, StringConstraints(max_length=200, pattern=CRON)]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]
Interval = Annotated[int, Field(ge=SHORTEST, le=LONGEST, strict=True)]
Priority = Annotated[int, Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY, strict=True)]

_CRON = "When it ticks: minute, hour, day of the month, month, day of the week. Either this or `interval_seconds`."
_ZONE = "The time zone of `cron`, by its IANA name; UTC when absent."
_INTERVAL = "Seconds between two ticks. Either this or `cron`."
_CATCH_UP = "What becomes of ticks at which no process was running."
_DATA = "The payload of its jobs; its members depend on the type."


class CreateSchedule(RequestBody):
    """A schedule."""

    name: Name = Field(description="What people call it.")
    type: str = Field(max_length=64, description="The type of its jobs, by name or alias.")
    data: dict[str, Any] = Field(description=_DATA)
    priority: Priority = Field(default=DEFAULT_PRIORITY, description="The priority of its jobs.")
    cron: Expression | None = Field(default=None, description=_CRON)
    time_zone: Zone | None = Field(default=None, description=_ZONE)
    interval_seconds: Interval | None = Field(default=None, description=_INTERVAL)
    catch_up: CatchUp = Field(default=CatchUp.SKIP, description=_CATCH_UP)
    enabled: bool = Field(default=True, strict=True, description="Whether it ticks.")


class ChangeSchedule(RequestBody):
    """What is to be changed of a schedule; what is absent stays."""

    name: Name | None = Field(default=None, description="What people call it.")
    data: dict[str, Any] | None = Field(default=None, description=_DATA)
    priority: Priority | None = Field(default=None, description="The priority of its jobs.")
    cron: Expression | None = Field(default=None, description=_CRON)
    time_zone: Zone | None = Field(default=None, description=_ZONE)
    interval_seconds: Interval | None = Field(default=None, description=_INTERVAL)
    catch_up: CatchUp | None = Field(default=None, description=_CATCH_UP)
    enabled: bool | None = Field(default=None, strict=True, description="Whether it ticks.")

    @model_validator(mode="after")
    def _one_timing(self) -> Self:
        if self.cron is not None and self.interval_seconds is not None:
            raise ValueError("give either cron or interval_seconds")
        return self


class ScheduleRead(ResponseBody):
    """A schedule and how it goes on."""

    id: UUID = Field(description="The schedule's id.")
    name: str = Field(description="What people call it.")
    type: str = Field(description="The type of its jobs, by its canonical name.")
    data: dict[str, Any] = Field(description="The payload of its jobs, with defaults filled in.")
    priority: int = Field(description="The priority of its jobs.")
    cron: str | None = Field(description="When it ticks, as a cron expression; null when it has an interval.")
    time_zone: str | None = Field(description="The time zone of `cron`.")
    interval_seconds: int | None = Field(description="Seconds between two ticks; null when it has a cron expression.")
    catch_up: CatchUp = Field(description=_CATCH_UP)
    enabled: bool = Field(description="Whether it ticks.")
    next_at: datetime | None = Field(description="The next tick; null while it is disabled.")
    last_at: datetime | None = Field(description="The newest tick that a job was created for.")
    last_job_id: UUID | None = Field(description="That job; it may be deleted by now.")
    last_error: str | None = Field(description="Why its newest tick created no job, and when; null when it did.")
    created_by: UUID | None = Field(description="The user who created it, and owns its jobs.")
    created_at: datetime = Field(description="When it was created.")
    updated_at: datetime = Field(description="When somebody last changed it.")

    @classmethod
    def of(cls, schedule: Schedule) -> "ScheduleRead":
        """Show ``schedule``."""
        return cls(**{name: getattr(schedule, name) for name in cls.model_fields})


class ScheduleList(ResponseBody):
    """All schedules, by name."""

    items: list[ScheduleRead] = Field(description="The schedules.")
