"""The queue on Redis as BullMQ for Node and bull-board see it."""

import json
from datetime import timedelta
from uuid import uuid4

import anyio
import pytest

from app.handlers import REGISTRY
from app.jobs.model import Caller
from app.jobs.states import Status
from app.queue.bullmq import ENTRY_DEFAULTS, QUEUE
from app.queue.engine import Delivery, Entry

pytestmark = pytest.mark.anyio


async def create(services, priority):
    return await services.jobs.create(
        type="geocoding",
        data={"mode": "static"},
        caller=Caller.system("test"),
        created_by=None,
        priority=priority,
    )


async def test_node_sees_counts_and_takes_jobs_in_our_order(node_folder, settings, redis_url, open_process):
    """CC-1, CC-7: other BullMQ programs see and take what the service enqueued, with the defaults that it documents."""
    settings = settings.model_copy(update={"redis_url": redis_url})
    async with open_process(REGISTRY, workers=False, settings=settings) as services:
        low, high = [await create(services, priority) for priority in (10, 90)]
        later = Entry(Delivery(uuid4(), 1), "geocode_households", 50, timedelta(hours=1))
        await services.engine.enqueue([later])

        with anyio.fail_after(60):
            looked = await anyio.run_process(["node", "look.mjs", redis_url, QUEUE, "2"], cwd=node_folder, check=False)
        assert looked.returncode == 0, looked.stderr.decode()
        seen = json.loads(looked.stdout)

        (board,) = seen["board"]
        entries = [Delivery(job.id, job.run).entry_id for job in (high, low)]
        assert board["name"] == QUEUE
        assert {state: number for state, number in board["counts"].items() if number} == {
            "prioritized": 2,
            "delayed": 1,
        }
        assert {job["id"] for job in board["jobs"]} == {*entries, later.delivery.entry_id}
        assert {job["name"] for job in board["jobs"]} == {"geocode_households"}

        taken = seen["consumed"]
        assert [job["id"] for job in taken] == entries
        assert taken[0]["data"] == {"job_id": str(high.id), "run": high.run}
        options = {default.name: default.value for default in ENTRY_DEFAULTS}
        assert options.items() <= taken[0]["opts"].items()

        # Node has only delivered: the table is the truth, and what was removed from the queue is found missing.
        assert (await services.jobs.get(high.id)).status is Status.PENDING
        wanted = [Delivery(job.id, job.run) for job in (high, low)]
        assert await services.engine.missing([*wanted, later.delivery]) == wanted
