"""Running jobs of the real types: whole, and with a crash after every few steps."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.jobs.context import LeaseLost
from app.jobs.model import Caller, Job
from app.jobs.registry import JobType
from app.jobs.states import Event, Status
from app.services import Services
from app.workers.execution import Execution
from app.workers.outcome import Completed
from tests.waiting import eventually

TEST = Caller.system("test")
HEADER = "voter_id,first_name,last_name,birth_year,street,city,state,zip\n"
ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.PAUSED)


async def upload(services: Services, content: bytes | str) -> str:
    """Store a file as an upload does, and return its id."""
    data = content.encode() if isinstance(content, str) else content

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return str((await services.files.save(chunks())).id)


async def create(services: Services, kind: str, **payload: Any) -> Job:
    return await services.jobs.create(type=kind, data=payload, caller=TEST, created_by=None)


async def ended(services: Services, job: Job) -> Job:
    """Wait until nothing runs the job any more."""

    async def there() -> Job | None:
        now = await services.jobs.get(job.id)
        return now if now.status in ENDED else None

    return await eventually(there, within=60)


async def run(services: Services, kind: str, **payload: Any) -> Job:
    return await ended(services, await create(services, kind, **payload))


async def query(services: Services, sql: str, **values: Any) -> list[Any]:
    async with services.database.engine.connect() as connection:
        return list(await connection.execute(text(sql), values))


class Crashing(Execution):
    """An attempt that dies inside the transaction of a step, after ``steps`` that were committed."""

    steps = 2

    async def record(self, connection, stage, step):
        request = await super().record(connection, stage, step)
        if self.steps == 0:
            raise LeaseLost("crash")
        self.steps -= 1
        return request


async def run_with_crashes(services: Services, job: Job, job_type: JobType, *, steps: int) -> int:
    """Run a created job to its end by attempts that each die after ``steps`` steps; return how many there were."""
    lease = timedelta(minutes=5)
    claimed = await services.store.claim(job.id, job.run, worker_id="test", lease=lease)
    attempts = 0
    while True:
        attempts += 1
        now = await services.jobs.get(job.id)
        execution = Crashing(
            now, job_type, store=services.store, checkpoints=services.checkpoints, files=services.files, lease=lease
        )
        execution.steps = steps
        if isinstance(await execution.run(), Completed):
            await services.store.settle(claimed.lease, Event.COMPLETE)
            return attempts
