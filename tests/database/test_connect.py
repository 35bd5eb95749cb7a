"""What an open database tells about its statements."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError

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
