"""Actions on jobs."""

from enum import StrEnum

from pydantic import Field

from app.api.schemas.base import Reason, RequestBody
from app.jobs.states import Event


class Action(StrEnum):
    """What a person may ask of a job through the common control address."""

    PAUSE = Event.PAUSE.value
    RESUME = Event.RESUME.value
    CANCEL = Event.CANCEL.value
    RETRY = Event.RETRY.value


class ControlJob(RequestBody):
    """An action on a job."""

    action: Action = Field(description="What to do.")
    reason: Reason | None = Field(default=None, description="Kept in the audit trail, and shown with a paused job.")
