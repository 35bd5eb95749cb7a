"""A schedule, and what becomes of ticks that nobody was there for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from app.problems import InvalidRequest
from app.schedules.timing import Cron, Every, Timing

#: A tick that is found this late was missed: no process was there at its time.
MISSED_AFTER = timedelta(seconds=60)

#: The most jobs that one schedule makes up for at once.
MOST_MISSED = 100

#: The shortest and the longest interval, in seconds.
SHORTEST, LONGEST = 1, 31_536_000


class CatchUp(StrEnum):
    """What becomes of ticks that were missed."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"

    @property
    def meaning(self) -> str:
        """One sentence for the person who chooses."""
        return _MEANINGS[self]


_MEANINGS = {
    CatchUp.SKIP: "Missed ticks are passed over; the next job comes with the next tick.",
    CatchUp.ONCE: "However many ticks were missed, one job is created for the newest.",
    CatchUp.ALL: "One job is created for each missed tick, the oldest first, for a bounded number of the newest.",
}


@dataclass(frozen=True)
class Schedule:
    """One row of the ``schedules`` table. Times are in UTC; ``next_at`` is None while it is disabled."""

    id: UUID
    name: str
    type: str
    data: dict[str, Any]
    priority: int
    cron: str | None
    time_zone: str | None
    interval_seconds: int | None
    catch_up: CatchUp
    enabled: bool
    next_at: datetime | None
    last_at: datetime | None
    last_job_id: UUID | None
    last_error: str | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime

    @property
    def timing(self) -> Timing:
        """When it ticks. Raises InvalidRequest when that cannot be told any more."""
        return timing(self.cron, self.time_zone, self.interval_seconds)

    def upcoming(self, most: int) -> list[datetime]:
        """Return the next ticks, at most so many; none while it is disabled."""
        ticks: list[datetime] = []
        tick = self.next_at
        while tick is not None and len(ticks) < most:
            ticks.append(tick)
            tick = self.timing.after(tick)
        return ticks

    def due(self, now: datetime) -> list[datetime]:
        """Return the ticks up to ``now`` that get a job, oldest first; the policy decides about missed ones."""
        if self.next_at is None or self.next_at > now:
            return []
        if self.catch_up is CatchUp.ALL:
            return self.timing.newest(self.next_at, now, most=MOST_MISSED)
        newest = self.timing.newest(self.next_at, now, most=1)
        if self.catch_up is CatchUp.SKIP:
            return [tick for tick in newest if now - tick < MISSED_AFTER]
        return newest


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def timing(cron: str | None, time_zone: str | None, interval_seconds: int | None) -> Timing:
    """Return when a schedule with these fields ticks.

    Raises:
        InvalidRequest: the fields do not say so; ``errors`` names the one to mend.
    """
    if (cron is None) == (interval_seconds is None):
        raise _invalid("cron", "give either cron or interval_seconds")
    if interval_seconds is not None:
        if time_zone is not None:
            raise _invalid("time_zone", "belongs to cron; an interval has none")
        return Every(timedelta(seconds=interval_seconds))
    zone = time_zone or "UTC"
    if zone not in _zones():
        raise _invalid("time_zone", f"is no time zone of the IANA database, such as Europe/Berlin; it is {zone!r}")
    try:
        return Cron(cron or "", ZoneInfo(zone))
    except ValueError as error:
        raise _invalid("cron", str(error)) from None


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(
        f"The schedule cannot be kept: {field} {message}.", errors=[{"in": "body", "field": field, "message": message}]
    )
