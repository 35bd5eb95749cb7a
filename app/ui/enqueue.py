"""Creating a job: choosing its type, filling in its payload, and sending it once."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from app.api.schemas.job import CreateJob, View
from app.auth.permissions import Permission
from app.database.tables import DEFAULT_PRIORITY
from app.jobs.dependency import DependencyPolicy
from app.jobs.files import FileStore
from app.jobs.model import Caller, Job
from app.jobs.registry import JobType
from app.jobs.service import field_errors
from app.problems import BodyTooLarge, IdempotencyMismatch, Problem
from app.ui import door
from app.ui.page import page, redirect, say
from app.ui.parts import CurrentUser, Everything, JobTypes
from app.ui.payload_form import Group, Kind, defaults, field_of, filled, given, groups_of, payload_of

router = APIRouter()

_CHUNK = 65_536
#: Fields that every job has, besides its payload.
_COMMON = ("priority", "max_retries", "start_at", "start_zone", "depends_on", "on_dependency_failure")


@dataclass(frozen=True)
class Entered:
    """What stands in the form: values and faults by the names of the fields, and what is wrong with the whole."""

    values: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None


@router.get("/jobs/new")
async def show(
    request: Request, user: CurrentUser, services: Everything, job_types: JobTypes,
    type: Annotated[str, Query(max_length=64)] = "", like: Annotated[UUID | None, Query()] = None,
) -> Response:  # fmt: skip
    """Choose a type; or fill in the payload of a type, beginning with that of another job."""
    user.require(Permission.JOBS_CREATE)
    if like:
        job = await services.jobs.get(like)
        kind = job_types.resolve(job.type)
        groups = groups_of(kind.payload)
        values = {**filled(groups, View(user, "").data(job)), **_common(job)}
        return await _form(request, kind, groups, Entered(values), like=job)
    if not type:
        return await page(request, "types.html", title="New job", types=job_types)
    kind = job_types.resolve(type)
    groups = groups_of(kind.payload)
    return await _form(request, kind, groups, Entered({**defaults(groups, kind.payload), **_common(None)}))


@router.post("/jobs/new")
async def create(
    request: Request, form: door.Form, user: CurrentUser, services: Everything, job_types: JobTypes
) -> Response:
    """Create a job from a form; what is wrong is said at its field, and what was entered is kept."""
    user.require(Permission.JOBS_CREATE)
    kind = job_types.resolve(str(form.get("type", "")))
    groups = groups_of(kind.payload)
    values = given(groups, form) | {name: str(form.get(name, "")) for name in _COMMON}
    faults = await _take_files(form, groups, values, services.files, allowed=user.may(Permission.FILES_UPLOAD))
    data, unread = payload_of(groups, values)
    faults |= unread
    asked, unfit = _asked(kind, data, values)
    faults |= unfit
    if faults or asked is None:
        # What else is wrong is said at once.
        try:
            services.jobs.prepare(type=kind.name, data=data, created_by=user.id)
        except Problem as problem:
            faults = {**_refused(groups, values, problem).faults, **faults}
        return await _form(request, kind, groups, Entered(values, faults), status=422)
    try:
        job, created = await services.jobs.create_once(
            str(form.get("key", ""))[:255] or None,
            type=kind.name,
            data=data,
            caller=Caller.user(user.id),
            created_by=user.id,
            priority=asked.priority,
            config=asked.config,
            start_at=asked.start_at,
            depends_on=asked.depends_on,
            on_dependency_failure=asked.on_dependency_failure,
        )
    except IdempotencyMismatch:
        fault = "This form has created a job already. Send it once more to create another one."
        return await _form(request, kind, groups, Entered(values, fault=fault), status=409)
    except Problem as problem:
        return await _form(request, kind, groups, _refused(groups, values, problem), status=problem.status)
    said = "The job is created." if created else "The job was created already, when the form was sent before."
    await say(request, "done", said)
    return redirect(request, f"/jobs/{job.id}")


async def _form(
    request: Request, kind: JobType, groups: list[Group], entered: Entered, *, like: Job | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    return await page(
        request,
        "new.html",
        status=status,
        title=f"New job: {kind.label}",
        kind=kind,
        groups=groups,
        entered=entered,
        like=like,
        upload=any(each.kind is Kind.FILE for group in groups for each in group.fields),
        common=_COMMON,
        policies=list(DependencyPolicy),
        # The same form sent twice creates one job.
        key=str(uuid4()),
    )


def _common(job: Job | None) -> dict[str, str]:
    return {
        "priority": str(job.priority if job else DEFAULT_PRIORITY),
        "max_retries": str(job.config.get("max_retries", "")) if job else "",
        "start_at": "",
        # Scripts put the reader's zone here.
        "start_zone": "UTC",
        "depends_on": "",
        "on_dependency_failure": (job.on_dependency_failure if job else DependencyPolicy.FAIL).value,
    }


async def _take_files(
    form: FormData, groups: list[Group], values: dict[str, str], files: FileStore, *, allowed: bool
) -> dict[str, str]:
    """Store the files of a form, and put their ids and names where they belong; return what is wrong with them."""
    faults = {}
    for each in (each for group in groups for each in group.fields if each.kind is Kind.FILE):
        upload = form.get(each.upload)
        if not isinstance(upload, UploadFile) or not upload.filename:
            continue
        if not allowed:
            faults[each.name] = "Your role may not upload files."
            continue
        try:
            stored = await files.save(_chunks(upload))
        except BodyTooLarge as problem:
            faults[each.name] = problem.detail
            continue
        values[each.name] = str(stored.id)
        if each.file_name in values:
            values[each.file_name] = PurePath(upload.filename).name[:255]
    return faults


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


def _asked(kind: JobType, data: dict[str, Any], values: Mapping[str, str]) -> tuple[CreateJob | None, dict[str, str]]:
    """Return what the fields besides the payload ask for, or what is wrong with them."""
    raw: dict[str, Any] = {"type": kind.name, "data": data, "config": {}}
    faults = {}
    for name, place in (("priority", raw), ("max_retries", raw["config"])):
        if values[name].strip():
            try:
                place[name] = int(values[name])
            except ValueError:
                faults[name] = "This is no whole number."
    if values["start_at"].strip():
        try:
            zone = ZoneInfo(values["start_zone"].strip() or "UTC")
            raw["start_at"] = datetime.fromisoformat(values["start_at"].strip()).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, ZoneInfoNotFoundError, OSError, OverflowError):
            faults["start_at"] = "This is no date and time."
    raw["depends_on"] = values["depends_on"].replace(",", " ").split()
    raw["on_dependency_failure"] = values["on_dependency_failure"] or DependencyPolicy.FAIL.value
    try:
        return CreateJob.model_validate(raw), faults
    except ValidationError as error:
        for entry in field_errors(error):
            name = entry["field"].removeprefix("config.").partition(".")[0]
            faults.setdefault(name if name in _COMMON else "type", entry["message"])
        return None, faults


def _refused(groups: list[Group], values: Mapping[str, str], problem: Problem) -> Entered:
    """Return the form with what the service says of it, at the fields where it belongs."""
    faults: dict[str, str] = {}
    elsewhere = []
    for entry in problem.extra.get("errors", ()):
        name = field_of(groups, entry["field"]) or entry["field"].partition(".")[0]
        if name in values:
            faults.setdefault(name, entry["message"])
        else:
            elsewhere.append(f"{entry['field']}: {entry['message']}")
    return Entered(values, faults, None if faults and not elsewhere else " ".join([problem.detail, *elsewhere]))
