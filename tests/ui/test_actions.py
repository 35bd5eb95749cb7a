"""Actions on one job and on many: what is asked before, what is said afterwards, and two people at once."""

from datetime import timedelta

import pytest

from app.auth.permissions import Role
from app.jobs.model import Caller
from app.jobs.states import Event, Status
from app.ui.actions import state_of
from app.webhooks.store import WebhookStore
from tests.ui.conftest import notice, shown, texts

pytestmark = pytest.mark.anyio


async def test_an_action_says_what_has_happened_once_and_can_be_undone(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    answer = await ada.post(f"/jobs/{job.id}/pause", reason="the provider is slow")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/ui/jobs/{job.id}")
    page = shown(await ada.get(f"/jobs/{job.id}"))
    assert notice(page) == "The job is paused."
    assert "Paused because: the provider is slow" in page.text_content()
    (undo,) = page.cssselect(".notice form")
    assert texts(page, ".notice button") == ["Undo: resume"]
    assert (await ada.client.post(undo.get("action"), data={"token": await ada.token()})).status_code == 303
    assert (await workshop.services.jobs.get(job.id)).status is Status.PENDING
    page = shown(await ada.get(f"/jobs/{job.id}"))
    assert notice(page) == "The job is resumed: it waits for a worker."
    assert texts(shown(await ada.get(f"/jobs/{job.id}")), ".notice p") == [], "it is said once"


async def test_a_running_job_is_asked_and_the_page_says_so(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.put(await workshop.job(ada.user), Status.PROCESSING)
    await ada.post(f"/jobs/{job.id}/pause")
    page = shown(await ada.get(f"/jobs/{job.id}"))
    assert notice(page) == "The job is asked to pause; it stops at its next boundary."
    assert texts(page, "h1 + .badge") == ["Pausing"]
    assert texts(page, ".trail li")[0].startswith("ada asked the job to pause")


async def test_what_is_destructive_says_first_what_is_lost(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    job = await workshop.put(job, Status.PROCESSING, processed_items=1200, total_items=5000, has_dependents=True)
    await workshop.services.checkpoints.save(job.id, "select", {"households": list(range(100))}, final=True)
    for action, expected in (
        (
            "cancel",
            ["1,200 of 5,000 items", "It stops at its next boundary", "Jobs that wait", "can be retried"],
        ),
        ("force-fail", ["It ends at once", "The step that the worker is in is lost", "1,200 of 5,000 items"]),
        ("delete", ["1 checkpoint, ", "It runs: it is taken from its worker", "Nothing brings the job back."]),
    ):
        page = shown(await ada.get(f"/jobs/{job.id}/{action}"))
        said = " ".join(texts(page, ".confirm li"))
        assert all(part in said for part in expected), (action, said)
        answer = await ada.post(f"/jobs/{job.id}/{action}")
        assert shown(answer).cssselect(".confirm button"), "sent without having been asked, it asks"
        assert await workshop.services.jobs.get(job.id) == job
    seen = page.cssselect("[name=seen]")[0].get("value")
    answer = await ada.post(f"/jobs/{job.id}/delete", seen=seen)
    assert answer.headers["location"] == "/ui/jobs"
    assert notice(shown(await ada.get("/jobs"))) == f"The job {job.id} is deleted."
    assert shown(await ada.get(f"/jobs/{job.id}"), 404).cssselect("h1")[0].text == "There is no such job"


async def test_the_second_of_two_people_is_told_what_happened_meanwhile(people, workshop):
    ada, grace = await people.user(Role.ADMIN, "ada"), await people.user(Role.ADMIN, "grace")
    job = await workshop.job(grace.user)
    assert "Pause" in texts(shown(await ada.get(f"/jobs/{job.id}")), ".actions button")
    await grace.post(f"/jobs/{job.id}/cancel", seen=state_of(job), reason="wrong file")
    before = await workshop.services.jobs.get(job.id)
    assert (await ada.post(f"/jobs/{job.id}/pause")).status_code == 303
    page = shown(await ada.get(f"/jobs/{job.id}"))
    said = notice(page)
    assert said.startswith("Nothing was done: the job is cancelled now. grace cancelled the job ")
    assert said.endswith(" ago: “wrong file”.")
    assert page.cssselect(".notice")[0].get("role") == "alert"
    assert await workshop.services.jobs.get(job.id) == before


async def test_a_confirmation_does_not_hold_for_a_job_that_has_changed(people, workshop):
    ada, grace = await people.user(Role.ADMIN, "ada"), await people.user(Role.ADMIN, "grace")
    job = await workshop.put(await workshop.job(grace.user), Status.FAILED)
    page = shown(await ada.get(f"/jobs/{job.id}/delete"))
    seen = page.cssselect("[name=seen]")[0].get("value")
    await grace.post(f"/jobs/{job.id}/retry")
    page = shown(await ada.post(f"/jobs/{job.id}/delete", seen=seen), 409)
    (fault,) = texts(page, ".fault")
    assert fault.startswith("The job has changed since you looked: the job is pending now. grace retried the job ")
    assert fault.endswith("Nothing was done.")
    assert (await workshop.services.jobs.get(job.id)).status is Status.PENDING
    seen = page.cssselect("[name=seen]")[0].get("value")
    assert (await ada.post(f"/jobs/{job.id}/delete", seen=seen)).status_code == 303


async def test_many_jobs_are_counted_before_and_reported_afterwards(people, workshop):
    grace, ada = await people.user(Role.OPERATOR, "bulk-grace"), await people.user(Role.ADMIN, "ada")
    own = [await workshop.job(grace.user, data={"mode": "static", "filters": {"city": "Bulkville"}}) for _ in range(3)]
    others = await workshop.job(ada.user, data={"mode": "static", "filters": {"city": "Bulkville"}})
    done = await workshop.put(
        await workshop.job(grace.user, data={"mode": "static", "filters": {"city": "Bulkville"}}), Status.COMPLETED
    )
    page = shown(await grace.post("/jobs/bulk", action="cancel", which="all", query="text=bulkville"))
    assert texts(page, "h1") == ["Cancel 3 jobs?"]
    assert texts(page, ".found > div") == [
        "Jobs that match the filter 5 4 pending 1 completed",
        "Cancel 3",
        "Skipped: their status does not allow it 1",
        "Skipped: others created them 1",
    ]
    fields = {field.get("name"): field.get("value") for field in page.cssselect(".confirm input[type=hidden]")}
    late = await workshop.job(grace.user, data={"mode": "static", "filters": {"city": "Bulkville"}})
    again = shown(await grace.client.post("/ui/jobs/bulk/confirmed", data=fields), 409)
    assert texts(again, ".fault")[0].startswith("The jobs have changed since you looked. Nothing was done;")
    assert texts(again, "h1") == ["Cancel 4 jobs?"]
    assert (await workshop.services.jobs.get(own[0].id)).status is Status.PENDING
    fields = {field.get("name"): field.get("value") for field in again.cssselect(".confirm input[type=hidden]")}
    answer = await grace.client.post("/ui/jobs/bulk/confirmed", data={**fields, "reason": "a wrong import"})
    assert answer.headers["location"] == "/ui/jobs?text=bulkville"
    page = shown(await grace.client.get(answer.headers["location"]))
    assert notice(page) == "Cancelled 4 jobs. Those that run stop at their next boundary. 2 jobs left as they were."
    assert texts(page, ".notice button") == ["Retry these 4…"]
    for job in [*own, late]:
        last = (await workshop.services.reader.events(job.id))[-1]
        assert (last.event, last.actor_id, last.reason) == (Event.CANCEL, str(grace.user.id), "a wrong import")
    for job in (others, done):
        assert await workshop.services.jobs.get(job.id) == job


async def test_what_was_done_to_many_can_be_taken_back_for_these(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    jobs = [await workshop.job(ada.user) for _ in range(2)]
    asked = shown(
        await ada.post("/jobs/bulk", action="pause", query="status=pending", id=[str(job.id) for job in jobs])
    )
    await ada.client.post("/ui/jobs/bulk/confirmed", data=sent(asked.cssselect(".confirm")[0]))
    page = shown(await ada.get("/jobs"))
    assert notice(page).startswith("Paused 2 jobs.")
    (undo,) = page.cssselect(".notice form")
    assert texts(undo, "button") == ["Resume these 2…"]
    again = shown(await ada.client.post(undo.get("action"), data=sent(undo)))
    assert texts(again, "h1") == ["Resume 2 jobs?"]
    assert [link.get("href") for link in again.cssselect(".crumbs a")] == ["/ui/jobs?status=pending"]
    await ada.client.post("/ui/jobs/bulk/confirmed", data=sent(again.cssselect(".confirm")[0]))
    assert {(await workshop.services.jobs.get(job.id)).status for job in jobs} == {Status.PENDING}
    assert texts(shown(await ada.get("/jobs")), ".notice button") == ["Pause these 2…"]


def sent(form) -> dict[str, list[str]]:
    """What the hidden fields of a form send."""
    fields: dict[str, list[str]] = {}
    for field in form.cssselect("input[type=hidden]"):
        fields.setdefault(field.get("name"), []).append(field.get("value"))
    return fields


async def test_selected_jobs_are_those_and_no_others(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    chosen = [await workshop.put(await workshop.job(ada.user), Status.FAILED) for _ in range(2)]
    other = await workshop.put(await workshop.job(ada.user), Status.FAILED)
    page = shown(await ada.post("/jobs/bulk", action="retry", which="selected", id=[str(job.id) for job in chosen]))
    assert texts(page, "h1") == ["Retry 2 jobs?"]
    form = page.cssselect(".confirm")[0]
    fields = [(field.get("name"), field.get("value")) for field in form.cssselect("input[type=hidden]")]
    data = {name: [value for key, value in fields if key == name] for name, _ in fields}
    await ada.client.post("/ui/jobs/bulk/confirmed", data=data)
    assert {(await workshop.services.jobs.get(job.id)).status for job in chosen} == {Status.PENDING}
    assert (await workshop.services.jobs.get(other.id)).status is Status.FAILED
    answer = await ada.post("/jobs/bulk", action="retry", which="selected", query="status=failed")
    assert answer.headers["location"] == "/ui/jobs?status=failed"
    assert notice(shown(await ada.get("/jobs"))).startswith("No job is selected.")


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "nothing", "which": "all"},
        {"action": "retry", "id": "x"},
        {"action": "retry", "which": "all", "query": "status=done"},
        {"action": "retry", "which": "all", "query": "type=nothing"},
        {"which": "all"},
    ],
)
async def test_a_form_that_no_page_of_ours_sends_is_refused(people, fields):
    assert (await (await people.user(Role.ADMIN, "ada")).post("/jobs/bulk", **fields)).status_code == 422


async def test_who_may_not_do_it_to_many_is_refused(people, workshop):
    viewer, operator = await people.user(Role.VIEWER), await people.user(Role.OPERATOR)
    assert (await viewer.post("/jobs/bulk", action="cancel", which="all")).status_code == 403
    assert (await operator.post("/jobs/bulk", action="delete", which="all")).status_code == 403
    assert (await operator.post("/jobs/bulk/confirmed", action="delete", which="all")).status_code == 403


async def test_the_trail_tells_of_waits_runs_and_attempts(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    job = await workshop.job(ada.user)
    store = workshop.services.store
    for worker, event in (("worker-1", Event.RESCHEDULE), ("worker-2", Event.COMPLETE)):
        job = await workshop.services.jobs.get(job.id)
        held = await store.claim(job.id, job.run, worker_id=worker, lease=timedelta(minutes=5))
        await store.settle(held.lease, event, reason="no answer" if event is Event.RESCHEDULE else None)
    page = shown(await ada.get(f"/jobs/{job.id}"))
    trail = texts(page, ".trail li")
    expected = [
        ("The job ran to its end", "after running"),
        ("Worker worker-2 took the job", "after waiting"),
        ("The attempt failed; another one follows", "“no answer”"),
        ("Worker worker-1 took the job", "after waiting"),
        ("ada created the job", "UTC"),
    ]
    for line, (begins, holds) in zip(trail, expected, strict=True):
        assert line.startswith(begins)
        assert holds in line
    rows = [texts(row, "td") for row in page.cssselect("[aria-labelledby=attempts] tbody tr")]
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("2", "Completed", "worker-2"),
        ("1", "Failed, to be tried again no answer", "worker-1"),
    ]


async def test_an_admin_sees_which_webhooks_were_told(people, workshop):
    ada, grace = await people.user(Role.ADMIN, "ada"), await people.user(Role.OPERATOR, "hopper")
    webhooks = WebhookStore(workshop.services.database.engine)
    url = "https://example.org/<b>"
    values = {"url": url, "events": ["job.cancelled"], "secret": "whsec_x", "created_by": ada.user.id}
    webhook = await webhooks.add(values)
    job = await workshop.job(grace.user)
    await grace.post(f"/jobs/{job.id}/cancel", seen=state_of(job))
    (said,) = texts(shown(await ada.get(f"/jobs/{job.id}")), "[aria-labelledby=webhooks] li")
    assert said == f"Waiting · 0 attempts {url}"
    assert texts(shown(await grace.get(f"/jobs/{job.id}")), "[aria-labelledby=webhooks]") == []
    await webhooks.remove(webhook.id)


async def test_links_lead_to_the_jobs_that_a_job_waits_for_and_back(people, workshop):
    ada = await people.user(Role.ADMIN, "ada")
    first = await workshop.job(ada.user)
    second = await workshop.job(ada.user, depends_on=[first.id])
    page = shown(await ada.get(f"/jobs/{second.id}"))
    assert f"/ui/jobs/{first.id}" in {link.get("href") for link in page.cssselect(".plain a")}
    assert "waits for 1 other job" in page.text_content()
    page = shown(await ada.get(f"/jobs/{first.id}"))
    assert f"/ui/jobs/{second.id}" in {link.get("href") for link in page.cssselect(".plain a")}
    await workshop.services.clearing.delete(first.id, caller=Caller.system("test"))
    assert f"{first.id} is gone" in " ".join(texts(shown(await ada.get(f"/jobs/{second.id}")), ".plain li"))
