"""Queues, workers and health: how full the service is, what works, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import MOST
from app.auth.permissions import Permission
from app.jobs.listing import JobFilter
from app.jobs.model import Job
from app.jobs.pauses import TypePause
from app.jobs.registry import JobType, Registry
from app.jobs.roster import SeenWorker
from app.jobs.states import Status
from app.services import Services
from app.telemetry.health import liveness, report
from app.telemetry.history import history
from app.ui.chart import Chart, Line, grid
from app.ui.page import page
from app.ui.parts import CurrentUser, Everything, JobTypes, Names, Now
from app.ui.runbooks import SILENT_WORKER
from app.ui.words import plural

router = APIRouter()

#: How far back the charts go, by what the address says.
SPANS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
_DEFAULT_SPAN = "6h"
#: About how many points a chart has.
_POINTS = 120
#: A worker that has been silent for so long is not shown any more.
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True)
class Engine:
    """The inside of the queue; ``latency`` is None when its store does not answer."""

    name: str
    latency: timedelta | None
    entries: Mapping[str, int]


@dataclass(frozen=True)
class WorkerRow:
    """A worker process with the jobs that it holds; ``silent``: it has missed its heartbeats."""

    seen: SeenWorker
    silent: bool
    jobs: Sequence[Job]


@dataclass(frozen=True)
class TypeRow:
    """A job type: what of it runs and waits, its limits in words, and its pause; ``by`` is who paused it."""

    kind: JobType
    running: int
    due: int
    pending: int
    limits: str
    pause: TypePause | None
    by: str


@router.get("/queues")
async def show(
    request: Request, user: CurrentUser, services: Everything, job_types: JobTypes, names: Names, now: Now,
    span: Annotated[str, Query(max_length=8)] = _DEFAULT_SPAN,
) -> Response:  # fmt: skip
    """Show health, charts, job types, and, to those who may see them, the workers and the queue engine."""
    span = span if span in SPANS else _DEFAULT_SPAN
    health = await report(services.database.engine, services.engine, services.settings, services.clock)
    types = await _types(services, job_types, names)
    inspects = user.may(Permission.QUEUE_INSPECT)
    return await page(
        request,
        "queues.html",
        title="Queues",
        health=health,
        silence=await services.roster.silence(liveness(services.settings)),
        silence_runbook=SILENT_WORKER,
        stuck_minutes=services.settings.stuck_minutes,
        due=sum(row.due for row in types),
        running=sum(row.running for row in types),
        waiting=sum(row.pending for row in types),
        span=span,
        spans=list(SPANS),
        charts=await _charts(services, now, span),
        types=types,
        may_pause=user.may(Permission.JOB_TYPES_PAUSE),
        inspects=inspects,
        engine=await _engine(services) if inspects else None,
        workers=await _workers(services, now) if inspects else (),
        labels=job_types,
        now=now,
    )


async def _charts(services: Services, now: datetime, span: str) -> list[Chart]:
    back = SPANS[span]
    minutes = back // timedelta(minutes=1)
    told = await history(services.database.engine, services.clock, minutes=minutes, points=_POINTS)
    points = {point.at: point for point in told.points}
    times = grid(now, back=back, step=told.step)
    found = [points.get(time) for time in times]

    def rates(name: str) -> list[float | None]:
        return [getattr(point, name) / point.minutes if point else None for point in found]

    def levels(name: str) -> list[float | None]:
        return [getattr(point, name) if point else None for point in found]

    return [
        Chart(
            "depth",
            "Jobs that wait and run",
            span,
            "jobs, the most of each stretch",
            times,
            [
                Line("Due", "pending", levels("due")),
                Line("Running", "processing", levels("processing")),
                Line("Paused", "paused", levels("paused")),
                Line("Slots of all workers", "slots", levels("slots")),
            ],
        ),
        Chart(
            "rates",
            "Jobs per minute",
            span,
            "jobs per minute",
            times,
            [
                Line("Created", "created", rates("created")),
                Line("Completed", "completed", rates("completed")),
                Line("Failed", "failed", rates("failed")),
                Line("Repeated", "repeated", rates("repeated")),
            ],
        ),
    ]


async def _types(services: Services, registry: Registry, names: Mapping[UUID, str]) -> list[TypeRow]:
    counted = {(each.type, each.status): each for each in await services.reader.unfinished()}
    pauses = await services.types.paused()

    def count(name: str, status: Status) -> int:
        return counted[name, status].jobs if (name, status) in counted else 0

    return [
        TypeRow(
            kind=kind,
            running=count(kind.name, Status.PROCESSING),
            due=counted[kind.name, Status.PENDING].due if (kind.name, Status.PENDING) in counted else 0,
            pending=count(kind.name, Status.PENDING),
            limits=_limits(kind),
            pause=pauses.get(kind.name),
            by=author(pauses[kind.name].paused_by, names) if kind.name in pauses else "",
        )
        for kind in registry.values()
    ]


def _limits(kind: JobType) -> str:
    said = []
    if kind.limits.concurrency is not None:
        said.append(f"{kind.limits.concurrency} at the same time")
    if kind.limits.rate:
        said.append(f"{plural(kind.limits.rate.starts, 'start')} in {kind.limits.rate.seconds:g} s")
    return ", ".join(said) or "–"


def author(who: str | None, names: Mapping[UUID, str]) -> str:
    """Return who did something: a user by name, or a part of the service."""
    try:
        return names.get(UUID(who or ""), "An unknown user")
    except ValueError:
        return who or "The service"


async def _engine(services: Services) -> Engine:
    try:
        latency = timedelta(seconds=await services.engine.ping())
        return Engine(services.engine.name, latency, await services.engine.counts())
    except (ConnectionError, TimeoutError):
        return Engine(services.engine.name, None, {})


async def _workers(services: Services, now: datetime) -> list[WorkerRow]:
    held: dict[str, list[Job]] = {}
    for job in (await services.jobs.page(JobFilter(status=(Status.PROCESSING,)), limit=MOST)).items:
        held.setdefault(job.worker_id or "", []).append(job)
    patience = liveness(services.settings)
    return [
        WorkerRow(seen, now - seen.seen_at > patience, held.get(seen.process.id, []))
        for seen in await services.roster.alive(_REMEMBERED)
    ]
