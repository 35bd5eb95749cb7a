"""What a caller can do to schedules, one function each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.database.tables import DEFAULT_PRIORITY
from app.jobs.model import Caller, Job
from app.jobs.service import JobService
from app.problems import ScheduleChanged, TooManySchedules
from app.schedules.model import CatchUp, Schedule, timing
from app.schedules.store import ScheduleStore
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("schedules")

#: The most schedules that a service keeps; each look goes through those that are due.
MOST_SCHEDULES = 1000

#: The fields that say when a schedule ticks.
_TIMING = frozenset({"cron", "time_zone", "interval_seconds"})


class Schedules:
    """The operations on schedules; they raise the classes of ``app.problems``."""

    def __init__(self, store: ScheduleStore, jobs: JobService) -> None:
        self._store = store
        self._jobs = jobs

    async def create(
        self,
        *,
        name: str,
        type: str,
        data: Mapping[str, Any],
        caller: Caller,
        created_by: UUID | None,
        priority: int = DEFAULT_PRIORITY,
        cron: str | None = None,
        time_zone: str | None = None,
        interval_seconds: int | None = None,
        catch_up: CatchUp = CatchUp.SKIP,
        enabled: bool = True,
    ) -> Schedule:
        """Create a schedule; its first tick comes after now.

        Raises:
            UnknownJobType, InvalidRequest, Problem: what creating a job with this payload raises.
            InvalidRequest: it does not say when it ticks.
            ScheduleNameTaken: another schedule has this name.
            TooManySchedules: there are as many as there may be.
        """
        ticks = timing(cron, time_zone, interval_seconds)
        job = self._jobs.prepare(type=type, data=data, created_by=created_by, priority=priority)
        async with self._store.engine.begin() as connection:
            if await self._store.count(connection) >= MOST_SCHEDULES:
                raise TooManySchedules(f"There are {MOST_SCHEDULES} schedules already.")
            now = await self._store.now(connection)
            made = await self._store.add(
                connection,
                {
                    "name": name,
                    "type": job.type,
                    "data": job.data,
                    "priority": priority,
                    "cron": cron,
                    "time_zone": (time_zone or "UTC") if cron else None,
                    "interval_seconds": interval_seconds,
                    "catch_up": catch_up.value,
                    "enabled": enabled,
                    "next_at": ticks.after(now) if enabled else None,
                    "created_by": created_by,
                },
            )
        _tell(made, "create", caller)
        return made

    async def all(self) -> list[Schedule]:
        """Return all schedules, by name."""
        return await self._store.all()

    async def get(self, schedule_id: UUID) -> Schedule:
        """Return a schedule. Raises ScheduleNotFound."""
        return await self._store.get(schedule_id)

    async def change(
        self, schedule_id: UUID, changes: Mapping[str, Any], *, caller: Caller, seen: datetime | None = None
    ) -> Schedule:
        """Change fields of a schedule. A new timing, and enabling, reckon the next tick from now.

        ``seen`` is its ``updated_at`` when the caller looked at it; None: whatever it was.

        Raises:
            ScheduleNotFound: there is none.
            ScheduleChanged: somebody has changed it since ``seen``.
            Problem: what ``create`` raises.
        """
        async with self._store.engine.begin() as connection:
            old = await self._store.hold(connection, schedule_id)
            if seen is not None and old.updated_at != seen:
                raise ScheduleChanged(f"The schedule {old.name!r} has been changed at {old.updated_at.isoformat()}.")
            values: dict[str, Any] = dict(changes)
            if "interval_seconds" in values and "cron" not in values:
                values |= {"cron": None, "time_zone": None}
            elif "cron" in values and "interval_seconds" not in values:
                values = {"time_zone": old.time_zone or "UTC", **values, "interval_seconds": None}
            if "catch_up" in values:
                values["catch_up"] = CatchUp(values["catch_up"]).value
            enabled = values.get("enabled", old.enabled)
            starts = enabled and not old.enabled
            now = values["updated_at"] = await self._store.now(connection)
            if starts or "data" in values:
                # One that is only disabled may be so because its payload does not fit any more.
                data = values.get("data", old.data)
                values["data"] = self._jobs.prepare(type=old.type, data=data, created_by=old.created_by).data
                values["last_error"] = None
            if starts or values.keys() & _TIMING:
                ticks = timing(**{name: values.get(name, getattr(old, name)) for name in _TIMING})
                values["next_at"] = ticks.after(now)
            if not enabled:
                values["next_at"] = None
            changed = await self._store.change(connection, schedule_id, values)
        _tell(changed, "enable" if starts else "disable" if old.enabled and not enabled else "change", caller)
        return changed

    async def delete(self, schedule_id: UUID, *, caller: Caller) -> Schedule:
        """Delete a schedule, and return it as it was; its jobs stay. Raises ScheduleNotFound."""
        schedule = await self._store.get(schedule_id)
        await self._store.remove(schedule_id)
        _tell(schedule, "delete", caller)
        return schedule

    async def run(self, schedule_id: UUID, *, caller: Caller) -> Job:
        """Create a job of a schedule now; its ticks stay as they are. Raises what ``create`` raises."""
        schedule = await self._store.get(schedule_id)
        return await self._jobs.create(
            type=schedule.type,
            data=schedule.data,
            caller=caller,
            created_by=schedule.created_by,
            priority=schedule.priority,
            schedule_id=schedule.id,
        )


def _tell(schedule: Schedule, action: str, caller: Caller) -> None:
    by = caller.by
    emit(log, LogEvent.SCHEDULE_CONTROLLED, schedule=schedule.name, action=action, by=by)
