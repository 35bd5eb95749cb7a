"""What an open database tells about its statements."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from app.database.connect import open_database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(settings):
    async with open_database(settings) as database:
        yield database.engine


async def test_an_error_does_not_tell_the_parameters_of_its_statement(engine):
    division = text("SELECT 1 / 0, CAST(:street AS text)")
    with pytest.raises(DataError, match="division by zero") as caught:
        async with engine.connect() as connection:
            await connection.execute(division, {"street": "12 Main Street"})
    assert "12 Main Street" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO people VALUES ('12 Main Street', 1)",  # Key (street)=(12 Main Street) already exists.
        "INSERT INTO people VALUES ('7 Elm Street', -1)",  # Failing row contains (7 Elm Street, -1).
    ],
)
async def test_an_error_does_not_tell_the_values_of_rows(engine, statement):
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE people (street text PRIMARY KEY, born int CHECK (born > 0))"))
        await connection.execute(text("INSERT INTO people VALUES ('12 Main Street', 1)"))
    with pytest.raises(IntegrityError) as caught:
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    told = "".join(traceback.format_exception(caught.value.orig)) + str(caught.value.orig) + str(caught.value.args)
    assert "people" in told
    assert "Street" not in told
    assert "Street" in caught.value.orig.diag.message_detail, "code that needs it has it"


async def test_connections_that_the_server_has_closed_are_made_anew(engine):
    """A database that was restarted costs no failed request."""

    async def backend():
        async with engine.connect() as connection:
            return (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()

    async with engine.connect() as other:
        before = await backend()
        ended = text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = :pid")
        assert (await other.execute(ended, {"pid": before})).scalar_one()
    assert await backend() != before
