"""Live streams over HTTP: where they begin, and how they end."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from httpx import Request
from psycopg import OperationalError

from app.api import streams
from app.api.streams import message
from app.auth import standing
from app.auth.permissions import Role
from app.auth.tokens import Tokens
from app.feed.change import Filter
from app.jobs.model import Caller
from app.jobs.states import Event
from tests.api.conftest import assert_problem, unknown_id
from tests.feed.test_feed import messages

pytestmark = pytest.mark.anyio


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(shared_client):
    return shared_client


class Stream:
    """An answer that is read while it is written."""

    def __init__(self):
        self.status, self.headers, self.data = None, {}, b""
        self._news = asyncio.Condition()

    async def send(self, sent):
        async with self._news:
            if sent["type"] == "http.response.start":
                self.status = sent["status"]
                self.headers = {name.decode(): value.decode() for name, value in sent["headers"]}
            self.data += sent.get("body", b"")
            self._news.notify_all()

    async def until(self, condition):
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: condition(messages(self.data or b":")))
        return messages(self.data)


@asynccontextmanager
async def following(app, path, headers):
    """Open a stream, and go away at the end."""
    request, stream, gone = Request("GET", f"http://test/api/v1{path}", headers=headers), Stream(), asyncio.Event()
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": request.url.path,
        "query_string": request.url.query, "root_path": "", "server": ("test", 80), "client": ("test", 1),
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }  # fmt: skip

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    serving = asyncio.create_task(app(scope, receive, stream.send))
    stream.served = serving
    try:
        yield stream
    finally:
        gone.set()
        await serving


async def test_a_jobs_stream_has_its_trail_then_what_happens_and_goes_on_behind_the_last_id(app, new_job, viewer):
    """VR-6: the whole trail for who comes first, only what was missed for who comes back."""
    job = await new_job()
    path = f"/jobs/{job['id']}/events/stream"
    async with following(app, path, viewer) as stream:
        await stream.until(lambda seen: any(one["name"] == "progress" for one in seen))
        await app.state.services.jobs.control(UUID(job["id"]), Event.PAUSE, caller=Caller.system("test"), reason="why")
        seen = await stream.until(lambda seen: seen[-1]["name"] == "progress" and seen[-1]["status"] == "paused")
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["x-accel-buffering"] == "no"
    assert [one.get("event", one["name"]) for one in seen] == ["start", "create", "progress", "pause", "progress"]
    created, paused = (one for one in seen if one["name"] == "event")
    assert (paused["reason"], paused["from_status"], paused["type"]) == ("why", "pending", "geocode_households")
    async with following(app, path, {**viewer, "Last-Event-ID": created["id"]}) as stream:
        again = await stream.until(lambda seen: any(one["name"] == "progress" for one in seen))
    assert [one["id"] for one in again if one["name"] == "event"] == [paused["id"]]
    assert app.state.feed._task is None, "nobody is left who follows"


async def test_the_list_can_be_followed_by_type_and_creator(app, callers, new_job, admin, monkeypatch):
    """VR-6: the list's stream has every job that its filters fit, from now on, and shows that it lives."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    await new_job()
    mine = await callers.headers(Role.OPERATOR)
    async with (
        following(app, "/jobs/stream", admin) as every,
        following(app, "/jobs/stream?created_by=me&type=geocoding", mine) as own,
    ):
        for stream in (every, own):
            await stream.until(lambda seen: seen)
        jobs = [await new_job(admin), await new_job(mine)]
        seen = {}
        for name, stream in (("every", every), ("own", own)):
            await stream.until(lambda seen: any(one.get("job_id") == jobs[1]["id"] for one in seen))
            seen[name] = [one["job_id"] for one in messages(stream.data) if one["name"] == "event"]
        await own.until(lambda seen: b": alive" in own.data)
    assert seen == {"every": [job["id"] for job in jobs], "own": [jobs[1]["id"]]}


async def test_a_stream_ends_with_its_token_and_with_the_service(app, callers, viewer, monkeypatch):
    """VR-6: the last message says why, and who asks is not kept waiting."""
    short = Tokens(app.state.accounts.tokens._secret, lifetime=timedelta(seconds=2))
    headers = {"Authorization": f"Bearer {short.issue(callers.users['viewer'].id).text}"}
    async with following(app, "/jobs/stream", headers) as stream:
        await stream.until(lambda seen: seen and seen[-1]["name"] == "end")
        async with asyncio.timeout(20):
            await stream.served
    assert messages(stream.data)[-1]["reason"] == "token"
    monkeypatch.setattr(app.state.feed, "_stopping", False)  # as it is again for the tests that follow
    async with following(app, "/jobs/stream", viewer) as stream:
        await stream.until(lambda seen: seen)
        app.state.feed.stop()
        await stream.until(lambda seen: seen[-1]["name"] == "end")
    assert messages(stream.data)[-1]["reason"] == "stopping"


@pytest.mark.parametrize("changes", [{"disabled": True}, {"password": "a microsecond of wire"}])
async def test_a_stream_ends_when_its_user_is_disabled_or_has_a_new_password(app, callers, monkeypatch, changes):
    """VR-4: a stream that was opened before is no way around; those of others go on."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(standing, "FRESH_SECONDS", 0.0)
    name = f"leaves-{next(iter(changes))}"
    leaver, other = await callers.headers(Role.VIEWER, name), await callers.headers(Role.VIEWER, "stays")
    async with (
        following(app, "/jobs/stream", leaver) as stream,
        following(app, "/jobs/stream", other) as stays,
    ):
        for one in (stream, stays):
            await one.until(lambda _, one=one: one.data.count(b": alive") > 1)
        await app.state.accounts.change(callers.users[name].id, **changes, caller=Caller.system("test"))
        seen = await stream.until(lambda seen: seen[-1]["name"] == "end")
        assert seen[-1]["reason"] == "token"
        told = stays.data.count(b": alive")
        await stays.until(lambda _: stays.data.count(b": alive") > told + 1)


async def test_a_stream_outlives_a_look_that_the_database_does_not_answer(app, viewer, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    asked = []

    async def away(*_):
        asked.append(True)
        raise OperationalError("the database is away")

    monkeypatch.setattr(app.state.standing, "holds", away)
    async with following(app, "/jobs/stream", viewer) as stream:
        seen = await stream.until(lambda _: len(asked) > 1 and stream.data.count(b": alive") > 1)
        assert seen[-1]["name"] == "start"


async def test_what_cannot_be_followed_is_refused_before_the_stream_begins(client, viewer):
    """VR-5: a stream that has begun could not say it any more."""
    assert_problem(await client.get(f"/api/v1/jobs/{unknown_id()}/events/stream", headers=viewer), 404, "job.not_found")
    bad = {**viewer, "Last-Event-ID": "yesterday"}
    problem = assert_problem(await client.get("/api/v1/jobs/stream", headers=bad), 422, "request.invalid")
    assert problem["errors"][0]["field"] == "Last-Event-ID"
    problem = assert_problem(
        await client.get("/api/v1/jobs/stream?type=nothing", headers=viewer), 422, "job.unknown_type"
    )


async def test_who_missed_too_much_is_told_to_read_anew(app, new_job, monkeypatch):
    """VR-6: instead of a long replay, the stream says that it is not complete and goes on from now."""
    monkeypatch.setattr("app.feed.feed.REPLAY_ENTRIES", 1)
    for _ in range(2):
        await new_job()
    follower, missed = await app.state.feed.follow(Filter(), 0)
    app.state.feed.leave(follower)
    assert missed is None
    start = message(streams.StreamStart(complete=False), ident=follower.position)
    assert messages(start) == [{"name": "start", "id": str(follower.position), "complete": False}]
