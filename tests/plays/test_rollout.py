"""The change from parsing within the request to jobs, and back."""

from itertools import pairwise
from uuid import UUID

from app.plays.rollout import Rollout, by_job

FILES = [UUID(int=number) for number in range(1000)]


def test_a_percentage_takes_about_so_many_files_and_keeps_them_when_it_grows():
    """P8-11: which way a file goes is settled by the file and the percentage alone."""
    taken = [{file for file in FILES if by_job(file, Rollout.PERCENTAGE, percent)} for percent in (0, 25, 50, 100)]
    assert all(fewer <= more for fewer, more in pairwise(taken))
    assert (len(taken[0]), len(taken[3])) == (0, len(FILES))
    assert 200 < len(taken[1]) < 300
    assert [by_job(FILES[0], rollout, 100) for rollout in Rollout] == [False, False, True, True]
