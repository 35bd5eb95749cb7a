"""Hands over the jobs that had to wait although a worker was free: for room in their type, or for their time."""

import asyncio
from collections.abc import Collection
from datetime import timedelta

import structlog

from app.jobs.gate import Gate
from app.queue.outbox import Outbox
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("queue")


class Feeder:
    """Keeps each limited type as full as it may be.

    A delivery that finds its type full is dropped; its job stays pending. This class hands over as many jobs of the
    type as have room, in turn: when one of them ends, when the rate allows the next one, and every few seconds.
    """

    def __init__(self, gate: Gate, outbox: Outbox, *, limited: Collection[str]) -> None:
        """Hand what ``gate`` lets through to ``outbox``; ``limited`` are the types that may be full."""
        self._gate = gate
        self._outbox = outbox
        self._limited = limited
        self._waiting: dict[str, tuple[float, asyncio.Task[None]]] = {}

    async def feed(self, type: str) -> None:
        """Hand over the jobs of ``type`` that may start now."""
        waiting, room = await self._gate.next(type)
        await self._outbox.dispatch(waiting)
        if room.wait is not None:
            self.later(type, room.wait)

    async def feed_limited(self) -> None:
        """Hand over what may start now, of every limited type."""
        for type in self._limited:
            await self.feed(type)

    async def ended(self, type: str) -> None:
        """Fill the place of a job of ``type`` that has ended."""
        if type in self._limited:
            await self._feed_quietly(type)

    def later(self, type: str, wait: timedelta) -> None:
        """Feed ``type`` after ``wait``; of several requests for one type, the soonest stands."""
        seconds = wait.total_seconds()
        when = asyncio.get_running_loop().time() + seconds
        earlier = self._waiting.get(type)
        if earlier and earlier[0] <= when:
            return
        if earlier:
            earlier[1].cancel()
        self._waiting[type] = when, asyncio.create_task(self._after(type, seconds), name=f"feed {type}")

    async def close(self) -> None:
        """Forget what was to be done later; other processes, or the next start, do it."""
        waiting = [task for _, task in self._waiting.values()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _after(self, type: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        del self._waiting[type]
        await self._feed_quietly(type)

    async def _feed_quietly(self, type: str) -> None:
        try:
            await self.feed(type)
        except Exception as error:
            # The next look of recovery feeds every limited type.
            emit(log, LogEvent.TURNS_FAILED, type=type, error=str(error))
