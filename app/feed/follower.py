"""Readers of the feed: those who get every message, and those who are only told which jobs have changed."""

import asyncio
from collections import deque
from collections.abc import Callable
from uuid import UUID

from app.feed.change import Change, End, Filter


class Watcher:
    """Learns which jobs have changed. However slowly it reads, it is never behind: what waits is a set.

    With more than ``limit`` of them it learns only that many have.
    """

    def __init__(self, wanted: Filter, *, limit: int) -> None:
        self.wanted = wanted
        self.ended: End | None = None
        self._limit = limit
        self._changed: set[UUID] = set()
        self._news = asyncio.Event()

    def tell(self, change: Change, _encoded: Callable[[], bytes]) -> None:
        """Note that a job has changed."""
        self.note(change.subject.job_id)

    def note(self, job_id: UUID) -> None:
        """Note that a job has changed, or is gone."""
        if len(self._changed) <= self._limit:
            self._changed.add(job_id)
        self._news.set()

    def end(self, reason: End) -> None:
        """Learn of nothing more; the first reason stays."""
        self.ended = self.ended or reason
        self._news.set()

    async def take(self, seconds: float) -> frozenset[UUID] | None:
        """Return the jobs that have changed, as soon as there is one; none after ``seconds``; None: too many."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return frozenset()
        found, self._changed = frozenset(self._changed), set()
        if self.ended is None:
            self._news.clear()
        return found if len(found) <= self._limit else None


class Follower:
    """Takes messages as they are published. Publishing never waits for it.

    ``position`` is the id behind which its live messages begin. When ``limit`` messages wait to be read, it gets no
    more: what waits is in order and complete, then comes the end, and the reader can go on behind it.
    """

    def __init__(self, wanted: Filter, position: int, *, limit: int) -> None:
        self.wanted = wanted
        self.position = position
        self.ended: End | None = None
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._news = asyncio.Event()

    def tell(self, _change: Change, encoded: Callable[[], bytes]) -> None:
        """Leave a change for the reader, as its message."""
        if self.ended is None and len(self._waiting) >= self._limit:
            self.end(End.SLOW)
        if self.ended is None:
            self._waiting.append(encoded())
            self._news.set()

    def end(self, reason: End) -> None:
        """Take no further message; the first reason stays."""
        if self.ended is None:
            self.ended = reason
            self._news.set()

    async def take(self, seconds: float) -> bytes:
        """Return all messages that wait, together, as soon as there is one; empty after ``seconds`` without."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return b""
        found = b"".join(self._waiting)
        self._waiting.clear()
        if self.ended is None:
            self._news.clear()
        return found
