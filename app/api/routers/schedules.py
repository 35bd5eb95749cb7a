"""Schedules: list, create, change, run, delete."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Request, Response

from app.api import examples
from app.api.deps import AllSchedules, CurrentUser
from app.api.operation import Link, Operation
from app.api.route import OperationRouter
from app.api.routers.jobs import JOB_LINKS, view
from app.api.schemas.job import JobRead
from app.api.schemas.schedule import ChangeSchedule, CreateSchedule, ScheduleList, ScheduleRead
from app.auth.permissions import Permission
from app.auth.user import User
from app.jobs.model import Caller
from app.problems import (
    FileNotKnown,
    Forbidden,
    ScheduleNameTaken,
    ScheduleNotFound,
    TooManySchedules,
    UnknownJobType,
)
from app.schedules.model import Schedule

router = OperationRouter("Schedules")

ScheduleId = Annotated[UUID, Path(description="The schedule's id.", examples=[examples.SCHEDULE["id"]])]

_ID = {"schedule_id": "$response.body#/id"}
_LINKS = {
    "getSchedule": Link("getSchedule", _ID, "Look at the schedule again."),
    "changeSchedule": Link("changeSchedule", _ID, "Change it."),
    "runSchedule": Link("runSchedule", _ID, "Create a job of it now."),
    "deleteSchedule": Link("deleteSchedule", _ID, "Delete it."),
}


def _owned(user: User, schedule: Schedule) -> None:
    """Let the owner pass, and who may manage all. Raises Forbidden."""
    if not user.may_on(Permission.SCHEDULES_MANAGE, schedule.created_by):
        raise Forbidden(
            f"The role {user.role} has the permission {Permission.SCHEDULES_MANAGE} for own schedules only."
        )


@router.add(
    "GET",
    "/schedules",
    Operation(
        "listSchedules",
        "List the schedules",
        permission=Permission.SCHEDULES_READ,
        success="All schedules.",
        example={"items": [examples.SCHEDULE]},
    ),
)
async def list_schedules(schedules: AllSchedules) -> ScheduleList:
    """Return all schedules, by name: when each ticks next, and its newest job."""
    return ScheduleList(items=[ScheduleRead.of(schedule) for schedule in await schedules.all()])


@router.add(
    "POST",
    "/schedules",
    Operation(
        "createSchedule",
        "Create a schedule",
        permission=Permission.SCHEDULES_MANAGE,
        status=201,
        success="The new schedule.",
        problems=(UnknownJobType, FileNotKnown, ScheduleNameTaken, TooManySchedules),
        example=examples.SCHEDULE,
        requests={
            "cron": {"summary": "At night, in a time zone", "value": examples.NEW_SCHEDULE},
            "interval": {
                "summary": "Every hour",
                "value": {
                    "name": "hourly-geocoding",
                    "type": "geocode_households",
                    "data": {"mode": "dynamic"},
                    "interval_seconds": 3600,
                },
            },
        },
        links=_LINKS,
    ),
)
async def create_schedule(user: CurrentUser, schedules: AllSchedules, body: CreateSchedule) -> ScheduleRead:
    """Have a job created at each tick of a cron expression or an interval. Its jobs belong to you.

    The payload is checked now, and again at each tick. However many processes run, each tick creates one job.
    """
    return ScheduleRead.of(await schedules.create(**body.model_dump(), caller=Caller.user(user.id), created_by=user.id))


@router.add(
    "GET",
    "/schedules/{schedule_id}",
    Operation(
        "getSchedule",
        "Get a schedule",
        permission=Permission.SCHEDULES_READ,
        success="The schedule.",
        problems=(ScheduleNotFound,),
        example=examples.SCHEDULE,
    ),
)
async def get_schedule(schedules: AllSchedules, schedule_id: ScheduleId) -> ScheduleRead:
    """Return a schedule: when it ticks next, its newest job, and what was wrong at its newest tick."""
    return ScheduleRead.of(await schedules.get(schedule_id))


@router.add(
    "PATCH",
    "/schedules/{schedule_id}",
    Operation(
        "changeSchedule",
        "Change, enable or disable a schedule",
        permission=Permission.SCHEDULES_MANAGE,
        success="The schedule as it is now.",
        problems=(ScheduleNotFound, UnknownJobType, FileNotKnown, ScheduleNameTaken),
        example={**examples.SCHEDULE, "enabled": False, "next_at": None},
        requests={
            "disable": {"summary": "Disable", "value": {"enabled": False}},
            "timing": {"summary": "Another time", "value": {"cron": "0 4 * * *", "time_zone": "Europe/Berlin"}},
        },
    ),
)
async def change_schedule(
    user: CurrentUser, schedules: AllSchedules, schedule_id: ScheduleId, body: ChangeSchedule
) -> ScheduleRead:
    """Change what you name; the rest stays.

    Of a disabled schedule, nothing is made up for: enabled again, it goes on with its first tick after now. So does one
    that gets another timing.
    """
    _owned(user, await schedules.get(schedule_id))
    changes = body.model_dump(exclude_none=True)
    return ScheduleRead.of(await schedules.change(schedule_id, changes, caller=Caller.user(user.id)))


@router.add(
    "DELETE",
    "/schedules/{schedule_id}",
    Operation(
        "deleteSchedule",
        "Delete a schedule",
        permission=Permission.SCHEDULES_MANAGE,
        success="The schedule as it was.",
        problems=(ScheduleNotFound,),
        example=examples.SCHEDULE,
    ),
)
async def delete_schedule(user: CurrentUser, schedules: AllSchedules, schedule_id: ScheduleId) -> ScheduleRead:
    """Delete a schedule. Its jobs stay as they are."""
    _owned(user, await schedules.get(schedule_id))
    return ScheduleRead.of(await schedules.delete(schedule_id, caller=Caller.user(user.id)))


_RUN: dict[str, Any] = examples.job(**examples.NEW) | {"schedule_id": examples.SCHEDULE["id"]}


@router.add(
    "POST",
    "/schedules/{schedule_id}/run",
    Operation(
        "runSchedule",
        "Create a job of a schedule now",
        permission=Permission.SCHEDULES_MANAGE,
        status=201,
        success="The new job.",
        problems=(ScheduleNotFound, UnknownJobType, FileNotKnown),
        example=_RUN,
        headers={"Location": "The address of the new job."},
        links=JOB_LINKS,
    ),
)
async def run_schedule(
    request: Request, response: Response, user: CurrentUser, schedules: AllSchedules, schedule_id: ScheduleId
) -> JobRead:
    """Create a job as the next tick would, also of a disabled schedule. The ticks stay as they are."""
    _owned(user, await schedules.get(schedule_id))
    shown = view(request, user).full(await schedules.run(schedule_id, caller=Caller.user(user.id)))
    response.headers["Location"] = shown.links.self
    return shown
