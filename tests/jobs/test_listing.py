"""Cursors survive the round trip, and are bound to their filters."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.listing import Cursor, JobFilter
from app.jobs.states import Status
from app.problems import InvalidCursor

filters = st.builds(
    JobFilter,
    status=st.lists(st.sampled_from(Status), unique=True).map(tuple),
    type=st.none() | st.text(max_size=20),
    stage=st.none() | st.text(max_size=20),
    created_by=st.none() | st.uuids(),
    schedule_id=st.none() | st.uuids(),
    fingerprint=st.none() | st.text(max_size=20),
    text=st.none() | st.text(max_size=20),
)
cursors = st.builds(Cursor, created_at=st.datetimes(timezones=st.just(UTC)), id=st.uuids())


@given(cursors, filters)
def test_a_cursor_survives_the_round_trip(cursor, filters):
    assert Cursor.decode(cursor.encode(filters), filters) == cursor


@given(cursors, filters, filters)
def test_a_cursor_of_another_list_is_refused(cursor, one, other):
    if one != other:
        with pytest.raises(InvalidCursor, match="other filters"):
            Cursor.decode(cursor.encode(one), other)


@given(st.text())
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidCursor):
        Cursor.decode(text, JobFilter())


def test_a_cut_cursor_is_refused():
    whole = Cursor(datetime(2026, 1, 2, tzinfo=UTC), uuid4()).encode(JobFilter())
    with pytest.raises(InvalidCursor):
        Cursor.decode(whole[:-4], JobFilter())
