"""Creates the jobs of schedules that are due."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.model import Caller, Job
from app.jobs.service import Dispatch, JobService
from app.jobs.store import JobStore
from app.schedules.model import Schedule
from app.schedules.store import ScheduleStore
from app.telemetry.events import LogEvent, emit
from app.workers.executor import describe

log = structlog.get_logger("scheduler")

_CALLER = Caller.system("scheduler")


class Scheduler:
    """One look creates what is due; many processes may look at the same time.

    A tick and its jobs are one transaction: it holds the row of the schedule, which others pass over, inserts the jobs
    and moves the next tick. So a process that dies at any point leaves the tick to the others, or its jobs to recovery.
    """

    def __init__(self, schedules: ScheduleStore, store: JobStore, jobs: JobService, dispatch: Dispatch) -> None:
        self._schedules = schedules
        self._store = store
        self._jobs = jobs
        self._dispatch = dispatch

    async def look(self) -> int:
        """Create the jobs of all schedules that are due; return how many jobs."""
        seen: set[UUID] = set()
        created = 0
        while True:
            async with self._schedules.engine.begin() as connection:
                schedule = await self._schedules.due(connection, without=seen)
                if schedule is None:
                    return created
                seen.add(schedule.id)
                made = await self._tick(connection, schedule)
            for job in made:
                emit(log, LogEvent.SCHEDULE_TICKED, schedule=schedule.name, job_id=str(job.id), type=job.type)
            await self._dispatch.dispatch(made)
            created += len(made)

    async def _tick(self, connection: AsyncConnection, schedule: Schedule) -> list[Job]:
        now = await self._schedules.now(connection)
        try:
            ticks, following = schedule.due(now), schedule.timing.after(now)
            if schedule.interval_seconds and schedule.next_at:
                # An interval keeps its rhythm, however late this look is.
                following = schedule.timing.newest(schedule.next_at, now, most=1)[0]
                following = schedule.timing.after(following)
        except Exception as error:
            await self._fail(connection, schedule, now, error, {"enabled": False, "next_at": None})
            return []
        try:
            async with connection.begin_nested():
                made = [await self._create(connection, schedule, tick) for tick in ticks]
        except Exception as error:
            # Whatever is wrong with this schedule, the others go on; it tries again at its next tick.
            await self._fail(connection, schedule, now, error, {"next_at": following})
            return []
        values: dict[str, Any] = {"next_at": following, "last_error": None}
        if made:
            values |= {"last_at": ticks[-1], "last_job_id": made[-1].id}
        else:
            emit(log, LogEvent.SCHEDULE_MISSED, schedule=schedule.name)
        await self._schedules.change(connection, schedule.id, values)
        return made

    async def _create(self, connection: AsyncConnection, schedule: Schedule, tick: datetime) -> Job:
        new = self._jobs.prepare(
            type=schedule.type,
            data=schedule.data,
            created_by=schedule.created_by,
            priority=schedule.priority,
            schedule_id=schedule.id,
        )
        return await self._store.create_on(
            connection, replace(new, scheduled_for=tick), caller=_CALLER, reason=f"tick of {tick:%Y-%m-%dT%H:%M:%SZ}"
        )

    async def _fail(
        self, connection: AsyncConnection, schedule: Schedule, now: datetime, error: Exception, values: dict[str, Any]
    ) -> None:
        text = describe(error)
        emit(log, LogEvent.SCHEDULE_FAILED, schedule=schedule.name, error=text)
        told = f"{now:%Y-%m-%dT%H:%M:%SZ}: {text}"
        await self._schedules.change(connection, schedule.id, {**values, "last_error": told})
