"""Who may enter: sessions, cookies, and forms that only our own pages can send."""

import hashlib
from datetime import timedelta

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select

from app.auth.permissions import Role
from app.database.tables import browser_sessions
from app.jobs.clock import Clock
from app.jobs.model import Caller
from app.main import create_app
from app.settings import Settings
from app.ui import door
from app.ui.headers import POLICY
from tests.api.conftest import opened
from tests.ui.conftest import People, shown, texts

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


def guarded() -> list[tuple[str, str]]:
    """Method and path of every page that is only for who is signed in."""
    (page,) = [route for route in create_app(Settings(_env_file=None)).routes if getattr(route, "name", "") == "ui"]
    return [
        (method, context.path.replace("{job_id}", "0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10"))
        for context in iter_route_contexts(page.routes)
        for method in sorted(context.methods or ())
        if method != "HEAD" and context.path not in {"/", "/sign-in", "/dock.js"}
    ]


@pytest.mark.parametrize(("method", "path"), guarded())
async def test_a_stranger_is_sent_to_the_sign_in(people, method, path):
    stranger = people.stranger()
    answer = await stranger.client.request(method, f"/ui{path}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/ui/sign-in")
    stranger.client.cookies.set(door.COOKIE, "made-up")
    answer = await stranger.client.request(method, f"/ui{path}")
    assert answer.headers["location"].startswith("/ui/sign-in")


@pytest.mark.parametrize(("method", "path"), [each for each in guarded() if each[0] == "POST"])
async def test_a_form_counts_only_with_the_token_of_the_session(people, method, path):
    admin, other = await people.user(Role.ADMIN), await people.user(Role.ADMIN)
    for token in ("", "x", "0" * 64, "0" * 128, await other.token()):
        answer = await admin.client.post(f"/ui{path}", data={"token": token})
        assert answer.status_code == 403, path
        assert "Nothing was done" in answer.text
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil"},
                    {"Origin": "null"}):  # fmt: skip
        answer = await admin.client.post(f"/ui{path}", data={"token": await admin.token()}, headers=headers)
        assert answer.status_code == 403, headers


async def test_the_set_up_signing_in_and_signing_out(settings):
    async with opened(settings) as app:
        people = People(app)
        await set_up_sign_in_and_out(people)
        await people.close()


async def set_up_sign_in_and_out(people):
    person = people.stranger()
    assert "Create the first admin" in (await person.get("/sign-in")).text
    answer = await person.client.post("/ui/sign-in", data={"name": "ada", "password": "short", "first": "yes"})
    assert answer.status_code == 422
    assert "The password has 10 to 200 characters." in answer.text
    assert 'value="ada"' in answer.text, "what was typed is kept"
    first = {"name": "ada", "password": PASSWORD, "first": "yes"}
    answer = await person.client.post("/ui/sign-in", data=first)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/jobs")
    cookie = answer.headers["set-cookie"]
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "path=/ui", "samesite=lax"}
    page = await person.get("/jobs")
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["cache-control"] == "no-store"
    assert "unsafe" not in POLICY
    session_id = person.client.cookies[door.COOKIE]
    answer = await person.post("/sign-out")
    assert answer.headers["location"] == "/ui/sign-in"
    assert door.COOKIE not in person.client.cookies
    person.client.cookies.set(door.COOKIE, session_id)
    assert (await person.get("/jobs")).status_code == 303, "the session itself has ended"
    again = people.stranger("https")
    assert "Create the first admin" not in (await again.get("/sign-in")).text
    assert (await again.client.post("/ui/sign-in", data=first)).status_code == 409, "it is open once"
    answer = await again.client.post("/ui/sign-in", data={"name": "ADA", "password": PASSWORD})
    assert answer.status_code == 303
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "given",
    [
        {"name": "nobody", "password": PASSWORD},
        {"name": "", "password": ""},
        {"name": "x" * 500, "password": "y" * 500},
    ],
)
async def test_a_wrong_name_or_password_is_refused_alike(people, given):
    answer = await people.stranger().client.post("/ui/sign-in", data=given)
    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_name_that_cannot_be_stored_is_refused(people):
    answer = await people.stranger().client.post("/ui/sign-in", data={"name": "a\x00b", "password": PASSWORD})
    assert answer.status_code == 422


async def test_a_sign_in_that_another_site_sends_is_refused(people):
    answer = await people.stranger().client.post(
        "/ui/sign-in", data={"name": "ada", "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


WAYS = [
    ("/ui/jobs?status=failed&text=a%20b", "/ui/jobs?status=failed&text=a%20b"),
    ("", "/ui/jobs"),
    ("https://evil.example/ui/jobs", "/ui/jobs"),
    ("//evil.example/ui/jobs", "/ui/jobs"),
    ("/\\evil.example", "/ui/jobs"),
    ("/ui/\\evil.example", "/ui/jobs"),
    ("/ui//evil.example", "/ui/jobs"),
    ("javascript:alert(1)", "/ui/jobs"),
    ("/api/v1/jobs", "/ui/jobs"),
    ("/ui/jobs\r\nSet-Cookie: a=b", "/ui/jobs%0D%0ASet-Cookie:%20a=b"),
    ("/ui/../docs", "/ui/jobs"),
]


@pytest.mark.parametrize(("next", "leads"), WAYS)
async def test_the_sign_in_leads_back_to_pages_of_ours_only(people, next, leads):
    person = await people.user(Role.VIEWER)
    answer = await person.get("/sign-in", params={"next": next})
    assert (answer.status_code, answer.headers["location"]) == (303, leads)
    assert "set-cookie" not in answer.headers


async def test_the_page_that_was_asked_for_comes_after_the_sign_in(people):
    answer = await people.stranger().get("/jobs?status=failed&type=")
    assert answer.headers["location"] == "/ui/sign-in?next=%2Fui%2Fjobs%3Fstatus%3Dfailed%26type%3D"
    answer = await people.stranger().get("/jobs", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (401, "true")


async def test_a_session_ends_without_requests_and_after_a_fixed_time(people, app):
    sessions, settings = app.state.browser_sessions, app.state.settings
    user = (await people.user(Role.VIEWER)).user
    session_id = await sessions.open(user.id)
    idle, longest = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
    try:
        for moved, alive in ((timedelta(), True), (idle * 0.9, True), (idle * 1.8, True), (idle * 2.9, False)):
            sessions._clock = Clock(moved)
            assert bool(await sessions.find(session_id)) is alive, moved
            await sessions.seen(session_id)
        session_id = await sessions.open(user.id)
        start = sessions._clock.offset
        while sessions._clock.offset < start + longest - idle:
            sessions._clock = Clock(sessions._clock.offset + idle * 0.9)
            await sessions.seen(session_id)
            found = await sessions.find(session_id)
            assert found.left > timedelta()
        sessions._clock = Clock(start + longest)
        await sessions.seen(session_id)
        assert await sessions.find(session_id) is None
    finally:
        sessions._clock = Clock()


async def test_what_an_open_page_asks_for_by_itself_keeps_nobody_signed_in(people, app):
    sessions, settings = app.state.browser_sessions, app.state.settings
    person = await people.user(Role.VIEWER)
    idle = timedelta(minutes=settings.session_idle_minutes)
    try:
        for moved, headers, status in (
            (idle * 0.9, {}, 200),
            (idle * 1.8, {door.LIVE_HEADER: "yes"}, 200),
            (idle * 2, {door.LIVE_HEADER: "yes"}, 401),
        ):
            sessions._clock = Clock(moved)
            answer = await person.get("/dock", headers={"HX-Request": "true", **headers})
            assert answer.status_code == status, moved
    finally:
        sessions._clock = Clock()


async def test_the_database_keeps_the_digest_of_a_session_alone(people, app):
    person = await people.user(Role.VIEWER)
    session_id = person.client.cookies[door.COOKIE]
    async with app.state.services.database.engine.connect() as connection:
        rows = (await connection.execute(select(browser_sessions))).mappings().all()
    (row,) = [row for row in rows if row["digest"] == hashlib.sha256(session_id.encode()).digest()]
    assert session_id not in str(dict(row))
    stranger = people.stranger()
    stranger.client.cookies.set(door.COOKIE, row["digest"].hex(), domain="test.local", path="/ui")
    assert (await stranger.get("/jobs")).status_code == 303


async def test_a_disabled_user_is_out_at_once_and_so_is_one_with_a_new_password(people, app):
    person = await people.user(Role.OPERATOR, "grace")
    assert (await person.get("/jobs")).status_code == 200
    changes = app.state.accounts.change
    await changes(person.user.id, password="another long password", caller=Caller.system("test"))
    assert (await person.get("/jobs")).status_code == 303
    person = await people.user(Role.OPERATOR, "grace")
    assert (await person.get("/jobs")).status_code == 200
    await changes(person.user.id, disabled=True, caller=Caller.system("test"))
    assert (await person.get("/jobs")).status_code == 303
    await changes(person.user.id, disabled=False, caller=Caller.system("test"))
    assert (await person.get("/jobs")).status_code == 303, "the session has ended for good"


async def test_what_there_is_not_is_said_on_a_page(people):
    person = await people.user(Role.VIEWER)
    answer = await person.get("/nothing/<script>")
    assert answer.status_code == 404
    assert "<script>" not in answer.text.split("</head>")[1]
    assert "There is no page at" in answer.text
    assert texts(shown(answer, 404), "nav a")[0] == "Jobs", "and leads back"
    assert not shown(await people.stranger().get("/nothing"), 404).cssselect("nav")
    assert (await person.get("/jobs?status=done")).status_code == 422
    assert (await person.get("/jobs?type=nothing")).status_code == 422
    assert (await person.get("/jobs?creator=somebody")).status_code == 422
    assert (await person.get("/jobs?after=abc")).status_code == 422
    assert (await person.get("/jobs?text=%00")).status_code == 422


def test_the_policy_of_all_pages_allows_our_own_files_only():
    policy = {name: rest for name, _, rest in (each.strip().partition(" ") for each in POLICY.split(";"))}
    assert policy["default-src"] == "'none'"
    loads = {name for name in policy if name.endswith("-src")} - {"default-src"}
    assert {policy[name] for name in loads} == {"'self'"}


async def test_assets_are_kept_for_ever_under_their_digest(people, app):
    stranger = people.stranger()
    for name, path in app.state.assets.paths.items():
        answer = await stranger.get(path)
        assert answer.status_code == 200, name
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await stranger.get(path.replace("/assets/", "/assets/0"))).status_code == 404
    assert (await stranger.get("/assets/../page.py")).status_code == 404
    assert (await stranger.get("/assets/..%2f..%2fpage.py")).status_code == 404
