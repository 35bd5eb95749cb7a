"""axe finds nothing on any page, light and dark, wide and narrow."""

import pytest
from playwright.sync_api import expect

from app.auth.permissions import Role
from app.jobs.context import Step
from app.jobs.states import Event, Status
from tests.ui.browser.conftest import NARROW, WIDE, goes_sideways

RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@pytest.fixture(scope="module")
def pages(service) -> list[str]:
    """Pages with everything on them that they can have."""
    ada = service.user(Role.ADMIN, "ada")
    for status in Status:
        service.put(service.job(ada), status)
    failed = service.claimed(service.job(ada))
    service.step(
        failed, "select", Step(total=10, processed=3, stats={"found": 3}, errors=[{"message": "row", "line": 7}])
    )
    service.call(lambda: service.services.checkpoints.save(failed.id, "select", {"found": 3}, final=True))
    service.settle(failed, Event.FAIL, error={"message": "No such file.", "code": "file.not_found", "stage": "select"})
    waiting = service.job(ada, depends_on=[failed.id])
    running = service.claimed(service.job(ada))
    service.step(running, "look_up", Step(total=10, processed=3, details={"batch": 1}))
    return [
        "/ui/jobs",
        "/ui/jobs?text=nothing-like-it",
        f"/ui/jobs/{failed.id}",
        f"/ui/jobs/{running.id}",
        f"/ui/jobs/{waiting.id}",
        f"/ui/jobs/{running.id}/delete",
        "/ui/jobs/new",
        "/ui/jobs/new?type=process_document",
        "/ui/failures",
        "/ui/failures?type=parse_play",
        "/ui/nothing",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_and_nothing_goes_sideways(service, open_page, axe, pages, scheme, size):
    page = open_page("/ui/jobs", name="ada", color_scheme=scheme, viewport=size, bypass_csp=True)
    for path in pages:
        page.goto(path)
        page.evaluate(axe)
        found = page.evaluate(RUN)
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], path
        assert not goes_sideways(page), path
    page.goto("/ui/jobs")
    page.locator("#dock summary").click()
    page.locator(".jobs [name=id]").first.check()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate(axe)
    assert page.evaluate(RUN) == []
    page.context.clear_cookies()
    page.goto("/ui/sign-in")
    page.evaluate(axe)
    assert page.evaluate(RUN) == []
