"""Pausing a job type, and resuming it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.auth.permissions import Permission
from app.jobs.model import Caller
from app.jobs.states import Status
from app.ui import door
from app.ui.page import page, redirect, say
from app.ui.parts import CurrentUser, Everything, JobTypes, Names, Now
from app.ui.queues import author
from app.ui.reason import reason_of
from app.ui.words import duration

router = APIRouter()

Name = Annotated[str, Path(max_length=64)]


@router.get("/job-types/{name}/pause")
async def ask(request: Request, name: Name, user: CurrentUser, services: Everything, job_types: JobTypes) -> Response:
    """Say what a pause does, and ask for its reason."""
    user.require(Permission.JOB_TYPES_PAUSE)
    kind = job_types.resolve(name)
    counted = {each.status: each.jobs for each in await services.reader.unfinished() if each.type == kind.name}
    return await page(
        request,
        "type-pause.html",
        title=f"Pause {kind.label}",
        kind=kind,
        pending=counted.get(Status.PENDING, 0),
        running=counted.get(Status.PROCESSING, 0),
    )


@router.post("/job-types/{name}/pause")
async def pause(
    request: Request, name: Name, form: door.Form, user: CurrentUser, services: Everything, names: Names, now: Now
) -> Response:
    """Pause a type; who comes second is told who was first."""
    user.require(Permission.JOB_TYPES_PAUSE)
    reason = reason_of(form)
    kind, lasts = await services.types.pause(name, caller=Caller.user(user.id), reason=reason)
    if lasts.paused_by == str(user.id) and lasts.reason == reason:
        undo = {"path": f"/job-types/{kind.name}/resume", "label": "Undo: resume"}
        await say(request, "done", f"{kind.label} is paused: none of its jobs is started any more.", undo=undo)
    else:
        since, why = duration(now - lasts.paused_at), f": “{lasts.reason}”" if lasts.reason else ""
        said = f"{author(lasts.paused_by, names)} has paused {kind.label} {since} ago{why}. Nothing was changed."
        await say(request, "noted", said)
    return redirect(request, "/queues")


@router.post("/job-types/{name}/resume")
async def resume(request: Request, name: Name, user: CurrentUser, services: Everything) -> Response:
    """Resume a type."""
    user.require(Permission.JOB_TYPES_PAUSE)
    kind = await services.types.resume(name, caller=Caller.user(user.id))
    await say(request, "done", f"{kind.label} is resumed: what has waited starts in its order.")
    return redirect(request, "/queues")
