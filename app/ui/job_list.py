"""The list of jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.auth.permissions import Permission
from app.jobs.listing import Count, JobFilter
from app.jobs.model import Job
from app.jobs.service import JobService
from app.jobs.states import Status
from app.telemetry.health import liveness
from app.ui.asked import Asked, AskedQuery
from app.ui.bulk import bulk_buttons
from app.ui.job_row import JobRow
from app.ui.page import page
from app.ui.parts import CurrentUser, Everything, JobTypes, Names, Now
from app.ui.words import plural

router = APIRouter()


@dataclass(frozen=True)
class Shown:
    """The jobs of a page, in order: a job, or the id of one that is gone; ``fits``: those that match the filters."""

    jobs: Sequence[Job | UUID]
    fits: frozenset[UUID]
    newer: int
    more_newer: bool
    next_cursor: str | None


@router.get("/jobs")
async def show(
    request: Request, asked: AskedQuery, user: CurrentUser, services: Everything, job_types: JobTypes, names: Names,
    now: Now,
) -> Response:  # fmt: skip
    """Show the jobs that fit the filters, newest first."""
    filters = asked.filters(user, job_types)
    limit = services.settings.list_limit
    shown = await (_again if asked.seen else _first)(services.jobs, asked, filters, limit)
    counts = await services.reader.counts(replace(filters, status=()))
    silence = await services.roster.silence(liveness(services.settings))
    silent = silence.ids if silence else frozenset()
    rows: list[Any] = [
        JobRow.of(job, job_types, names, now, fits=job.id in shown.fits, silent=silent)
        if isinstance(job, Job)
        else {"gone": job}
        for job in shown.jobs
    ]
    return await page(
        request,
        "jobs.html",
        title="Jobs",
        asked=asked,
        filters=filters,
        rows=rows,
        newer=_newer(shown),
        silence=silence,
        next_cursor=shown.next_cursor,
        statuses=list(Status),
        counts=counts,
        matched=_matched(counts, filters),
        types=job_types,
        names=names,
        may_create=user.may(Permission.JOBS_CREATE),
        bulk_actions=bulk_buttons(user),
        now=now,
    )


async def _first(jobs: JobService, asked: Asked, filters: JobFilter, limit: int) -> Shown:
    """Return the page that the address asks for."""
    found = await jobs.page(filters, limit=limit, cursor=asked.after or None)
    return Shown(found.items, frozenset(job.id for job in found.items), 0, False, found.next_cursor)


async def _again(jobs: JobService, asked: Asked, filters: JobFilter, limit: int) -> Shown:
    """Return the jobs that a page shows as they are now.

    None comes or goes, so that nothing moves under the reader's hand; of those that are newer the page says how many.
    """
    seen = tuple(dict.fromkeys(asked.seen))
    known = {job.id: job for job in (await jobs.page(JobFilter(ids=seen), limit=len(seen))).items}
    fitting = await jobs.page(replace(filters, ids=seen), limit=len(seen))
    found = await jobs.page(filters, limit=limit, cursor=asked.after or None)
    new = [job for job in found.items if job.id not in seen]
    top = max((job.created_at for job in known.values()), default=None)
    newer = 0 if asked.after else sum(top is None or job.created_at > top for job in new)
    return Shown(
        [known.get(job_id, job_id) for job_id in seen],
        frozenset(job.id for job in fitting.items),
        newer,
        newer == limit,
        found.next_cursor,
    )


def _matched(counts: Mapping[Status, Count], filters: JobFilter) -> Count:
    """Return how many jobs the filters find in all."""
    found = [counts[status] for status in filters.status or Status]
    return Count(sum(each.jobs for each in found), any(each.more for each in found))


def _newer(shown: Shown) -> str:
    if not shown.newer:
        return ""
    return f"{shown.newer}{'+' if shown.more_newer else ''} new {plural(shown.newer, 'job').partition(' ')[2]}"
