"""The transition table is total, closed and connected, and everything derived from it agrees with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.states import TERMINAL, TRANSITIONS, Actor, Event, Status, allowed, sources, target

pairs = st.tuples(st.sampled_from([None, *Status]), st.sampled_from(Event))


def test_there_are_exactly_six_statuses():
    """CC-2: exactly six statuses, two of them for what people stop."""
    assert [status.value for status in Status] == [
        "pending", "processing", "paused", "completed", "failed", "cancelled"
    ]  # fmt: skip


def test_only_a_retry_leaves_a_terminal_status():
    assert {Status.COMPLETED, Status.FAILED, Status.CANCELLED} == TERMINAL
    assert allowed(Status.COMPLETED) == ()
    assert allowed(Status.FAILED) == allowed(Status.CANCELLED) == (Event.RETRY,)


def test_every_status_can_be_reached_and_every_open_one_can_end():
    reached = {Status.PENDING}
    while True:
        more = {row.target for row in TRANSITIONS if row.source in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(Status)
    ending = {row.source for row in TRANSITIONS if row.target in TERMINAL}
    assert ending - {None} == set(Status) - TERMINAL


@given(pairs)
def test_target_sources_and_allowed_tell_the_same_story(pair):
    """P8-1: everything derived from the one transition table agrees with it."""
    status, event = pair
    to = target(status, event)
    rows = [row for row in TRANSITIONS if row.source is status and row.event is event]
    assert [row.target for row in rows] == ([to] if to else [])
    if status is not None:
        assert (status in sources(event)) == (to is not None)
        assert (event in allowed(status)) == (to is not None and event.actor is Actor.USER)


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.source}-{row.event}")
def test_a_row_says_who_causes_it_and_when(row):
    assert row.trigger
    assert row.event.actor in Actor
