"""Who is only told which jobs have changed is never behind."""

from uuid import uuid4

import pytest

from app.feed.change import End, Filter, Moved, Subject
from app.feed.follower import Watcher
from app.jobs.states import Status

pytestmark = pytest.mark.anyio


def moved(job_id) -> Moved:
    return Moved(Subject(job_id, "geocode_households", None), Status.PROCESSING, 5, "select", 5, 100)


def never() -> bytes:
    raise AssertionError("a watcher needs no message")


async def test_a_job_that_changes_often_is_told_once():
    watcher, job_id = Watcher(Filter(), limit=10), uuid4()
    for _ in range(1000):
        watcher.tell(moved(job_id), never)
    assert await watcher.take(0) == {job_id}
    assert await watcher.take(0) == frozenset(), "nothing is told twice"


async def test_of_too_many_it_learns_only_that_there_are_many():
    watcher = Watcher(Filter(), limit=10)
    for _ in range(11):
        watcher.tell(moved(uuid4()), never)
    assert await watcher.take(0) is None
    watcher.tell(moved(job_id := uuid4()), never)
    assert await watcher.take(0) == {job_id}


async def test_the_end_wakes_it_and_the_first_reason_stays():
    watcher = Watcher(Filter(), limit=10)
    watcher.end(End.STOPPING)
    watcher.end(End.TOKEN)
    assert await watcher.take(60) == frozenset()
    assert watcher.ended is End.STOPPING
