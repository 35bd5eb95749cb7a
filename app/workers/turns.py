"""Looks after the turns in which waiting jobs start."""

from app.queue.aging import Aging
from app.queue.feeder import Feeder


class Turns:
    """One look fills limited types with what may start, and puts first what has waited too long."""

    def __init__(self, feeder: Feeder, aging: Aging) -> None:
        self._feeder = feeder
        self._aging = aging

    async def look(self) -> None:
        """Feed every limited type, then age."""
        await self._feeder.feed_limited()
        await self._aging.look()
