"""The reckoning of ticks, most of all where clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schedules.timing import Cron, Every

#: Zones and a moment in each at which clocks are changed: forward, back, at midnight, on the southern half,
#: by half an hour.
CHANGES = (
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2026, 10, 3, 16, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("UTC", datetime(2026, 3, 29, 1, tzinfo=UTC)),
)
EXPRESSIONS = st.one_of(
    st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    st.builds("{},{} {} * * *".format, st.integers(0, 29), st.integers(30, 59), st.integers(0, 5)),
    st.sampled_from(["*/15 * * * *", "0 * * * *", "*/20 1-3 * * *", "30 */2 * * *", "0 2 * * SUN", "59 23 L * *"]),
)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, st.sampled_from(CHANGES), st.integers(-36 * 60, 36 * 60))
def test_ticks_do_not_depend_on_where_the_reckoning_begins(expression, change, minutes):
    """CC-8: each tick comes after the one before, and is found from every moment, also in an hour that comes twice."""
    zone, moment = ZoneInfo(change[0]), change[1]
    cron = Cron(expression, zone)
    begin = moment - timedelta(hours=60)
    ticks = [cron.after(begin)]
    while ticks[-1] < moment + timedelta(hours=60):
        ticks.append(cron.after(ticks[-1]))
    assert ticks == sorted(set(ticks))
    start = moment + timedelta(minutes=minutes)
    assert cron.after(start) == next(tick for tick in [*ticks, cron.after(ticks[-1])] if tick > start)
    assert cron.newest(ticks[0], ticks[-1], most=3) == ticks[-3:]
    assert cron.newest(ticks[0], ticks[-1], most=10_000) == ticks


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 59), st.integers(0, 23), st.sampled_from(CHANGES))
def test_what_is_due_at_a_fixed_time_ticks_once_a_day(minute, hour, change):
    """CC-8: clocks that are changed neither double nor lose a daily job."""
    zone = ZoneInfo(change[0])
    cron, tick = Cron(f"{minute} {hour} * * *", zone), change[1] - timedelta(days=3)
    days = []
    for _ in range(6):
        tick = cron.after(tick)
        days.append(tick.astimezone(zone).date())
    assert days == [days[0] + timedelta(days=number) for number in range(6)]


def test_a_tick_in_a_gap_comes_at_its_end_and_one_that_is_there_twice_comes_the_first_time():
    berlin = Cron("30 2 * * *", ZoneInfo("Europe/Berlin"))
    assert berlin.after(datetime(2026, 3, 28, 12, tzinfo=UTC)) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert berlin.after(datetime(2026, 10, 24, 12, tzinfo=UTC)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert berlin.after(datetime(2026, 10, 25, 0, 45, tzinfo=UTC)) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_clock_that_is_changed_by_half_an_hour_is_met_like_any_other():
    """CC-8: on Lord Howe Island, 2:00 becomes 2:30 in October, and 2:00 becomes 1:30 in April."""
    zone = ZoneInfo("Australia/Lord_Howe")
    in_the_gap, twice = Cron("15 2 * * *", zone), Cron("45 1 * * *", zone)
    assert in_the_gap.after(datetime(2026, 10, 3, 12, tzinfo=UTC)) == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)
    assert twice.after(datetime(2026, 4, 4, 12, tzinfo=UTC)) == datetime(2026, 4, 4, 14, 45, tzinfo=UTC)
    assert twice.after(datetime(2026, 4, 4, 14, 50, tzinfo=UTC)) == datetime(2026, 4, 5, 15, 15, tzinfo=UTC)
    quarters = Cron("*/15 * * * *", zone)
    assert quarters.after(datetime(2026, 4, 4, 14, 45, tzinfo=UTC)) == datetime(2026, 4, 4, 15, tzinfo=UTC)


def test_what_was_missed_in_ten_years_is_found_without_reckoning_through_them():
    cron = Cron("* * * * *", ZoneInfo("UTC"))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    missed = cron.newest(datetime(2016, 1, 1, tzinfo=UTC), now, most=100)
    assert missed == [now - timedelta(minutes=number) for number in range(99, -1, -1)]
    rare = Cron("0 0 29 2 *", ZoneInfo("UTC"))
    assert rare.newest(datetime(2020, 2, 29, tzinfo=UTC), now, most=100) == [
        datetime(2020, 2, 29, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("expression", "ticks"),
    [
        ("0 6,18 * * *", ["03-02 18:00", "03-03 06:00"]),
        ("0 9-10 * * *", ["03-03 09:00", "03-03 10:00"]),
        ("*/20 * * * *", ["03-02 12:20", "03-02 12:40"]),
        ("0 0 1 JUN *", ["06-01 00:00"]),
        ("0 0 * * SAT,SUN", ["03-07 00:00", "03-08 00:00"]),
        ("59 23 L * *", ["03-31 23:59", "04-30 23:59"]),
    ],
)
def test_an_expression_means_what_cron_means(expression, ticks):
    tick, cron = datetime(2026, 3, 2, 12, tzinfo=UTC), Cron(expression, ZoneInfo("UTC"))
    for expected in ticks:
        tick = cron.after(tick)
        assert f"{tick:%m-%d %H:%M}" == expected


@given(st.integers(1, 10_000), st.integers(0, 100_000), st.integers(1, 20))
def test_an_interval_keeps_its_rhythm(seconds, later, most):
    every, first = Every(timedelta(seconds=seconds)), datetime(2026, 1, 1, tzinfo=UTC)
    ticks = every.newest(first, first + timedelta(seconds=later), most=most)
    assert len(ticks) == min(most, later // seconds + 1)
    assert all((tick - first) % every.interval == timedelta() for tick in ticks)
    assert timedelta() <= first + timedelta(seconds=later) - ticks[-1] < every.interval
    assert every.after(ticks[-1]) - ticks[-1] == every.interval


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("* * * *", "five fields"),
        ("0 * * * * *", "five fields"),
        ("61 * * * *", "bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 * * MON-SUN", "bad day-of-week"),
        ("* * */20 * 1L", "never comes"),
        ("5 \u0664 * * *", "five fields"),
    ],
)
def test_what_is_no_cron_expression_is_refused_with_what_is_wrong(expression, fault):
    with pytest.raises(ValueError, match=fault):
        Cron(expression, ZoneInfo("UTC"))
