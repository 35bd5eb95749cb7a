"""Schedules: what is shown of them, and everything that people do to them."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from app.auth.permissions import Role
from app.database.tables import jobs, schedules
from app.jobs.listing import JobFilter
from app.jobs.model import Caller
from app.jobs.states import Status
from tests.ui.conftest import notice, shown, texts

pytestmark = pytest.mark.anyio

NIGHTLY = {
    "name": "nightly", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "interval_seconds": "", "priority": "60",
    "catch_up": "once", "data.mode": "dynamic", "data.filters.state": "OH", "type": "geocode_households",
}  # fmt: skip


@pytest.fixture
async def clean(app):
    services = app.state.services
    async with services.database.engine.begin() as connection:
        await connection.execute(delete(jobs))
        await connection.execute(delete(schedules))
    return services


@pytest.fixture
def made(clean):
    """Make a schedule behind the page's back."""

    async def make(owner=None, **values):
        values = {"name": "hourly", "type": "geocode_households", "interval_seconds": 3600, **values}
        caller = Caller.user(owner.id) if owner else Caller.system("test")
        created_by = owner.id if owner else None
        return await clean.schedules.create(data={"mode": "dynamic"}, caller=caller, created_by=created_by, **values)

    return make


def fields(page) -> dict[str, str]:
    """What the form of a page holds, as a browser would send it; without its token."""
    found = {}
    for field in page.cssselect("main form.form [name]"):
        value = field.value if field.tag in {"textarea", "select"} else field.get("value", "")
        if field.get("type") != "checkbox" or field.get("checked") is not None:
            found[field.get("name")] = value or ""
    del found["token"]
    return found


async def test_a_schedule_is_created_from_a_form_and_shown_with_its_next_ticks(people, clean):
    grace = await people.user(Role.OPERATOR, "grace")
    assert texts(shown(await grace.get("/schedules")), ".empty h2") == ["No schedules yet"]
    assert "Geocode households" in texts(shown(await grace.get("/schedules/new")), ".choices b")
    form = shown(await grace.get("/schedules/new?type=geocoding"))
    assert fields(form)["type"] == "geocode_households"
    answer = await grace.post("/schedules/new", **{**fields(form), **NIGHTLY})
    assert answer.headers["location"] == "/ui/schedules"
    page = shown(await grace.get("/schedules"))
    assert notice(page) == "The schedule nightly is created: 30 2 * * * · Europe/Berlin."
    (card,) = page.cssselect(".schedule")
    assert texts(card, "h2") == ["nightly"]
    assert "Geocode households · 30 2 * * * · Europe/Berlin" in texts(card, ".what p")
    (schedule,) = await clean.schedules.all()
    assert [time.get("datetime") for time in card.cssselect(".ticks time")] == [
        f"{tick:%Y-%m-%dT%H:%M:%S}.000Z" for tick in schedule.upcoming(3)
    ]
    assert (schedule.created_by, schedule.priority, schedule.catch_up) == (grace.user.id, 60, "once")
    assert schedule.data["filters"]["state"] == "OH"


@pytest.mark.parametrize(
    ("wrong", "field", "fault"),
    [
        ({"cron": "every night"}, "cron", "String should match pattern"),
        ({"cron": "0 0 31 2 *"}, "cron", "is no cron expression"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "is no time zone"),
        ({"cron": ""}, "cron", "give either"),
        ({"interval_seconds": "60"}, "cron", "give either"),
        ({"interval_seconds": "soon"}, "interval_seconds", "no whole number"),
        ({"name": "Not A Name"}, "name", "String should match pattern"),
        ({"priority": "500"}, "priority", "less than or equal to 100"),
        ({"data.limit": "many"}, "data.limit", "no whole number"),
        ({"data.mode": "sometimes"}, "data.mode", "'static' or 'dynamic'"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(people, clean, wrong, field, fault):
    ada = await people.user(Role.ADMIN, "ada")
    page = shown(await ada.post("/schedules/new", **{**NIGHTLY, **wrong}), 422)
    (said,) = page.xpath(f"//*[@id='{field}-fault']")
    assert fault in said.text_content()
    assert fields(page)["name"] == {**NIGHTLY, **wrong}["name"]
    assert await clean.schedules.all() == []


async def test_a_schedule_is_changed_and_who_comes_second_is_told(people, clean, made):
    ada = await people.user(Role.ADMIN, "ada")
    schedule = await made(ada.user)
    form = fields(shown(await ada.get(f"/schedules/{schedule.id}")))
    assert (form["name"], form["interval_seconds"], form["cron"]) == ("hourly", "3600", "")
    answer = await ada.post(f"/schedules/{schedule.id}", **{**form, "priority": "70", "name": "nightly"})
    assert answer.headers["location"] == "/ui/schedules"
    # The second has opened the form before that.
    later = await ada.post(f"/schedules/{schedule.id}", **{**form, "cron": "0 4 * * *", "interval_seconds": ""})
    page = shown(later, 409)
    (said,) = texts(page, ".fault")
    assert "Somebody has changed the schedule since you opened this form. Nothing was saved." in said
    assert "name is “nightly”" in said
    assert "priority is “70”" in said
    assert (await clean.schedules.get(schedule.id)).cron is None
    again = fields(page)
    assert again["cron"] == "0 4 * * *", "what was entered is kept"
    await ada.post(f"/schedules/{schedule.id}", **again)
    now = await clean.schedules.get(schedule.id)
    assert (now.name, now.cron, now.interval_seconds) == ("hourly", "0 4 * * *", None)


async def test_a_schedule_is_disabled_enabled_and_run(people, clean, made):
    ada = await people.user(Role.ADMIN, "ada")
    schedule = await made(ada.user)
    await ada.post(f"/schedules/{schedule.id}/disable")
    page = shown(await ada.get("/schedules"))
    assert notice(page) == "hourly is disabled."
    assert texts(page, ".schedule .badge") == ["Disabled"]
    assert texts(page, ".ticks p") == ["Not while it is disabled."]
    assert [form.get("action") for form in page.cssselect(".notice form")] == [f"/ui/schedules/{schedule.id}/enable"]
    await ada.post(f"/schedules/{schedule.id}/run")
    page = shown(await ada.get("/schedules"))
    assert notice(page) == "hourly has created a job."
    (job,) = (await clean.jobs.page(JobFilter(schedule_id=schedule.id), limit=5)).items
    assert page.cssselect(".notice a")[0].get("href") == f"/ui/jobs/{job.id}"
    assert job.status is Status.PENDING
    await ada.post(f"/schedules/{schedule.id}/enable")
    assert notice(shown(await ada.get("/schedules"))) == "hourly is enabled."
    await ada.post(f"/schedules/{schedule.id}/enable")
    assert notice(shown(await ada.get("/schedules"))) == "hourly is enabled already. Nothing was changed."


async def test_a_schedule_is_deleted_after_a_confirmation_and_its_jobs_stay(people, clean, made):
    ada = await people.user(Role.ADMIN, "ada")
    schedule = await made(ada.user)
    job = await clean.schedules.run(schedule.id, caller=Caller.system("test"))
    asked = shown(await ada.get(f"/schedules/{schedule.id}/delete"))
    assert texts(asked, "h1") == ["Delete hourly?"]
    assert "1 job that it has created stays; they no longer say where they come from." in texts(asked, "li")
    await ada.post(f"/schedules/{schedule.id}/delete")
    assert notice(shown(await ada.get("/schedules"))) == "The schedule hourly is deleted. Its jobs stay."
    assert (await clean.jobs.get(job.id)).schedule_id is None
    shown(await ada.post(f"/schedules/{schedule.id}/delete"), 404)


async def test_who_may_not_sees_why_and_cannot(people, clean, made):
    schedule = await made((await people.user(Role.ADMIN, "ada")).user)
    for role, reason in (
        (Role.VIEWER, "Your role, viewer, may not do this."),
        (Role.OPERATOR, "Somebody else created this schedule, and your role reaches own schedules only."),
    ):
        person = await people.user(role)
        page = shown(await person.get("/schedules"))
        assert {button.get("title") for button in page.cssselect(".schedule button")} == {reason}
        assert page.cssselect(".schedule button:not([aria-disabled])") == []
        for action in ("enable", "disable", "run", "delete"):
            shown(await person.post(f"/schedules/{schedule.id}/{action}"), 403)
        shown(await person.get(f"/schedules/{schedule.id}"), 403)
    shown(await (await people.user(Role.VIEWER)).get("/schedules/new"), 403)
    assert await clean.schedules.get(schedule.id) == schedule


async def test_what_a_schedule_met_at_its_tick_is_shown(people, clean, made):
    schedule = await made(None)
    async with clean.database.engine.begin() as connection:
        values = {"last_error": "There is no <file>.", "enabled": False, "next_at": None}
        await connection.execute(schedules.update().values(**values, updated_at=clean.clock.now(timedelta(seconds=1))))
    page = shown(await (await people.user(Role.VIEWER)).get("/schedules"))
    assert texts(page, ".schedule .fault") == ["There is no <file>."]
    assert "Created by service" in texts(page, ".facts")[0]
    assert schedule.name in texts(page, "h2")[0]
