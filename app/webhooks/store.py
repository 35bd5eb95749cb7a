"""All SQL of webhooks and their deliveries."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import webhook_deliveries, webhooks
from app.jobs.clock import Clock
from app.webhooks.model import OLD_SECRET_HOURS, Answer, Delivery, DeliveryState, Due, Webhook, WebhookEvent

_D = webhook_deliveries.c
#: Seconds after which a delivery is attempted again whose process has gone away meanwhile.
HOLD = timedelta(seconds=60)


class WebhookStore:
    """Reads and writes webhooks; each method is one transaction."""

    def __init__(self, engine: AsyncEngine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or Clock()

    async def add(self, values: Mapping[str, Any]) -> Webhook:
        """Add a webhook; ``values`` by column."""
        statement = insert(webhooks).values(id=uuid4(), created_at=self._clock.now(), **values).returning(*webhooks.c)
        async with self._engine.begin() as connection:
            return _webhook((await connection.execute(statement)).one())

    async def all(self) -> list[Webhook]:
        """Return all webhooks, the oldest first."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id))
            return [_webhook(row) for row in rows]

    async def get(self, webhook_id: UUID) -> Webhook | None:
        """Return a webhook, or None."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(webhooks).where(webhooks.c.id == webhook_id))).one_or_none()
        return _webhook(row) if row else None

    async def change(self, webhook_id: UUID, values: Mapping[str, Any]) -> Webhook | None:
        """Change columns of a webhook; None: there is no such webhook."""
        if not values:
            return await self.get(webhook_id)
        statement = update(webhooks).where(webhooks.c.id == webhook_id).values(values).returning(*webhooks.c)
        async with self._engine.begin() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return _webhook(row) if row else None

    async def rotate(self, webhook_id: UUID, secret: str) -> Webhook | None:
        """Give a webhook a new secret; the old one signs too for a while. None: there is no such webhook."""
        values = {
            "secret": secret,
            "old_secret": webhooks.c.secret,
            "old_secret_until": self._clock.now(timedelta(hours=OLD_SECRET_HOURS)),
        }
        return await self.change(webhook_id, values)

    async def forget(self, age: timedelta, *, limit: int) -> int:
        """Remove at most ``limit`` deliveries older than ``age`` that wait for nothing; return how many."""
        old = select(_D.id).where(_D.state != DeliveryState.WAITING.value, _D.created_at < self._clock.now(-age))
        statement = delete(webhook_deliveries).where(_D.id.in_(old.limit(limit)))
        async with self._engine.begin() as connection:
            return (await connection.execute(statement)).rowcount

    async def remove(self, webhook_id: UUID) -> bool:
        """Remove a webhook with its deliveries; tell whether there was one."""
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))).rowcount == 1

    async def deliveries(self, webhook_id: UUID, *, limit: int) -> list[Delivery]:
        """Return the newest deliveries of a webhook, the newest first."""
        query = select(webhook_deliveries).where(_D.webhook_id == webhook_id)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.order_by(_D.created_at.desc(), _D.id).limit(limit))
            return [_delivery(row) for row in rows]

    async def of_job(self, job_id: UUID, *, limit: int) -> list[tuple[str, Delivery]]:
        """Return the newest deliveries that tell of a job, the newest first, each with the address it goes to."""
        query = select(webhook_deliveries, webhooks.c.url).join(webhooks, webhooks.c.id == _D.webhook_id)
        query = query.where(_D.job_id == job_id).order_by(_D.created_at.desc(), _D.id).limit(limit)
        async with self._engine.connect() as connection:
            return [(row.url, _delivery(row)) for row in await connection.execute(query)]

    async def again(self, webhook_id: UUID, delivery_id: UUID) -> Delivery | None:
        """Have a delivery attempted once more, with all its retries, whatever came of it. None: there is none."""
        values = {"state": DeliveryState.WAITING.value, "attempts": 0, "next_attempt_at": self._clock.now()}
        this = (_D.id == delivery_id, _D.webhook_id == webhook_id)
        statement = update(webhook_deliveries).where(*this).values(values).returning(*_D)
        async with self._engine.begin() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return _delivery(row) if row else None

    async def take(self, limit: int) -> list[Due]:
        """Take deliveries that are due; no other process gets them before ``HOLD`` is over."""
        due = (
            select(_D.id)
            .where(_D.state == DeliveryState.WAITING.value, _D.next_attempt_at <= self._clock.now())
            .order_by(_D.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        now = self._clock.now()
        old_secret = case((webhooks.c.old_secret_until > now, webhooks.c.old_secret)).label("old_secret")
        statement = (
            update(webhook_deliveries)
            .where(_D.id.in_(due), webhooks.c.id == _D.webhook_id)
            .values(attempts=_D.attempts + 1, last_attempt_at=now, next_attempt_at=self._clock.now(HOLD))
            .returning(*_D, webhooks.c.url, webhooks.c.secret, old_secret)
        )
        async with self._engine.begin() as connection:
            rows = await connection.execute(statement)
            return [Due(_delivery(row), row.url, tuple(filter(None, (row.secret, row.old_secret)))) for row in rows]

    async def note(self, delivery: Delivery, answer: Answer, *, wait: timedelta | None) -> None:
        """Write what came of an attempt; ``wait`` until the next one, None: there is none."""
        if answer.accepted:
            state = DeliveryState.DELIVERED
        else:
            state = DeliveryState.GIVEN_UP if wait is None else DeliveryState.WAITING
        values = {
            "state": state.value,
            "status_code": answer.status_code,
            "error": answer.error,
            "next_attempt_at": self._clock.now(wait) if state is DeliveryState.WAITING and wait else None,
        }
        # Who had it delivered by hand meanwhile has begun to count anew, and is not disturbed.
        this = (_D.id == delivery.id, _D.attempts == delivery.attempts)
        async with self._engine.begin() as connection:
            await connection.execute(update(webhook_deliveries).where(*this).values(values))


def _webhook(row: Row[Any]) -> Webhook:
    values = {name: row._mapping[name] for name in webhooks.c.keys()}  # noqa: SIM118 (a collection of columns)
    return Webhook(**values | {"events": tuple(map(WebhookEvent, row.events))})


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: row._mapping[name] for name in _D.keys()}  # noqa: SIM118 (a collection of columns)
    return Delivery(**values | {"event": WebhookEvent(row.event), "state": DeliveryState(row.state)})
