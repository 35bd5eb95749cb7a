"""A job from creation to its end, with the real queue and real workers."""

import asyncio
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import update
from structlog.testing import capture_logs

from app.database.tables import jobs
from app.jobs.model import Caller
from app.jobs.states import Event, Status
from app.problems import IllegalTransition
from app.telemetry.events import LogEvent
from tests.waiting import eventually
from tests.workers.samples import counting_registry, create_effects, effects

pytestmark = pytest.mark.anyio
TEST = Caller.system("test")
EXPIRED = timedelta(seconds=-1)


async def create(services, **payload):
    return await services.jobs.create(type="count", data=payload, caller=TEST, created_by=None)


async def reaches(services, job, *statuses):
    async def there():
        now = await services.jobs.get(job.id)
        return now if now.status in statuses else None

    return await eventually(there)


async def trail(services, job):
    return [event.event for event in await services.jobs.events(job.id)]


async def heard(services, job):
    """Wait until the worker has heard of a request: it does with a heartbeat, and surely with the second one."""
    for _ in range(2):
        before = (await services.jobs.get(job.id)).lock_expires_at

        async def renewed(before=before):
            return (await services.jobs.get(job.id)).lock_expires_at != before

        await eventually(renewed)


async def test_a_job_runs_to_its_end(open_process):
    """CC-1, CC-6: the queue delivers, the row tells; workers start with the service."""
    async with open_process(counting_registry()) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=4)
        done = await reaches(services, job, Status.COMPLETED, Status.FAILED)
        assert (done.status, done.processed_items, done.total_items) == (Status.COMPLETED, 4, 4)
        assert done.progress.percent == 100
        assert await effects(services.database.engine, job.id) == [0, 1, 2, 3]
        assert await trail(services, job) == [Event.CREATE, Event.CLAIM, Event.COMPLETE]
        saved = await services.jobs.checkpoints(job.id)
        assert [(found.stage, found.final) for found in saved] == [("count", True), ("prepare", True)]
        assert done.last_checkpoint_path == f"{job.id}/count.json"


async def test_every_line_about_a_running_job_says_which_attempt_it_is(open_process):
    """P8-9: a line of the log tells job, type and run, whoever writes it."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        async with open_process(counting_registry()) as services:
            await create_effects(services.database.engine)
            job = await create(services, items=1)
            await reaches(services, job, Status.COMPLETED, Status.FAILED)
    about = {line["event"]: line for line in lines if line.get("job_id") == str(job.id)}
    assert {"job.claimed", "job.stage_started", "job.checkpoint_saved", "job.completed"} <= set(about)
    running = [about[name] for name in about if name != "job.created"]
    assert {(line["type"], line["run"]) for line in running} == {("count", 1)}


async def test_a_transient_error_is_tried_again_from_where_it_stood(open_process):
    """RZ-3: a transient error is tried again by itself."""
    async with open_process(counting_registry()) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=4, fail_at=2, heal_after=2)
        done = await reaches(services, job, Status.COMPLETED, Status.FAILED)
        assert (done.status, done.retry_count) == (Status.COMPLETED, 2)
        assert await effects(services.database.engine, job.id) == [0, 1, 2, 3]
        assert [entry["code"] for entry in done.error_log] == ["TransientError"] * 2
        assert (await trail(services, job)).count(Event.RESCHEDULE) == 2


async def test_transient_errors_end_when_the_retries_are_used_up(open_process):
    """RZ-3: no more retries than allowed."""
    async with open_process(counting_registry(max_retries=2)) as services:
        await create_effects(services.database.engine)
        job = await create(services, fail_at=1)
        failed = await reaches(services, job, Status.FAILED)
        assert (failed.retry_count, len(failed.error_log)) == (2, 3)


async def test_a_permanent_error_is_not_tried_again(open_process):
    """RZ-3: a permanent error is not tried again."""
    async with open_process(counting_registry()) as services:
        await create_effects(services.database.engine)
        job = await create(services, fail_at=1, permanent=True)
        failed = await reaches(services, job, Status.FAILED)
        assert failed.retry_count == 0
        assert failed.error_log[0]["message"] == "broken for good"
        assert failed.error_log[0]["at"]


async def test_pause_and_resume_meet_the_job_at_a_boundary(open_process, closed_gate):
    """RZ-4, RZ-5: a pause keeps the checkpoint and the reason; resume goes on from it."""
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
        asked = await services.jobs.control(job.id, Event.PAUSE, caller=TEST, reason="lunch")
        assert (asked.status, asked.control_request) == (Status.PROCESSING, "pause")
        closed_gate.open()
        paused = await reaches(services, job, Status.PAUSED)
        assert paused.pause_reason == "lunch"
        assert paused.last_checkpoint_path == f"{job.id}/stage-count.json"
        assert await effects(services.database.engine, job.id) == list(range(paused.processed_items))
        assert paused.processed_items < 3
        await services.jobs.control(job.id, Event.RESUME, caller=TEST)
        done = await reaches(services, job, Status.COMPLETED)
        assert done.resume_count == 1
        assert await effects(services.database.engine, job.id) == [0, 1, 2]


async def test_cancel_stops_a_running_job_at_the_next_boundary(open_process, closed_gate):
    """RZ-5: cancel stops a running job at the next boundary."""
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
        await services.jobs.control(job.id, Event.CANCEL, caller=TEST)
        closed_gate.open()
        cancelled = await reaches(services, job, Status.CANCELLED)
        assert cancelled.processed_items < 3
        assert (await trail(services, job))[-1] is Event.STOP


async def test_an_error_during_a_pause_request_is_kept_and_the_job_paused(open_process, closed_gate):
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3, fail_at=0)
        await closed_gate.arrived.wait()
        await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
        await heard(services, job)
        closed_gate.open()
        paused = await reaches(services, job, Status.PAUSED, Status.FAILED)
        assert (paused.status, paused.retry_count) == (Status.PAUSED, 0)
        assert [entry["message"] for entry in paused.error_log] == ["try again"]


async def test_a_permanent_error_during_a_pause_request_fails_the_job(open_process, closed_gate):
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3, fail_at=0, permanent=True)
        await closed_gate.arrived.wait()
        await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
        await heard(services, job)
        closed_gate.open()
        failed = await reaches(services, job, Status.PAUSED, Status.FAILED)
        assert failed.status is Status.FAILED
        assert [entry["message"] for entry in failed.error_log] == ["broken for good"]


@pytest.mark.parametrize(
    ("request_of", "met"), [(Event.PAUSE, Status.PAUSED), (Event.CANCEL, Status.CANCELLED)], ids=["pause", "cancel"]
)
async def test_a_request_that_outlived_its_worker_is_met_before_the_first_step(open_process, request_of, met):
    async with open_process(counting_registry(), workers=False) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        # A worker that dies: its lease is over from the beginning, and it never settles.
        assert await services.store.claim(job.id, job.run, worker_id="dead", lease=EXPIRED)
        asked = await services.jobs.control(job.id, request_of, caller=TEST)
        assert asked.control_request == request_of.value
    async with open_process(counting_registry()) as services:
        await reaches(services, job, met)
        assert (await trail(services, job))[-3:-1] == [Event.RESCUE, Event.CLAIM]
        stopped = await services.jobs.get(job.id)
        assert stopped.processed_items == 0, "not even the first stage was begun"
        assert await services.jobs.checkpoints(job.id) == []


async def test_a_pause_that_was_not_met_yet_can_be_withdrawn(open_process, closed_gate):
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
        with pytest.raises(IllegalTransition, match="resume is not possible"):
            await services.jobs.control(job.id, Event.RESUME, caller=TEST)
        await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
        await services.jobs.control(job.id, Event.RESUME, caller=TEST)
        closed_gate.open()
        await reaches(services, job, Status.COMPLETED)


async def test_a_graceful_stop_releases_the_job_and_the_next_process_goes_on(open_process, closed_gate):
    """P8-6: a stopping process releases its jobs."""

    async def go_on_when_stopping():
        async def stopping():
            return any(line["event"] == LogEvent.WORKER_STOPPING for line in lines)

        with capture_logs() as lines:
            await eventually(stopping)
        closed_gate.open()

    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
        opener = asyncio.create_task(go_on_when_stopping())
        await asyncio.sleep(0)  # let it listen
    await opener
    async with open_process(counting_registry(), workers=False) as services:
        left = await services.jobs.get(job.id)
        assert (left.status, left.processed_items, left.worker_id) == (Status.PENDING, 1, None)
        assert await trail(services, job) == [Event.CREATE, Event.CLAIM, Event.RELEASE]
    async with open_process(counting_registry()) as services:
        done = await reaches(services, job, Status.COMPLETED)
        assert await effects(services.database.engine, job.id) == [0, 1, 2]
        assert done.retry_count == 0


async def test_a_job_that_reaches_no_boundary_in_time_is_cut_off_and_counts_a_retry(
    open_process, closed_gate, settings_of_each_queue
):
    hasty = settings_of_each_queue.model_copy(update={"shutdown_seconds": 0.2, "lease_seconds": 1.5})
    async with open_process(counting_registry(closed_gate), settings=hasty) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
    closed_gate.open()
    async with open_process(counting_registry()) as services:
        done = await reaches(services, job, Status.COMPLETED)
        assert await trail(services, job) == [Event.CREATE, Event.CLAIM, Event.RESCUE, Event.CLAIM, Event.COMPLETE]
        assert (done.retry_count, await effects(services.database.engine, job.id)) == (1, [0, 1, 2])


async def test_a_finished_stage_is_not_run_again(open_process, closed_gate):
    """RZ-4: the next attempt has its result from the checkpoint."""
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=1, fail_at=0, heal_after=1)
        closed_gate.open()
        with capture_logs() as lines:
            await reaches(services, job, Status.COMPLETED)
    begun = [line["stage"] for line in lines if line["event"] == LogEvent.JOB_STAGE_STARTED]
    assert begun == ["prepare", "count", "count"]


async def test_a_payload_is_validated_anew_at_each_attempt(open_process):
    """RZ-3: what does not fit any more, such as after an upgrade, fails for good."""
    async with open_process(counting_registry(), workers=False) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=1)
        async with services.database.engine.begin() as connection:
            await connection.execute(update(jobs).values(data={"items": "many"}))
    async with open_process(counting_registry()) as services:
        failed = await reaches(services, job, Status.FAILED)
        assert (failed.retry_count, failed.error_log[0]["code"]) == (0, "ValidationError")
        assert await effects(services.database.engine, job.id) == []


async def test_a_job_stopped_between_two_stages_keeps_the_link_to_the_finished_one(open_process, closed_gate):
    async with open_process(counting_registry(before_count=closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
        await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
        await heard(services, job)
        closed_gate.open()
        paused = await reaches(services, job, Status.PAUSED)
        assert paused.last_checkpoint_path == f"{job.id}/prepare.json"
        assert [(found.stage, found.final) for found in await services.jobs.checkpoints(job.id)] == [("prepare", True)]


async def test_a_finished_stage_is_run_again_only_when_its_checkpoint_is_gone(open_process):
    """RZ-4: a retry goes on with the stage that was under way."""
    with capture_logs() as lines:
        async with open_process(counting_registry()) as services:
            await create_effects(services.database.engine)
            job = await create(services, items=3, fail_at=1, permanent=True)
            await reaches(services, job, Status.FAILED)
            await services.jobs.control(job.id, Event.RETRY, caller=TEST)
            await reaches(services, job, Status.FAILED)
            await services.checkpoints.delete(job.id)
            await services.jobs.control(job.id, Event.RETRY, caller=TEST)
            await reaches(services, job, Status.FAILED)
            assert await effects(services.database.engine, job.id) == [0]
    begun = [line["stage"] for line in lines if line["event"] == LogEvent.JOB_STAGE_STARTED]
    assert begun == ["prepare", "count", "count", "prepare", "count"]


async def test_a_job_that_is_stopped_while_storage_refuses_it_keeps_its_state_on_the_row(
    open_process, closed_gate, settings_of_each_queue
):
    with capture_logs() as lines:
        async with open_process(counting_registry(closed_gate)) as services:
            await create_effects(services.database.engine)
            job = await create(services, items=3)
            await closed_gate.arrived.wait()
            folder = settings_of_each_queue.data_dir / "checkpoints"
            aside = folder.rename(folder.with_name("aside"))
            folder.touch()  # no folder, so it refuses every write as a full disk does
            await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
            closed_gate.open()
            paused = await reaches(services, job, Status.PAUSED)
            done = paused.processed_items
            assert paused.current_state == {"stage": "count", "state": {"next": done}}
            folder.unlink()
            aside.rename(folder)
            await services.jobs.control(job.id, Event.RESUME, caller=TEST)
            await reaches(services, job, Status.COMPLETED)
            assert await effects(services.database.engine, job.id) == [0, 1, 2]
    assert LogEvent.CHECKPOINT_FAILED in {line["event"] for line in lines}


async def test_a_worker_that_lost_its_lease_cannot_write(open_process, closed_gate):
    """P8-5: who lost the lock may not write the result."""
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
        failed = await services.jobs.control(job.id, Event.FORCE_FAIL, caller=TEST, reason="stuck")
        assert failed.status is Status.FAILED
        closed_gate.open()
        await eventually(lambda: _idle(services))
        assert await effects(services.database.engine, job.id) == []
        assert (await services.jobs.get(job.id)).status is Status.FAILED


async def test_a_worker_that_lost_its_lease_stops_the_handler_at_once(open_process, closed_gate):
    async with open_process(counting_registry(closed_gate)) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=3)
        await closed_gate.arrived.wait()
        await services.jobs.control(job.id, Event.FORCE_FAIL, caller=TEST, reason="stuck")
        try:
            # Nobody opens the gate: the handler ends although what it waits for never comes.
            await eventually(lambda: _idle(services), within=10)
        finally:
            closed_gate.open()
        assert await effects(services.database.engine, job.id) == []


async def _idle(services):
    counts = await services.engine.counts()
    return counts["active"] == 0


async def test_pending_jobs_that_never_reached_the_queue_are_found(open_process):
    """CC-1, CC-9: the table is the truth: a job without an entry is enqueued again."""
    async with open_process(counting_registry(), workers=False) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=1)
        await services.engine._queue.drain(True)
        assert sum((await services.engine.counts()).values()) == 0
    async with open_process(counting_registry()) as services:
        await reaches(services, job, Status.COMPLETED)


async def test_recovery_looks_at_once_when_a_process_starts(open_process, settings_of_each_queue):
    """CC-6, CC-9: recovery looks as soon as a process starts."""
    rarely = settings_of_each_queue.model_copy(update={"reconcile_seconds": 3600})
    async with open_process(counting_registry(), workers=False) as services:
        await create_effects(services.database.engine)
        job = await create(services, items=1)
        assert await services.store.claim(job.id, job.run, worker_id="dead", lease=EXPIRED)
    async with open_process(counting_registry(), settings=rarely) as services:
        await reaches(services, job, Status.COMPLETED)
        assert (await trail(services, job)).count(Event.RESCUE) == 1
