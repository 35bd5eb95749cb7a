"""Finding and fixing rows, entries and checkpoints that have lost their counterpart, on the real queues."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete

from app.database.tables import jobs
from app.jobs.clock import Clock
from app.jobs.model import Caller
from app.jobs.states import Event
from app.problems import QueueUnavailable
from app.queue.engine import Delivery, Entry
from app.queue.orphans import OrphanKind, Orphans
from app.queue.redis import BullmqRedis
from tests.conftest import opener
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio
TEST = Caller.system("test")
ROW, ENTRY, FOLDER = OrphanKind


async def create(services):
    return await services.jobs.create(type="count", data={"items": 1}, caller=TEST, created_by=None)


async def test_each_kind_of_orphan_is_found_and_fixed(settings_of_each_queue):
    """RZ-6: rows without entry, entries without row, checkpoints whose job is gone."""
    clock = Clock()
    async with opener(settings_of_each_queue)(counting_registry(), workers=False, clock=clock) as services:
        whole, lost, gone = [await create(services) for _ in range(3)]
        clock.offset = timedelta(seconds=5)  # beyond the time in which a row may be on its way
        late = Delivery(uuid4(), 3)
        await services.engine.enqueue([Entry(late, "count", 50, timedelta(hours=1))])
        await services.engine.remove([Delivery(lost.id, 1).entry_id])
        for job in (whole, gone):
            await services.checkpoints.save(job.id, "count", {"result": {}}, final=True)
        async with services.database.engine.begin() as connection:
            await connection.execute(delete(jobs).where(jobs.c.id == gone.id))
        found = await services.orphans.find(limit=10)
        assert found.counts == {ROW: 1, ENTRY: 2, FOLDER: 1}
        assert {(orphan.kind, orphan.reference, orphan.job_id) for orphan in found.items} == {
            (ROW, str(lost.id), lost.id),
            (ENTRY, Delivery(gone.id, 1).entry_id, gone.id),
            (ENTRY, late.entry_id, late.job_id),
            (FOLDER, f"{gone.id}/", gone.id),
        }
        assert len((await services.orphans.find(limit=2)).items) == 2
        assert await services.orphans.fix([FOLDER]) == {FOLDER: 1}
        assert await services.orphans.fix(OrphanKind) == {ROW: 1, ENTRY: 2, FOLDER: 0}
        assert (await services.orphans.find(limit=10)).counts == {ROW: 0, ENTRY: 0, FOLDER: 0}
        assert (await services.jobs.events(lost.id))[-1].event is Event.REQUEUE
        assert await services.outbox.missing([(whole.id, 1), (lost.id, 1)]) == []
        assert await services.jobs.checkpoints(whole.id)


async def test_a_queue_that_is_away_is_said_and_nothing_is_fixed(open_process):
    """RZ-6: the store of the queue does not answer, so nobody knows what has lost its counterpart."""
    async with open_process(counting_registry(), workers=False) as services:
        away = BullmqRedis("redis://127.0.0.1:1/0")
        orphans = Orphans(away, services.reader, services.checkpoints, services.recovery.reconcile)
        try:
            with pytest.raises(QueueUnavailable):
                await orphans.find(limit=1)
            with pytest.raises(QueueUnavailable):
                await orphans.fix([ENTRY])
        finally:
            await away.close()
