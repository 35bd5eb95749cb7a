"""BullMQ as the queue engine: what does not depend on the store that it keeps its entries in."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import ceil
from typing import Any
from uuid import UUID

import structlog
from bullmq import Job, Queue, Worker

from app.database.tables import HIGHEST_PRIORITY
from app.queue.engine import Consume, Consumer, Delivery, Entry
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("queue")

#: The one queue; job types are BullMQ's job names.
QUEUE = "jobs"

#: Entries that are read at the same time.
PAGE = 1000

#: Seconds that one call to the queue may take before it counts as unavailable.
TIMEOUT = 5.0


class EntryState(StrEnum):
    """Where an entry of the queue stands, as BullMQ calls it."""

    WAITING = "waiting"
    PRIORITIZED = "prioritized"
    DELAYED = "delayed"
    ACTIVE = "active"

    @property
    def meaning(self) -> str:
        """One sentence for who looks at the queue."""
        return _MEANINGS[self]


_MEANINGS = {
    EntryState.WAITING: "It waits for a worker and has no priority; the service makes none of these.",
    EntryState.PRIORITIZED: "It waits for a worker.",
    EntryState.DELAYED: "It waits for its time.",
    EntryState.ACTIVE: "A worker has it.",
}


@dataclass(frozen=True)
class QueueDefault:
    """An option that this service gives to BullMQ, and why."""

    name: str
    value: Any
    reason: str


_AT_ONCE = {"type": "fixed", "delay": 0}

#: Options of every entry. Retries are the service's own: a retry is a new run, hence a new entry.
ENTRY_DEFAULTS = (
    QueueDefault("attempts", 1, "The service counts attempts on the job's row; the queue delivers a run once."),
    QueueDefault("backoff", _AT_ONCE, "The queue makes no second attempt; the retry policy of the type says when."),
    QueueDefault("removeOnComplete", True, "A finished delivery says nothing that the job's row does not say."),
    QueueDefault("removeOnFail", True, "A failed delivery is found by the reconciler, and enqueued again."),
)

#: Options of every worker, besides the lock, which is as long as the lease.
WORKER_DEFAULTS = (
    QueueDefault("stalledInterval", 5_000, "Milliseconds between two looks for deliveries whose worker is gone."),
    QueueDefault("maxStalledCount", 3, "Redeliveries of one run before the queue gives up; the lease decides sooner."),
    QueueDefault("drainDelay", 1, "Seconds after which an idle worker looks for delayed entries that have become due."),
    QueueDefault("runRetryDelay", 1_000, "Milliseconds between two attempts to reach a store that is away."),
)


#: BullMQ's priority of jobs that have waited too long: before all others.
AGED = 1


def _options(defaults: Sequence[QueueDefault]) -> dict[str, Any]:
    return {default.name: default.value for default in defaults}


def queue_priority(priority: int) -> int:
    """Return BullMQ's priority, where the lowest number comes first, for ours, where the highest does."""
    return AGED + 1 + HIGHEST_PRIORITY - priority


class EntryWorker(Worker):  # type: ignore[misc]  # the library ships no types
    """The library's worker, which begins and ends also while its store is away."""

    async def run(self) -> None:
        """Take entries until the worker closes.

        The library's own gives up for good when its first call, which names the connections, does not reach the store.
        """
        await self.retryIfFailed(self._take_entries, {"delay_in_ms": self.opts["runRetryDelay"]})

    async def _take_entries(self) -> None:
        if not self.closing:
            await super().run()

    def isConnectionError(self, error: Exception) -> bool:  # noqa: N802 (the library's name)
        """Tell whether a fetch that met ``error`` is to be repeated.

        Not while the worker closes: the library would repeat it until the store is back, and the process would not end.
        """
        return not self.closing and bool(super().isConnectionError(error))

    def report(self, error: object, *_: object) -> None:
        """Log an error. Not while the worker closes: what then loses its connection does not try again."""
        if not self.closing:
            emit(log, LogEvent.QUEUE_ERROR, error=str(error))


class Bullmq:
    """What the queue does alike on every store; the subclasses know their store."""

    name: str
    _worker: type[EntryWorker]

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)
        self._queue = Queue(QUEUE, dict(options))
        self._prepare(self._queue.backend)

    def _prepare(self, backend: Any) -> None:
        """Adjust a connection that BullMQ has made; by default as it is."""

    async def enqueue(self, entries: Sequence[Entry]) -> None:
        """Add entries; those that exist already are left as they are."""
        jobs = [
            {
                "name": entry.type,
                "data": {"job_id": str(entry.delivery.job_id), "run": entry.delivery.run},
                "opts": {
                    **_options(ENTRY_DEFAULTS),
                    "jobId": entry.delivery.entry_id,
                    "priority": AGED if entry.aged else queue_priority(entry.priority),
                    "delay": ceil(entry.delay.total_seconds() * 1000),
                },
            }
            for entry in entries
        ]
        async with asyncio.timeout(TIMEOUT):
            await self._add(jobs)

    async def _add(self, jobs: list[dict[str, Any]]) -> None:
        await self._queue.addBulk(jobs)

    async def remove(self, entry_ids: Sequence[str]) -> int:
        """Remove entries that no worker has; return how many there were."""
        removed = 0
        for entry_id in entry_ids:
            async with asyncio.timeout(TIMEOUT):
                removed += int(await self._queue.backend.remove(entry_id, False))
        return removed

    async def promote(self, deliveries: Sequence[Delivery]) -> None:
        """Put entries before all others, in this order; those that the queue does not hold are passed over."""
        for delivery in deliveries:
            async with asyncio.timeout(TIMEOUT):
                await self._promote(delivery.entry_id)

    async def _promote(self, entry_id: str) -> None:
        # So the library says that there is no such entry.
        with suppress(TypeError):
            await self._queue.backend.changePriority(entry_id, AGED)

    async def consume(self, consume: Consume, *, concurrency: int, lease: timedelta) -> Consumer:
        """Start handing deliveries to ``consume``, at most ``concurrency`` at the same time."""

        async def process(job: Job, _token: str) -> None:
            await consume(Delivery(UUID(job.data["job_id"]), job.data["run"], job.name))

        worker = self._worker(
            QUEUE,
            process,
            {
                **self._options,
                **_options(WORKER_DEFAULTS),
                "concurrency": concurrency,
                "lockDuration": int(lease.total_seconds() * 1000),
                "autorun": False,
            },
        )
        self._prepare(worker.backend)
        worker.on("error", worker.report)
        return _Consumer(worker)

    async def counts(self) -> dict[str, int]:
        """Return the number of entries by BullMQ's states."""
        async with asyncio.timeout(TIMEOUT):
            counts = await self._queue.getJobCounts(*(state.value for state in EntryState))
        return dict(counts)

    async def close(self) -> None:
        """Release connections."""
        await self._queue.close()


class _Consumer:
    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._run = asyncio.create_task(worker.run(), name="queue-consumer")

    async def stop(self) -> None:
        await self._worker.close()
        # It ends with an error when it was cut off in the middle of a fetch; what it had not finished is redelivered.
        with suppress(Exception):
            await self._run
