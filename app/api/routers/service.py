"""The service's own state: health, metrics, the inside of the queue."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse

from app.api.deps import CurrentSettings, Everything
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.service import (
    AliveRead,
    HealthRead,
    HistoryRead,
    MetricList,
    QueueStatus,
    ReadyRead,
    WorkerRead,
)
from app.auth.permissions import Permission
from app.telemetry.health import liveness, ready, report
from app.telemetry.history import history
from app.telemetry.measurement import measure
from app.telemetry.prometheus import CONTENT_TYPE, prometheus_text

#: Operations outside the versioned part of the API.
router = OperationRouter("Service", prefix="/api")
#: Operations for admins.
admin = OperationRouter("Service")

#: A year: as far back as anything can be kept.
MOST_MINUTES = 366 * 24 * 60

_HEALTHY = {"status": "healthy", "reasons": [], "workers": 1, "oldest_pending_seconds": 0.4, "stuck_jobs": 0}
_HEALTHY["paused_types"] = []
_UNHEALTHY = {
    "status": "unhealthy",
    "reasons": [{"code": "no_worker", "detail": "No worker has sent a heartbeat for 12 s."}],
    "workers": 0,
    "oldest_pending_seconds": 41.2,
    "stuck_jobs": 0,
    "paused_types": ["geocode_households"],
}


@router.add(
    "GET",
    "/health/live",
    Operation(
        "getLiveness",
        "See whether the process answers",
        permission=None,
        success="It does.",
        example={"status": "alive"},
        offline=True,
    ),
)
async def get_liveness() -> AliveRead:
    """Answer at once, without looking at anything: for supervisors that restart processes which hang."""
    return AliveRead(status="alive")


@router.add(
    "GET",
    "/health/ready",
    Operation(
        "getReadiness",
        "See whether requests can be served",
        permission=None,
        success="They can.",
        example={"status": "ready"},
        also={503: ("The database does not answer, so no request can be served.", ReadyRead, {"status": "unready"})},
        offline=True,
    ),
)
async def get_readiness(services: Everything) -> ReadyRead:
    """Say whether this process can serve requests: for load balancers, which then ask another one.

    Only the database counts. While the queue is away, or no worker is alive, jobs are accepted and kept.
    """
    if await ready(services.database.engine):
        return ReadyRead(status="ready")
    return JSONResponse({"status": "unready"}, 503)  # type: ignore[return-value]  # another status


@router.add(
    "GET",
    "/health",
    Operation(
        "getHealth",
        "See whether the service does its work",
        permission=None,
        success="It does.",
        example=_HEALTHY,
        also={503: ("It does not; `reasons` says why.", HealthRead, _UNHEALTHY)},
        offline=True,
    ),
)
async def get_health(settings: CurrentSettings, services: Everything) -> HealthRead:
    """Say whether jobs are being done: there is a live worker, no due job waits too long, and none is stuck.

    Anything else is answered with 503 and the reasons. Load balancers should take `/api/health/ready` instead: a
    service without workers still answers requests.
    """
    found = HealthRead.of(await report(services.database.engine, services.engine, settings, services.clock))
    if found.reasons:
        return JSONResponse(found.model_dump(mode="json"), 503)  # type: ignore[return-value]  # another status
    return found


@router.add(
    "GET",
    "/metrics",
    Operation(
        "getMetrics",
        "Read the metrics",
        permission=Permission.METRICS_READ,
        success="The metrics, as JSON or in the text format of Prometheus.",
        example={
            "items": [
                {
                    "name": "jobs_queue_depth",
                    "type": "gauge",
                    "help": "Pending jobs that are due now.",
                    "samples": [{"labels": {}, "value": 3.0}],
                }
            ]
        },
        texts={
            "text/plain": "# HELP jobs_queue_depth Pending jobs that are due now.\n"
            "# TYPE jobs_queue_depth gauge\njobs_queue_depth 3.0\n"
        },
    ),
)
async def get_metrics(request: Request, settings: CurrentSettings, services: Everything) -> MetricList:
    """Return what is measured, for all processes together.

    With the header `Accept: application/json` the answer is JSON, else the text that Prometheus reads. Figures come
    from the database, so it does not matter which process is asked. Prometheus sends the token with `authorization`
    in its scrape configuration.
    """
    figures = await measure(services.database.engine, settings, services.clock)
    if "application/json" not in request.headers.get("accept", "").lower():
        return Response(prometheus_text(figures), media_type=CONTENT_TYPE)  # type: ignore[return-value]  # as text
    return MetricList.of(figures)


@router.add(
    "GET",
    "/metrics/history",
    Operation(
        "getHistory",
        "See how full the queue was over time",
        permission=Permission.METRICS_READ,
        success="What was noted.",
        example={
            "step_seconds": 180,
            "items": [
                {
                    "at": "2026-03-02T09:15:00Z",
                    "minutes": 3,
                    "due": 12,
                    "pending": 14,
                    "processing": 4,
                    "paused": 0,
                    "slots": 4,
                    "oldest_seconds": 8.2,
                    "created": 90,
                    "completed": 87,
                    "failed": 1,
                    "cancelled": 0,
                    "repeated": 2,
                }
            ],
        },
    ),
)
async def get_history(
    services: Everything,
    minutes: Annotated[int, Query(ge=1, le=MOST_MINUTES, description="How far to look back, in minutes.")] = 360,
    points: Annotated[int, Query(ge=1, le=1000, description="About how many stretches to cut that into.")] = 120,
) -> HistoryRead:
    """Return how full the queue was and what was done, in stretches of whole minutes: for charts.

    Each minute is noted once for all processes, and kept for `HISTORY_DAYS`.
    """
    return HistoryRead.of(await history(services.database.engine, services.clock, minutes=minutes, points=points))


@admin.add(
    "GET",
    "/admin/jobs/redis-status",
    Operation(
        "getQueueStatus",
        "Look into the queue",
        permission=Permission.QUEUE_INSPECT,
        success="The state of the queue.",
        example={
            "engine": "bullmq-postgres",
            "connection": "connected",
            "latency_ms": 0.8,
            "entries": {"waiting": 0, "prioritized": 3, "active": 1, "delayed": 0},
            "jobs": {"pending": 3, "processing": 1, "paused": 0, "completed": 12, "failed": 0, "cancelled": 1},
            "workers": [
                {
                    "id": "host-1-4711-9c2f1a",
                    "host": "host-1",
                    "pid": 4711,
                    "slots": 4,
                    "started_at": "2026-03-02T08:00:00Z",
                    "seen_at": "2026-03-02T09:15:04Z",
                }
            ],
        },
    ),
)
async def get_queue_status(settings: CurrentSettings, services: Everything) -> QueueStatus:
    """Return which engine delivers jobs, whether its store answers and how fast, what it holds, and who works.

    The address is historical: it answers for every engine, Redis or not.
    """
    try:
        latency: float | None = round(await services.engine.ping() * 1000, 3)
        entries = await services.engine.counts()
    except (ConnectionError, TimeoutError):
        latency, entries = None, {}
    alive = await services.roster.alive(liveness(settings))
    return QueueStatus(
        engine=services.engine.name,
        connection="disconnected" if latency is None else "connected",
        latency_ms=latency,
        entries=entries,
        jobs=await services.reader.totals(),
        workers=[
            WorkerRead(
                id=seen.process.id,
                host=seen.process.host,
                pid=seen.process.pid,
                slots=seen.process.slots,
                started_at=seen.started_at,
                seen_at=seen.seen_at,
            )
            for seen in alive
        ],
    )
