"""Failures in groups, and retrying a group with a counted confirmation."""

import re
from datetime import timedelta

import pytest

from app.auth.permissions import Role
from app.jobs.listing import JobFilter
from app.jobs.states import Event, Status
from tests.ui.conftest import notice, shown, texts

pytestmark = pytest.mark.anyio

ROOM = "The checkpoint {}/select.json could not be stored."


@pytest.fixture
async def failed(app, workshop, people):
    """Three jobs that failed alike, and one that failed otherwise."""
    async with app.state.services.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM jobs")
    owner = (await people.user(Role.OPERATOR, "grace")).user
    store, made = app.state.services.store, []
    for number in range(4):
        job = await workshop.job(owner)
        claimed = await store.claim(job.id, job.run, worker_id="w", lease=timedelta(minutes=1))
        error = {"message": ROOM.format(number), "code": "service.storage_unavailable", "transient": True}
        if number == 3:
            error = {"message": "<b>odd</b> & 'quoted'", "code": "ValueError", "transient": False}
        made.append(await store.settle(claimed.lease, Event.FAIL, error=error))
    return made


async def test_groups_are_shown_with_what_they_are_and_where_to_read_on(people, failed):
    page = shown(await (await people.user(Role.VIEWER)).get("/failures"))
    assert texts(page, ".fields b") == ["4 failed jobs"]
    odd, room = page.cssselect(".failure")
    assert texts(room, "h2") == ["The checkpoint 2/select.json could not be stored."]
    assert texts(room, "details p") == ["The checkpoint …/select.json could not be stored."]
    assert texts(room, ".number") == ["3 jobs"]
    assert texts(room, ".kind") == ["May pass by itself"]
    links = {link.text_content(): link.get("href") for link in room.cssselect("a")}
    assert links[str(failed[2].id)[:8]] == f"/ui/jobs/{failed[2].id}"
    assert links["Show them"] == f"/ui/jobs?fingerprint={failed[0].fingerprint}"
    assert links["About this problem"].endswith("/reference/problems/#problem-service-storage_unavailable")
    assert links["What to do"].endswith("/admin/jobs/troubleshooting/#all-attempts-are-used-up")
    assert texts(odd, "h2") == ["<b>odd</b> & 'quoted'"]
    assert "About this problem" not in texts(odd, "a")


async def test_a_group_is_filtered_by_type_and_by_its_link(people, failed):
    viewer = await people.user(Role.VIEWER)
    assert len(shown(await viewer.get("/failures?type=geocoding")).cssselect(".failure")) == 2
    assert texts(shown(await viewer.get("/failures?type=import_voters")), ".empty h2") == ["No failed jobs"]
    shown(await viewer.get("/failures?type=unknown"), 422)
    listed = shown(await viewer.get(f"/jobs?fingerprint={failed[0].fingerprint}"))
    assert len(listed.cssselect(".jobs tbody tr")) == 3


async def test_a_group_is_retried_as_a_whole_after_a_counted_confirmation(app, people, failed):
    ada = await people.user(Role.ADMIN, "ada")
    form = shown(await ada.get("/failures")).cssselect(".failure form")[1]
    fields = {field.get("name"): field.get("value") for field in form.cssselect("input")} | {"action": "retry"}
    del fields["token"]
    asked = shown(await ada.post("/jobs/bulk", **fields))
    assert texts(asked, "h1") == ["Retry 3 jobs?"]
    assert texts(asked, ".crumbs a") == ["Failures"]
    confirmed = {f.get("name"): f.get("value") for f in asked.cssselect("form.confirm input[type=hidden]")}
    del confirmed["token"]
    answer = await ada.post("/jobs/bulk/confirmed", **confirmed, reason="room again")
    assert answer.headers["location"] == "/ui/failures"
    page = shown(await ada.get("/failures"))
    assert notice(page) == "Retried 3 jobs."
    assert len(page.cssselect(".failure")) == 1
    for job in failed[:3]:
        assert (await app.state.services.jobs.get(job.id)).status is Status.PENDING
        assert (await app.state.services.jobs.events(job.id))[-1].reason == "room again"


async def test_who_retries_is_warned_of_errors_that_come_again(people, failed):
    ada = await people.user(Role.ADMIN, "ada")
    asked = shown(await ada.post("/jobs/bulk", which="all", query="status=failed", action="retry"))
    assert texts(asked, ".warning p") == [
        "1 job fails again unless the cause is mended: the error is one that no retry passes."
    ]
    assert [text.partition(" An error")[0] for text in texts(asked, "h2 + ul li")] == [
        "3 jobs: May pass by itself",
        "1 job: Comes again",
    ]
    odd = str(failed[3].id)
    (warning,) = texts(shown(await ada.post("/jobs/bulk", id=odd, action="retry")), ".warning b")
    assert warning == "It fails again"
    room = shown(await ada.post("/jobs/bulk", id=str(failed[0].id), action="retry"))
    assert not room.cssselect(".warning")
    deleted = shown(await ada.post("/jobs/bulk", id=odd, action="delete"))
    assert not deleted.cssselect(".warning, h2 + ul")
    # The audit trails go with the jobs.
    assert texts(deleted, ".field .hint") == ["Optional; kept in the log."]
    assert texts(shown(await ada.get(f"/jobs/{odd}")), "#errors + p .kind") == ["Comes again"]


async def test_a_group_is_deleted_as_a_whole_after_a_counted_confirmation(app, people, failed):
    ada = await people.user(Role.ADMIN, "ada")
    form = shown(await ada.get("/failures")).cssselect(".failure form")[1]
    assert texts(form, "button[value=delete]") == ["Delete 3 jobs…"]
    fields = {field.get("name"): field.get("value") for field in form.cssselect("input")} | {"action": "delete"}
    del fields["token"]
    asked = shown(await ada.post("/jobs/bulk", **fields))
    assert texts(asked, "h1") == ["Delete 3 jobs?"]
    assert texts(asked, ".confirm > p")[0] == ROOM.format(2), "the error of the group"
    assert texts(asked, ".found dt")[0] == "Jobs of this group"
    confirmed = {f.get("name"): f.get("value") for f in asked.cssselect("form.confirm input[type=hidden]")}
    del confirmed["token"]
    answer = await ada.post("/jobs/bulk/confirmed", **confirmed)
    assert answer.headers["location"] == "/ui/failures"
    page = shown(await ada.get("/failures"))
    assert notice(page) == "Deleted 3 jobs."
    assert len(page.cssselect(".failure")) == 1
    left = await app.state.services.jobs.page(JobFilter(), limit=10)
    assert [job.id for job in left.items] == [failed[3].id]


async def test_who_may_not_retry_sees_why(people, failed):
    page = shown(await (await people.user(Role.VIEWER)).get("/failures"))
    (button, *_) = page.cssselect(".failure button")
    assert (button.get("aria-disabled"), button.get("type")) == ("true", "button")
    assert button.get("title") == "Your role, viewer, may not do this."
    assert re.search("Retrying is off.", page.text_content())
    operator = shown(await (await people.user(Role.OPERATOR)).get("/failures"))
    (button, *_) = operator.cssselect(".failure button[value=delete]")
    assert (button.get("aria-disabled"), button.get("type")) == ("true", "button")
    assert button.get("title") == "Your role, operator, may not do this."


async def test_the_page_of_a_form_is_one_that_is_known(people, failed):
    ada = await people.user(Role.ADMIN, "ada")
    asked = shown(
        await ada.post("/jobs/bulk", which="all", query="status=failed", action="retry", origin="//evil.example")
    )
    assert [link.get("href") for link in asked.cssselect(".crumbs a")] == ["/ui/jobs?status=failed"]
