"""One reader of the feed."""

import asyncio
from collections import deque

from app.feed.change import End, Filter


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

    def put(self, message: bytes) -> None:
        """Leave a message for the reader."""
        if self.ended is None and len(self._waiting) >= self._limit:
            self.end(End.SLOW)
        if self.ended is None:
            self._waiting.append(message)
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
