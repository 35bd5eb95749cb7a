"""What people do to one job."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.auth.control import control
from app.auth.user import User
from app.jobs.model import Caller, Job
from app.jobs.removal import Seen
from app.jobs.states import Status
from app.problems import Forbidden, IllegalTransition, UnknownPath
from app.services import Services
from app.ui import door
from app.ui.buttons import Button, offer
from app.ui.job_detail import JobId
from app.ui.losses import losses
from app.ui.page import page, redirect, say
from app.ui.parts import CurrentUser, Everything, Names, Now
from app.ui.reason import reason_of
from app.ui.trail import sentence
from app.ui.words import duration

router = APIRouter()

ActionPath = Annotated[str, Path(pattern="^[a-z-]+$")]

_DONE: Mapping[Button, str] = {
    Button.PAUSE: "The job is paused.",
    Button.RESUME: "The job is resumed: it waits for a worker.",
    Button.CANCEL: "The job is cancelled.",
    Button.RETRY: "Retried: the job went back to the queue with all its attempts.",
    Button.FORCE_FAIL: "You ended the job. A retry goes on after its last finished step.",
}
#: What is said of a job that runs on until it meets what was asked.
_ASKED: Mapping[Button, str] = {
    Button.PAUSE: "The job is asked to pause; it stops at its next boundary.",
    Button.RESUME: "The pause is withdrawn; the job runs on.",
    Button.CANCEL: "The job is asked to stop for good; it does so at its next boundary.",
}
#: What takes an action back, where something does.
_UNDO: Mapping[Button, Button] = {
    Button.PAUSE: Button.RESUME,
    Button.RESUME: Button.PAUSE,
    Button.CANCEL: Button.RETRY,
}


def _button(name: str) -> Button:
    button = next((each for each in Button if each.path == name and each is not Button.RUN_AGAIN), None)
    if button is None:
        raise UnknownPath(f"There is no action {name}.")
    return button


@router.get("/jobs/{job_id}/{action}")
async def ask(request: Request, job_id: JobId, action: ActionPath, user: CurrentUser, services: Everything) -> Response:
    """Say what an action does to a job and what is lost, and ask whether to do it."""
    button, job = _button(action), await services.jobs.get(job_id)
    return await _confirmation(request, button, job, user, services, fault=None)


@router.post("/jobs/{job_id}/{action}")
async def do(
    request: Request, job_id: JobId, action: ActionPath, form: door.Form, user: CurrentUser, services: Everything,
    names: Names, now: Now,
) -> Response:  # fmt: skip
    """Do an action to a job; when it is not possible any more, say what has happened meanwhile."""
    button, job = _button(action), await services.jobs.get(job_id)
    seen = str(form.get("seen", ""))
    if button.confirmed and seen != state_of(job):
        # What was confirmed is not what is there: it is shown anew, and nothing is done.
        meanwhile = await _meanwhile(services, job, names, now)
        fault = f"The job has changed since you looked: {meanwhile} Nothing was done." if seen else None
        return await _confirmation(request, button, job, user, services, fault=fault)
    try:
        await _do(services, user, button, job, reason_of(form))
    except IllegalTransition:
        job = await services.jobs.get(job_id)
        await say(request, "refused", f"Nothing was done: {await _meanwhile(services, job, names, now)}")
        return redirect(request, f"/jobs/{job_id}")
    if button is Button.DELETE:
        await say(request, "done", f"The job {job_id} is deleted.")
        return redirect(request, "/jobs")
    after = await services.jobs.get(job_id)
    await say(request, "done", _said(button, job), **_undo(button, after, user))
    return redirect(request, f"/jobs/{job_id}")


async def _do(services: Services, user: User, button: Button, job: Job, reason: str | None) -> None:
    if button.event:
        await control(services.jobs, user, job.id, button.event, reason)
        return
    if not user.may_on(button.permission, job.created_by):
        raise Forbidden(f"The role {user.role} may not delete jobs.")
    await services.clearing.delete(job.id, caller=Caller.user(user.id), reason=reason, seen=Seen.of(job))


def state_of(job: Job) -> str:
    """Return what a confirmation is bound to: it does not hold for the job when this has changed."""
    seen = Seen.of(job)
    return f"{seen.status}-{seen.run}"


def _said(button: Button, before: Job) -> str:
    if before.status is Status.PROCESSING and button in _ASKED:
        return _ASKED[button]
    return _DONE[button]


def _undo(button: Button, job: Job, user: User) -> dict[str, Any]:
    other = _UNDO.get(button)
    if other is None or not offer(other, job, user.role, own=job.created_by == user.id).open:
        return {}
    return {"undo": {"path": f"/jobs/{job.id}/{other.path}", "label": f"Undo: {other.label.lower()}"}}


async def _meanwhile(services: Services, job: Job, names: Mapping[UUID, str], now: datetime) -> str:
    """Say where a job stands, and who brought it there when."""
    trail = await services.reader.events(job.id)
    last = trail[-1]
    said = f"the job is {job.status} now. {sentence(last, names)} {duration(now - last.at)} ago"
    return f"{said}: “{last.reason}”." if last.reason else f"{said}."


async def _confirmation(
    request: Request, button: Button, job: Job, user: User, services: Services, *, fault: str | None
) -> Response:
    found = offer(button, job, user.role, own=job.created_by == user.id)
    return await page(
        request,
        "confirm.html",
        status=IllegalTransition.status if fault else 200,
        title=f"{button.label} this job",
        job=job,
        type_label=services.registry.label(job.type),
        offer=found,
        seen=state_of(job),
        losses=await losses(button, job, services.checkpoints),
        fault=fault,
    )
