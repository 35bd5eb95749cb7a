"""Webhooks, for admins."""

import ipaddress
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Path

from app.api import examples
from app.api.deps import CurrentSettings, CurrentUser, JobTypes, Limit, Webhooks
from app.api.operation import Link, Operation
from app.api.route import OperationRouter
from app.api.schemas.webhook import (
    ChangeWebhook,
    CreateWebhook,
    DeliveryList,
    DeliveryRead,
    WebhookCreated,
    WebhookList,
    WebhookRead,
)
from app.auth.permissions import Permission
from app.problems import DeliveryNotFound, InvalidRequest, UnknownJobType, WebhookNotFound
from app.settings import Settings
from app.webhooks.addresses import is_public
from app.webhooks.model import Webhook, new_secret

router = OperationRouter("Webhooks")

WebhookId = Annotated[UUID, Path(description="The webhook's id.")]
DeliveryId = Annotated[UUID, Path(description="The delivery's id.")]
_ID = {"webhook_id": "$response.body#/id"}
_LINKS = {
    "getWebhook": Link("getWebhook", _ID, "Look at it again."),
    "changeWebhook": Link("changeWebhook", _ID, "Change it."),
    "rotateWebhookSecret": Link("rotateWebhookSecret", _ID, "Give it a new secret."),
    "listDeliveries": Link("listDeliveries", _ID, "See what it was told."),
    "deleteWebhook": Link("deleteWebhook", _ID, "Remove it."),
}


def _operation(id: str, summary: str, success: str, example: Any, **more: Any) -> Operation:
    problems = more.pop("problems", (WebhookNotFound,))
    return Operation(
        id, summary, permission=Permission.WEBHOOKS_MANAGE, success=success, example=example, problems=problems, **more
    )


def _check(url: str | None, settings: Settings) -> None:
    """Refuse an address that no delivery would reach. Names are looked up at each delivery.

    Raises:
        InvalidRequest: the host is a number, and not a public one.
    """
    if url is None or settings.webhook_private_addresses:
        return
    host = urlsplit(url).hostname or ""
    try:
        public = is_public(str(ipaddress.ip_address(host)))
    except ValueError:
        return
    if not public:
        message = "is not a public address; the operator may allow it with WEBHOOK_PRIVATE_ADDRESSES"
        raise InvalidRequest("The request is not valid: url.", errors=[{"field": "url", "message": message}])


def _found(webhook: Webhook | None, webhook_id: UUID) -> Webhook:
    if webhook is None:
        raise WebhookNotFound(f"There is no webhook {webhook_id}.")
    return webhook


@router.add(
    "POST",
    "/webhooks",
    _operation(
        "createWebhook",
        "Have another service told of ends of jobs",
        "The new webhook, with its secret.",
        examples.WEBHOOK | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        status=201,
        problems=(UnknownJobType,),
        links=_LINKS,
        requests={
            "failures": {
                "summary": "Tell of failed imports",
                "value": {"url": examples.WEBHOOK["url"], "events": ["job.failed"], "job_type": "import_voters"},
            }
        },
    ),
)
async def create_webhook(
    user: CurrentUser, settings: CurrentSettings, job_types: JobTypes, webhooks: Webhooks, body: CreateWebhook
) -> WebhookCreated:
    """Send a message to `url` whenever a job ends in one of the `events`.

    Messages are signed as Standard Webhooks says, with the secret of this answer, which is not shown again. A receiver
    takes a message by answering with a status from 200 to 299 within seconds; else it is sent again, less and less
    often, and then given up.
    """
    _check(body.url, settings)
    values = {
        "url": body.url,
        "events": [event.value for event in dict.fromkeys(body.events)],
        "job_type": job_types.resolve(body.job_type).name if body.job_type else None,
        "secret": new_secret(),
        "created_by": user.id,
    }
    return WebhookCreated.of(await webhooks.add(values))


@router.add(
    "GET",
    "/webhooks",
    _operation("listWebhooks", "List webhooks", "All webhooks.", {"items": [examples.WEBHOOK]}, problems=()),
)
async def list_webhooks(webhooks: Webhooks) -> WebhookList:
    """Return who is told of ends of jobs, without their secrets."""
    return WebhookList(items=[WebhookRead.of(webhook) for webhook in await webhooks.all()])


@router.add(
    "GET",
    "/webhooks/{webhook_id}",
    _operation("getWebhook", "Get a webhook", "The webhook.", examples.WEBHOOK),
)
async def get_webhook(webhooks: Webhooks, webhook_id: WebhookId) -> WebhookRead:
    """Return a webhook, without its secret, which nobody is shown again."""
    return WebhookRead.of(_found(await webhooks.get(webhook_id), webhook_id))


@router.add(
    "PATCH",
    "/webhooks/{webhook_id}",
    _operation(
        "changeWebhook",
        "Change a webhook",
        "The webhook as it is now.",
        examples.WEBHOOK | {"enabled": False},
        requests={"pause": {"summary": "Make no new messages", "value": {"enabled": False}}},
    ),
)
async def change_webhook(
    settings: CurrentSettings, webhooks: Webhooks, webhook_id: WebhookId, body: ChangeWebhook
) -> WebhookRead:
    """Change what a webhook is told of, or where. Messages that wait go to the new address.

    Without `enabled`, ends of jobs make no messages for it; those that wait are still sent.
    """
    _check(body.url, settings)
    values = body.model_dump(mode="json", exclude_none=True)
    return WebhookRead.of(_found(await webhooks.change(webhook_id, values), webhook_id))


@router.add(
    "POST",
    "/webhooks/{webhook_id}/rotate-secret",
    _operation(
        "rotateWebhookSecret",
        "Give a webhook a new secret",
        "The webhook, with its new secret.",
        examples.WEBHOOK
        | {"old_secret_until": "2026-03-03T09:20:00Z", "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},
    ),
)
async def rotate_webhook_secret(webhooks: Webhooks, webhook_id: WebhookId) -> WebhookCreated:
    """Sign messages with a new secret, which is not shown again.

    For a while each message has two signatures, the other one with the secret before, so that receivers can change
    theirs in peace. A secret before that one is void at once.
    """
    return WebhookCreated.of(_found(await webhooks.rotate(webhook_id, new_secret()), webhook_id))


@router.add(
    "DELETE",
    "/webhooks/{webhook_id}",
    _operation("deleteWebhook", "Delete a webhook", "The webhook as it was; it is gone.", examples.WEBHOOK),
)
async def delete_webhook(webhooks: Webhooks, webhook_id: WebhookId) -> WebhookRead:
    """Remove a webhook with its messages, also those that wait."""
    webhook = _found(await webhooks.get(webhook_id), webhook_id)
    await webhooks.remove(webhook_id)
    return WebhookRead.of(webhook)


@router.add(
    "GET",
    "/webhooks/{webhook_id}/deliveries",
    _operation("listDeliveries", "List a webhook's deliveries", "The newest ones.", {"items": [examples.DELIVERY]}),
)
async def list_deliveries(webhooks: Webhooks, webhook_id: WebhookId, limit: Limit) -> DeliveryList:
    """Return what a webhook was told, or is to be told, and what came of it; the newest first."""
    _found(await webhooks.get(webhook_id), webhook_id)
    found = await webhooks.deliveries(webhook_id, limit=limit)
    return DeliveryList(items=[DeliveryRead.of(delivery) for delivery in found])


@router.add(
    "POST",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    _operation(
        "redeliver",
        "Deliver a message again",
        "The delivery as it is now.",
        examples.DELIVERY | {"state": "waiting", "attempts": 0, "next_attempt_at": "2026-03-02T09:20:00Z"},
        problems=(DeliveryNotFound,),
    ),
)
async def redeliver(webhooks: Webhooks, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryRead:
    """Send a message once more, with all its retries, whatever came of it so far. It keeps its id and its text."""
    delivery = await webhooks.again(webhook_id, delivery_id)
    if delivery is None:
        raise DeliveryNotFound(f"The webhook {webhook_id} has no delivery {delivery_id}.")
    return DeliveryRead.of(delivery)
