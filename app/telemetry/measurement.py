"""Takes the figures of the metrics from the database, when somebody asks.

The database knows what all processes did, so the figures are the same whichever process is asked, and survive its
restart.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Float, Row, Select, and_, case, cast, extract, func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import NO_JOBS, job_events, jobs, type_pauses, workers
from app.jobs.clock import Clock
from app.jobs.due import WAITING, due_since, is_due
from app.jobs.states import TERMINAL, Event, Status, names
from app.plays.comparison import Compared
from app.plays.tables import play_comparisons
from app.settings import Settings
from app.telemetry import metrics
from app.telemetry.health import liveness
from app.telemetry.metrics import WINDOW, Distribution, Figures, MetricKind, Sample

#: What counts as another attempt that nobody asked for.
_AGAIN = (Event.RESCHEDULE.value, Event.RESCUE.value)


async def measure(engine: AsyncEngine, settings: Settings, clock: Clock) -> Figures:
    """Take all figures, on one connection."""
    completed = and_(jobs.c.status == Status.COMPLETED.value, jobs.c.completed_at >= clock.now(-WINDOW))
    seconds = extract("epoch", jobs.c.completed_at - jobs.c.started_at)
    async with engine.connect() as connection:
        row = (await connection.execute(_figures(settings, clock, completed, seconds))).one()
        counted = (await connection.execute(_counts())).all()
        finished = (await connection.execute(_finished(clock))).all()
        happened = (await connection.execute(_events(clock))).all()
        renewed = (await connection.execute(_renewals(settings, clock))).all()
        compared = (await connection.execute(_comparisons())).all()
        held = (await connection.execute(_held(clock))).all()
        distributions = [
            distribution
            for kind, value in ((metrics.PROCESSING, seconds), (metrics.WAITING, jobs.c.waited_seconds))
            for distribution in _distributions(kind, await connection.execute(_histogram(kind, value, completed)))
        ]
    events = dict(map(tuple, happened))
    return Figures(list(_samples(row, counted, finished, events, renewed, compared, held)), distributions)


def _samples(
    row: Row[*tuple[Any, ...]],
    counted: Iterable[Any],
    finished: Iterable[Any],
    happened: dict[str, int],
    renewed: Iterable[Any],
    compared: Iterable[Any],
    held: Iterable[Any],
) -> Iterator[Sample]:
    for status, job_type, count in counted:
        yield Sample(metrics.JOBS, count, (status, job_type))
    yield Sample(metrics.QUEUE_DEPTH, row.depth)
    yield Sample(metrics.DELAYED, row.delayed)
    yield Sample(metrics.OLDEST_PENDING, max(0.0, float(row.oldest or 0)))
    yield Sample(metrics.STUCK, row.stuck)
    for kind, seconds, count in held:
        yield Sample(metrics.TYPE_PAUSED, float(seconds), (kind,))
        yield Sample(metrics.HELD, count, (kind,))
    yield Sample(metrics.WORKERS, row.workers)
    yield Sample(metrics.WORKER_SLOTS, row.slots or 0)
    for worker, renewals in renewed:
        yield Sample(metrics.RENEWALS, renewals, (worker,))
    counts = dict.fromkeys((Status.COMPLETED.value, Status.FAILED.value, Status.CANCELLED.value), 0)
    counts |= dict(finished)
    for status, count in counts.items():
        yield Sample(metrics.FINISHED, count, (status,))
    yield Sample(metrics.RETRIES, sum(happened.get(event, 0) for event in _AGAIN))
    for event in Event:
        yield Sample(metrics.EVENTS, happened.get(event.value, 0), (event.value,))
    yield Sample(metrics.AVERAGE, float(row.average or 0))
    yield Sample(metrics.P95, float(row.p95 or 0))
    for outcome, count in (dict.fromkeys([one.value for one in Compared], 0) | dict(map(tuple, compared))).items():
        yield Sample(metrics.PLAY_COMPARISONS, count, (outcome,))


def _counts() -> Select[Any]:
    return (
        select(jobs.c.status, jobs.c.type, func.count())
        .group_by(jobs.c.status, jobs.c.type)
        .order_by(jobs.c.status, jobs.c.type)
    )


def _finished(clock: Clock) -> Select[Any]:
    return select(jobs.c.status, func.count()).where(jobs.c.completed_at >= clock.now(-WINDOW)).group_by(jobs.c.status)


def _events(clock: Clock) -> Select[Any]:
    recent = job_events.c.at >= clock.now(-WINDOW)
    return select(job_events.c.event, func.count()).where(recent).group_by(job_events.c.event)


def _comparisons() -> Select[Any, int]:
    """Return a query for what came of comparing the two ways to parse a play; a job that ended otherwise failed."""
    ended: ColumnElement[Any] = case(
        (jobs.c.status.in_(names(TERMINAL)), Compared.FAILED.value), else_=Compared.OPEN.value
    )
    outcome: ColumnElement[Any] = func.coalesce(play_comparisons.c.outcome, ended).label("outcome")
    return select(outcome, func.count()).select_from(play_comparisons.join(jobs)).group_by(outcome)


def _held(clock: Clock) -> Select[Any]:
    """Return a query for the paused types: for how many seconds they have been, and how many jobs wait meanwhile."""
    waiting = select(func.count()).where(jobs.c.type == type_pauses.c.type, jobs.c.status == Status.PENDING.value)
    seconds = extract("epoch", clock.now() - type_pauses.c.paused_at)
    lasts = type_pauses.c.resumed_at.is_(None)
    return select(type_pauses.c.type, seconds, waiting.scalar_subquery()).where(lasts).order_by(type_pauses.c.type)


def _renewals(settings: Settings, clock: Clock) -> Select[Any]:
    alive = workers.c.seen_at >= clock.now(-liveness(settings))
    return select(workers.c.id, workers.c.renewals).where(alive).order_by(workers.c.id)


def _histogram(kind: MetricKind, seconds: ColumnElement[Any], completed: ColumnElement[bool]) -> Select[Any]:
    """Return a query for how many values lie above how many bounds, and their sum, by type."""
    # A bound belongs to its own bucket; the function's lower bounds do, so both are turned round.
    turned = literal([-float(bound) for bound in reversed(kind.bounds)], ARRAY(Float))
    within = func.width_bucket(-cast(seconds, Float), turned)
    return select(jobs.c.type, within, func.count(), func.sum(seconds)).where(completed).group_by(jobs.c.type, within)


def _distributions(kind: MetricKind, rows: Iterable[Any]) -> Iterator[Distribution]:
    found: dict[str, tuple[list[int], float]] = {}
    for job_type, within, count, total in rows:
        counts, before = found.setdefault(job_type, ([0] * (len(kind.bounds) + 1), 0.0))
        counts[len(kind.bounds) - within] += count
        found[job_type] = (counts, before + float(total))
    for job_type, (counts, total) in sorted(found.items()):
        yield Distribution(kind, list(accumulate(counts)), total, (job_type,))


def _figures(
    settings: Settings, clock: Clock, completed: ColumnElement[bool], seconds: ColumnElement[Any]
) -> Select[Any]:
    now = clock.now()
    pending = and_(jobs.c.status == Status.PENDING.value, jobs.c.waits_for == NO_JOBS)
    due = is_due(clock)
    stuck = and_(
        jobs.c.status == Status.PROCESSING.value,
        jobs.c.updated_at < clock.now(-timedelta(minutes=settings.stuck_minutes)),
    )
    alive = workers.c.seen_at >= clock.now(-liveness(settings))
    waited = extract("epoch", now - func.min(due_since()))
    return select(
        select(func.count()).select_from(jobs).where(due).scalar_subquery().label("depth"),
        select(func.count()).select_from(jobs).where(pending, jobs.c.next_retry_at > now).scalar_subquery()
        .label("delayed"),
        select(waited).select_from(WAITING).where(due).scalar_subquery().label("oldest"),
        select(func.count()).select_from(jobs).where(stuck).scalar_subquery().label("stuck"),
        select(func.count()).select_from(workers).where(alive).scalar_subquery().label("workers"),
        select(func.sum(workers.c.slots)).where(alive).scalar_subquery().label("slots"),
        select(func.avg(seconds)).where(completed).scalar_subquery().label("average"),
        select(func.percentile_cont(0.95).within_group(seconds)).where(completed).scalar_subquery().label("p95"),
    )  # fmt: skip
