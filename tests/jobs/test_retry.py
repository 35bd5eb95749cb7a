"""Backoff and the classification of errors."""

import errno
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy.exc
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.retry import PermanentError, RetryPolicy, TransientError, is_transient
from app.problems import FileNotKnown, StorageUnavailable


def _wrapped(error: psycopg.Error) -> sqlalchemy.exc.DBAPIError:
    return sqlalchemy.exc.InternalError("SELECT 1", {}, error)


policies = st.builds(
    RetryPolicy,
    base_seconds=st.floats(0.001, 100),
    factor=st.floats(1, 10),
    cap_seconds=st.floats(100, 10_000),
    jitter=st.floats(0, 1),
)


@given(policies, st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_negative_nor_above_the_cap(policy, retry, chance):
    """RZ-3: the backoff is bounded, with any jitter."""
    assert timedelta() <= policy.delay(retry, chance) <= timedelta(seconds=policy.cap_seconds)


@given(policies, st.integers(1, 1000))
def test_delays_do_not_shrink_from_retry_to_retry(policy, retry):
    assert policy.delay(retry, 0) <= policy.delay(retry + 1, 0)


def test_the_delay_doubles_by_default():
    policy = RetryPolicy()
    assert [policy.delay(retry, 0).total_seconds() for retry in (1, 2, 3)] == [5, 10, 20]


def test_a_delay_grows_by_the_factor_up_to_the_cap_and_is_shortened_by_the_jitter():
    policy = RetryPolicy(base_seconds=10, factor=3, cap_seconds=50, jitter=0.5)
    for chance, delays in ((0, [10, 30, 50, 50]), (1, [5, 15, 25, 25])):
        assert [policy.delay(retry, chance).total_seconds() for retry in (1, 2, 3, 4)] == delays


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (TransientError("later"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (StorageUnavailable("the disk is full"), True),
        (_wrapped(psycopg.errors.IdleInTransactionSessionTimeout("frozen for a while")), True),
        (_wrapped(psycopg.errors.UniqueViolation("a bug")), False),
        (PermanentError("never"), False),
        (FileNotFoundError("gone"), False),
        (FileNotKnown("no such upload"), False),
        (ValueError("a bug"), False),
        (KeyError("a bug"), False),
    ],
)
def test_errors_are_worth_another_attempt_or_not(error, transient):
    """RZ-3: each error is transient or permanent."""
    assert is_transient(error) is transient


@pytest.mark.parametrize("kind", [sqlalchemy.exc.OperationalError, sqlalchemy.exc.InternalError])
def test_a_database_that_is_away_is_worth_another_attempt(kind):
    refused = psycopg.OperationalError("connection refused")
    assert is_transient(refused)
    assert is_transient(kind("SELECT 1", {}, refused))
