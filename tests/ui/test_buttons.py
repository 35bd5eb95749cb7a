"""The buttons of a job: what the page offers is what the API allows, for every status, role and owner."""

from dataclasses import dataclass

import pytest

from app.auth.permissions import Role
from app.jobs.model import Job, Request
from app.jobs.states import Status
from app.ui.actions import state_of
from app.ui.buttons import Button, offers
from tests.ui.conftest import shown

pytestmark = pytest.mark.anyio

PRESSED = [button for button in Button if button is not Button.RUN_AGAIN]
STANDINGS = [(status, None) for status in Status] + [(Status.PROCESSING, request) for request in Request]


@dataclass(frozen=True)
class Seen:
    """A button on a page."""

    open: bool
    reason: str | None


def buttons_on(page) -> dict[str, Seen]:
    found = {}
    for each in page.cssselect(".actions button, .actions a"):
        label = each.text_content().strip().removesuffix("…")
        found[label] = Seen(each.get("aria-disabled") != "true", each.get("title"))
        if not found[label].open:
            assert each.get("type") == "button", "it sends nothing"
            (why,) = page.cssselect(f"#{each.get('aria-describedby')}")
            assert why.text_content() == each.get("title")
    return found


async def jobs_of(workshop, owner) -> list[Job]:
    return [
        await workshop.put(await workshop.job(owner), status, control_request=request.value if request else None)
        for status, request in STANDINGS
    ]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("own", [True, False], ids=["own", "others"])
async def test_the_page_offers_what_the_api_allows_and_says_why_not_the_rest(app, people, workshop, role, own):
    person = await people.user(role)
    other = await people.user(Role.OPERATOR, "somebody-else")
    token = app.state.accounts.tokens.issue(person.user.id).text
    for job in await jobs_of(workshop, person.user if own else other.user):
        seen = buttons_on(shown(await person.get(f"/jobs/{job.id}")))
        assert list(seen) == [button.label for button in Button]
        answer = await person.client.get(f"/api/v1/jobs/{job.id}", headers={"Authorization": f"Bearer {token}"})
        allowed = set(answer.json()["allowed_actions"])
        assert {button.value for button in PRESSED if seen[button.label].open} - {"delete"} == allowed
        assert seen["Delete"].open is (role is Role.ADMIN)
        assert seen["Run again"].open is (role is not Role.VIEWER)
        assert role is not Role.VIEWER or not any(button.open for button in seen.values())
        for button, each in zip(Button, seen.values(), strict=True):
            assert each.open or (each.reason and each.reason.endswith(".")), button


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("own", [True, False], ids=["own", "others"])
async def test_pressing_does_what_is_open_and_nothing_else(people, workshop, role, own):
    """Also for who sends the form of a button that is off, and for who was quicker than the page."""
    person = await people.user(role)
    other = await people.user(Role.OPERATOR, "somebody-else")
    owner = person.user if own else other.user
    for job in await jobs_of(workshop, owner):
        for offer in offers(job, role, own=own):
            path = f"/jobs/{job.id}/{offer.button.path}"
            if offer.button is Button.RUN_AGAIN:
                assert (await person.post(path)).status_code == 404
                continue
            if offer.open:
                continue
            answer = await person.post(path, seen=state_of(job))
            assert answer.status_code in {303, 403}, (job.status, offer)
            assert await workshop.services.reader.get(job.id) == job, "nothing has changed"
            assert len(await workshop.services.reader.events(job.id)) == 1


@pytest.mark.parametrize("own", [True, False], ids=["own", "others"])
async def test_every_button_that_is_open_works(people, workshop, own):
    admin = await people.user(Role.ADMIN)
    other = await people.user(Role.OPERATOR, "somebody-else")
    owner = admin.user if own else other.user
    for status, request in STANDINGS:
        for button in PRESSED:
            job = await workshop.put(
                await workshop.job(owner), status, control_request=request.value if request else None
            )
            if not next(each for each in offers(job, Role.ADMIN, own=own) if each.button is button).open:
                continue
            answer = await admin.post(f"/jobs/{job.id}/{button.path}", seen=state_of(job), reason="because")
            assert answer.status_code == 303, answer.text
            if button is Button.DELETE:
                assert await workshop.services.reader.get(job.id) is None
                continue
            last = (await workshop.services.reader.events(job.id))[-1]
            assert (last.event, last.actor_id, last.reason) == (button.event, str(admin.user.id), "because")
