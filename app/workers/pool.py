"""The worker side of a process: takes deliveries, keeps leases alive, stops gracefully."""

import asyncio
from datetime import timedelta

import structlog

from app.jobs.model import Lease
from app.jobs.roster import Roster, WorkerProcess
from app.jobs.store import JobStore
from app.queue.engine import Consumer, Engine
from app.telemetry.events import LogEvent, emit
from app.workers.executor import Executor
from app.workers.periodic import Periodic, first_line

log = structlog.get_logger("worker")


class Pool:
    """Runs at most ``process.slots`` jobs at the same time in this process."""

    def __init__(
        self,
        executor: Executor,
        *,
        process: WorkerProcess,
        engine: Engine,
        store: JobStore,
        roster: Roster,
        lease: timedelta,
        heartbeat: timedelta,
        patience: timedelta,
    ) -> None:
        self._executor = executor
        self._process = process
        self._engine = engine
        self._store = store
        self._roster = roster
        self._lease = lease
        self._heartbeat = heartbeat
        self._patience = patience
        self._consumer: Consumer | None = None
        self._beats: Periodic | None = None
        self._renewals = 0

    async def start(self) -> None:
        """Announce this process and take jobs."""
        await self._roster.seen(self._process)
        self._beats = Periodic(self.beat, self._heartbeat, on_error=LogEvent.HEARTBEAT_FAILED)
        self._consumer = await self._engine.consume(
            self._executor.consume, concurrency=self._process.slots, lease=self._lease
        )
        emit(log, LogEvent.WORKER_STARTED, worker_id=self._process.id, slots=self._process.slots)

    async def beat(self) -> None:
        """Renew all leases of this process, and tell the running jobs what was asked of them."""
        await self._roster.seen(self._process, renewals=self._renewals)
        executions = {execution.lease: execution for execution in self._executor.running}
        if not executions:
            return
        held: set[Lease] = set()
        for state in await self._store.renew(self._process.id, executions, lease=self._lease):
            held.add(state.lease)
            self._renewals += 1
            executions[state.lease].request = state.request
        for lease, execution in executions.items():
            # One that ended meanwhile is not in the set any more; one that is still there has lost its lease.
            if lease not in held and execution in self._executor.running:
                execution.lose()

    async def stop(self) -> None:
        """Take no more jobs; give the running ones until ``patience`` is over to reach a boundary.

        A job that does not is cut off; its lease expires and another worker goes on from its last committed step.
        """
        emit(log, LogEvent.WORKER_STOPPING, worker_id=self._process.id, running=len(self._executor.running))
        self._executor.close()
        if self._consumer:
            # The library's worker does not let go when it is cancelled: it returns when its jobs do.
            stopped = asyncio.create_task(self._consumer.stop(), name="consumer stops")
            _, late = await asyncio.wait({stopped}, timeout=self._patience.total_seconds())
            if late:
                for execution in list(self._executor.running):
                    execution.lose()
            await stopped
        if self._beats:
            await self._beats.stop()
        try:
            await self._roster.left(self._process)
        except Exception as error:
            # The database is away. Without heartbeats this process counts as gone soon, so nothing is lost.
            emit(log, LogEvent.HEARTBEAT_FAILED, error=first_line(error))
        emit(log, LogEvent.WORKER_STOPPED, worker_id=self._process.id)
