"""The page of one job."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.api.schemas.job import View
from app.auth.permissions import Permission
from app.auth.user import User
from app.jobs.attempts import attempts
from app.jobs.checkpoints import CheckpointInfo
from app.jobs.failures import failure_kind
from app.jobs.listing import JobFilter
from app.jobs.model import Job
from app.jobs.registry import Registry
from app.jobs.states import TERMINAL, Status
from app.services import Services
from app.ui.badges import badge
from app.ui.buttons import offers
from app.ui.headers import HEADERS
from app.ui.hold import hold_of
from app.ui.job_row import JobRow, creator_of
from app.ui.job_view import api_calls, attempts_of, errors_of, json_of, stages_of
from app.ui.page import page
from app.ui.parts import CurrentUser, Everything, JobTypes, Names, Now
from app.ui.runbooks import ERRORS, SILENT_WORKER
from app.ui.trail import entries
from app.webhooks.model import Delivery
from app.webhooks.store import WebhookStore

router = APIRouter()

JobId = Annotated[UUID, Path()]
#: Jobs that wait for this one and are shown.
MOST_DEPENDENTS = 50
#: Deliveries to webhooks that are shown.
MOST_DELIVERIES = 20


@router.get("/jobs/{job_id}")
async def show(
    request: Request, job_id: JobId, user: CurrentUser, services: Everything, job_types: JobTypes, names: Names,
    now: Now,
) -> Response:  # fmt: skip
    """Show everything that is known of a job, and what can be done to it."""
    job = await services.jobs.get(job_id)
    trail = await services.reader.events(job_id)
    runs = attempts(trail)
    possible = offers(job, user.role, own=job.created_by == user.id)
    return await page(
        request,
        "job.html",
        title=job_types.label(job.type),
        job=job,
        row=JobRow.of(job, job_types, names, now),
        badge=badge(job, now),
        creator=creator_of(job, names),
        offers=possible,
        hold=await hold_of(job, services, now),
        pause=(await services.types.paused()).get(job.type) if job.status is Status.PENDING else None,
        silence_runbook=SILENT_WORKER,
        error_runbooks=ERRORS,
        stages=stages_of(job, job_types),
        errors=errors_of(job, job_types),
        kind=failure_kind(job.error_log[0]) if job.status is Status.FAILED and job.error_log else None,
        trail=entries(trail, names)[::-1],
        attempts=attempts_of(runs, now),
        ran=sum(each.run_seconds or 0 for each in runs) if runs else None,
        payload=json_of(View(user, "").data(job)),
        results=json_of(job.output_stats) if job.output_stats else None,
        details=json_of(job.progress_details) if job.progress_details else None,
        checkpoints=await _checkpoints(services, job),
        waits_for=await _rows(services, job.depends_on, job_types, names, now),
        dependents=await _dependents(services, job, job_types, names, now),
        deliveries=await _deliveries(services, user, job),
        calls=api_calls(job_id, possible),
        now=now,
    )


@router.get("/jobs/{job_id}/payload.json")
async def download(job_id: JobId, user: CurrentUser, services: Everything) -> Response:
    """Download the payload of a job, as far as the user may see it."""
    job = await services.jobs.get(job_id)
    text = json.dumps(View(user, "").data(job), ensure_ascii=False, indent=2)
    disposition = f'attachment; filename="payload-{job_id}.json"'
    return Response(text, media_type="application/json", headers={**HEADERS, "Content-Disposition": disposition})


async def _checkpoints(services: Services, job: Job) -> list[CheckpointInfo] | None:
    """Return what is stored of the job's stages; None: the storage does not answer."""
    try:
        return await services.checkpoints.saved(job.id)
    except OSError:
        return None


async def _rows(
    services: Services, ids: list[UUID], job_types: Registry, names: Names, now: Now
) -> list[JobRow | UUID]:
    """Return jobs as rows, in the order of ``ids``; of those that are gone, the id."""
    if not ids:
        return []
    found = await services.reader.page(JobFilter(ids=tuple(ids)), limit=len(ids), cursor=None)
    rows = {job.id: JobRow.of(job, job_types, names, now) for job in found.items}
    return [rows.get(job_id, job_id) for job_id in ids]


async def _deliveries(services: Services, user: User, job: Job) -> list[tuple[str, Delivery]]:
    """Return what other services were told of a job, for who manages that."""
    if job.status not in TERMINAL or not user.may(Permission.WEBHOOKS_MANAGE):
        return []
    return await WebhookStore(services.database.engine, services.clock).of_job(job.id, limit=MOST_DELIVERIES)


async def _dependents(services: Services, job: Job, job_types: Registry, names: Names, now: Now) -> list[JobRow]:
    if not job.has_dependents:
        return []
    found = await services.reader.dependents(job.id, limit=MOST_DEPENDENTS)
    return [JobRow.of(other, job_types, names, now) for other in found]
