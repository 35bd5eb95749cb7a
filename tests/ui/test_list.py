"""The list: filters, counts, pages, and what a page that is open asks for again."""

import pytest

from app.auth.permissions import Role
from app.jobs.states import Status
from tests.ui.conftest import shown, texts

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def jobs(app, anyio_backend):
    """Twelve jobs of two people, the oldest first."""
    from tests.ui.conftest import People, Workshop

    people, workshop = People(app), Workshop(app)
    ada, grace = (await people.user(Role.ADMIN, "ada")).user, (await people.user(Role.OPERATOR, "grace")).user
    made = []
    for number, status in enumerate([*Status, *Status]):
        owner = ada if number % 2 else grace
        data = {"mode": "static", "filters": {"city": f"Town{number}"}}
        made.append(await workshop.put(await workshop.job(owner, data=data), status, stage="look_up"))
    await people.close()
    return made


def ids(page) -> list[str]:
    return [row.get("id").removeprefix("job-") for row in page.cssselect(".jobs tbody tr")]


def counts(page) -> dict[str, str]:
    return dict(text.rsplit(" ", 1) for text in texts(page, ".chip"))


async def test_the_list_shows_labels_and_the_newest_first(people, jobs):
    page = shown(await (await people.user(Role.VIEWER)).get("/jobs"))
    assert ids(page) == [str(job.id) for job in reversed(jobs)]
    first = [" ".join(cell.text_content().split()) for cell in page.cssselect(".jobs tbody tr")[0].cssselect("td")]
    assert first[1:6] == ["Cancelled", "Geocode households", "Look up addresses 2 of 3", "Stopped at 0 %", "ada"]
    assert first[7] == str(jobs[-1].id)[:8]
    assert page.cssselect(".badge svg use")[0].get("href") == "#i-cancelled", "a shape, not a colour alone"


FILTERS = [
    ("status=failed", {4, 10}, "2"),
    ("status=failed&status=paused", {2, 4, 8, 10}, "2"),
    ("creator=me", {1, 3, 5, 7, 9, 11}, "0"),
    ("type=geocoding&stage=look_up&creator=me&status=failed", set(), "0"),
    ("text=town4", {4}, "1"),
    ("text=town4&status=completed", set(), "1"),
    ("type=import_voters", set(), "0"),
    ("status=&type=&stage=&creator=&text=", set(range(12)), "2"),
]


@pytest.mark.parametrize(("query", "found", "failed"), FILTERS)
async def test_filters_combine_and_the_counts_follow_all_but_the_status(people, jobs, query, found, failed):
    page = shown(await (await people.user(Role.ADMIN, "ada")).get(f"/jobs?{query}"))
    assert set(ids(page)) == {str(jobs[number].id) for number in found}
    assert counts(page)["Failed"] == failed
    for field in page.cssselect(".filters [name=status]"):
        assert (field.get("checked") is not None) == (f"status={field.get('value')}" in query)
    if not found:
        assert texts(page, ".empty h2") == ["No job matches"]
        assert page.cssselect(".empty a")[0].get("href") == "/ui/jobs"


async def test_pages_are_turned_with_the_filters_kept(people, jobs, app, monkeypatch):
    monkeypatch.setattr(type(app.state.settings), "list_limit", 4, raising=False)
    person = await people.user(Role.ADMIN, "ada")
    object.__setattr__(app.state.services.settings, "list_limit", 2)
    try:
        path, seen = "/ui/jobs?creator=me", []
        while path:
            page = shown(await person.client.get(path))
            seen += ids(page)
            older = page.cssselect(".turn a[rel=next]")
            path = older[0].get("href") if older else None
            assert path is None or "creator=me" in path
        assert seen == [str(job.id) for job in reversed(jobs) if job.created_by == person.user.id]
        assert texts(page, ".turn a") == ["Newest jobs"]
    finally:
        object.__setattr__(app.state.services.settings, "list_limit", 50)


async def test_an_open_page_keeps_its_rows_and_says_what_is_new(people, workshop, jobs):
    person = await people.user(Role.ADMIN, "ada")
    failed = await workshop.put(await workshop.job(person.user), Status.FAILED)
    gone = await workshop.put(await workshop.job(person.user), Status.FAILED)
    page = shown(await person.get("/jobs?status=failed"))
    seen = ids(page)
    assert seen[:2] == [str(gone.id), str(failed.id)]
    await workshop.put(failed, Status.COMPLETED)
    await workshop.services.clearing.delete(gone.id, caller=None or _nobody())
    newer = await workshop.put(await workshop.job(person.user), Status.FAILED)
    again = shown(await person.get(f"/jobs?status=failed&{'&'.join(f'seen={each}' for each in seen)}"))
    assert ids(again) == seen, "nothing moves"
    first, second = again.cssselect(".jobs tbody tr")[:2]
    assert "Deleted meanwhile" in first.text_content()
    assert "Completed" in second.text_content()
    assert second.get("title") == "Does not match the filter any more"
    assert texts(again, "#newer") == ["1 new job · Show"]
    await workshop.services.clearing.delete(newer.id, caller=_nobody())
    await workshop.services.clearing.delete(failed.id, caller=_nobody())


def _nobody():
    from app.jobs.model import Caller

    return Caller.system("test")


async def test_who_may_not_create_jobs_is_not_offered_to(people, jobs):
    assert texts(shown(await (await people.user(Role.VIEWER)).get("/jobs")), "[data-new]") == []
    assert texts(shown(await (await people.user(Role.OPERATOR)).get("/jobs")), "[data-new]") == ["New job"]


async def test_the_dock_shows_what_runs(people, jobs):
    page = shown(await (await people.user(Role.VIEWER)).get("/dock"))
    assert texts(page, ".dock summary") == ["2 jobs running"]
    assert {link.get("href") for link in page.cssselect(".dock li a")} >= {f"/ui/jobs/{jobs[1].id}"}


async def test_the_first_page_is_small(people, jobs, app):
    import gzip

    person = await people.user(Role.ADMIN, "ada")
    sizes = {"page": len(gzip.compress((await person.get("/jobs")).content))}
    for name in ("jobs.css", "jobs.js", "htmx.min.js", "icon.svg"):
        sizes[name] = len(gzip.compress((await person.get(app.state.assets.paths[name])).content))
    assert sum(sizes.values()) < 60_000, sizes


async def test_colours_are_chosen_without_scripts(people):
    person = await people.user(Role.VIEWER)
    assert shown(await person.get("/jobs")).get("data-theme") is None
    answer = await person.post("/theme", theme="dark", back="/ui/jobs?status=failed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/jobs?status=failed")
    assert shown(await person.get("/jobs")).get("data-theme") == "dark"
    await person.post("/theme", theme="<b>", back="https://evil.example")
    assert shown(await person.get("/jobs")).get("data-theme") == "dark"
