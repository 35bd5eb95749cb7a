"""The dock: the jobs that run now, in the corner of every page."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from app.jobs.listing import Count, JobFilter
from app.jobs.states import Status
from app.services import Services
from app.telemetry.health import liveness
from app.ui.assets import FOLDER
from app.ui.job_row import JobRow
from app.ui.page import fragment
from app.ui.parts import now

router, public = APIRouter(), APIRouter()

#: Jobs that the dock shows; of the others it says how many there are.
SHOWN = 3


@dataclass(frozen=True)
class Dock:
    """How many jobs run, and the newest of them."""

    running: Count
    rows: Sequence[JobRow]


async def dock(request: Request) -> Dock:
    """Return what the dock shows."""
    services: Services = request.app.state.services
    filters = JobFilter(status=(Status.PROCESSING,))
    found = await services.jobs.page(filters, limit=SHOWN)
    silence = await services.roster.silence(liveness(services.settings)) if found.items else None
    silent = silence.ids if silence else frozenset()
    rows = [JobRow.of(job, services.registry, {}, now(request), silent=silent) for job in found.items]
    running = await _count(services, filters) if found.next_cursor else Count(len(rows), False)
    return Dock(running, rows)


async def _count(services: Services, filters: JobFilter) -> Count:
    return (await services.reader.counts(filters))[Status.PROCESSING]


@router.get("/dock")
async def show(request: Request) -> Response:
    """Show the jobs that run now."""
    response = fragment(request, "dock-fragment.html", dock=await dock(request))
    # For pages that do not have it yet.
    response.headers["X-Style"] = request.app.state.assets.paths["jobs.css"]
    return response


@public.get("/dock.js")
async def script() -> Response:
    """Return the script that puts the dock on other pages of the service."""
    return FileResponse(FOLDER / "dock.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})
