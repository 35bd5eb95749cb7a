"""Pending jobs that may start now, and for how long they have been able to."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, not_, or_

from app.database.tables import NO_JOBS, jobs
from app.jobs.clock import Clock
from app.jobs.pauses import RESUMED, is_held
from app.jobs.states import Status

#: The order in which pending jobs start: those that have waited too long, then by priority, then the oldest.
IN_TURN: tuple[ColumnElement[Any], ...] = (
    jobs.c.aged_at.asc().nulls_last(),
    jobs.c.priority.desc(),
    jobs.c.created_at.asc(),
    jobs.c.id.asc(),
)


def is_due(clock: Clock, since: timedelta = timedelta()) -> ColumnElement[bool]:
    """Return the SQL condition that a job is pending and nothing but a worker is missing.

    It waits for no other job, its time has come at least ``since`` ago, and its type is not paused.
    """
    come = or_(jobs.c.next_retry_at.is_(None), jobs.c.next_retry_at <= clock.now(-since))
    return and_(jobs.c.status == Status.PENDING.value, jobs.c.waits_for == NO_JOBS, come, not_(is_held()))


#: Jobs, with what ``due_since`` looks at.
WAITING: FromClause = jobs.outerjoin(RESUMED, RESUMED.c.type == jobs.c.type)


def due_since() -> ColumnElement[datetime]:
    """Return since when a due job could have been taken; select it from ``WAITING``."""
    since: ColumnElement[datetime] = func.greatest(func.coalesce(jobs.c.next_retry_at, jobs.c.updated_at), RESUMED.c.at)
    return since
