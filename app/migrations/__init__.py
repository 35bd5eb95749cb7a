"""Schema migrations, applied at start-up under a lock that lets one process go first."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.errors import DatabaseStartError

#: An arbitrary number that no other program uses in this database: "jobs" in ASCII.
_LOCK = 0x6A6F6273
#: The oldest PostgreSQL, by its major version, that the schema and the queries work on.
OLDEST_SERVER = 14


def config(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["connection"] = connection
    return settings


async def migrate(engine: AsyncEngine) -> None:
    """Bring the schema up to date; concurrent callers wait for the first.

    Raises:
        DatabaseStartError: the server cannot be reached, or is too old.
    """
    try:
        async with engine.begin() as connection:
            version = (await connection.execute(text("SHOW server_version_num"))).scalar_one()
            if int(version) // 10_000 < OLDEST_SERVER:
                raise DatabaseStartError(
                    f"The database at DATABASE_URL is PostgreSQL {int(version) // 10_000}; {OLDEST_SERVER} or later "
                    "is needed."
                )
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(lambda synchronous: command.upgrade(config(synchronous), "head"))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseStartError(
            f"The database cannot be reached ({reason}). Check DATABASE_URL, or unset it to use the embedded one."
        ) from error
