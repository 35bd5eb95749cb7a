"""Creating a schedule and changing it: its form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from app.api.schemas.schedule import CreateSchedule
from app.auth.permissions import Permission
from app.database.tables import DEFAULT_PRIORITY
from app.jobs.model import Caller
from app.jobs.registry import JobType
from app.jobs.service import field_errors
from app.problems import Problem, ScheduleChanged
from app.schedules.model import CatchUp, Schedule
from app.ui import door
from app.ui.page import page, redirect, say
from app.ui.parts import CurrentUser, Everything, JobTypes
from app.ui.payload_form import PREFIX, Group, defaults, field_of, filled, given, groups_of, payload_of
from app.ui.schedules import TICKS, ScheduleId, managed, timing_of
from app.ui.words import moment

router = APIRouter()

_FIELDS = ("name", "cron", "time_zone", "interval_seconds", "priority", "catch_up")
#: Fields that hold whole numbers.
_NUMBERS = ("interval_seconds", "priority")


@dataclass(frozen=True)
class Entered:
    """What stands in the form: values and faults by the names of the fields, and what is wrong with the whole."""

    values: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None


@router.get("/schedules/new")
async def show_new(
    request: Request, user: CurrentUser, job_types: JobTypes, type: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Choose the type of the jobs, then fill in the rest."""
    user.require(Permission.SCHEDULES_MANAGE)
    if not type:
        return await page(request, "schedule-types.html", title="New schedule", types=job_types)
    kind = job_types.resolve(type)
    groups = groups_of(kind.payload)
    values = {
        **defaults(groups, kind.payload), "name": "", "cron": "", "time_zone": "UTC", "interval_seconds": "",
        "priority": str(DEFAULT_PRIORITY), "catch_up": CatchUp.SKIP.value,
    }  # fmt: skip
    return await _form(request, kind, groups, Entered(values))


@router.post("/schedules/new")
async def create(
    request: Request, form: door.Form, user: CurrentUser, services: Everything, job_types: JobTypes
) -> Response:
    """Create a schedule; what is wrong is said at its field, and what was entered is kept."""
    user.require(Permission.SCHEDULES_MANAGE)
    kind = job_types.resolve(str(form.get("type", "")))
    groups = groups_of(kind.payload)
    values, asked, faults = _read(kind, groups, form)
    if asked is None:
        return await _form(request, kind, groups, Entered(values, faults), status=422)
    try:
        made = await services.schedules.create(**asked.model_dump(), caller=Caller.user(user.id), created_by=user.id)
    except Problem as problem:
        return await _form(request, kind, groups, _refused(groups, values, problem), status=problem.status)
    await say(request, "done", f"The schedule {made.name} is created: {timing_of(made)}.")
    return redirect(request, "/schedules")


@router.get("/schedules/{schedule_id}")
async def show(
    request: Request, schedule_id: ScheduleId, user: CurrentUser, services: Everything, job_types: JobTypes
) -> Response:
    """Show the form of a schedule that is to be changed."""
    schedule = await managed(services, user, schedule_id)
    kind = job_types.resolve(schedule.type)
    groups = groups_of(kind.payload)
    return await _form(request, kind, groups, Entered(_values(groups, schedule)), schedule=schedule)


@router.post("/schedules/{schedule_id}")
async def change(
    request: Request, schedule_id: ScheduleId, form: door.Form, user: CurrentUser, services: Everything,
    job_types: JobTypes,
) -> Response:  # fmt: skip
    """Change a schedule; when somebody else has done so meanwhile, say what they have changed, and ask once more."""
    schedule = await managed(services, user, schedule_id)
    kind = job_types.resolve(schedule.type)
    groups = groups_of(kind.payload)
    values, asked, faults = _read(kind, groups, form)
    if asked is None:
        return await _form(request, kind, groups, Entered(values, faults), schedule=schedule, status=422)
    changes = asked.model_dump(exclude={"type", "enabled"}, exclude_none=True)
    try:
        seen = datetime.fromisoformat(str(form.get("seen", "")))
        changed = await services.schedules.change(schedule_id, changes, caller=Caller.user(user.id), seen=seen)
    except (ScheduleChanged, ValueError):
        schedule = await managed(services, user, schedule_id)
        differing = _differing(groups, schedule, values)
        fault = f"Somebody has changed the schedule since you opened this form. Nothing was saved. {differing}"
        return await _form(request, kind, groups, Entered(values, fault=fault), schedule=schedule, status=409)
    except Problem as problem:
        refused = _refused(groups, values, problem)
        return await _form(request, kind, groups, refused, schedule=schedule, status=problem.status)
    await say(request, "done", f"The schedule {changed.name} is changed: {timing_of(changed)}.")
    return redirect(request, "/schedules")


async def _form(
    request: Request, kind: JobType, groups: list[Group], entered: Entered, *, schedule: Schedule | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    return await page(
        request,
        "schedule.html",
        status=status,
        title=f"Change {schedule.name}" if schedule else f"New schedule: {kind.label}",
        kind=kind,
        groups=groups,
        entered=entered,
        schedule=schedule,
        policies=list(CatchUp),
        ticks=[moment(tick) for tick in schedule.upcoming(TICKS)] if schedule and schedule.enabled else [],
    )


def _values(groups: Iterable[Group], schedule: Schedule) -> dict[str, str]:
    return {
        **filled(groups, schedule.data),
        "name": schedule.name,
        "cron": schedule.cron or "",
        "time_zone": schedule.time_zone or "",
        "interval_seconds": "" if schedule.interval_seconds is None else str(schedule.interval_seconds),
        "priority": str(schedule.priority),
        "catch_up": schedule.catch_up.value,
    }


def _differing(groups: list[Group], schedule: Schedule, values: Mapping[str, str]) -> str:
    """Say in which fields a schedule is not what the form has."""
    said = [
        f"{name.removeprefix(PREFIX).replace('_', ' ')} is “{value}”"
        for name, value in _values(groups, schedule).items()
        if value != values.get(name)
    ]
    if not said:
        return "It is now as it stands here."
    return f"Now {', '.join(said)}. Save once more to have it as it stands here."


def _read(
    kind: JobType, groups: list[Group], form: FormData
) -> tuple[dict[str, str], CreateSchedule | None, dict[str, str]]:
    """Return what stands in the form, what it asks for, and what is wrong with its fields."""
    values = given(groups, form) | {name: str(form.get(name, "")).strip() for name in _FIELDS}
    data, faults = payload_of(groups, values)
    raw: dict[str, Any] = {"type": kind.name, "data": data}
    for name in _FIELDS:
        if name in _NUMBERS and values[name]:
            try:
                raw[name] = int(values[name])
            except ValueError:
                faults[name] = "This is no whole number."
        elif values[name]:
            raw[name] = values[name]
    if "interval_seconds" in raw and "cron" not in raw:
        # The zone stands in the form whether it is needed or not.
        raw.pop("time_zone", None)
    try:
        asked = CreateSchedule.model_validate(raw)
    except ValidationError as error:
        for entry in field_errors(error):
            name = entry["field"].partition(".")[0]
            faults.setdefault(name if name in _FIELDS else "name", entry["message"])
        return values, None, faults
    return values, None if faults else asked, faults


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
