"""The one clock of all processes: the database's.

Leases and delays compare times that different machines wrote, so no machine's own clock may enter. The store takes
the current time as a SQL expression; tests pass a clock that they can set forward.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal
from sqlalchemy.dialects.postgresql import INTERVAL


class Clock:
    """The database's time, moved by ``offset``."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self, ahead: timedelta = timedelta()) -> ColumnElement[datetime]:
        """Return the SQL expression for the current time plus ``ahead``."""
        moved = self.offset + ahead
        expression: ColumnElement[datetime] = func.now()
        return expression + literal(moved, INTERVAL) if moved else expression

    def instant(self) -> ColumnElement[datetime]:
        """Return the SQL expression for the time at which it is evaluated; ``now`` is when its transaction began."""
        expression: ColumnElement[datetime] = func.clock_timestamp()
        return expression + literal(self.offset, INTERVAL) if self.offset else expression
