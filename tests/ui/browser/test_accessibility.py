"""axe finds nothing on any page, light and dark, wide and narrow."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from app.auth.permissions import Role
from app.database.tables import queue_samples
from app.jobs.context import Step
from app.jobs.model import Caller
from app.jobs.roster import WorkerProcess
from app.jobs.states import Event, Status
from tests.ui.browser.conftest import NARROW, WIDE, goes_sideways

RUN = "async rules => (await axe.run(document, {resultTypes: ['violations'], ...rules})).violations"

#: How pages are looked at, and by which rules: colours change contrasts only, a narrow window what scrolls or is small.
LOOKS = {
    "wide-light": (WIDE, "light", {}),
    "wide-dark": (WIDE, "dark", {"runOnly": ["color-contrast"]}),
    "narrow-light": (NARROW, "light", {"runOnly": ["scrollable-region-focusable", "target-size", "meta-viewport"]}),
    "narrow-dark": (NARROW, "dark", {}),
}


async def noted(service) -> None:
    """Note three minutes of the last hour, with a gap."""
    levels = {"due": 3, "pending": 4, "processing": 1, "paused": 1, "slots": 4, "oldest_seconds": 9.5}
    flows = {"created": 5, "completed": 4, "failed": 1, "cancelled": 0, "repeated": 2}
    clock = service.services.clock
    async with service.services.database.engine.begin() as connection:
        for minutes in (9, 8, 3):
            at = func.date_trunc("minute", clock.now(-timedelta(minutes=minutes)))
            statement = insert(queue_samples).values(at=at, **levels, **flows).on_conflict_do_nothing()
            await connection.execute(statement)


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
    service.call(lambda: service.services.types.pause("import_voters", caller=Caller.user(ada.id), reason="Bad file."))
    service.call(lambda: service.services.roster.seen(WorkerProcess("worker-7", "host-1", 4711, 4)))
    service.call(noted, service)
    nightly = service.call(
        lambda: service.services.schedules.create(
            name="nightly", type="geocoding", data={}, caller=Caller.user(ada.id), created_by=ada.id, cron="30 2 * * *"
        )
    )
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
        "/ui/queues",
        "/ui/job-types/parse_play/pause",
        "/ui/schedules",
        "/ui/schedules/new",
        "/ui/schedules/new?type=import_voters",
        f"/ui/schedules/{nightly.id}",
        f"/ui/schedules/{nightly.id}/delete",
        "/ui/nothing",
    ]


@pytest.mark.parametrize(("size", "scheme", "rules"), LOOKS.values(), ids=LOOKS)
def test_axe_finds_nothing_and_nothing_goes_sideways(service, open_page, axe, pages, size, scheme, rules):
    page = open_page("/ui/jobs", name="ada", color_scheme=scheme, viewport=size, bypass_csp=True)
    for path in pages:
        page.goto(path)
        page.evaluate(axe)
        found = page.evaluate(RUN, rules)
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], path
        assert not goes_sideways(page), path
    page.evaluate("sessionStorage.setItem('stopped', 'yes')")  # nothing changes under the hand of this test
    page.goto("/ui/jobs")
    page.locator("#dock summary").click()
    page.locator(".jobs [name=id]").first.check()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate(axe)
    assert page.evaluate(RUN, rules) == []
    page.context.clear_cookies()
    page.goto("/ui/sign-in")
    page.evaluate(axe)
    assert page.evaluate(RUN, rules) == []
