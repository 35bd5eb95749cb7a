"""Work that is repeated until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("worker")


class Periodic:
    """Calls ``work`` at once and then every ``interval``; an error is logged as ``on_error`` and does not end it."""

    def __init__(self, work: Callable[[], Awaitable[object]], interval: timedelta, *, on_error: LogEvent) -> None:
        self._work = work
        self._seconds = interval.total_seconds()
        self._on_error = on_error
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"every {interval}")

    async def stop(self) -> None:
        """Let the call under way end, and make no other."""
        self._stop.set()
        await self._task

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._work()
            except Exception as error:
                emit(log, self._on_error, error=first_line(error))
            try:
                async with asyncio.timeout(self._seconds):
                    await self._stop.wait()
            except TimeoutError:
                continue


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, or the name of its class when it has none."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
