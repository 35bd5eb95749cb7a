"""Creating jobs from a form that is made from the model of their payload."""

from typing import Literal
from uuid import uuid4

import pytest
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from app.auth.permissions import Role
from app.handlers import REGISTRY
from app.ui.payload_form import Kind, defaults, filled, given, groups_of, payload_of
from tests.ui.conftest import notice, shown, texts

pytestmark = pytest.mark.anyio


class Inner(BaseModel):
    name: str | None = None
    many: list[int] = Field(default_factory=list)


class Everything(BaseModel):
    text: str = Field(max_length=5, description="Some `text`.")
    whole: int = 3
    part: float | None = None
    yes: bool = True
    maybe: bool | None = None
    choice: Literal["a", "b"] = "a"
    number: Literal[1, 2] = 1
    file_id: str | None = None
    free: dict[str, int] = Field(default_factory=dict)
    inner: Inner | None = None


def test_each_kind_of_member_has_its_field_and_gives_its_value():
    groups = groups_of(Everything)
    kinds = {each.name: each.kind for group in groups for each in group.fields}
    assert kinds == {
        "data.text": Kind.TEXT,
        "data.whole": Kind.NUMBER,
        "data.part": Kind.NUMBER,
        "data.yes": Kind.CHECKBOX,
        "data.maybe": Kind.SELECT,
        "data.choice": Kind.SELECT,
        "data.number": Kind.JSON,
        "data.file_id": Kind.FILE,
        "data.free": Kind.JSON,
        "data.inner.name": Kind.TEXT,
        "data.inner.many": Kind.JSON,
    }
    assert [group.label for group in groups] == ["", "Inner"]
    value = {
        "text": "abc", "whole": 7, "part": 0.5, "yes": True, "maybe": False, "choice": "b", "number": 2,
        "file_id": "x", "free": {"a": 1}, "inner": {"name": "n", "many": [1, 2]},
    }  # fmt: skip
    values = filled(groups, value)
    assert payload_of(groups, values) == (value, {})
    assert Everything.model_validate(value)
    sent = given(groups, FormData([*values.items(), ("else", "x")]))
    assert sent == values
    assert payload_of(groups, {})[0] == {"yes": False}
    wrong = {"data.whole": "1.5", "data.part": "x", "data.free": "{", "data.number": "[" * 100}
    assert set(payload_of(groups, wrong)[1]) == set(wrong)
    assert payload_of(groups, {"data.whole": "9" * 30})[1] == {"data.whole": "This number is too large."}
    known = defaults(groups, Everything)
    assert (known["data.whole"], known["data.yes"], known["data.inner.name"]) == ("3", "true", "")


@pytest.mark.parametrize("kind", REGISTRY.values(), ids=REGISTRY)
def test_the_example_of_every_type_goes_through_its_form(kind):
    groups = groups_of(kind.payload)
    values = {**defaults(groups, kind.payload), **filled(groups, kind.example)}
    payload, faults = payload_of(groups, values)
    assert faults == {}
    kind.payload.model_validate(payload)


async def test_a_job_is_created_once_from_a_form(people, workshop):
    grace = await people.user(Role.OPERATOR, "grace")
    page = shown(await grace.get("/jobs/new"))
    assert texts(page, ".choices b") == [kind.label for kind in REGISTRY.values()]
    page = shown(await grace.get("/jobs/new?type=geocoding"))
    fields = {field.get("name"): field.get("value") or "" for field in page.cssselect("form.form [name]")}
    fields |= {"data.mode": "dynamic", "data.limit": "12", "data.filters.state": "OH", "priority": "70"}
    fields |= {"data.filters.status": "pending", "max_retries": "0", "on_dependency_failure": "fail"}
    fields |= {"start_at": "2100-01-01T10:00"}
    assert "In UTC; at once when it is empty." in texts(page, "#start_at-hint")
    answer = await grace.post("/jobs/new", **fields)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    assert notice(shown(await grace.client.get(address))) == "The job is created."
    job = next(iter((await workshop.services.jobs.page(_of(grace.user), limit=1)).items))
    assert address.endswith(str(job.id))
    assert (job.priority, job.max_retries, job.start_at.isoformat()) == (70, 0, "2100-01-01T10:00:00+00:00")
    assert job.data == {"mode": "dynamic", "limit": 12, "filters": {"status": "pending", "state": "OH"}}
    again = await grace.post("/jobs/new", **fields)
    assert again.headers["location"] == address, "the same form sent twice makes one job"
    assert "created already" in notice(shown(await grace.client.get(address)))
    changed = shown(await grace.post("/jobs/new", **{**fields, "data.limit": "13"}), 409)
    assert texts(changed, ".fault")[0].startswith("This form has created a job already.")


def _of(user):
    from app.jobs.listing import JobFilter

    return JobFilter(created_by=user.id)


async def test_what_is_wrong_is_said_at_its_field_and_what_was_entered_is_kept(people):
    grace = await people.user(Role.OPERATOR, "grace")
    fields = {"type": "geocode_households", "key": str(uuid4()), "data.limit": "many", "data.filters.zip": "<b>12"}
    page = shown(await grace.post("/jobs/new", **fields, priority="101", depends_on="x y", start_at="soon"), 422)
    wrong = {field.get("name"): field for field in page.cssselect("[aria-invalid=true]")}
    assert set(wrong) == {"data.limit", "data.filters.zip", "priority", "depends_on", "start_at"}
    assert (wrong["data.limit"].get("value"), wrong["data.filters.zip"].get("value")) == ("many", "<b>12")
    for name, field in wrong.items():
        assert f"{name}-fault" in field.get("aria-describedby").split()
    (fault,) = [each for each in page.cssselect("p.fault") if each.get("id") == "data.limit-fault"]
    assert fault.text == "This is no whole number."
    assert texts(page, ".fault[role=alert]") == ["5 fields cannot be accepted as they are. Nothing was created."]
    assert page.cssselect("details[open]"), "the part of the form with a fault is open"


async def test_a_file_comes_with_the_form(people, workshop):
    grace = await people.user(Role.OPERATOR, "grace")
    data = {"token": await grace.token(), "type": "import_voters", "key": str(uuid4())}
    files = {"upload.data.file_id": ("voters.csv", b"voter_id,first_name\n")}
    answer = await grace.client.post("/ui/jobs/new", data=data, files=files)
    assert answer.status_code == 303, answer.text
    job = next(iter((await workshop.services.jobs.page(_of(grace.user), limit=1)).items))
    stored = workshop.services.files.require(job.data["file_id"])
    assert stored.read_bytes() == b"voter_id,first_name\n"
    assert job.data["file_name"] == "voters.csv"
    again = {**data, "key": str(uuid4()), "data.file_id": job.data["file_id"], "data.file_name": "voters.csv"}
    files = {"upload.data.file_id": ("folder/mended.csv", b"voter_id,first_name,last_name\n")}
    assert (await grace.client.post("/ui/jobs/new", data=again, files=files)).status_code == 303
    newest = next(iter((await workshop.services.jobs.page(_of(grace.user), limit=1)).items))
    assert newest.data["file_name"] == "mended.csv", "another file has another name"
    assert texts(shown(await grace.get("/jobs?text=mended.csv")), ".jobs .id code") == [str(newest.id)[:8]]
    missing = await grace.client.post("/ui/jobs/new", data={**data, "data.file_id": str(uuid4()), "key": str(uuid4())})
    page = shown(missing, 404)
    assert "There is no uploaded file" in " ".join(texts(page, ".fault"))


async def test_run_again_begins_with_the_payload_of_the_job(people, workshop):
    ada, grace = await people.user(Role.ADMIN, "ada"), await people.user(Role.OPERATOR, "grace")
    job = await workshop.job(
        ada.user, data={"mode": "dynamic", "filters": {"zip": "43210", "city": "Columbus"}}, priority=80
    )
    page = shown(await ada.get(f"/jobs/new?like={job.id}"))
    values = {field.get("name"): field.get("value") for field in page.cssselect("form.form input")}
    assert (values["data.filters.zip"], values["data.filters.city"], values["priority"]) == ("43210", "Columbus", "80")
    assert page.cssselect("[name='data.mode'] option[selected]")[0].text == "dynamic"
    page = shown(await grace.get(f"/jobs/new?like={job.id}"))
    values = {field.get("name"): field.get("value") for field in page.cssselect("form.form input")}
    assert values["data.filters.zip"] == "(redacted)", "who may not see it does not see it here either"


async def test_who_may_not_create_jobs_cannot(people):
    viewer = await people.user(Role.VIEWER)
    assert (await viewer.get("/jobs/new")).status_code == 403
    assert (await viewer.post("/jobs/new", type="geocode_households")).status_code == 403


async def test_a_start_is_of_the_zone_that_the_form_names(people, workshop):
    grace = await people.user(Role.OPERATOR, "grace")
    fields = {"type": "geocode_households", "data.mode": "static", "start_at": "2100-07-01T10:00"}
    answer = await grace.post("/jobs/new", **fields, start_zone="Asia/Kolkata", key=str(uuid4()))
    job = await workshop.services.jobs.get(answer.headers["location"].rpartition("/")[2])
    assert job.start_at.isoformat() == "2100-07-01T04:30:00+00:00"
    again = shown(await grace.post("/jobs/new", **fields, start_zone="Asia/Kolkata", priority="x"), 422)
    assert texts(again, "#start_at-hint") == ["In the time zone Asia/Kolkata; at once when it is empty."]
    for zone in ("Mars/Olympus", "../../etc/passwd", "Europe", "x" * 5000, "\x00"):
        shown(await grace.post("/jobs/new", **fields, start_zone=zone), 422)
