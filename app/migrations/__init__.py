"""Schema migrations, applied at start-up under a lock that lets one process go first."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.errors import DatabaseStartError

if TYPE_CHECKING:
    from alembic.config import Config

#: An arbitrary number that no other program uses in this database: "jobs" in ASCII.
_LOCK = 0x6A6F6273
#: The oldest PostgreSQL, by its major version, that the schema and the queries work on.
OLDEST_SERVER = 14
_FOLDER = Path(__file__).parent


def newest() -> str:
    """Return the revision of a schema that is up to date, by the name of its file."""
    return max(path.stem for path in _FOLDER.glob("versions/[0-9]*.py")).partition("_")[0]


def config(connection: Connection) -> "Config":
    """Return Alembic's configuration, bound to an open connection."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER))
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
            if await _revision(connection) != newest():
                await connection.run_sync(_upgrade)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseStartError(
            f"The database cannot be reached ({reason}). Check DATABASE_URL, or unset it to use the embedded one."
        ) from error


async def _revision(connection: AsyncConnection) -> str | None:
    known = (await connection.execute(text("SELECT to_regclass('alembic_version')"))).scalar_one()
    return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() if known else None


def _upgrade(connection: Connection) -> None:
    # Alembic reads all revisions, and its import alone takes a fifth of a second: only who needs it waits for it.
    from alembic import command

    command.upgrade(config(connection), "head")
