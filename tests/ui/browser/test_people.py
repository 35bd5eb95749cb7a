"""People at work: filters and the back button, keys, times, two operators at once, and no scripts at all."""

import re
from uuid import UUID

from playwright.sync_api import expect

from app.auth.permissions import Role
from app.jobs.states import Status
from tests.ui.browser.conftest import NARROW, goes_sideways


def town(name: str) -> dict[str, object]:
    return {"data": {"mode": "static", "filters": {"city": name}}}


def test_filters_are_in_the_address_and_survive_the_way_back(service, open_page):
    ada = service.user(Role.ADMIN, "ada")
    failed = service.put(service.job(ada, **town("Backtown")), Status.FAILED)
    waiting = service.job(ada, **town("Backtown"))
    page = open_page("/ui/jobs", name="ada")
    page.locator("#text").fill("backtown")
    expect(page).to_have_url(re.compile("text=backtown"))
    expect(page.locator(".jobs tbody tr")).to_have_count(2)
    page.locator(".chip.failed").click()
    expect(page).to_have_url(re.compile("status=failed"))
    expect(page.locator(".jobs tbody tr")).to_have_count(1)
    expect(page.locator(".chip.pending b")).to_have_text("1")
    page.locator(f"#job-{failed.id} a").click()
    expect(page.locator("h1")).to_have_text("Geocode households")
    page.go_back()
    expect(page.locator(".jobs tbody tr")).to_have_count(1)
    expect(page.locator(".chip.failed input")).to_be_checked()
    page.go_back()
    expect(page.locator(".jobs tbody tr")).to_have_count(2)
    expect(page.locator(".chip.failed input")).not_to_be_checked()
    expect(page.locator(f"#job-{waiting.id}")).to_be_visible()
    expect(page.locator("#text")).to_have_value("backtown")


def test_an_update_that_is_late_does_not_undo_a_filter(service, open_page):
    ada = service.user(Role.ADMIN, "ada")
    wanted, other = service.job(ada, **town("Latetown")), service.job(ada, **town("Elsewhere"))
    page = open_page("/ui/jobs", name="ada")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    held, late = [], True

    def hold(route):
        held.append(route) if late and "x-live" in route.request.headers else route.continue_()

    page.route(re.compile(r"/ui/jobs(\?|$)"), hold)
    with page.expect_request(lambda request: "/ui/jobs" in request.url and "x-live" in request.headers):
        service.claimed(other)
    page.locator("#text").fill("latetown")
    expect(page.locator(".jobs tbody tr")).to_have_count(1)
    late = False
    for route in held:
        route.continue_()
        answer = route.request.response()  # None: nobody waits for it any more
        if answer:
            answer.finished()
    service.claimed(wanted)
    expect(page.locator(f"#job-{wanted.id} .status")).to_contain_text("Processing")
    expect(page.locator(".jobs tbody tr")).to_have_count(1)


def test_everything_can_be_done_with_keys(service, open_page):
    ada = service.user(Role.ADMIN, "ada")
    first, second = (service.job(ada, **town("Keytown")) for _ in range(2))
    page = open_page("/ui/jobs?text=keytown", name="ada")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(f"#job-{second.id} .type a")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(f"#job-{first.id} [name=id]")).to_be_checked()
    expect(page.locator("#bulk option[value=selected]")).to_have_text("Selected jobs: 1")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/ui/jobs/{second.id}")
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/ui/jobs")
    page.keyboard.press("n")
    page.wait_for_url("**/ui/jobs/new")
    page.goto(f"/ui/jobs/{second.id}")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")
    page.get_by_role("button", name="Pause", exact=True).last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("The job is paused.")


def test_single_keys_can_be_turned_off(service, open_page):
    page = open_page("/ui/jobs", name="ada")
    page.keyboard.press("?")
    page.get_by_label("Use single keys as shortcuts").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("n")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Keyboard ?").click()
    page.get_by_label("Use single keys as shortcuts").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    page.wait_for_url("**/ui/jobs/new")


def test_times_are_in_the_zone_of_the_reader_and_in_utc_on_hover(service, open_page):
    job = service.job(service.user(Role.ADMIN, "ada"))
    page = open_page(f"/ui/jobs/{job.id}", timezone_id="Asia/Kolkata")
    time = page.locator(".trail time").first
    at = service.get(job).created_at
    expect(time).to_have_attribute("datetime", re.compile(f"^{at:%Y-%m-%dT%H:%M:%S}"))
    expect(time).to_have_attribute("title", f"{at.day} {at:%b} {at.year}, {at:%H:%M:%S} UTC")
    minutes = (at.minute + 30) % 60
    expect(time).to_have_text(re.compile(rf":{minutes:02}:{at:%S}$"))


def test_a_start_is_entered_in_the_zone_of_the_reader(service, open_page):
    page = open_page("/ui/jobs/new?type=geocode_households", name="ada", timezone_id="Asia/Kolkata")
    page.locator("details.card summary").click()
    hint = page.locator("#start_at-hint")
    expect(hint).to_have_text(re.compile(r"^In your time zone, Asia/(Kolkata|Calcutta); at once when it is empty\.$"))
    page.get_by_label("Not before").fill("2100-07-01T10:00")
    expect(hint).to_contain_text("that is 1 Jul 2100, 04:30 UTC.")
    page.get_by_role("button", name="Create the job").click()
    expect(page.locator(".notice")).to_have_text("The job is created.")
    job = service.call(service.services.jobs.get, UUID(page.url.rpartition("/")[2]))
    assert job.start_at.isoformat() == "2100-07-01T04:30:00+00:00"


def test_the_second_of_two_operators_is_told_and_nothing_is_lost(service, open_page):
    job = service.job(service.user(Role.OPERATOR, "grace"))
    grace = open_page(f"/ui/jobs/{job.id}", Role.OPERATOR, "grace")
    ada = open_page(f"/ui/jobs/{job.id}", Role.ADMIN, "ada")
    expect(ada.locator(".live")).to_contain_text("Live")
    # Ada's page does not follow, so both press at the same time.
    ada.keyboard.press("p")
    grace.get_by_role("link", name="Cancel…").click()
    expect(grace.locator(".confirm")).to_contain_text("It can be retried")
    grace.get_by_label("Reason").fill("the wrong file")
    grace.get_by_role("button", name="Cancel this job").click()
    expect(grace.locator(".notice")).to_contain_text("The job is cancelled.")
    ada.locator(".actions").get_by_role("button", name="Pause").click()
    expect(ada.locator(".notice")).to_contain_text(
        "Nothing was done: the job is cancelled now. grace cancelled the job"
    )
    expect(ada.locator(".notice")).to_contain_text("“the wrong file”")
    assert service.get(job).status is Status.CANCELLED
    grace.get_by_role("button", name="Undo: retry").click()
    expect(grace.locator(".notice")).to_contain_text("went back to the queue")
    assert service.get(job).status is Status.PENDING


def test_without_scripts_reading_filters_and_actions_work(service, open_page):
    ada = service.user(Role.ADMIN, "ada")
    jobs = [service.put(service.job(ada, **town("Plaintown")), Status.FAILED) for _ in range(3)]
    page = open_page("/ui/jobs", name="ada", java_script_enabled=False)
    page.locator("#text").fill("plaintown")
    page.locator(".chip.failed").click()
    page.get_by_role("button", name="Apply").click()
    assert page.locator(".jobs tbody tr").count() == 3
    assert "UTC" in page.locator(".jobs time").first.get_attribute("title")
    page.get_by_label("Which jobs").select_option("all")
    page.locator("#bulk").get_by_role("button", name="Retry").click()
    page.get_by_role("button", name="Retry 3 jobs").click()
    assert page.locator(".notice p").inner_text() == "Retried 3 jobs."
    assert {service.get(job).status for job in jobs} == {Status.PENDING}
    page.get_by_role("link", name="Clear filters").click()
    page.locator(f"#job-{jobs[0].id} .type a").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    assert page.locator(".notice p").inner_text() == "The job is paused."
    page.get_by_role("button", name="Undo: resume").click()
    page.get_by_role("link", name="Cancel…").click()
    page.get_by_role("button", name="Cancel this job").click()
    assert service.get(jobs[0]).status is Status.CANCELLED
    page.get_by_role("link", name="Run again…").click()
    page.get_by_role("button", name="Create the job").click()
    assert page.locator(".notice p").inner_text() == "The job is created."
    page.get_by_role("button", name=re.compile("^Colours")).click()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_on_a_telephone_an_incident_is_handled(service, open_page):
    ada = service.user(Role.ADMIN, "ada")
    long = "x" * 300
    failed = [service.put(service.job(ada, **town("Phonetown")), Status.FAILED) for _ in range(2)]
    service.put(failed[0], Status.FAILED, error_log=[{"at": "2026-01-01T00:00:00Z", "message": long, "code": long}])
    page = open_page("/ui/jobs?text=phonetown", name="ada", viewport=NARROW, has_touch=True)
    assert not goes_sideways(page)
    page.locator(f"#job-{failed[1].id} .pick label").tap()
    page.locator("#bulk").get_by_role("button", name="Retry").tap()
    expect(page.locator("h1")).to_have_text("Retry 1 job?")
    assert not goes_sideways(page)
    page.get_by_role("button", name="Retry 1 job").tap()
    expect(page.locator(".notice")).to_contain_text("Retried 1 job.")
    page.locator(f"#job-{failed[0].id} .type a").tap()
    expect(page.locator(".errors")).to_contain_text(long)
    assert not goes_sideways(page)
    page.locator(".actions").get_by_role("button", name="Retry").tap()
    expect(page.locator(".notice")).to_contain_text("went back to the queue")
    sizes = page.locator(".actions > *:visible").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().height)"
    )
    assert min(size for size in sizes if size) >= 44
