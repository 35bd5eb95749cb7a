"""The same action on many jobs: a page that counts them, then the deed, if it is still true what was counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from app.api.deps import MOST
from app.auth.permissions import Permission
from app.auth.user import User
from app.jobs.bulk import BulkAction, Confirmation, Plan
from app.jobs.failures import FailureKind, FailureReader
from app.jobs.listing import JobFilter
from app.jobs.model import Caller
from app.jobs.registry import Registry
from app.jobs.states import Status
from app.problems import BulkMismatch, InvalidRequest
from app.ui import door
from app.ui.asked import Asked
from app.ui.page import page, redirect, say
from app.ui.parts import CurrentUser, Everything, JobTypes
from app.ui.reason import reason_of
from app.ui.words import plural

router = APIRouter()

_DONE: Mapping[BulkAction, str] = {
    BulkAction.PAUSE: "Paused",
    BulkAction.RESUME: "Resumed",
    BulkAction.CANCEL: "Cancelled",
    BulkAction.RETRY: "Retried",
    BulkAction.DELETE: "Deleted",
}
#: What takes an action back, where something does.
_UNDO: Mapping[BulkAction, BulkAction] = {
    BulkAction.PAUSE: BulkAction.RESUME,
    BulkAction.RESUME: BulkAction.PAUSE,
    BulkAction.CANCEL: BulkAction.RETRY,
}
#: Pages besides the list that choose jobs.
_ORIGINS: Mapping[str, str] = {"/failures": "Failures"}
#: What is lost, for the page that asks once more.
_LOST: Mapping[BulkAction, str] = {
    BulkAction.PAUSE: "Nothing is lost. Jobs that run stop at their next boundary.",
    BulkAction.RESUME: "Nothing is lost.",
    BulkAction.CANCEL: "The rest of their work is not done. What they have done stays done, and each can be retried.",
    BulkAction.RETRY: "Nothing is lost. Each goes on from its last checkpoint, with all its attempts.",
    BulkAction.DELETE: "The jobs, their audit trails and their checkpoints are gone for good. What they have done "
    "elsewhere stays.",
}


@dataclass(frozen=True)
class BulkButton:
    """An action on many jobs; ``reason`` says why the user may not, None: the user may."""

    value: str
    label: str
    reason: str | None


def bulk_buttons(user: User) -> list[BulkButton]:
    """Return what ``user`` can do to many jobs; jobs that do not allow it are counted before anything is done."""
    return [bulk_button(user, action) for action in BulkAction]


def bulk_button(user: User, action: BulkAction) -> BulkButton:
    """Return the button of ``action``."""
    reason = None if user.may(_permission(action)) else f"Your role, {user.role}, may not do this."
    return BulkButton(action.value, action.value.capitalize(), reason)


def _permission(action: BulkAction) -> Permission:
    return Permission.JOBS_DELETE if action is BulkAction.DELETE else Permission.JOBS_CONTROL


@dataclass(frozen=True)
class Many:
    """What a form asks for: an action, and the jobs by a filter or one by one.

    ``origin`` is the page that it was sent from, when that is not the list.
    """

    action: BulkAction
    query: str
    ids: tuple[UUID, ...] | None
    origin: str = ""

    @classmethod
    def read(cls, form: FormData) -> "Many":
        """Read it from a form.

        Raises:
            InvalidRequest: no page of ours sends this.
        """
        try:
            action = BulkAction(str(form.get("action", "")))
            ids = tuple(dict.fromkeys(UUID(str(value)) for value in form.getlist("id")))
        except ValueError:
            raise InvalidRequest("The form names no action, or no jobs.") from None
        if len(ids) > MOST:
            raise InvalidRequest(f"The form names more than {MOST} jobs.")
        origin = str(form.get("origin", ""))
        ids_or_all = None if form.get("which") == "all" else ids
        return cls(action, str(form.get("query", "")), ids_or_all, origin if origin in _ORIGINS else "")

    def filters(self, user: User, registry: Registry) -> JobFilter:
        """Return the filter that finds the jobs. Raises InvalidRequest."""
        if self.ids is not None:
            return JobFilter(ids=self.ids)
        fields: dict[str, list[str] | str] = {}
        for name, value in parse_qsl(self.query):
            fields[name] = [*fields.get(name, []), value] if name == "status" else value
        try:
            return Asked.model_validate(fields).filters(user, registry)
        except ValidationError:
            raise InvalidRequest("The form has a filter that is not valid.") from None

    @property
    def crumb(self) -> str:
        """What that page is called."""
        return _ORIGINS.get(self.origin, "Jobs")

    @property
    def back(self) -> str:
        """The page that the jobs were chosen on, below the address of the Jobs page."""
        if self.origin:
            return self.origin
        return f"/jobs?{self.query}" if self.query else "/jobs"


@router.post("/jobs/bulk")
async def ask(
    request: Request, form: door.Form, user: CurrentUser, services: Everything, job_types: JobTypes
) -> Response:
    """Count the jobs that an action would be done to, and ask whether to do it."""
    many = Many.read(form)
    if many.ids == ():
        await say(request, "noted", "No job is selected. Tick the jobs first, or choose “All jobs that match”.")
        return redirect(request, many.back)
    user.require(_permission(many.action))
    plan = await _plan(services, user, many, job_types)
    return await _confirmation(request, services, many, plan, fault=None)


@router.post("/jobs/bulk/confirmed")
async def do(
    request: Request, form: door.Form, user: CurrentUser, services: Everything, job_types: JobTypes
) -> Response:
    """Do the action to the jobs that were counted; when they are others by now, ask again."""
    many = Many.read(form)
    user.require(_permission(many.action))
    plan = await _plan(services, user, many, job_types)
    confirmed = Confirmation(digest=str(form.get("digest", "")))
    try:
        done = await services.bulk.carry_out(plan, confirmed, caller=Caller.user(user.id), reason=reason_of(form))
    except BulkMismatch:
        fault = "The jobs have changed since you looked. Nothing was done; these are the figures now."
        return await _confirmation(request, services, many, plan, fault=fault)
    await say(request, "done", _said(many.action, plan, done), **_undo(many, plan))
    return redirect(request, many.back)


async def _plan(services: Everything, user: User, many: Many, job_types: Registry) -> Plan:
    permission = _permission(many.action)
    return await services.bulk.plan(
        many.action, many.filters(user, job_types), may=lambda owner: user.may_on(permission, owner)
    )


async def _confirmation(
    request: Request, services: Everything, many: Many, plan: Plan, *, fault: str | None
) -> Response:
    kinds = await FailureReader(services.database.engine).kinds(plan.chosen) if many.action is BulkAction.RETRY else {}
    return await page(
        request,
        "bulk.html",
        status=200 if fault is None else BulkMismatch.status,
        title=f"{many.action.value.capitalize()} {plural(len(plan.chosen), 'job')}",
        many=many,
        plan=plan,
        total=sum(plan.matched.values()),
        matched={status: plan.matched[status] for status in Status if status in plan.matched},
        lost=_LOST[many.action],
        kinds={kind: kinds[kind] for kind in FailureKind if kind in kinds},
        again=kinds.get(FailureKind.PERMANENT, 0),
        cause=await _cause(services, many),
        destructive=many.action in {BulkAction.CANCEL, BulkAction.DELETE},
        fault=fault,
    )


async def _cause(services: Everything, many: Many) -> str | None:
    """Return the newest error of the group of failures that the jobs are chosen by; None: they are chosen otherwise."""
    fingerprint = dict(parse_qsl(many.query)).get("fingerprint")
    if many.ids is not None or fingerprint is None:
        return None
    groups = await FailureReader(services.database.engine).groups()
    return next((group.message for group in groups if group.fingerprint == fingerprint), None)


def _said(action: BulkAction, plan: Plan, done: int) -> str:
    said = f"{_DONE[action]} {plural(done, 'job')}."
    if action in {BulkAction.PAUSE, BulkAction.CANCEL}:
        said += " Those that run stop at their next boundary."
    left = sum(plan.matched.values()) - done
    return f"{said} {plural(left, 'job')} left as {'it was' if left == 1 else 'they were'}." if left else said


def _undo(many: Many, plan: Plan) -> dict[str, Any]:
    """Offer to take it back, for as many jobs as a form can name; what that reaches is counted before it is done."""
    other = _UNDO.get(many.action)
    if other is None or not 0 < len(plan.chosen) <= MOST:
        return {}
    ids = [str(job_id) for job_id in plan.chosen]
    fields = {"action": [other.value], "query": [many.query], "origin": [many.origin], "id": ids}
    label = f"{other.value.capitalize()} {'this job' if len(plan.chosen) == 1 else f'these {len(plan.chosen)}'}…"
    return {"undo": {"path": "/jobs/bulk", "label": label, "fields": fields}}
