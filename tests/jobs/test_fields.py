"""The fields of a job, and the progress that is derived from them."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.database.tables import jobs
from app.jobs.model import Job
from app.jobs.states import Status

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def job(status, processed, total, **stats):
    unset = Job(**dict.fromkeys(field.name for field in fields(Job)))
    return replace(
        unset, id=UUID(int=1), created_at=NOW, updated_at=NOW, status=status, processed_items=processed,
        total_items=total, output_stats=stats, progress_details={},
    )  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [
        "id type status data total_items processed_items error_log created_at started_at completed_at created_by",
        "stage progress_details paused_at pause_reason resumed_at resume_count last_checkpoint_path "
        "last_checkpoint_stage retry_count max_retries next_retry_at output_stats",
        "priority worker_id lock_expires_at current_state config",
    ],
    ids=["VR-1", "RZ-1", "P8-2"],
)
def test_a_job_has_the_fields(wanted):
    """VR-1, RZ-1, P8-2: on the row, and on the record that is made of it."""
    assert set(wanted.split()) <= {field.name for field in fields(Job)} & set(jobs.c.keys())


@pytest.mark.parametrize(
    ("status", "processed", "total", "reported", "percent"),
    [
        (Status.PROCESSING, 1, 4, {}, 25),
        (Status.PROCESSING, 1, 4, {"percent": 60}, 60),
        (Status.PROCESSING, 4, 4, {}, 99),
        (Status.PROCESSING, 0, None, {"percent": 100}, 99),
        (Status.PROCESSING, 3, None, {}, 0),
        (Status.COMPLETED, 0, 0, {}, 100),
    ],
)
def test_percent_comes_from_the_handler_or_from_the_items(status, processed, total, reported, percent):
    """RZ-2: the handler's own figure comes first, and only a completed job shows 100."""
    assert job(status, processed, total, **reported).progress.percent == percent
