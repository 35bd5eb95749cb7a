"""The list of jobs."""

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.ui.asked import AskedQuery
from app.ui.job_row import JobRow
from app.ui.page import page
from app.ui.parts import CurrentUser, Everything, JobTypes, Names, Now

router = APIRouter()


@router.get("/jobs")
async def show(
    request: Request, asked: AskedQuery, user: CurrentUser, services: Everything, job_types: JobTypes, names: Names,
    now: Now,
) -> Response:  # fmt: skip
    """Show the jobs that fit the filters, newest first."""
    filters = asked.filters(user, job_types)
    found = await services.jobs.page(filters, limit=services.settings.list_limit, cursor=asked.after or None)
    return await page(
        request,
        "jobs.html",
        title="Jobs",
        asked=asked,
        rows=[JobRow.of(job, job_types, names, now) for job in found.items],
        next_cursor=found.next_cursor,
        counts=await services.reader.counts(replace(filters, status=())),
        types=job_types,
        names=names,
        now=now,
    )
