"""Queues, workers and health: who sees what, and pausing a type."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from app.auth.permissions import Role
from app.database.tables import jobs, queue_samples, workers
from app.jobs.model import Caller
from app.jobs.roster import WorkerProcess
from app.jobs.states import Status
from app.ui.chart import grid
from tests.ui.conftest import notice, shown, texts

pytestmark = pytest.mark.anyio


@pytest.fixture
async def clean(app):
    services = app.state.services
    async with services.database.engine.begin() as connection:
        for table in (jobs, workers, queue_samples):
            await connection.execute(delete(table))
    for name in await services.types.paused():
        await services.types._pauses.end(name, caller=Caller.system("test"))
    return services


def row(page, label: str):
    (found,) = [tr for tr in page.cssselect("section tr") if label in tr.text_content()]
    return found


def plain(element) -> str:
    return " ".join(element.text_content().split())


async def test_health_says_what_is_wrong_and_where_to_read_on(people, workshop, clean):
    job = await workshop.job()
    async with clean.database.engine.begin() as connection:
        long_ago = clean.clock.now(-timedelta(hours=1))
        await connection.execute(update(jobs).where(jobs.c.id == job.id).values(updated_at=long_ago))
    page = shown(await (await people.user(Role.VIEWER)).get("/queues"))
    assert texts(page, "#health") == ["Unhealthy"]
    assert [text.split(" What")[0] for text in texts(page, ".health li")] == [
        "No worker has sent a heartbeat for 12 s.",
        "The oldest due job has waited for 60 minutes; 15 are fine.",
    ]
    assert {link.get("href").partition("#")[2] for link in page.cssselect(".health a")} == {"a-job-stays-pending"}
    assert texts(page, ".figures div")[:3] == ["Due 1", "Pending in all 1", "Running 0"]
    assert texts(page, ".figures div")[4] == f"No step for {clean.settings.stuck_minutes} min 0"


async def test_charts_show_what_was_noted_and_where_nothing_was(people, clean):
    viewer = await people.user(Role.VIEWER)
    assert "Nothing is noted" in shown(await viewer.get("/queues")).cssselect("#chart-depth")[0].text_content()
    async with clean.database.engine.begin() as connection:
        (now,) = (await connection.exec_driver_sql("SELECT now()")).one()
        levels = {"due": 40, "pending": 50, "processing": 4, "paused": 1, "slots": 4, "oldest_seconds": 60.0}
        flows = {"created": 9, "completed": 6, "failed": 0, "cancelled": 0, "repeated": 0}
        times = grid(now, back=timedelta(hours=6), step=timedelta(minutes=1))
        rows = [{"at": at, **levels, **flows} for at in [*times[-300:-200], *times[-100:]]]
        await connection.execute(insert(queue_samples), rows)
    page = shown(await viewer.get("/queues?span=6h"))
    depth, rates = page.cssselect(".chart")
    assert texts(depth, ".legend li") == ["Due 40", "Running 4", "Paused 1", "Slots of all workers 4"]
    assert texts(rates, ".legend b") == ["9", "6", "0", "0"]
    (picture,) = depth.cssselect(".plot svg")
    assert picture.get("role") == "img"
    assert "Due: 40 at the end, 40 at most" in texts(picture, "desc")[0]
    line = picture.cssselect(".pending path")[0].get("d")
    assert line.count("M") == 2, "the time in which nothing was noted is a gap"
    table = [[cell.text for cell in tr.cssselect("td")] for tr in depth.cssselect("tbody tr")]
    assert set(map(tuple, table)) == {("40", "4", "1", "4")}
    assert shown(await viewer.get("/queues?span=7d")).cssselect(".spans [aria-current]")[0].text == "7d"
    assert shown(await viewer.get("/queues?span=nonsense")).cssselect(".spans [aria-current]")[0].text == "6h"


async def test_workers_are_shown_with_their_jobs_and_the_silent_ones_stand_out(people, workshop, clean):
    await clean.roster.seen(WorkerProcess("alive-1", "host-1", 1, 4))
    await clean.roster.seen(WorkerProcess("gone-2", "host-2", 2, 4))
    async with clean.database.engine.begin() as connection:
        await connection.execute(
            update(workers).where(workers.c.id == "gone-2").values(seen_at=clean.clock.now(-timedelta(minutes=3)))
        )
    job = await workshop.job()
    await clean.store.claim(job.id, job.run, worker_id="gone-2", lease=timedelta(minutes=5))
    page = shown(await (await people.user(Role.ADMIN)).get("/queues"))
    assert "Alive 0 of 4" in " ".join(row(page, "alive-1").text_content().split())
    gone = " ".join(row(page, "gone-2").text_content().split())
    assert "Silent 1 of 4" in gone
    assert "3 min ago" in gone
    assert f"{str(job.id)[:8]} lease for " in gone
    await workshop.put(job, Status.PENDING)
    idle = shown(await (await people.user(Role.ADMIN, "ada")).get("/queues"))
    assert "Silent, holds nothing 0 of 4" in plain(row(idle, "gone-2"))
    assert texts(idle, "#health") == ["Healthy"]
    assert texts(page, "#engine ~ dl dd")[0] == "bullmq-postgres"
    assert "answers in" in texts(page, "#engine ~ dl")[0]
    for role in (Role.OPERATOR, Role.VIEWER):
        page = shown(await (await people.user(role)).get("/queues"))
        assert not page.cssselect("#workers, #engine")


async def test_entries_that_are_active_while_no_job_runs_are_explained(people, workshop, clean):
    ada = await people.user(Role.ADMIN, "ada")
    said = "More entries are active than jobs run."
    assert said not in texts(shown(await ada.get("/queues")), "section:has(#engine)")[0]
    taken, over = asyncio.Event(), asyncio.Event()

    async def hold(_delivery):
        taken.set()
        await over.wait()

    await workshop.job()
    consumer = await clean.engine.consume(hold, concurrency=1, lease=timedelta(seconds=30))
    try:
        await asyncio.wait_for(taken.wait(), 20)
        assert said in texts(shown(await ada.get("/queues")), "section:has(#engine)")[0]
    finally:
        over.set()
        await consumer.stop()


async def test_a_silent_worker_that_holds_a_job_is_a_warning_to_everybody(people, workshop, clean):
    await clean.roster.seen(WorkerProcess("alive-1", "host-1", 1, 4))
    viewer = await people.user(Role.VIEWER)
    assert texts(shown(await viewer.get("/queues")), "#health") == ["Healthy"]
    assert not shown(await viewer.get("/jobs")).cssselect("#list .warning")
    job = await workshop.job()
    await clean.store.claim(job.id, job.run, worker_id="gone-2", lease=timedelta(minutes=5, seconds=30))
    page = shown(await viewer.get("/queues"))
    assert texts(page, "#health") == ["Healthy, but a worker is silent"]
    assert page.cssselect(".health.paused")
    (warning,) = page.cssselect(".health li")
    assert plain(warning) == (
        "1 worker is silent and holds 1 job. It is taken back when its lease ends, in 5 min. "
        "What to do about silent workers"
    )
    assert page.cssselect(".health a")[0].get("href").endswith("troubleshooting/#a-worker-is-silent")
    page = shown(await viewer.get("/jobs"))
    assert texts(page, "#list .warning p") == ["1 worker is silent and holds 1 job."]
    assert texts(page, "#list .warning a") == ["See Queues"]
    assert texts(page, f"#job-{job.id} .status") == ["Processing its worker is silent"]
    assert texts(shown(await viewer.get("/dock")), f"a[href$='{job.id}'] .more") == ["Its worker is silent"]
    other = await workshop.job()
    await clean.store.claim(other.id, other.run, worker_id="gone-2", lease=timedelta(minutes=1))
    async with clean.database.engine.begin() as connection:
        await connection.execute(update(jobs).values(lock_expires_at=clean.clock.now(-timedelta(seconds=1))))
        await connection.execute(delete(workers))
    page = shown(await viewer.get("/queues"))
    assert texts(page, "#health") == ["Unhealthy"]
    assert plain(page.cssselect(".health li")[1]).startswith(
        "1 worker is silent and holds 2 jobs. "
        "Their leases have ended: they are taken back as soon as a worker is alive."
    )


async def test_the_page_of_a_job_says_that_its_worker_is_silent_and_what_comes_of_it(people, workshop, clean):
    viewer = await people.user(Role.VIEWER)
    job = await workshop.job()
    await clean.store.claim(job.id, job.run, worker_id="worker-9", lease=timedelta(minutes=5, seconds=30))
    await clean.roster.seen(WorkerProcess("worker-9", "host-9", 9, 1))
    page = shown(await viewer.get(f"/jobs/{job.id}"))
    facts = " ".join(texts(page, ".lead .facts"))
    assert "Worker worker-9 Last heartbeat 0 s ago Lease for 5 min" in facts
    assert not page.cssselect(".warning")

    async def said(**values) -> str:
        async with clean.database.engine.begin() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))
        (warning,) = shown(await viewer.get(f"/jobs/{job.id}")).cssselect(".warning p")
        return plain(warning)

    async with clean.database.engine.begin() as connection:
        await connection.execute(update(workers).values(seen_at=clean.clock.now(-timedelta(minutes=3))))
    assert await said(max_retries=3) == (
        "Its worker is silent. Its lease ends in 5 min; then the job is taken back, and another worker goes on from "
        "its last checkpoint; 2 retries are left then. That takes a worker that is alive, and there is none."
    )
    ada = await people.user(Role.ADMIN)
    (warning,) = shown(await ada.get(f"/jobs/{job.id}")).cssselect(".warning p")
    assert plain(warning).endswith("If it cannot wait so long: Force fail, then Retry.")
    await clean.roster.seen(WorkerProcess("alive-1", "host-1", 1, 4))
    assert (await said(max_retries=0)).endswith("then the job fails: no attempt is left.")
    assert (await said(max_retries=1, control_request="cancel")).endswith("is taken back, and is cancelled.")


async def test_an_operator_pauses_a_type_and_the_second_one_is_told_who_was_first(people, workshop, clean):
    await workshop.job()
    grace, ada = await people.user(Role.OPERATOR, "grace"), await people.user(Role.ADMIN, "ada")
    page = shown(await grace.get("/queues"))
    (link,) = row(page, "Geocode households").cssselect("a.button")
    asked = shown(await grace.client.get(link.get("href")))
    assert texts(asked, "h1") == ["Pause Geocode households?"]
    assert "1 job waits now, and stays pending." in texts(asked, "li")[2]
    answer = await grace.post("/job-types/geocode_households/pause", reason="The data is <wrong>.")
    assert answer.headers["location"] == "/ui/queues"
    page = shown(await grace.get("/queues"))
    assert notice(page) == "Geocode households is paused: none of its jobs is started any more."
    assert "Paused" in row(page, "Geocode households").text_content()
    assert "ago by grace: “The data is <wrong>.”" in " ".join(row(page, "Geocode households").text_content().split())

    await ada.post("/job-types/geocode_households/pause", reason="Me too.")
    said = notice(shown(await ada.get("/queues")))
    assert said.startswith("grace has paused Geocode households ")
    assert said.endswith(" ago: “The data is <wrong>.”. Nothing was changed.")

    (undo,) = [form.get("action") for form in page.cssselect(".notice form")]
    assert (await grace.client.post(undo, data={"token": await grace.token()})).status_code == 303
    page = shown(await grace.get("/queues"))
    assert notice(page) == "Geocode households is resumed: what has waited starts in its order."
    assert await clean.types.paused() == {}


async def test_who_may_not_pause_sees_why_and_cannot(people, clean):
    viewer = await people.user(Role.VIEWER)
    buttons = row(shown(await viewer.get("/queues")), "Parse a play").cssselect("button")
    assert [button.get("title") for button in buttons] == ["Your role, viewer, may not do this."]
    for answer in (
        await viewer.get("/job-types/parse_play/pause"),
        await viewer.post("/job-types/parse_play/pause"),
        await viewer.post("/job-types/parse_play/resume"),
    ):
        shown(answer, 403)
    shown(await (await people.user(Role.ADMIN)).get("/job-types/no_such/pause"), 422)
