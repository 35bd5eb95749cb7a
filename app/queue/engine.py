"""What the service needs of a queue engine."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Delivery:
    """A job id handed to a worker, with the run that it was enqueued for; ``type`` comes with what is delivered."""

    job_id: UUID
    run: int
    type: str = field(default="", compare=False)

    @property
    def entry_id(self) -> str:
        """The queue's own id of this delivery: enqueueing the same run twice adds nothing."""
        return f"{self.job_id}-{self.run}"

    @classmethod
    def read(cls, entry_id: str) -> "Delivery | None":
        """Return the delivery of an entry's id; None: the entry is not of this service."""
        job_id, _, run = entry_id.rpartition("-")
        try:
            return cls(UUID(job_id), int(run))
        except ValueError:
            return None


@dataclass(frozen=True)
class Entry:
    """A delivery to be made: at once or after ``delay``; ``aged`` ones first, then the highest ``priority``."""

    delivery: Delivery
    type: str
    priority: int
    delay: timedelta = timedelta()
    aged: bool = False


Consume = Callable[[Delivery], Awaitable[None]]


class Consumer(Protocol):
    """A running subscription."""

    async def stop(self) -> None:
        """Take no more deliveries, and return when those under way are done."""


class Engine(Protocol):
    """A queue. Deliveries may come twice; they are lost only together with the store."""

    name: str

    async def open(self) -> None:
        """Make the queue ready for use."""

    async def enqueue(self, entries: Sequence[Entry]) -> None:
        """Add entries; those that exist already are left as they are."""

    async def promote(self, deliveries: Sequence[Delivery]) -> None:
        """Put entries before all others, in this order; those that the queue does not hold are passed over."""

    async def missing(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Return those that the queue does not hold."""

    def waiting(self) -> AsyncIterator[list[str]]:
        """Yield the ids of the entries that no worker has, in batches; what comes or goes meanwhile may be missed."""

    async def remove(self, entry_ids: Sequence[str]) -> int:
        """Remove entries that no worker has; return how many there were."""

    async def consume(self, consume: Consume, *, concurrency: int, lease: timedelta) -> Consumer:
        """Start handing deliveries to ``consume``, at most ``concurrency`` at the same time."""

    async def counts(self) -> dict[str, int]:
        """Return the number of entries by the engine's own states."""

    async def ping(self) -> float:
        """Return the seconds of one round trip. Raises ConnectionError when the store does not answer."""

    async def close(self) -> None:
        """Release connections."""
