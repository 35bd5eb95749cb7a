"""Hostile content is shown as text, and cannot end a header or leave its folder."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.auth.permissions import Role
from app.database.tables import jobs, schedules
from app.jobs.context import Step
from app.jobs.model import Caller
from app.jobs.roster import WorkerProcess
from app.jobs.states import Event, Status
from app.ui.job_row import ERROR_CHARACTERS
from tests.ui.conftest import shown

pytestmark = pytest.mark.anyio

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\"'><img src=x onerror=alert(2)>"
BREAK = "a\r\nSet-Cookie: b=c"
TEMPLATE = "{{ 7 * 7 }}{% raw %}"
HOSTILE = [SCRIPT, ATTRIBUTE, BREAK, TEMPLATE, "javascript:alert(3)", "\u202eevil", "</pre></section>", "&lt;b&gt;"]


async def hostile_job(people, workshop):
    """A job that holds it in every place that somebody else can write."""
    evil = await people.user(Role.OPERATOR, ATTRIBUTE + SCRIPT)
    job = await workshop.job(evil.user)
    store = workshop.services.store
    held = await store.claim(job.id, job.run, worker_id=f"worker{SCRIPT}", lease=timedelta(minutes=5))
    entry = {"message": " ".join(HOSTILE), "code": SCRIPT, "line": ATTRIBUTE, SCRIPT: {"a": SCRIPT}, "class": TEMPLATE}
    step = Step(stats={SCRIPT: ATTRIBUTE}, details={SCRIPT: HOSTILE}, errors=[entry])
    async with workshop.services.database.engine.begin() as connection:
        await store.record(connection, held.lease, SCRIPT, step, extend=timedelta(minutes=5))
    await store.settle(held.lease, Event.FAIL, error=entry, reason=" ".join(HOSTILE))
    async with workshop.services.database.engine.begin() as connection:
        values = {"type": SCRIPT, "data": {SCRIPT: HOSTILE, "n": [ATTRIBUTE]}, "pause_reason": SCRIPT}
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
    folder = workshop.services.settings.data_dir.absolute() / "checkpoints" / str(job.id)
    folder.mkdir(parents=True)
    for name in ("..json", "stage-..%2f..%2fetc%2fpasswd.json", "<img src=x onerror=alert(4)>.json"):
        (folder / name).write_text("{}")
    return await workshop.services.jobs.get(job.id)


def harmless(page) -> None:
    """Nothing on the page but our own scripts, images and handlers."""
    for script in page.cssselect("script"):
        assert script.get("src", "").startswith("/ui/assets/")
        assert not script.text
    for image in page.cssselect("img"):
        assert image.get("src").startswith("/ui/assets/")
    for element in page.iter():
        for name, value in element.items():
            assert not name.startswith("on"), name
            assert not value.strip().lower().startswith("javascript:") or name in {"value"}, (name, value)


async def test_hostile_content_is_shown_as_text_on_every_page(people, workshop):
    job = await hostile_job(people, workshop)
    admin = await people.user(Role.ADMIN)
    query = {"text": SCRIPT, "creator": ""}
    for path, options in (
        ("/jobs", {}),
        ("/jobs", {"params": query}),
        (f"/jobs/{job.id}", {}),
        (f"/jobs/{job.id}/delete", {}),
        (f"/jobs/{job.id}/cancel", {}),
        ("/dock", {}),
        ("/failures", {}),
    ):
        page = shown(await admin.get(path, **options))
        harmless(page)
    row = shown(await admin.get("/jobs")).cssselect(f"#job-{job.id} .why")[0].text_content()
    assert row.startswith(SCRIPT), "the list says why a job failed"
    assert len(row) <= ERROR_CHARACTERS
    page = shown(await admin.get(f"/jobs/{job.id}"))
    for text in (SCRIPT, ATTRIBUTE, TEMPLATE, "&lt;b&gt;"):
        assert text in page.text_content()
    assert json.loads(page.cssselect("pre[aria-label=Payload]")[0].text_content()) == job.data
    await workshop.put(job, Status.PENDING)
    await admin.post(f"/jobs/{job.id}/pause", reason=" ".join(HOSTILE))
    page = shown(await admin.get(f"/jobs/{job.id}"))
    harmless(page)
    assert SCRIPT in page.text_content()


async def test_hostile_reasons_workers_and_errors_of_schedules_are_shown_as_text(people, workshop):
    services, admin = workshop.services, await people.user(Role.ADMIN)
    worker = f"worker{SCRIPT}{ATTRIBUTE}"
    await services.roster.seen(WorkerProcess(worker, SCRIPT, 1, 4))
    job = await workshop.job(admin.user)
    await services.store.claim(job.id, job.run, worker_id=worker, lease=timedelta(minutes=5))
    await admin.post("/job-types/parse_play/pause", reason=" ".join(HOSTILE))
    caller = Caller.user(admin.user.id)
    await services.schedules.create(
        name="s", type="geocoding", data={}, caller=caller, created_by=admin.user.id, interval_seconds=60
    )
    async with services.database.engine.begin() as connection:
        await connection.execute(update(schedules).values(last_error=" ".join(HOSTILE)))
    for path in ("/queues", "/schedules"):
        page = shown(await admin.get(path))
        harmless(page)
        assert SCRIPT in page.text_content()
    await services.types.resume("parse_play", caller=caller)


async def test_hostile_addresses_end_nowhere(people, workshop):
    admin = await people.user(Role.ADMIN)
    job = await workshop.job(admin.user)
    for path in (
        "/jobs/<script>",
        "/jobs/..%2f..%2fetc%2fpasswd",
        f"/jobs/{job.id}/%0d%0aSet-Cookie:%20a=b",
        f"/jobs/{job.id}/..%2fdelete",
        f"/jobs/{job.id}/payload.json%0d%0a",
        "/jobs?status=<script>",
        "/jobs?type=a%0d%0ab",
        "/jobs?after=../../x",
        "/jobs/new?type=<script>",
        "/jobs/new?like=<script>",
        "/failures?type=<script>",
        "/job-types/<script>/pause",
        "/schedules/<script>",
        "/schedules/new?type=<script>",
    ):
        answer = await admin.get(path)
        assert answer.status_code in {404, 422}, path
        assert "set-cookie" not in answer.headers
        if answer.headers["content-type"] != "application/problem+json":
            harmless(shown(answer, answer.status_code))


async def test_the_payload_is_downloaded_as_a_file_under_a_name_of_ours(people, workshop):
    job = await hostile_job(people, workshop)
    answer = await (await people.user(Role.ADMIN)).get(f"/jobs/{job.id}/payload.json")
    assert answer.headers["content-disposition"] == f'attachment; filename="payload-{job.id}.json"'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == job.data


async def test_a_huge_payload_is_cut_on_the_page_and_whole_in_the_download(people, workshop):
    admin = await people.user(Role.ADMIN)
    job = await workshop.job(admin.user)
    data = {"text": "x" * 500_000}
    async with workshop.services.database.engine.begin() as connection:
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(data=data))
    answer = await admin.get(f"/jobs/{job.id}")
    assert len(answer.content) < 100_000
    assert "… cut here" in answer.text
    assert "500.0 KB" in answer.text
    assert (await admin.get(f"/jobs/{job.id}/payload.json")).json() == data
