"""The order in which a trail may be told, whatever the order in which its transactions end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.feed.settled import Settled, Snapshot


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(range(1, 9)),
    lost=st.sets(st.integers(1, 8)),
    looks=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_every_entry_is_told_once_in_order_and_none_before_one_that_may_still_come(order, lost, looks):
    """VR-6: transaction 100 + n writes entry n; they end in any order, and those in ``lost`` take theirs back."""
    settled, told, ended = Settled(0, patience=1e9), [], set()

    def look():
        under_way = [100 + n for n in range(1, 9) if n not in ended]
        visible = sorted(n for n in ended - lost if n > settled.last)
        count = settled.take(visible, Snapshot(min(under_way, default=109), 109), now=0.0)
        told.extend(visible[:count])
        assert not [n for n in range(1, 9) if n not in ended | lost and told and n < told[-1]]

    for number, looked in zip(order, looks, strict=True):
        ended.add(number)
        if looked:
            look()
    look()
    look()  # with nothing under way any more, gaps are given up as soon as they are seen a second time
    assert told == [number for number in range(1, 9) if number not in lost]


def test_a_gap_is_given_up_when_nothing_of_ours_can_fill_it_any_more():
    """VR-6: some other transaction that never ends must not stop the stream."""
    settled = Settled(0, patience=30)
    stuck = Snapshot(oldest=5, next=9)
    assert settled.take([2, 3], stuck, now=0.0) == 0
    assert settled.waits
    assert settled.take([2, 3, 4], stuck, now=29.0) == 0
    assert settled.take([2, 3, 4], stuck, now=31.0) == 3
    assert (settled.last, settled.waits) == (4, False)
