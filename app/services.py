"""Everything that a process has open, by name."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.database.connect import Database, open_database
from app.jobs.bulk import Bulk, BulkStore
from app.jobs.checkpoints import CheckpointStore
from app.jobs.clearing import Clearing
from app.jobs.clock import Clock
from app.jobs.files import FileStore
from app.jobs.gate import Gate
from app.jobs.pauses import Pauses
from app.jobs.reader import JobReader
from app.jobs.recovery import RecoveryStore
from app.jobs.registry import Registry
from app.jobs.removal import RemovalStore
from app.jobs.roster import Roster, WorkerProcess
from app.jobs.service import JobService
from app.jobs.store import JobStore
from app.jobs.type_service import TypeService
from app.migrations import migrate
from app.queue.aging import Aging
from app.queue.engine import Engine
from app.queue.feeder import Feeder
from app.queue.orphans import Orphans
from app.queue.outbox import Outbox
from app.queue.postgres import BullmqPostgres
from app.queue.redis import BullmqRedis
from app.schedules.service import Schedules
from app.schedules.store import ScheduleStore
from app.settings import Settings
from app.telemetry.events import LogEvent, emit
from app.telemetry.history import LOOK, Sampler
from app.webhooks.courier import LOOK_SECONDS, Courier
from app.webhooks.store import WebhookStore
from app.workers.executor import Executor
from app.workers.periodic import Periodic
from app.workers.pool import Pool
from app.workers.recovery import Recovery
from app.workers.retention import Retention
from app.workers.scheduler import Scheduler
from app.workers.turns import Turns

log = structlog.get_logger("service")


@dataclass(frozen=True)
class Services:
    """What the parts of a process share. The HTTP API finds it as ``app.state.services``."""

    settings: Settings
    registry: Registry
    clock: Clock
    database: Database
    engine: Engine
    store: JobStore
    reader: JobReader
    checkpoints: CheckpointStore
    files: FileStore
    roster: Roster
    gate: Gate
    outbox: Outbox
    recovery: Recovery
    orphans: Orphans
    clearing: Clearing
    bulk: Bulk
    jobs: JobService
    types: TypeService
    schedules: Schedules
    scheduler: Scheduler


@asynccontextmanager
async def open_services(
    settings: Settings, registry: Registry, *, workers: bool = True, clock: Clock | None = None
) -> AsyncIterator[Services]:
    """Open the database, the queue and (unless ``workers`` is off) workers and recovery; close them in reverse.

    Raises:
        DatabaseStartError: there is no usable database.
        QueueStartError: there is no usable queue.
    """
    clock = clock or Clock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        await migrate(database.engine)
        engine = engine_of(settings, database)
        await engine.open()
        stack.push_async_callback(engine.close)

        outbox = Outbox(engine)
        store = JobStore(database.engine, clock, freed=outbox.dispatch)
        reader = JobReader(database.engine, clock)
        checkpoints = CheckpointStore(settings.checkpoint_address)
        files = FileStore(settings.data_dir.absolute() / "uploads", limit=settings.max_upload_bytes)
        gate, freed = Gate(store, registry), outbox.dispatch
        recovery = Recovery(RecoveryStore(database.engine, clock, freed=freed), reader, outbox, registry)
        clearing = Clearing(RemovalStore(database.engine, clock, freed=freed), checkpoints, outbox)
        jobs = JobService(store, reader, registry, checkpoints, files, outbox)
        schedules = ScheduleStore(database.engine, clock)
        services = Services(
            settings=settings,
            registry=registry,
            clock=clock,
            database=database,
            engine=engine,
            store=store,
            reader=reader,
            checkpoints=checkpoints,
            files=files,
            roster=Roster(database.engine, clock),
            gate=gate,
            outbox=outbox,
            recovery=recovery,
            clearing=clearing,
            bulk=Bulk(BulkStore(database.engine, clock, freed=freed), reader, clearing, outbox),
            orphans=Orphans(engine, reader, checkpoints, recovery.reconcile, limited=registry.limited),
            jobs=jobs,
            types=TypeService(Pauses(database.engine, clock), registry, gate, outbox),
            schedules=Schedules(schedules, jobs),
            scheduler=Scheduler(schedules, store, jobs, outbox),
        )
        if workers and settings.worker_count:
            await _start_workers(services, stack)
        emit(log, LogEvent.SERVICE_STARTED, database="embedded" if database.embedded else "configured")
        yield services
    emit(log, LogEvent.SERVICE_STOPPED)


@asynccontextmanager
async def sampled(services: Services) -> AsyncIterator[None]:
    """Have the minutes noted while the block runs; every process that stays does so."""
    sampler = Sampler(services.database.engine, services.settings, services.clock)
    looks = Periodic(sampler.look, LOOK, on_error=LogEvent.SAMPLER_FAILED)
    try:
        yield
    finally:
        await looks.stop()


def engine_of(settings: Settings, database: Database) -> Engine:
    """Return the queue that the settings choose, not opened yet."""
    return BullmqRedis(settings.redis_url) if settings.redis_url else BullmqPostgres(database.address, database.engine)


async def _start_workers(services: Services, stack: AsyncExitStack) -> None:
    settings = services.settings
    process = WorkerProcess.this(settings.worker_count)
    lease = timedelta(seconds=settings.lease_seconds)
    feeder = Feeder(services.gate, services.outbox, limited=services.registry.limited)
    stack.push_async_callback(feeder.close)
    executor = Executor(
        worker_id=process.id,
        store=services.store,
        registry=services.registry,
        checkpoints=services.checkpoints,
        files=services.files,
        dispatch=services.outbox,
        gate=services.gate,
        feeder=feeder,
        lease=lease,
    )
    pool = Pool(
        executor,
        process=process,
        engine=services.engine,
        store=services.store,
        roster=services.roster,
        lease=lease,
        heartbeat=timedelta(seconds=settings.heartbeat_seconds),
        patience=timedelta(seconds=settings.shutdown_seconds),
    )
    recovery = Periodic(
        services.recovery.look,
        timedelta(seconds=settings.reconcile_seconds),
        on_error=LogEvent.RECONCILER_FAILED,
    )
    stack.push_async_callback(recovery.stop)
    webhooks = WebhookStore(services.database.engine, services.clock)
    retention = Retention(services.database.engine, services.clearing, webhooks, settings)
    if retention.wanted:
        periodic = Periodic(
            retention.periodic, timedelta(minutes=settings.retention_minutes), on_error=LogEvent.RETENTION_FAILED
        )
        stack.push_async_callback(periodic.stop)
    aging = Aging(
        services.database.engine, services.engine, services.clock, after=timedelta(seconds=settings.aging_seconds)
    )
    turns = Periodic(
        Turns(feeder, aging).look, timedelta(seconds=settings.reconcile_seconds), on_error=LogEvent.TURNS_FAILED
    )
    stack.push_async_callback(turns.stop)
    courier = Courier(webhooks, private=settings.webhook_private_addresses)
    messages = Periodic(courier.look, timedelta(seconds=LOOK_SECONDS), on_error=LogEvent.COURIER_FAILED)
    stack.push_async_callback(messages.stop)
    scheduler = Periodic(
        services.scheduler.look, timedelta(seconds=settings.schedule_seconds), on_error=LogEvent.SCHEDULER_FAILED
    )
    stack.push_async_callback(scheduler.stop)
    await pool.start()
    stack.push_async_callback(pool.stop)
