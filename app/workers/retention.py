"""Removes jobs that ended long ago, and messages about jobs, where the settings ask for it."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.turn import turn
from app.jobs.clearing import Clearing
from app.jobs.model import Caller
from app.jobs.removal import Ended
from app.jobs.states import Status
from app.settings import Settings
from app.webhooks.store import WebhookStore

#: Deliveries that one statement removes.
_DELIVERIES = 1000
_RETENTION = Caller.system("retention")


class Retention:
    """One look removes everything whose time is over; of many processes one looks at a time."""

    def __init__(self, engine: AsyncEngine, clearing: Clearing, webhooks: WebhookStore, settings: Settings) -> None:
        self._engine = engine
        self._clearing = clearing
        self._webhooks = webhooks
        self._deliveries = timedelta(days=settings.retention_deliveries_days)
        self._days = {
            Status.COMPLETED: settings.retention_completed_days,
            Status.FAILED: settings.retention_failed_days,
            Status.CANCELLED: settings.retention_cancelled_days,
        }

    @property
    def wanted(self) -> bool:
        """Whether anything is to be removed at all."""
        return bool(self._deliveries) or any(self._days.values())

    async def look(self) -> int:
        """Remove what is past its retention; return how many jobs. 0 also when another process is at it."""
        removed = 0
        async with turn(self._engine, "retention") as mine:
            if not mine:
                return 0
            for status, days in self._days.items():
                while days:
                    ended = Ended(status, timedelta(days=days))
                    reason = f"{status} more than {days} days ago"
                    cleared = await self._clearing.clear(ended, caller=_RETENTION, reason=reason)
                    removed += cleared.deleted
                    if not cleared.remaining or not cleared.deleted:
                        break
            while self._deliveries and await self._webhooks.forget(self._deliveries, limit=_DELIVERIES) == _DELIVERIES:
                pass
        return removed

    async def periodic(self) -> None:
        """Look, for who repeats it."""
        await self.look()
