"""The migrations make the tables that the code describes."""

import asyncio
import subprocess
import sys

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.database.connect import open_database
from app.database.tables import metadata
from app.database.texts import job_texts
from app.documents.tables import documents
from app.households.tables import households
from app.migrations import config, migrate, newest
from app.plays.tables import plays

pytestmark = pytest.mark.anyio

START = """
import asyncio, sys
from sqlalchemy.ext.asyncio import create_async_engine
from app.migrations import migrate
asyncio.run(migrate(create_async_engine(sys.argv[1])))
print("alembic" in sys.modules)
"""

ASPECTS = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity, generation_expression
        FROM information_schema.columns WHERE table_schema = :schema""",
    "constraints": """
        SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
        FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid
        WHERE relnamespace = CAST(:schema AS regnamespace)""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = :schema",
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = CAST(:schema AS regnamespace)",
    "triggers": """
        SELECT relname, pg_get_triggerdef(pg_trigger.oid)
        FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid
        WHERE relnamespace = CAST(:schema AS regnamespace) AND NOT tgisinternal""",
}


@pytest.mark.parametrize("aspect", ASPECTS)
async def test_the_migrations_end_at_the_tables_of_the_code(settings, aspect):
    assert job_texts.metadata is households.metadata is documents.metadata is plays.metadata is metadata

    async def described(connection, schema: str) -> set[tuple[str, ...]]:
        rows = await connection.execute(text(ASPECTS[aspect]), {"schema": schema})
        # Definitions name the schema that they are not shown in.
        return {tuple(str(value).replace(f"{schema}.", "") for value in row) for row in rows}

    async with open_database(settings) as database, database.engine.connect() as connection:
        await connection.execute(text("CREATE SCHEMA described"))
        await connection.execute(text("SET LOCAL search_path TO described"))
        await connection.run_sync(lambda synchronous: metadata.create_all(synchronous, checkfirst=False))
        made = {row for row in await described(connection, "public") if row[0] != "alembic_version"}
        assert made == await described(connection, "described")
        await connection.rollback()


async def test_a_schema_is_up_to_date_when_its_revision_is_that_of_the_newest_file(settings):
    async with open_database(settings) as database, database.engine.connect() as connection:
        head = await connection.run_sync(lambda synchronous: ScriptDirectory.from_config(config(synchronous)))
        assert newest() == head.get_current_head()
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == newest()


def test_a_start_on_a_schema_that_is_up_to_date_does_not_load_the_migrations(database_url):
    done = subprocess.run([sys.executable, "-c", START, database_url], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def test_several_processes_that_start_together_make_the_tables_once(settings):
    """CC-6: one goes first, and the others wait for it."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")

        async def start():
            async with open_database(settings) as database:
                await migrate(database.engine)

        await asyncio.gather(*(start() for _ in range(3)))
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)
