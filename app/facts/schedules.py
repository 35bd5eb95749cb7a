"""What becomes of ticks that a schedule missed."""

from collections.abc import Iterator

from app.facts.fact import Fact, enum
from app.schedules.model import CatchUp


def collect_schedules() -> Iterator[Fact]:
    """Yield the policies for missed ticks."""
    yield from enum("catch_up", CatchUp)
