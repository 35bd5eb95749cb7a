"""Webhooks and their deliveries."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.api.schemas.base import RequestBody, ResponseBody
from app.webhooks.model import Delivery, DeliveryState, Webhook, WebhookEvent

_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_PORT = r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?"
#: A host by its name or its IPv4 address, in small letters; no user, no fragment.
_URL = rf"^https?://{_NAME}(\.{_NAME})*{_PORT}([/?][!\x22$-~]*)?$"

Url = Annotated[str, StringConstraints(max_length=2000, pattern=_URL)]
Events = Annotated[list[WebhookEvent], Field(min_length=1)]
JobTypeName = Annotated[str, StringConstraints(max_length=64, pattern="^[a-z][a-z0-9_]*$")]

_FIELDS = {
    "url": "Where messages are sent, by POST.",
    "events": "Which ends of jobs it is told of.",
    "job_type": "Only of jobs of this type; of every type when it is null.",
    "enabled": "Whether new messages are made for it.",
}


class CreateWebhook(RequestBody):
    """A receiver of messages about jobs that have ended."""

    url: Url = Field(description=_FIELDS["url"])
    events: Events = Field(default_factory=lambda: list(WebhookEvent), description=_FIELDS["events"])
    job_type: JobTypeName | None = Field(default=None, description=_FIELDS["job_type"])


class ChangeWebhook(RequestBody):
    """What is to be different; a member that is absent stays as it is."""

    url: Url | None = Field(default=None, description=_FIELDS["url"])
    events: Events | None = Field(default=None, description=_FIELDS["events"])
    enabled: bool | None = Field(default=None, strict=True, description=_FIELDS["enabled"])


class WebhookRead(ResponseBody):
    """A webhook. Its secret is not shown again."""

    id: UUID = Field(description="The webhook's id.")
    url: str = Field(description=_FIELDS["url"])
    events: list[WebhookEvent] = Field(description=_FIELDS["events"])
    job_type: str | None = Field(description=_FIELDS["job_type"])
    enabled: bool = Field(description=_FIELDS["enabled"])
    created_by: UUID | None = Field(description="The user who created it.")
    created_at: datetime = Field(description="When it was created.")
    old_secret_until: datetime | None = Field(
        description="Until when the secret before signs messages, too; null when there was none."
    )

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookRead":
        """Show ``webhook``."""
        return cls(**{name: getattr(webhook, name) for name in WebhookRead.model_fields})


class WebhookCreated(WebhookRead):
    """A webhook, with a new secret."""

    secret: str = Field(description="What its messages are signed with. It is shown this once; keep it.")

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookCreated":
        """Show ``webhook`` with its secret."""
        return cls(**WebhookRead.of(webhook).model_dump(), secret=webhook.secret)


class WebhookList(ResponseBody):
    """All webhooks, the oldest first."""

    items: list[WebhookRead] = Field(description="The webhooks.")


class DeliveryRead(ResponseBody):
    """One message to a webhook, and what came of it."""

    id: UUID = Field(description="The message's id, the same in each attempt: `webhook-id` of the request.")
    event: WebhookEvent = Field(description="What it tells of.")
    job_id: UUID = Field(description="The job that it tells of.")
    state: DeliveryState = Field(description="How it stands.")
    attempts: int = Field(ge=0, description="How often it was sent since it was made, or asked for by hand.")
    created_at: datetime = Field(description="When the job ended.")
    last_attempt_at: datetime | None = Field(description="When it was sent last.")
    next_attempt_at: datetime | None = Field(description="When it is sent next; null when it is not.")
    status_code: int | None = Field(description="What the receiver answered last; null when it did not.")
    error: str | None = Field(description="Why there was no answer.")

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryRead":
        """Show ``delivery``."""
        return cls(**{name: getattr(delivery, name) for name in cls.model_fields})


class DeliveryList(ResponseBody):
    """The newest messages to a webhook, the newest first."""

    items: list[DeliveryRead] = Field(description="The messages.")
