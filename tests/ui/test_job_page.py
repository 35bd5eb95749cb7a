"""The page of one job: what it says of what is to come, and of how far the job is."""

from datetime import timedelta

import pytest

from app.auth.permissions import Role
from app.jobs.model import Caller
from app.jobs.states import Status
from tests.ui.conftest import shown, texts

pytestmark = pytest.mark.anyio


async def test_only_a_job_that_waits_has_a_next_attempt(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    soon = job.created_at + timedelta(minutes=9, seconds=30)

    async def said(status: Status, **values) -> str:
        await workshop.put(job, status, next_retry_at=soon, **values)
        return " ".join(texts(shown(await ada.get(f"/jobs/{job.id}")), ".lead .facts"))

    assert "Starts in 9 min" in await said(Status.PENDING)
    assert "Next attempt in 9 min" in await said(Status.PENDING, retry_count=1)
    for status in (Status.PROCESSING, Status.COMPLETED, Status.FAILED, Status.CANCELLED):
        facts = await said(status)
        assert "in 9 min" not in facts, status
    assert "Not before" in await said(Status.PAUSED, start_at=soon)


async def test_more_items_than_were_counted_are_no_part_of_them(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.put(
        await workshop.job(ada.user), Status.FAILED, processed_items=1200, total_items=1000, output_stats={}
    )
    page = shown(await ada.get(f"/jobs/{job.id}"))
    assert texts(page, ".progress-line + p") == ["1,200 items"]
    listed = shown(await ada.get(f"/jobs?text={job.id}"))
    assert texts(listed, ".jobs .progress") == ["Stopped at 99 % · 1,200"]


async def test_a_job_that_waits_says_that_its_type_is_paused(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    assert not shown(await ada.get(f"/jobs/{job.id}")).cssselect(".warning")
    await workshop.services.types.pause(job.type, caller=Caller.user(ada.user.id), reason="The map is <old>.")
    (said,) = texts(shown(await ada.get(f"/jobs/{job.id}")), ".warning p")
    assert said.startswith("Its type was paused ")
    assert "“The map is <old>.”" in said
    await workshop.services.types.resume(job.type, caller=Caller.user(ada.user.id))
