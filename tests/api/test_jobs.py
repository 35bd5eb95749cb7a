"""Creating jobs, looking at them, and turning the pages of the list."""

import pytest

from app.auth.permissions import Role
from app.handlers import REGISTRY
from app.jobs.redaction import REDACTED
from app.jobs.states import Status
from tests.api.conftest import assert_problem, unknown_id

pytestmark = pytest.mark.anyio


async def listed(client, headers, **params):
    """All pages of a list, as one."""
    items, cursor = [], None
    while True:
        page = (
            await client.get(
                "/api/v1/jobs", headers=headers, params={**params, **({"cursor": cursor} if cursor else {})}
            )
        ).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@pytest.fixture
async def file_id(client, admin):
    answer = await client.post("/api/v1/files", headers={**admin, "content-type": "text/csv"}, content=b"voter_id")
    return answer.json()["id"]


@pytest.mark.parametrize("alias", REGISTRY.names)
async def test_a_job_is_created_under_its_canonical_name(client, admin, alias, file_id):
    """CC-5, CC-11: an alias is accepted, and the canonical name is stored."""
    kind = REGISTRY.resolve(alias)
    data = {**kind.example, **({"file_id": file_id} if "file_id" in kind.example else {})}
    answer = await client.post("/api/v1/jobs", headers=admin, json={"type": alias, "data": data})
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["type"], job["status"], job["progress"]["percent"]) == (kind.name, "pending", 0)
    assert answer.headers["location"] == job["links"]["self"] == f"/api/v1/jobs/{job['id']}"
    assert (await client.get(answer.headers["location"], headers=admin)).json() == job


async def test_geocoding_has_an_operation_of_its_own(client, admin, callers):
    """CC-12: geocoding is asked for by an operation of its own."""
    answer = await client.post(
        "/api/v1/jobs/geocoding?priority=70", headers=admin, json={"mode": "dynamic", "limit": 10}
    )
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["type"], job["priority"], job["data"]["mode"], job["data"]["limit"]) == (
        "geocode_households", 70, "dynamic", 10,
    )  # fmt: skip
    assert job["created_by"] == str(callers.users["admin"].id)


async def test_an_empty_body_geocodes_all_that_was_never_looked_up(client, admin):
    data = (await client.post("/api/v1/jobs/geocoding", headers=admin, json={})).json()["data"]
    assert data == {"mode": "static", "filters": {"status": "pending"}}


async def test_errors_of_the_geocoding_payload_name_fields_of_the_body(client, admin):
    answer = await client.post("/api/v1/jobs/geocoding", headers=admin, json={"mode": "often", "extra": 1})
    problem = assert_problem(answer, 422, "request.invalid")
    assert {entry["field"] for entry in problem["errors"]} == {"mode", "extra"}
    general = await client.post(
        "/api/v1/jobs", headers=admin, json={"type": "geocoding", "data": {"mode": "often", "extra": 1}}
    )
    problem = assert_problem(general, 422, "request.invalid")
    assert {entry["field"] for entry in problem["errors"]} == {"data.mode", "data.extra"}
    assert await listed(client, admin) == []


async def test_a_file_that_does_not_exist_is_named_before_a_job_is_made(client, admin):
    body = {"type": "import_voters", "data": {"file_id": unknown_id()}}
    problem = assert_problem(await client.post("/api/v1/jobs", headers=admin, json=body), 404, "file.not_found")
    assert body["data"]["file_id"] in problem["detail"]
    assert await listed(client, admin) == []


async def test_what_belongs_to_a_job_is_found_through_its_links(client, admin, new_job):
    links = (await new_job())["links"]
    events = (await client.get(links["events"], headers=admin)).json()["items"]
    assert [(event["event"], event["to_status"]) for event in events] == [("create", "pending")]
    assert (await client.get(links["checkpoints"], headers=admin)).json() == {"items": []}
    progress = (await client.get(links["progress"])).json()
    assert progress == {"percent": 0, "stage": None, "status": "pending", "processed": 0, "total": None}


@pytest.mark.parametrize("suffix", ["", "/progress", "/events", "/checkpoints"])
async def test_an_unknown_job_is_not_found(client, admin, suffix):
    """VR-4: an unknown id gets 404."""
    answer = await client.get(f"/api/v1/jobs/{unknown_id()}{suffix}", headers=admin)
    assert_problem(answer, 404, "job.not_found")


async def test_the_list_is_newest_first_and_pages_do_not_move_when_jobs_arrive(client, admin, new_job):
    """CC-11: newest first, and stable when jobs arrive."""
    old = [(await new_job())["id"] for _ in range(5)]
    first = (await client.get("/api/v1/jobs?limit=2", headers=admin)).json()
    new = [(await new_job())["id"] for _ in range(2)]
    second = (
        await client.get("/api/v1/jobs", params={"limit": 2, "cursor": first["next_cursor"]}, headers=admin)
    ).json()
    third = (
        await client.get("/api/v1/jobs", params={"limit": 2, "cursor": second["next_cursor"]}, headers=admin)
    ).json()
    assert [job["id"] for page in (first, second, third) for job in page["items"]] == old[::-1]
    assert third["next_cursor"] is None
    assert [job["id"] for job in await listed(client, admin, limit=3)] == (old + new)[::-1]


async def test_a_job_may_wait_for_a_job_of_somebody_else(client, callers, new_job):
    other = await new_job()
    operator = await callers.headers(Role.OPERATOR)
    job = await new_job(operator, depends_on=[other["id"]])
    assert job["waits_for"] == [other["id"]]


async def test_the_list_is_filtered(client, admin, callers, new_job, put_in, file_id):
    """CC-11: by status, type, stage and creator."""
    await new_job()
    operator = await callers.headers(Role.OPERATOR)
    own = await new_job(operator)
    await put_in(own["id"], Status.FAILED)
    voters = await new_job(type="voter_import", data={"file_id": file_id})

    async def ids(headers=admin, **params):
        return [job["id"] for job in await listed(client, headers, **params)]

    assert await ids(status="failed") == [own["id"]]
    assert len(await ids(status=["failed", "pending"])) == 3
    assert await ids(type="import_voters") == await ids(type="voter_import") == [voters["id"]]
    assert await ids(operator, created_by="me") == [own["id"]]
    assert await ids(created_by=str(callers.users["operator"].id)) == [own["id"]]
    assert await ids(stage="select") == []
    assert await ids(status="failed", type="import_voters") == []


async def test_a_cursor_belongs_to_its_filters_and_to_its_list(client, admin, new_job):
    for _ in range(3):
        await new_job()
    cursor = (await client.get("/api/v1/jobs?limit=1", headers=admin)).json()["next_cursor"]
    for path in (
        f"/api/v1/jobs?status=pending&cursor={cursor}",
        f"/api/v1/households?cursor={cursor}",
        f"/api/v1/jobs?cursor={cursor[:-4]}",
        "/api/v1/jobs?cursor=abc",
    ):
        assert_problem(await client.get(path, headers=admin), 422, "request.invalid_cursor")


async def test_the_number_of_jobs_on_a_page_is_a_setting(client, admin, app, settings, new_job):
    """CC-11: how many jobs are on a page is a setting."""
    app.state.settings = settings.model_copy(update={"list_limit": 1})
    await new_job()
    await new_job()
    assert len((await client.get("/api/v1/jobs", headers=admin)).json()["items"]) == 1


async def test_retries_and_priority_can_be_chosen(new_job):
    job = await new_job(priority=100, config={"max_retries": 0})
    assert (job["priority"], job["max_retries"], job["config"]) == (100, 0, {"max_retries": 0})


async def test_the_types_are_listed_with_what_they_take(client, viewer):
    found = (await client.get("/api/v1/job-types", headers=viewer)).json()["items"]
    assert [kind["name"] for kind in found] == list(REGISTRY)
    for kind in found:
        assert kind["payload_schema"]["additionalProperties"] is False
        REGISTRY[kind["name"]].payload.model_validate(kind["example"])


async def test_a_charset_in_the_content_type_is_fine_and_members_may_be_doubled(client, admin):
    answer = await client.post(
        "/api/v1/jobs",
        headers={**admin, "content-type": "Application/JSON; charset=utf-8"},
        content=b'{"type": "x", "type": "geocode_households", "data": {"mode": "static"}, "priority": 60.0}',
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["priority"] == 60


async def test_jobs_are_found_and_counted_by_words(client, admin, new_job, put_in):
    """RZ-7: the list is filtered by text, and the counts follow."""
    ohio = await new_job(data={"mode": "static", "filters": {"city": "Columbus"}})
    await put_in(ohio["id"], Status.FAILED)
    await new_job(data={"mode": "static", "filters": {"city": "Dayton"}})
    for words in ("columbus", "COLUM static", ohio["id"], ohio["id"][:8]):
        assert [job["id"] for job in await listed(client, admin, text=words)] == [ohio["id"]], words
    counted = await client.get("/api/v1/jobs/counts", headers=admin, params={"text": "static", "type": "geocoding"})
    assert counted.status_code == 200, counted.text
    found = {item["status"]: (item["jobs"], item["more"]) for item in counted.json()["items"]}
    assert found == {**{status.value: (0, False) for status in Status}, "pending": (1, False), "failed": (1, False)}
    bulk = {"action": "retry", "filter": {"text": "columbus"}, "dry_run": True}
    assert (await client.post("/api/v1/jobs/bulk", headers=admin, json=bulk)).json()["matched"] == {"failed": 1}
    for bad in ({"text": ""}, {"text": "x" * 201}, {"schedule_id": "nightly"}):
        assert_problem(await client.get("/api/v1/jobs", headers=admin, params=bad), 422, "request.invalid")


async def test_sensitive_members_are_for_those_who_may_control_the_job(client, callers, new_job):
    grace, eve = [await callers.headers(Role.OPERATOR, name) for name in ("grace", "eve")]
    job = await new_job(grace, data={"mode": "static", "filters": {"zip": "43210", "state": "OH"}})
    assert job["data"]["filters"]["zip"] == "43210"
    for headers, seen in [
        (grace, "43210"),
        (await callers.headers(Role.ADMIN), "43210"),
        (eve, REDACTED),
        (await callers.headers(Role.VIEWER), REDACTED),
    ]:
        shown = (await client.get(job["links"]["self"], headers=headers)).json()
        assert (shown["data"]["filters"]["zip"], shown["data"]["filters"]["state"]) == (seen, "OH")
        assert await listed(client, headers, text="43210") == []
