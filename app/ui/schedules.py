"""Schedules: what creates jobs by the clock, when it does so next, and changing that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.auth.permissions import Permission, Scope, scope
from app.auth.user import User
from app.jobs.listing import JobFilter
from app.jobs.model import Caller, Job
from app.jobs.registry import Registry
from app.problems import Forbidden, InvalidRequest, Problem, ScheduleNotFound
from app.schedules.model import Schedule
from app.services import Services
from app.ui.badges import Badge, badge
from app.ui.page import page, redirect, say
from app.ui.parts import CurrentUser, Everything, JobTypes, Names, Now
from app.ui.words import duration

router = APIRouter()

#: Ticks that are shown of each schedule.
TICKS = 3

ScheduleId = Annotated[UUID, Path()]


@dataclass(frozen=True)
class ScheduleRow:
    """What the list shows of a schedule.

    ``ticks`` are the next ones; ``last`` is its newest job, None: there is none any more; ``reason`` says why the user
    may not change it, None: the user may.
    """

    schedule: Schedule
    type: str
    timing: str
    ticks: Sequence[datetime]
    fault: str | None
    last: UUID | None
    badge: Badge | None
    owner: str
    reason: str | None

    @classmethod
    def of(
        cls, schedule: Schedule, job: Job | None, registry: Registry, names: Mapping[UUID, str], user: User,
        now: datetime,
    ) -> "ScheduleRow":  # fmt: skip
        """Show ``schedule``, whose newest job is ``job``."""
        try:
            ticks, fault = schedule.upcoming(TICKS), schedule.last_error
        except InvalidRequest as problem:
            ticks, fault = [], problem.detail
        return cls(
            schedule=schedule,
            type=registry.label(schedule.type),
            timing=timing_of(schedule),
            ticks=ticks,
            fault=fault,
            last=job.id if job else None,
            badge=badge(job, now) if job else None,
            owner="service" if schedule.created_by is None else names.get(schedule.created_by, "unknown user"),
            reason=refusal(user, schedule),
        )


def timing_of(schedule: Schedule) -> str:
    """Return when a schedule ticks, as it was given."""
    if schedule.interval_seconds is not None:
        return f"every {duration(schedule.interval_seconds)}"
    return f"{schedule.cron} · {schedule.time_zone}"


def refusal(user: User, schedule: Schedule) -> str | None:
    """Return why ``user`` may not change ``schedule``; None: the user may."""
    if user.may_on(Permission.SCHEDULES_MANAGE, schedule.created_by):
        return None
    if scope(user.role, Permission.SCHEDULES_MANAGE) is Scope.OWN:
        return "Somebody else created this schedule, and your role reaches own schedules only."
    return f"Your role, {user.role}, may not do this."


async def managed(services: Services, user: User, schedule_id: UUID) -> Schedule:
    """Return a schedule that ``user`` may change. Raises ScheduleNotFound, Forbidden."""
    schedule = await services.schedules.get(schedule_id)
    if reason := refusal(user, schedule):
        raise Forbidden(reason)
    return schedule


@router.get("/schedules")
async def show(
    request: Request, user: CurrentUser, services: Everything, job_types: JobTypes, names: Names, now: Now
) -> Response:
    """Show all schedules, by name."""
    user.require(Permission.SCHEDULES_READ)
    schedules = await services.schedules.all()
    ids = tuple(schedule.last_job_id for schedule in schedules if schedule.last_job_id)
    found = await services.jobs.page(JobFilter(ids=ids), limit=max(1, len(ids)))
    jobs: dict[UUID | None, Job] = {job.id: job for job in found.items}
    rows = [
        ScheduleRow.of(schedule, jobs.get(schedule.last_job_id), job_types, names, user, now) for schedule in schedules
    ]
    may_create = user.may(Permission.SCHEDULES_MANAGE)
    return await page(request, "schedules.html", title="Schedules", rows=rows, may_create=may_create, now=now)


@router.post("/schedules/{schedule_id}/enable")
async def enable(request: Request, schedule_id: ScheduleId, user: CurrentUser, services: Everything) -> Response:
    """Let a schedule tick, from now on."""
    return await _switch(request, services, user, schedule_id, enabled=True)


@router.post("/schedules/{schedule_id}/disable")
async def disable(request: Request, schedule_id: ScheduleId, user: CurrentUser, services: Everything) -> Response:
    """Stop the ticks of a schedule."""
    return await _switch(request, services, user, schedule_id, enabled=False)


async def _switch(request: Request, services: Services, user: User, schedule_id: UUID, *, enabled: bool) -> Response:
    schedule = await managed(services, user, schedule_id)
    name, more = schedule.name, dict[str, Any]()
    if schedule.enabled is enabled:
        await say(request, "noted", f"{name} is {_state(enabled)} already. Nothing was changed.")
        return redirect(request, "/schedules")
    try:
        await services.schedules.change(schedule_id, {"enabled": enabled}, caller=Caller.user(user.id))
    except ScheduleNotFound:
        raise
    except Problem as problem:
        faults = "; ".join(f"{each['field']}: {each['message']}" for each in problem.extra.get("errors", ()))
        await say(request, "refused", f"{name} was not {_state(enabled)}. {problem.detail} {faults}".strip())
        return redirect(request, "/schedules")
    other = "disable" if enabled else "enable"
    more["undo"] = {"path": f"/schedules/{schedule_id}/{other}", "label": f"Undo: {other}"}
    await say(request, "done", f"{name} is {_state(enabled)}.", **more)
    return redirect(request, "/schedules")


def _state(enabled: bool) -> str:
    return "enabled" if enabled else "disabled"


@router.post("/schedules/{schedule_id}/run")
async def run(request: Request, schedule_id: ScheduleId, user: CurrentUser, services: Everything) -> Response:
    """Create a job of a schedule now."""
    schedule = await managed(services, user, schedule_id)
    try:
        job = await services.schedules.run(schedule_id, caller=Caller.user(user.id))
    except ScheduleNotFound:
        raise
    except Problem as problem:
        await say(request, "refused", f"{schedule.name} created no job. {problem.detail}")
        return redirect(request, "/schedules")
    link = {"path": f"/jobs/{job.id}", "label": "Look at the job"}
    await say(request, "done", f"{schedule.name} has created a job.", link=link)
    return redirect(request, "/schedules")


@router.get("/schedules/{schedule_id}/delete")
async def ask(
    request: Request, schedule_id: ScheduleId, user: CurrentUser, services: Everything, job_types: JobTypes
) -> Response:
    """Say what is lost with a schedule, and ask whether to delete it."""
    schedule = await managed(services, user, schedule_id)
    counts = await services.reader.counts(JobFilter(schedule_id=schedule_id))
    return await page(
        request,
        "schedule-delete.html",
        title=f"Delete {schedule.name}",
        schedule=schedule,
        type=job_types.label(schedule.type),
        timing=timing_of(schedule),
        jobs=sum(each.jobs for each in counts.values()),
        more=any(each.more for each in counts.values()),
    )


@router.post("/schedules/{schedule_id}/delete")
async def delete(request: Request, schedule_id: ScheduleId, user: CurrentUser, services: Everything) -> Response:
    """Delete a schedule; its jobs stay."""
    await managed(services, user, schedule_id)
    schedule = await services.schedules.delete(schedule_id, caller=Caller.user(user.id))
    await say(request, "done", f"The schedule {schedule.name} is deleted. Its jobs stay.")
    return redirect(request, "/schedules")
