"""What a caller can do to job types."""

import structlog

from app.jobs.gate import Gate
from app.jobs.model import Caller
from app.jobs.pauses import Pauses, TypePause
from app.jobs.registry import JobType, Registry
from app.jobs.service import Dispatch
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("jobs")


class TypeService:
    """The operations on job types; they raise the classes of ``app.problems``."""

    def __init__(self, pauses: Pauses, registry: Registry, gate: Gate, dispatch: Dispatch) -> None:
        self._pauses = pauses
        self._registry = registry
        self._gate = gate
        self._dispatch = dispatch

    async def paused(self) -> dict[str, TypePause]:
        """Return the pauses that last, by the names of their types."""
        return await self._pauses.open()

    async def pause(self, name: str, *, caller: Caller, reason: str | None = None) -> tuple[JobType, TypePause]:
        """Let no job of a type be claimed any more; those that run go on. Asking again is no error.

        Raises:
            UnknownJobType: no type has this name or alias.
        """
        kind = self._registry.resolve(name)
        pause, began = await self._pauses.begin(kind.name, caller=caller, reason=reason)
        if began:
            emit(log, LogEvent.TYPE_PAUSED, type=kind.name, by=caller.by, reason=reason)
        return kind, pause

    async def resume(self, name: str, *, caller: Caller) -> JobType:
        """Let jobs of a type be claimed again. Asking again is no error.

        The first of those that wait are handed to the queue at once, the others by recovery.

        Raises:
            UnknownJobType: no type has this name or alias.
        """
        kind = self._registry.resolve(name)
        pause = await self._pauses.end(kind.name, caller=caller)
        if pause and pause.resumed_at:
            seconds = round((pause.resumed_at - pause.paused_at).total_seconds(), 3)
            by = caller.by
            emit(log, LogEvent.TYPE_RESUMED, type=kind.name, by=by, paused_seconds=seconds)
            waiting, _ = await self._gate.next(kind.name)
            await self._dispatch.dispatch(waiting)
        return kind
