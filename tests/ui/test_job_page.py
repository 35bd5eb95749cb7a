"""The page of one job: what it says of what is to come, and of how far the job is."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.auth.permissions import Role
from app.database.tables import job_events
from app.jobs.model import Caller
from app.jobs.states import Event, Status
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


async def test_a_percentage_that_counts_more_than_items_does_not_stand_beside_none_of_them(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    cases = (({"percent": 24}, 0, []), ({"percent": 60}, 9, ["9 of 50 items"]), ({}, 0, ["0 of 50 items"]))
    for stats, done, said in cases:
        for status in (Status.PROCESSING, Status.FAILED):
            await workshop.put(job, status, processed_items=done, total_items=50, output_stats=stats)
            page = shown(await ada.get(f"/jobs/{job.id}"))
            assert texts(page, ".progress-line + p") == said, (stats, done, status)
        await workshop.put(job, Status.PROCESSING, processed_items=done, total_items=50, output_stats=stats)
        asked = shown(await ada.get(f"/jobs/{job.id}/force-fail")).text_content()
        kept = f": {said[0]}" if said else ""
        assert f"What was done before stays{kept}." in asked
        cancel = shown(await ada.get(f"/jobs/{job.id}/cancel")).text_content()
        assert ("It has done nothing yet." in cancel) == (done == 0 and not stats)


async def test_an_ended_job_says_how_long_it_ran_without_the_time_between_its_attempts(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    begun = job.created_at
    trail = [
        (Event.CLAIM, Status.PENDING, Status.PROCESSING, 0),
        (Event.RELEASE, Status.PROCESSING, Status.PENDING, 20),
        (Event.CLAIM, Status.PENDING, Status.PROCESSING, 3600),
        (Event.COMPLETE, Status.PROCESSING, Status.COMPLETED, 3660),
    ]
    async with workshop.services.database.engine.begin() as connection:
        for event, source, to, second in trail:
            entry = {"job_id": job.id, "at": begun + timedelta(seconds=second), "event": event, "actor": "worker"}
            await connection.execute(insert(job_events).values(**entry, from_status=source, to_status=to, run=1))
    await workshop.put(job, Status.COMPLETED, completed_at=begun + timedelta(seconds=3660), started_at=begun)
    (facts,) = texts(shown(await ada.get(f"/jobs/{job.id}")), ".lead .facts")
    assert "ran 1 min 20 s in 2 attempts" in facts


async def test_who_may_retry_is_told_that_the_error_comes_again(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)

    async def warned(transient: bool) -> bool:
        entry = {"at": job.created_at.isoformat(), "message": "No.", "code": "E", "transient": transient}
        await workshop.put(job, Status.FAILED, error_log=[entry, entry])
        page = shown(await ada.get(f"/jobs/{job.id}"))
        newest, older = texts(page, ".errors .at")
        kind = "May pass by itself" if transient else "Comes again"
        assert texts(page, "#errors + p .kind") == [kind]
        assert kind in older
        assert kind not in newest, "it stands above"
        assert "transient" not in newest + older
        return "A retry fails again" in texts(page, ".lead")[0]

    assert await warned(transient=False)
    assert not await warned(transient=True)


async def test_errors_of_a_job_that_has_completed_are_no_failure(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    entry = {"at": job.created_at.isoformat(), "message": "Line 3 has no street.", "code": "row"}
    for status, said in ((Status.COMPLETED, True), (Status.FAILED, False)):
        await workshop.put(job, status, error_log=[entry])
        errors = texts(shown(await ada.get(f"/jobs/{job.id}")), "section:has(#errors)")
        assert ("The job has completed all the same." in errors[0]) == said


async def test_a_job_that_waits_says_that_its_type_is_paused(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    assert not shown(await ada.get(f"/jobs/{job.id}")).cssselect(".warning")
    await workshop.services.types.pause(job.type, caller=Caller.user(ada.user.id), reason="The map is <old>.")
    (said,) = texts(shown(await ada.get(f"/jobs/{job.id}")), ".warning p")
    assert said.startswith("Its type was paused ")
    assert "“The map is <old>.”" in said
    await workshop.services.types.resume(job.type, caller=Caller.user(ada.user.id))
