"""Frozen records of webhooks and their deliveries."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.jobs.retry import RetryPolicy
from app.jobs.states import Status

#: Bytes of a secret that the service makes.
SECRET_BYTES = 32
#: Hours for which messages are signed with the secret before, too, when a webhook has got a new one.
OLD_SECRET_HOURS = 24
#: How often and how soon a delivery is tried again: at first after seconds, at last after hours.
DELIVERY_POLICY = RetryPolicy(max_retries=8, base_seconds=5, factor=4, cap_seconds=21_600, jitter=0.2)


class WebhookEvent(StrEnum):
    """What a webhook can be told of."""

    COMPLETED = "job.completed"
    FAILED = "job.failed"
    CANCELLED = "job.cancelled"

    @property
    def meaning(self) -> str:
        """One sentence for who subscribes."""
        return f"A job is {self.status} now."

    @property
    def status(self) -> Status:
        """The final status that it tells of."""
        return Status(self.value.removeprefix("job."))


class MessageField(StrEnum):
    """What a message says of the job; neither its payload nor its errors, which a receiver may have no right to."""

    JOB_ID = "job_id"
    TYPE = "type"
    STATUS = "status"
    RUN = "run"
    CREATED_BY = "created_by"
    CREATED_AT = "created_at"
    COMPLETED_AT = "completed_at"

    @property
    def meaning(self) -> str:
        """One sentence for who receives the message."""
        return _FIELDS[self]


_FIELDS = {
    MessageField.JOB_ID: "The job, to ask for the rest with.",
    MessageField.TYPE: "Its job type.",
    MessageField.STATUS: "The final status, as the event says.",
    MessageField.RUN: "The run that ended; a retry afterwards is another run.",
    MessageField.CREATED_BY: "The user who created it; null for the service itself.",
    MessageField.CREATED_AT: "When it was created.",
    MessageField.COMPLETED_AT: "When it ended, as in the timestamp of the message.",
}


class DeliveryState(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"

    @property
    def meaning(self) -> str:
        """One sentence for who reads the log of deliveries."""
        return _MEANINGS[self]


_MEANINGS = {
    DeliveryState.WAITING: "It waits for its first attempt, or for the next one.",
    DeliveryState.DELIVERED: "The receiver has taken it, with a status from 200 to 299.",
    DeliveryState.GIVEN_UP: "All attempts have failed; it can be delivered again by hand.",
}


@dataclass(frozen=True)
class Webhook:
    """Who is told of what. ``job_type``: only of jobs of this type, by its canonical name."""

    id: UUID
    url: str
    events: tuple[WebhookEvent, ...]
    job_type: str | None
    secret: str = field(repr=False)
    enabled: bool
    created_by: UUID | None
    created_at: datetime
    old_secret: str | None = field(repr=False)
    old_secret_until: datetime | None


@dataclass(frozen=True)
class Delivery:
    """One message to one webhook, with what came of it. Its id is the same in every attempt."""

    id: UUID
    webhook_id: UUID
    job_id: UUID
    event: WebhookEvent
    body: dict[str, Any]
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    status_code: int | None
    error: str | None


@dataclass(frozen=True)
class Due:
    """A delivery that is to be attempted now, where to, and what signs it."""

    delivery: Delivery
    url: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What came of an attempt: the receiver's status, or why there is none."""

    status_code: int | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Tell whether the receiver has taken the message."""
        return self.status_code is not None and 200 <= self.status_code < 300


def new_secret() -> str:
    """Return a secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
