"""What readers of the built site meet: accessibility, search, print, no script, and no request that leaves the site."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import html

#: One page for each kind of content: start, install, matrix and screenshots, runbook, diagram, API, Python API, tables.
PAGES = [
    "",
    "admin/install/",
    "admin/jobs/overview/",
    "developer/documentation/",
    "developer/job-system/lifecycle-and-states/",
    "developer/job-system/queues-and-workers/",
    "developer/job-system/python-api/",
    "reference/settings/",
]

#: What people type who are in trouble or in a hurry, and the page that must be among the first three.
QUESTIONS = {
    "job stays pending": "admin/jobs/troubleshooting/",
    "retry a failed job": "admin/jobs/troubleshooting/",
    "backup and restore": "admin/install/",
    "upgrade": "admin/install/",
    "WORKER_COUNT": "reference/settings/",
    "job.illegal_transition": "reference/problems/",
    "queue unavailable": "admin/jobs/troubleshooting/",
    "alert rules": "admin/jobs/monitoring/",
    "prometheus": "admin/jobs/monitoring/",
    "create a schedule": "admin/jobs/schedules/",
    "geocode households": "admin/jobs/geocoding-households/",
    "webhook signature": "developer/job-system/webhooks/",
    "add a job type": "developer/job-system/extending-job-types/",
    "idempotency": "developer/job-system/api-reference/",
    "who may delete a job": "reference/permissions/",
    "lease expired": "developer/job-system/queues-and-workers/",
}

#: Tables that scroll have been made known to the keyboard.
SETTLED = """[...document.querySelectorAll('.md-typeset__scrollwrap')].every(
    each => each.scrollWidth <= each.clientWidth || each.tabIndex === 0)"""

#: Contrasts take longest to find out, and these have every colour that there is.
COLOURFUL = PAGES[:5]

#: How pages are looked at, and by which rules: other colours change contrasts only, a narrow window what scrolls.
LOOKS = {
    "light": ({"viewport": {"width": 1280, "height": 900}}, PAGES, ["wcag2a", "wcag2aa", "wcag21aa"]),
    "dark": ({"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}}, COLOURFUL, ["color-contrast"]),
    "narrow": ({"viewport": {"width": 320, "height": 700}}, PAGES, ["scrollable-region-focusable", "meta-viewport"]),
}


@pytest.mark.timeout(300)  # axe looks at every element, and the longest pages have tens of thousands
@pytest.mark.parametrize(("look", "pages", "rules"), LOOKS.values(), ids=LOOKS)
def test_axe_finds_nothing_and_no_request_leaves_the_site(reader, look, pages, rules):
    page, axe = reader(pages[0], **look), Axe()
    root = page.url
    found = {}
    for path in pages:
        page.goto(f"{root}{path}")
        if look["viewport"]["width"] == 320:
            page.wait_for_function(SETTLED)
        contrasts = {"color-contrast": {"enabled": path in COLOURFUL}}
        answer = axe.run(page, options={"resultTypes": ["violations"], "runOnly": rules, "rules": contrasts})
        for violation in answer.response["violations"]:
            found[path, violation["id"]] = [node["target"] for node in violation["nodes"][:3]]
        if look["viewport"]["width"] == 320:
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} pixels wider than the screen"
    assert found == {}
    assert page.strangers == []


def test_no_page_names_a_stranger_for_what_it_loads(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        for element in html.parse(page).iter("script", "link", "img", "iframe", "source"):
            asked = element.get("src") or (element.get("href") if element.get("rel") in {"stylesheet", "icon"} else "")
            assert not (asked or "").startswith(("http:", "https:", "//")), f"{page}: {asked}"


def test_search_finds_the_page_among_the_first_three(reader):
    page = reader("?q=first")
    root, missed = page.url.partition("?")[0], {}
    box, results = page.locator("[data-md-component=search-query]"), page.locator(".md-search-result__item > a")
    for question, wanted in QUESTIONS.items():
        results.first.wait_for(state="attached")
        for text, state in (("", "detached"), (question, "attached")):
            box.fill(text)
            box.dispatch_event("keyup")  # what the search listens to
            results.first.wait_for(state=state)
        links = results.evaluate_all("links => links.map(link => link.href)")
        pages = dict.fromkeys(link.removeprefix(root).partition("?")[0].partition("#")[0] for link in links)
        first = list(pages)[:3]
        if wanted not in first:
            missed[question] = first
    assert missed == {}


def test_print_shows_what_is_folded(reader):
    page = reader("developer/job-system/architecture/")
    hidden = "[...document.querySelectorAll('.md-content details > *')].filter(each => !each.checkVisibility()).length"
    assert page.evaluate(hidden) > 3
    page.emulate_media(media="print")
    assert page.evaluate(hidden) == 0


def test_text_and_diagrams_are_there_without_a_script(reader):
    page = reader("developer/job-system/lifecycle-and-states/", java_script_enabled=False)
    assert page.locator("svg.trueup-diagram").first.bounding_box()["height"] > 100
    assert page.locator(".md-content p").first.is_visible()
    page.goto(page.url.replace("job-system/lifecycle-and-states/", "documentation/"))
    assert page.locator(".trueup-mermaid svg text", has_text="Live service").is_visible()
