"""Whether the service does its work, and if not, why."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import psycopg
import sqlalchemy.exc
from sqlalchemy import Select, and_, extract, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import jobs, type_pauses, workers
from app.jobs.clock import Clock
from app.jobs.due import WAITING, due_since, is_due
from app.jobs.states import Status
from app.queue.engine import Engine
from app.settings import Settings

#: What a database that does not answer raises.
_AWAY = (sqlalchemy.exc.SQLAlchemyError, psycopg.Error, OSError)

#: Heartbeats that a worker process may miss before it counts as gone.
MISSED_HEARTBEATS = 3


class Reason(StrEnum):
    """What can be wrong with the service."""

    DATABASE_AWAY = "database_away"
    QUEUE_AWAY = "queue_away"
    NO_WORKER = "no_worker"
    PENDING_TOO_OLD = "pending_too_old"
    JOBS_STUCK = "jobs_stuck"

    @property
    def meaning(self) -> str:
        """One sentence for the operator who reads it."""
        return _MEANINGS[self]

    @property
    def runbook(self) -> str:
        """The entry of the page of runbooks that treats it, by its anchor."""
        return _RUNBOOKS[self]


_RUNBOOKS = {
    Reason.DATABASE_AWAY: "the-database-does-not-answer",
    Reason.QUEUE_AWAY: "the-queue-does-not-answer",
    Reason.NO_WORKER: "a-job-stays-pending",
    Reason.PENDING_TOO_OLD: "a-job-stays-pending",
    Reason.JOBS_STUCK: "a-job-is-stuck-in-processing",
}
_MEANINGS = {
    Reason.DATABASE_AWAY: "The database does not answer, so no job can be created, claimed or shown.",
    Reason.QUEUE_AWAY: "The queue's store does not answer: jobs are accepted and kept, but none is handed to a worker.",
    Reason.NO_WORKER: "No worker process has sent a heartbeat lately, so no job runs.",
    Reason.PENDING_TOO_OLD: "The oldest due job has waited longer than `PENDING_MINUTES`.",
    Reason.JOBS_STUCK: "Jobs have been processing without a step for longer than `STUCK_MINUTES`.",
}


@dataclass(frozen=True)
class Finding:
    """One reason why the service is unhealthy, with its figures."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class Report:
    """The state of the service; unhealthy when there are reasons. Figures are None when the database is away.

    Jobs of paused types wait for a person, not for a worker: they make nothing unhealthy.
    """

    reasons: tuple[Finding, ...]
    workers: int | None = None
    oldest_pending_seconds: float | None = None
    stuck_jobs: int | None = None
    paused_types: tuple[str, ...] | None = None


def liveness(settings: Settings) -> timedelta:
    """Return how old the last heartbeat of a live worker may be."""
    return timedelta(seconds=settings.heartbeat_seconds * MISSED_HEARTBEATS)


async def ready(engine: AsyncEngine) -> bool:
    """Tell whether requests can be served: the database answers. A queue that is away only delays jobs."""
    try:
        async with engine.connect() as connection:
            await connection.execute(select(1))
    except _AWAY:
        return False
    return True


async def report(engine: AsyncEngine, queue: Engine, settings: Settings, clock: Clock) -> Report:
    """Look at the database and the queue, and say how the service is."""
    try:
        async with engine.connect() as connection:
            row = (await connection.execute(_figures(settings, clock))).one()
    except _AWAY:
        return Report((Finding(Reason.DATABASE_AWAY, "The database does not answer."),))
    oldest = None if row.oldest is None else max(0.0, round(float(row.oldest), 3))
    answers = await _answers(queue)
    findings = tuple(_findings(settings, answers, row.workers, oldest, row.stuck))
    return Report(findings, row.workers, oldest, row.stuck, tuple(sorted(row.paused or ())))


async def _answers(queue: Engine) -> bool:
    try:
        await queue.ping()
    except (ConnectionError, TimeoutError):
        return False
    return True


def _findings(settings: Settings, queue: bool, alive: int, oldest: float | None, stuck: int) -> list[Finding]:
    found = []
    if not queue:
        found.append(Finding(Reason.QUEUE_AWAY, "The queue's store does not answer."))
    if not alive:
        seconds = liveness(settings).total_seconds()
        found.append(Finding(Reason.NO_WORKER, f"No worker has sent a heartbeat for {seconds:g} s."))
    if oldest is not None and oldest > settings.pending_minutes * 60:
        found.append(
            Finding(
                Reason.PENDING_TOO_OLD,
                f"The oldest due job has waited for {oldest / 60:.0f} minutes; {settings.pending_minutes} are fine.",
            )
        )
    if stuck:
        found.append(
            Finding(
                Reason.JOBS_STUCK,
                f"{stuck} jobs have been processing without a step for over {settings.stuck_minutes} minutes.",
            )
        )
    return found


def _figures(settings: Settings, clock: Clock) -> Select[Any]:
    """Return one query for all figures, so that they belong together and cost one round trip."""
    oldest = select(extract("epoch", clock.now() - func.min(due_since()))).select_from(WAITING).where(is_due(clock))
    paused = select(func.array_agg(type_pauses.c.type)).where(type_pauses.c.resumed_at.is_(None))
    stuck = and_(
        jobs.c.status == Status.PROCESSING.value,
        jobs.c.updated_at < clock.now(-timedelta(minutes=settings.stuck_minutes)),
    )
    alive = workers.c.seen_at >= clock.now(-liveness(settings))
    return select(
        select(func.count()).select_from(workers).where(alive).scalar_subquery().label("workers"),
        oldest.scalar_subquery().label("oldest"),
        paused.scalar_subquery().label("paused"),
        select(func.count()).select_from(jobs).where(stuck).scalar_subquery().label("stuck"),
    )
