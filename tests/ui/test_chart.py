"""Charts: where their lines go, and what they say in words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.chart import Chart, Line, grid, rounded_up, shown

NOW = datetime(2026, 3, 2, 9, 16, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def chart(*lines: Line) -> Chart:
    length = max((len(line.values) for line in lines), default=0)
    return Chart("depth", "Depth", "6h", "jobs", grid(NOW, back=MINUTE * length, step=MINUTE), lines)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([0, 10, 5], "M0.0 100.0L500.0 0.0L1000.0 50.0"),
        ([10, None, 10, 0], "M0.0 0.0h0M666.7 0.0L1000.0 100.0"),
        ([None, 10, None], "M500.0 0.0h0"),
        ([None, None], ""),
        ([10], "M0.0 0.0h0"),
        ([], ""),
    ],
)
def test_a_line_goes_from_value_to_value_and_leaves_gaps(values, path):
    line = Line("Due", "pending", values)
    assert chart(line, Line("Top", "slots", [10])).path(line) == path


@given(st.lists(st.none() | st.floats(min_value=0, max_value=1e9), max_size=30))
def test_no_line_leaves_the_drawing(values):
    line = Line("Due", "pending", values)
    drawn = chart(line).path(line).replace("h0", "").replace("M", " ").replace("L", " ")
    numbers = [float(part) for part in drawn.split()]
    assert all(0 <= x <= 1000 and -0.1 <= y <= 100 for x, y in zip(numbers[::2], numbers[1::2], strict=True))


@given(st.floats(min_value=0, max_value=1e12))
def test_the_upper_edge_is_round_and_not_far(value):
    edge = rounded_up(value)
    assert value <= edge <= max(4, value * 2.5)
    assert float(f"{edge:.1g}") == edge


def test_what_it_says_in_words_and_as_a_table():
    drawn = chart(Line("Due", "pending", [3, None, 12.5]), Line("Running", "processing", [None, None, 1]))
    assert drawn.description == "Due: 12 at the end, 12 at most. Running: 1 at the end, 1 at most"
    assert drawn.scale == ["20", "10", "0"]
    assert drawn.rows == [
        (datetime(2026, 3, 2, 9, 16, tzinfo=UTC), ["12", "1"]),
        (datetime(2026, 3, 2, 9, 14, tzinfo=UTC), ["3", "–"]),
    ]
    assert chart(Line("Due", "pending", [None])).empty


def test_stretches_begin_where_the_noted_ones_do():
    times = grid(NOW, back=timedelta(hours=1), step=timedelta(minutes=3))
    assert (len(times), times[-1]) == (20, datetime(2026, 3, 2, 9, 15, tzinfo=UTC))
    assert [shown(value) for value in (None, 0, 0.25, 9.96, 1234.4)] == ["–", "0", "0.2", "10.0", "1,234"]
