"""Guessing passwords: counted by name and by address, for all processes together."""

import asyncio
from datetime import timedelta

import pytest
import structlog

from app.auth.attempts import Attempts
from app.database.connect import open_database
from app.jobs.clock import Clock
from app.migrations import migrate
from app.problems import InvalidCredentials, TooManyAttempts

pytestmark = pytest.mark.anyio

MINUTES = timedelta(minutes=15)


@pytest.fixture
async def engine(settings):
    async with open_database(settings) as database:
        await migrate(database.engine)
        yield database.engine


@pytest.fixture
def attempts(engine):
    return Attempts(engine, Clock(), most={"name": 3, "address": 5}, within=MINUTES)


async def tried(attempts, name="ada", address="192.0.2.1", *, right=False):
    """Whether the password was looked at."""
    try:
        async with attempts.counted(name, address):
            if not right:
                raise InvalidCredentials("wrong")
    except InvalidCredentials:
        return True
    except TooManyAttempts:
        return False
    return True


async def test_a_name_waits_after_its_failures_and_others_do_not(attempts):
    """VR-4: a right password does not count, and is not looked at either while the name has to wait."""
    with structlog.testing.capture_logs() as lines:
        assert [await tried(attempts, right=True) for _ in range(5)] == [True] * 5
        assert [await tried(attempts, name) for name in ("ada", "ADA", "ada", "Ada")] == [True, True, True, False]
        with pytest.raises(TooManyAttempts) as refused:
            async with attempts.counted("ada", None):
                pass
    assert 0 < int(refused.value.headers["Retry-After"]) <= MINUTES.total_seconds()
    assert [(line["event"], line["kind"]) for line in lines] == [("sign_ins.limited", "name")], "it is told once"
    assert await tried(attempts, "grace")


async def test_an_address_waits_after_its_failures_whatever_the_names(attempts):
    assert [await tried(attempts, f"user{n}") for n in range(6)] == [True] * 5 + [False]
    assert await tried(attempts, "user9", "192.0.2.2")
    assert await tried(attempts, "user8", None), "a socket file has no address"


async def test_a_network_of_ipv6_is_one_address_and_ipv4_is_ipv4_in_any_form(attempts):
    assert [await tried(attempts, f"a{n}", f"2001:db8::{n}") for n in range(6)] == [True] * 5 + [False]
    assert await tried(attempts, "b", "2001:db8:0:1::1")
    assert [await tried(attempts, f"c{n}", "::ffff:192.0.2.7") for n in range(5)] == [True] * 5
    assert not await tried(attempts, "d", "192.0.2.7")


async def test_failures_are_forgotten_after_a_while(attempts):
    assert [await tried(attempts) for _ in range(4)] == [True, True, True, False]
    attempts._clock = Clock(MINUTES - timedelta(seconds=30))
    assert not await tried(attempts)
    attempts._clock = Clock(MINUTES + timedelta(seconds=1))
    assert [await tried(attempts) for _ in range(4)] == [True, True, True, False]


async def test_of_many_guesses_at_once_few_are_looked_at(attempts):
    looked_at = await asyncio.gather(*(tried(attempts) for _ in range(30)))
    assert 3 <= sum(looked_at) <= 4, "those of a turn that had begun"


async def test_all_processes_count_together_and_a_restart_forgets_nothing(engine):
    processes = [Attempts(engine, Clock(), most={"name": 3}, within=MINUTES) for _ in range(4)]
    assert [await tried(attempts) for attempts in processes] == [True, True, True, False]


async def test_without_limits_nothing_is_counted(engine):
    attempts = Attempts(engine, Clock(), most={"name": 0, "address": 0}, within=MINUTES)
    assert all([await tried(attempts) for _ in range(20)])
