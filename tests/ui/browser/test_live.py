"""Pages that follow their jobs: by the stream, without it, and not at all while they are told not to."""

import re

from playwright.sync_api import expect

from app.auth.permissions import Role
from app.jobs.context import Step
from app.jobs.states import Event, Status


def asks(request):
    """Whether a request is one for the list, because of news."""
    return "/ui/jobs?" in request.url and "x-live" in request.headers


def held_back(page):
    """The routes of the first request for the list from now on, once there is one; the others go on as they are."""
    held, address = [], page.url
    page.goto("about:blank")
    with page.expect_response(lambda answer: asks(answer.request)):
        page.goto(address)  # what is asked for when the stream has begun is over

    def hold(route):
        held.append(route) if not held and asks(route.request) else route.continue_()

    page.route("**/ui/jobs?*", hold)
    return held


def town(name: str) -> dict[str, object]:
    return {"data": {"mode": "static", "filters": {"city": name}}}


def test_rows_follow_their_jobs_without_moving(service, open_page):
    ada = service.user(Role.ADMIN, "ada")
    jobs = [service.job(ada, **town("Livetown")) for _ in range(3)]
    page = open_page("/ui/jobs?text=livetown", name="ada")
    expect(page.locator(".live")).to_contain_text("Live")
    order = page.locator(".jobs tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    page.locator(f"#job-{jobs[0].id} [name=id]").check()
    page.evaluate("document.getElementById('main').dataset.kept = 'yes'")
    running = service.claimed(jobs[0])
    service.step(running, "look_up", Step(total=200, processed=50))
    row = page.locator(f"#job-{jobs[0].id}")
    expect(row).to_contain_text("Processing")
    expect(row).to_contain_text("50 of 200 items")
    expect(row.locator("progress")).to_have_attribute("value", "25")
    service.settle(running, Event.COMPLETE)
    expect(row).to_contain_text("Completed")
    page.get_by_label("Which jobs").select_option("all")
    newest = service.job(ada, **town("Livetown"))
    expect(page.locator("#newer")).to_have_text("1 new job · Show")
    expect(page.locator("#announce")).to_have_text("1 new job")
    assert page.locator(".jobs tbody tr").evaluate_all("rows => rows.map(row => row.id)") == order
    expect(row.locator("[name=id]")).to_be_checked()
    expect(page.get_by_label("Which jobs")).to_have_value("all"), "what was chosen stays chosen"
    service.delete(jobs[1])
    expect(page.locator(f"#job-{jobs[1].id}")).to_contain_text("Deleted meanwhile")
    assert page.evaluate("document.getElementById('main').dataset.kept") == "yes", "it was not loaded anew"
    page.locator("#newer").click()
    expect(page.locator(f"#job-{newest.id}")).to_be_visible()


def test_the_page_of_a_job_follows_it(service, open_page):
    job = service.job(service.user(Role.ADMIN, "ada"))
    page = open_page(f"/ui/jobs/{job.id}")
    expect(page.locator(".live")).to_contain_text("Live")
    page.locator("#calls summary").click()
    running = service.claimed(job)
    expect(page.locator("h1 + .badge")).to_have_text("Processing")
    expect(page.locator("#announce")).to_have_text("Geocode households: Processing")
    service.step(running, "look_up", Step(total=10, processed=5))
    expect(page.locator(".stages .now")).to_contain_text("Look up addresses")
    service.settle(running, Event.FAIL, error={"message": "The gazetteer is gone.", "stage": "look_up"})
    expect(page.locator(".errors")).to_contain_text("The gazetteer is gone.")
    expect(page.locator(".actions .primary")).to_have_text("Retry")
    expect(page.locator("#calls")).to_have_attribute("open", ""), "what the reader has opened stays open"
    service.delete(job)
    expect(page.locator("h1")).to_have_text("There is no such job")


def test_with_the_stream_cut_the_page_asks_by_itself(service, open_page, browser):
    ada = service.user(Role.ADMIN, "ada")
    job = service.job(ada, **town("Cuttown"))
    page = open_page("/ui/jobs?text=cuttown")
    expect(page.locator(".live")).to_contain_text("Live")
    page.context.route("**/ui/stream", lambda route: route.abort())
    page.reload()
    expect(page.locator(".live")).to_have_attribute("data-state", "polling")
    expect(page.locator(".live")).to_contain_text("Every 2 s")
    service.put(job, Status.FAILED)
    expect(page.locator(f"#job-{job.id}")).to_contain_text("Failed")
    page.context.unroute("**/ui/stream")
    page.reload()
    expect(page.locator(".live")).to_contain_text("Live")
    assert page.locator(".live").get_attribute("data-state") == "live"


def test_a_page_that_is_not_updated_stays_as_it_is_until_it_is_updated_again(service, open_page):
    job = service.job(service.user(Role.ADMIN, "ada"), **town("Pausetown"))
    page = open_page("/ui/jobs?text=pausetown")
    expect(page.locator(".live")).to_contain_text("Live")
    page.get_by_role("button", name="Stop updating").click()
    expect(page.locator(".live")).to_contain_text("Not updating")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    service.settle(service.claimed(job), Event.COMPLETE)
    page.reload()
    expect(page.locator(".live")).to_contain_text("Not updating"), "it is remembered"
    expect(page.locator(f"#job-{job.id}")).to_contain_text("Completed"), "the reader has asked"
    assert not [url for url in asked if url.endswith("/ui/stream")]
    page.keyboard.press("p")
    expect(page.locator(".live")).to_contain_text("Live")


def test_news_that_comes_while_an_answer_is_on_its_way_is_not_lost(service, open_page):
    job = service.job(service.user(Role.ADMIN, "ada"), **town("Newstown"))
    page = open_page("/ui/jobs?text=newstown")
    held = held_back(page)
    with page.expect_request(asks), page.expect_request("**/ui/dock"):
        running = service.claimed(job)
    page.evaluate("'the request has been held by now'")
    old = held[0].fetch()
    # The dock asks at every news, right after the list would.
    with page.expect_request("**/ui/dock"):
        service.settle(running, Event.COMPLETE)
    held[0].fulfill(response=old)
    expect(page.locator(f"#job-{job.id}")).to_contain_text("Completed", timeout=10_000)


def test_an_answer_that_comes_after_updates_were_stopped_is_not_shown(service, open_page):
    job = service.job(service.user(Role.ADMIN, "ada"), **town("Tardyton"))
    page = open_page("/ui/jobs?text=tardyton")
    held = held_back(page)
    with page.expect_request(asks):
        service.settle(service.claimed(job), Event.COMPLETE)
    page.get_by_role("button", name="Stop updating").click()
    with page.expect_event("requestfinished", lambda request: request == held[0].request):
        held[0].continue_()
    page.evaluate("new Promise((done) => setTimeout(done))")
    expect(page.locator(f"#job-{job.id}")).to_contain_text("Pending")


def test_who_is_signed_out_elsewhere_is_sent_to_the_sign_in(service, open_page):
    job = service.job(service.user(Role.ADMIN, "ada"))
    page = open_page(f"/ui/jobs/{job.id}", name="leaver")
    expect(page.locator(".live")).to_contain_text("Live")
    other = page.context.new_page()
    other.goto("/ui/jobs")
    other.get_by_role("button", name="Sign out").click()
    service.claimed(job)
    page.wait_for_url(re.compile(r"/ui/sign-in\?next=%2Fui%2Fjobs%2F"))


def test_the_dock_follows_what_runs_on_every_page(service, open_page):
    ada = service.user(Role.ADMIN, "ada")
    page = open_page("/ui/jobs/new")
    running = service.claimed(service.job(ada))
    dock = page.get_by_role("complementary", name="Running jobs")
    summary = dock.locator("summary")
    expect(summary).to_contain_text(re.compile(r"\d+ jobs? running"))
    expect(dock.locator(f"a[href$='{running.id}']")).to_have_count(1)  # the news of its creation and claim are over
    summary.focus()
    page.keyboard.press("Enter")
    expect(dock.locator(f"a[href$='{running.id}']")).to_be_visible()
    service.step(running, "look_up", Step(total=4, processed=3))
    expect(dock.locator(f"a[href$='{running.id}']")).to_contain_text("75 %")
    expect(dock.locator("details")).to_have_attribute("open", "")
    page.goto("/docs")
    outside = page.get_by_role("complementary", name="Running jobs")
    expect(outside.locator(f"a[href$='{running.id}']")).to_contain_text("75 %")
    service.settle(running, Event.COMPLETE)
    expect(outside.locator(f"a[href$='{running.id}']")).to_have_count(0)
