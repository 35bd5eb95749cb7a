"""Running jobs of the real types: whole, and with a crash after every few steps."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.jobs.context import Interrupted, LeaseLost
from app.jobs.model import Caller, Job, Lease, Request
from app.jobs.registry import JobType
from app.jobs.states import Event, Status
from app.services import Services
from app.workers.execution import Execution
from app.workers.outcome import Completed, Failed, Outcome, Stopped
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
    attempts = 0
    while True:
        attempts += 1
        claimed = await services.store.claim(job.id, job.run, worker_id="test", lease=lease)
        execution = Crashing(
            claimed, job_type, store=services.store, checkpoints=services.checkpoints, files=services.files, lease=lease
        )
        execution.steps = steps
        if isinstance(await execution.run(), Completed):
            await services.store.settle(claimed.lease, Event.COMPLETE)
            return attempts
        job = await _free(services, claimed)


async def _free(services: Services, job: Job) -> Job:
    """Take a job from a worker that died, as recovery would; no retry is counted, so that a test may crash often."""
    freed = await services.store.settle(Lease(job.id, job.run, "test"), Event.RELEASE)
    assert freed is not None
    return freed


async def attempt(services: Services, job: Job, job_type: JobType) -> Outcome:
    """Run a created job once, without a worker, and settle it as completed if it was; return what came of it."""
    lease = timedelta(minutes=5)
    claimed = await services.store.claim(job.id, job.run, worker_id="test", lease=lease)
    assert claimed is not None
    execution = Execution(
        claimed, job_type, store=services.store, checkpoints=services.checkpoints, files=services.files, lease=lease
    )
    outcome = await execution.run()
    if isinstance(outcome, Completed):
        await services.store.settle(execution.lease, Event.COMPLETE)
    return outcome


class Crash(LeaseLost):
    """The worker dies here."""


class Stopping(Execution):
    """An attempt that stops at the first boundary that is not in ``passed``, and adds it.

    Boundaries are: inside the transaction of a step, behind its commit, and before and behind the storing of a
    checkpoint. ``crash``: it dies at each of them; else it pauses at each where a job may be paused.
    """

    def __init__(self, *args: Any, passed: set[str], crash: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._passed, self._crash, self._steps = passed, crash, 0

    def _new(self, kind: str) -> bool:
        # Where the stage stands tells one step from the next, whichever attempt comes there.
        place = f"{kind} {self._stage_name} {self._state} {self._steps if not self._state else ''}"
        new = place not in self._passed
        self._passed.add(place)
        return new

    async def record(self, connection, stage, step):
        request = await super().record(connection, stage, step)
        self._steps += 1
        if self._crash and self._new("within"):
            raise Crash
        return request

    def interruption(self):
        if self._new("behind"):
            if self._crash:
                raise Crash
            return Interrupted(Request.PAUSE)
        return super().interruption()

    async def _stage(self, name, payload, results):
        self._steps = 0
        return await super()._stage(name, payload, results)

    async def _save(self, stage, content, *, final):
        if self._crash and self._new("unsaved"):
            raise Crash
        await super()._save(stage, content, final=final)
        if self._crash and self._new("saved"):
            raise Crash


async def run_stopping_everywhere(services: Services, job: Job, job_type: JobType, *, crash: bool) -> int:
    """Run a created job to its end, stopped once at every boundary; return how many stops there were."""
    lease, passed = timedelta(minutes=5), set[str]()
    stops = 0
    while True:
        job = await services.jobs.get(job.id)
        if job.status is Status.PROCESSING:
            job = await _free(services, job)
        if job.status is Status.PAUSED:
            job = await services.jobs.control(job.id, Event.RESUME, caller=TEST)
        claimed = await services.store.claim(job.id, job.run, worker_id="test", lease=lease)
        assert claimed is not None
        job = claimed
        execution = Stopping(
            job, job_type, store=services.store, checkpoints=services.checkpoints, files=services.files, lease=lease,
            passed=passed, crash=crash,
        )  # fmt: skip
        match await execution.run():
            case Completed():
                assert job.lease is not None
                await services.store.settle(job.lease, Event.COMPLETE)
                return stops
            case Failed(error=error):
                raise error
            case Stopped():
                assert job.lease is not None
                await services.store.settle(job.lease, Event.SUSPEND)
        stops += 1
