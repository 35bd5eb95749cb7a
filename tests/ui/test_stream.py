"""The stream of an open page: ids of jobs that have changed, as long as the session lives."""

import asyncio
import json
from collections import Counter
from uuid import UUID, uuid4

import pytest

from app.auth.permissions import Role
from app.feed.change import Filter
from app.feed.follower import Watcher
from app.jobs.model import Caller
from app.ui import door, stream
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


def messages(text: str) -> list[tuple[str, object]]:
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def followers(app):
    async def present():
        return list(app.state.feed._followers)

    return present


async def test_a_page_is_told_which_jobs_have_changed_until_its_session_ends(people, workshop, app, monkeypatch):
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.3)
    monkeypatch.setattr(stream, "PACE_SECONDS", 0.01)
    person = await people.user(Role.VIEWER)
    answer = asyncio.create_task(person.get("/stream"))
    (watcher,) = await eventually(followers(app))
    sent: Counter[UUID] = Counter()
    asked, given, take = 0, set(), watcher.take

    async def noting(seconds):
        nonlocal asked, given
        # Who asks for more has sent what it was given before.
        sent.update(given)
        asked += 1
        given = await take(seconds) or set()
        return given

    watcher.take = noting

    async def create(**fields):
        return await workshop.job(person.user, **fields)

    async def until(true):
        async def look():
            return true()

        await eventually(look)

    # It waits in the function that was there before; the first news bring it here.
    await create()
    await until(lambda: asked)
    job = await create(data={"mode": "static", "filters": {"city": "Secretville"}})
    gone = await create()
    await until(lambda: {job.id, gone.id} <= set(sent))
    before = sent[gone.id]
    await workshop.services.clearing.delete(gone.id, caller=Caller.user(person.user.id))
    await until(lambda: sent[gone.id] > before)
    await app.state.browser_sessions.close(person.client.cookies[door.COOKIE])
    response = await asyncio.wait_for(answer, 20)
    assert response.headers["content-type"].startswith("text/event-stream")
    received = messages(response.text)
    assert received[0] == ("start", {})
    assert received[-1] == ("end", {"reason": "token"})
    ids = {job_id for name, data in received if name == "news" for job_id in data["jobs"]}
    assert {str(job.id), str(gone.id)} <= ids
    assert "Secretville" not in response.text
    assert not app.state.feed._followers, "nobody follows any more"


async def test_between_two_messages_there_is_a_pace_and_what_comes_meanwhile_is_told_together(app, monkeypatch):
    monkeypatch.setattr(stream, "PACE_SECONDS", 0.2)
    watcher, now = Watcher(Filter(), limit=10), asyncio.get_running_loop().time
    told = stream.NewsStream(app.state.feed, watcher, app.state.browser_sessions, "of nobody")._messages()
    await anext(told)
    jobs = [uuid4() for _ in range(3)]
    watcher.note(jobs[0])
    ((_, first),) = messages((await anext(told)).decode())
    began = now()
    for job_id in jobs[1:]:
        watcher.note(job_id)
    ((_, second),) = messages((await anext(told)).decode())
    assert now() - began >= 0.2
    assert (first["jobs"], second["jobs"]) == ([str(jobs[0])], sorted(map(str, jobs[1:])))
    await told.aclose()
