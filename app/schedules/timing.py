"""When a schedule ticks: by a cron expression in a time zone, or every so many seconds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

#: How far back a first look for missed ticks goes; further ones go twice as far each time.
_LOOK_BACK = timedelta(hours=1)

#: What a cron expression is made of. The library would take seconds, too.
CRON = r"^[0-9A-Za-z*/,#-]+( [0-9A-Za-z*/,#-]+){4}$"


class Timing(Protocol):
    """The ticks of a schedule. All times are aware, and in UTC."""

    def after(self, moment: datetime) -> datetime | None:
        """Return the first tick after ``moment``; None: there is none in fifty years."""

    def newest(self, first: datetime, until: datetime, *, most: int) -> list[datetime]:
        """Return the ticks from the tick ``first`` to ``until``, both included: the newest ``most``, oldest first."""


@dataclass(frozen=True)
class Every:
    """Ticks ``interval`` apart, whole seconds."""

    interval: timedelta

    def after(self, moment: datetime) -> datetime:
        """Return ``moment`` and the interval."""
        return moment + self.interval

    def newest(self, first: datetime, until: datetime, *, most: int) -> list[datetime]:
        """Return the ticks of ``first``'s rhythm."""
        last = (until - first) // self.interval
        return [first + number * self.interval for number in range(max(0, last - most + 1), last + 1)]


class Cron:
    """Ticks of a cron expression with five fields, in a time zone.

    Clocks that are changed are met as Debian's cron does. What is due at fixed times (neither minute nor hour begin
    with a star) is due once a day also then: at the end of a gap that it falls into, and the first of two times that
    are called the same. Everything else follows the clock on the wall.
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        """Raise ValueError when the expression is none, with what is wrong, or never ticks."""
        self._expression = expression
        self._zone = zone
        if not re.fullmatch(CRON, expression):
            raise ValueError("must have five fields: minute, hour, day of the month, month, day of the week")
        try:
            ticks = CronSim(expression, datetime(2020, 1, 1, tzinfo=zone))
        except CronSimError as error:
            raise ValueError(f"is no cron expression: {str(error)[0].lower()}{str(error)[1:]}") from None
        if next(ticks, None) is None:
            raise ValueError("never comes: no day fits it")

    def after(self, moment: datetime) -> datetime | None:
        """Return the first tick after ``moment``."""
        return next(self._ticks(moment), None)

    def newest(self, first: datetime, until: datetime, *, most: int) -> list[datetime]:
        """Return the newest ticks; a look goes back only as far as it has to."""
        back = _LOOK_BACK
        while True:
            start = max(first - timedelta(seconds=1), until - back)
            found = []
            for tick in self._ticks(start):
                if tick > until:
                    break
                found.append(tick)
            if len(found) >= most or start < first:
                return found[-most:]
            back *= 2

    def _ticks(self, moment: datetime) -> Iterator[datetime]:
        """Yield the ticks after ``moment``, each once, in order."""
        last = moment
        # It reckons on the clock of the wall, which has shown the same time before when it has been set back.
        for tick in CronSim(self._expression, moment.astimezone(self._zone)):
            when = tick.astimezone(UTC)
            if when > last:
                last = when
                yield when
