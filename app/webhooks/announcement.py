"""Makes deliveries of the ends of jobs, in the statement that ends them."""

from datetime import datetime

from sqlalchemy import CTE, ColumnElement, Insert, Text, any_, cast, func, insert, literal, or_, select

from app.database.tables import webhook_deliveries, webhooks
from app.jobs.states import Status
from app.webhooks.model import DeliveryState, MessageField, WebhookEvent


def announcement(ended: CTE, status: Status, now: ColumnElement[datetime]) -> Insert:
    """Return the insert of one delivery for each job in ``ended`` and each webhook that is to be told of it."""
    event = WebhookEvent(f"job.{status}").value
    data = {name.value: ended.c["id" if name is MessageField.JOB_ID else name.value] for name in MessageField}
    body = {
        "type": literal(event, Text),
        "timestamp": now,
        "data": func.jsonb_build_object(*(part for item in data.items() for part in item)),
    }
    wanted = [
        webhooks.c.enabled,
        literal(event, Text) == any_(webhooks.c.events),
        or_(webhooks.c.job_type.is_(None), webhooks.c.job_type == ended.c.type),
    ]
    message = select(
        func.gen_random_uuid(),
        webhooks.c.id,
        ended.c.id,
        literal(event, Text),
        func.jsonb_build_object(*(part for item in body.items() for part in item)),
        cast(literal(DeliveryState.WAITING.value), Text),
        now,
        now,
    ).select_from(ended.join(webhooks, literal(True)))
    columns = ["id", "webhook_id", "job_id", "event", "body", "state", "created_at", "next_attempt_at"]
    return insert(webhook_deliveries).from_select(columns, message.where(*wanted))
