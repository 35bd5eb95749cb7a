"""What has lost its counterpart: rows, queue entries and checkpoints that belong to nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import structlog

from app.jobs.checkpoints import CheckpointStore
from app.jobs.reader import JobReader
from app.problems import QueueUnavailable
from app.queue.engine import Delivery, Engine
from app.queue.outbox import QUIET
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("recovery")

#: Rows, entries and folders that are looked at together.
_BATCH = 1000


class OrphanKind(StrEnum):
    """What can have lost its counterpart."""

    ROW_WITHOUT_ENTRY = "row_without_entry"
    ENTRY_WITHOUT_ROW = "entry_without_row"
    CHECKPOINT_WITHOUT_JOB = "checkpoint_without_job"

    @property
    def meaning(self) -> str:
        """One sentence for the admin who reads it."""
        return _MEANINGS[self]

    @property
    def fix(self) -> str:
        """What the fixer does about it."""
        return _FIXES[self]


_MEANINGS = {
    OrphanKind.ROW_WITHOUT_ENTRY: "A pending job that the queue does not hold, so no worker hears of it.",
    OrphanKind.ENTRY_WITHOUT_ROW: "An entry of the queue whose job does not exist; a worker would drop it.",
    OrphanKind.CHECKPOINT_WITHOUT_JOB: "Stored stage results of a job that does not exist.",
}
_FIXES = {
    OrphanKind.ROW_WITHOUT_ENTRY: "The job is handed to the queue, as recovery does by itself.",
    OrphanKind.ENTRY_WITHOUT_ROW: "The entry is removed.",
    OrphanKind.CHECKPOINT_WITHOUT_JOB: "The job's folder in the checkpoint store is removed.",
}


@dataclass(frozen=True)
class Orphan:
    """Something without its counterpart; ``reference`` is the job, the entry or the folder by its own name."""

    kind: OrphanKind
    reference: str
    job_id: UUID | None


@dataclass(frozen=True)
class Findings:
    """All orphans by number, and the first of them by name."""

    counts: dict[OrphanKind, int]
    items: list[Orphan]


class Orphans:
    """Finds orphans and fixes them; ``requeue`` hands over pending jobs that the queue does not hold."""

    def __init__(
        self,
        engine: Engine,
        reader: JobReader,
        checkpoints: CheckpointStore,
        requeue: Callable[[], Awaitable[int]],
        *,
        limited: Collection[str] = (),
    ) -> None:
        """Jobs of the types ``limited`` wait outside of the queue, so that they are no orphans."""
        self._engine = engine
        self._reader = reader
        self._checkpoints = checkpoints
        self._requeue = requeue
        self._limited = limited

    async def find(self, *, limit: int) -> Findings:
        """Look everywhere; name at most ``limit`` orphans.

        Raises:
            QueueUnavailable: the store of the queue does not answer.
        """
        counts = dict.fromkeys(OrphanKind, 0)
        items: list[Orphan] = []
        for kind in OrphanKind:
            async for orphans in self._of(kind):
                counts[kind] += len(orphans)
                items += orphans[: limit - len(items)]
        return Findings(counts, items)

    async def fix(self, kinds: Iterable[OrphanKind]) -> dict[OrphanKind, int]:
        """Fix all orphans of these kinds; return how many there were.

        Raises:
            QueueUnavailable: the store of the queue does not answer.
        """
        fixed = {}
        for kind in dict.fromkeys(kinds):
            fixed[kind] = await self._fix(kind)
            emit(log, LogEvent.ORPHANS_FIXED, kind=kind.value, count=fixed[kind])
        return fixed

    async def _fix(self, kind: OrphanKind) -> int:
        if kind is OrphanKind.ROW_WITHOUT_ENTRY:
            try:
                return await self._requeue()
            except (ConnectionError, TimeoutError) as error:
                raise _unavailable() from error
        # Removing while the queue is listed would shift the pages of the list.
        found = [orphan async for orphans in self._of(kind) for orphan in orphans]
        if kind is OrphanKind.ENTRY_WITHOUT_ROW:
            try:
                return await self._engine.remove([orphan.reference for orphan in found])
            except (ConnectionError, TimeoutError) as error:
                raise _unavailable() from error
        for orphan in found:
            if orphan.job_id:
                await self._checkpoints.delete(orphan.job_id)
        return len(found)

    async def _of(self, kind: OrphanKind) -> AsyncIterator[list[Orphan]]:
        find = {
            OrphanKind.ROW_WITHOUT_ENTRY: self._rows,
            OrphanKind.ENTRY_WITHOUT_ROW: self._entries,
            OrphanKind.CHECKPOINT_WITHOUT_JOB: self._folders,
        }[kind]
        try:
            async for orphans in find():
                yield orphans
        except (ConnectionError, TimeoutError) as error:
            raise _unavailable() from error

    async def _rows(self) -> AsyncIterator[list[Orphan]]:
        after = None
        while True:
            page = await self._reader.pending(after=after, limit=_BATCH, quiet=QUIET, without=self._limited)
            missing = await self._engine.missing([Delivery(job_id, run) for job_id, run in page]) if page else []
            yield [Orphan(OrphanKind.ROW_WITHOUT_ENTRY, str(lost.job_id), lost.job_id) for lost in missing]
            if len(page) < _BATCH:
                return
            after = page[-1][0]

    async def _entries(self) -> AsyncIterator[list[Orphan]]:
        async for page in self._engine.waiting():
            # An entry is made after its row was committed, so a row that is not there now is gone.
            ids = {entry_id: delivery.job_id for entry_id in page if (delivery := Delivery.read(entry_id))}
            known = await self._reader.known(ids.values())
            yield [
                Orphan(OrphanKind.ENTRY_WITHOUT_ROW, entry_id, ids.get(entry_id))
                for entry_id in page
                if ids.get(entry_id) not in known
            ]

    async def _folders(self) -> AsyncIterator[list[Orphan]]:
        folders = await self._checkpoints.folders()
        for start in range(0, len(folders), _BATCH):
            page = folders[start : start + _BATCH]
            known = await self._reader.known(page)
            yield [Orphan(OrphanKind.CHECKPOINT_WITHOUT_JOB, f"{id}/", id) for id in page if id not in known]


def _unavailable() -> QueueUnavailable:
    return QueueUnavailable("The store of the queue did not answer.")
