"""Delivers messages to webhooks: signed, retried, and to public addresses only."""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime

import httpcore
import structlog
from standardwebhooks.webhooks import Webhook as Signer

from app.telemetry.events import LogEvent, emit
from app.webhooks.addresses import CheckedNetwork
from app.webhooks.model import DELIVERY_POLICY, Answer, Due
from app.webhooks.store import WebhookStore

log = structlog.get_logger("webhooks")

#: Seconds between two looks for deliveries that are due.
LOOK_SECONDS = 2
#: Seconds that one attempt may take altogether.
ATTEMPT_SECONDS = 10
#: Deliveries that one process attempts at the same time.
AT_ONCE = 20
#: Characters of an error that the log of deliveries keeps.
_ERROR_LENGTH = 300


class Courier:
    """Delivers what is due; many processes may do so at the same time.

    ``private`` lets webhooks reach addresses that are not public.
    """

    def __init__(self, store: WebhookStore, *, private: bool, chance: Callable[[], float] = random.random) -> None:
        self._store = store
        self._private = private
        self._chance = chance

    async def look(self) -> None:
        """Attempt every delivery that is due."""
        while due := await self._store.take(AT_ONCE):
            await asyncio.gather(*(self._deliver(one) for one in due))

    async def _deliver(self, due: Due) -> None:
        delivery = due.delivery
        answer = await self._attempt(due)
        left = delivery.attempts <= DELIVERY_POLICY.max_retries
        wait = DELIVERY_POLICY.delay(delivery.attempts, self._chance()) if left and not answer.accepted else None
        await self._store.note(delivery, answer, wait=wait)
        if not answer.accepted:
            event = LogEvent.WEBHOOK_FAILED if wait else LogEvent.WEBHOOK_GIVEN_UP
            error = answer.error or f"the receiver answered {answer.status_code}"
            emit(log, event, webhook_id=str(delivery.webhook_id), delivery_id=str(delivery.id), error=error)

    async def _attempt(self, due: Due) -> Answer:
        """Send the message once. Redirects are not followed, and the answer's body is not read."""
        ident, text, now = str(due.delivery.id), json.dumps(due.delivery.body), datetime.now(UTC)
        headers: dict[bytes | str, bytes | str] = {
            "content-type": "application/json",
            "user-agent": "jobs-webhooks",
            "webhook-id": ident,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Signer(secret).sign(ident, now, text) for secret in due.secrets),
        }
        try:
            async with (
                asyncio.timeout(ATTEMPT_SECONDS),
                httpcore.AsyncConnectionPool(network_backend=CheckedNetwork(private=self._private)) as pool,
                pool.stream("POST", due.url, headers=headers, content=text.encode()) as response,
            ):
                return Answer(status_code=response.status)
        except TimeoutError:
            return Answer(error=f"no answer within {ATTEMPT_SECONDS} seconds")
        except Exception as error:
            # A name that does not resolve, a refused connection, a certificate: the receiver's, and it may pass.
            return Answer(error=f"{type(error).__name__}: {error}"[:_ERROR_LENGTH])
