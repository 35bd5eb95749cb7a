"""Opening the database: the configured one, or the embedded one."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.embedded import EmbeddedPostgres
from app.settings import Settings

#: Seconds to wait for a free connection, and for a new one, before the caller is told that the database is away.
_POOL_TIMEOUT, _CONNECT_TIMEOUT = 5, 3

#: A transaction that does nothing for this many leases is of a process that is frozen. The server ends it, or its locks
#: would keep the worker waiting that takes the job over.
IDLE_LEASES = 2

#: No statement goes through a whole table when an index leads to its rows: a plan that is kept from a time when a table
#: was nearly empty would go through all jobs that came since, until the table is analysed. Where there is no index, the
#: scan counts as so dear up to PostgreSQL 17 that it would be compiled first.
_PLANS = "-c enable_seqscan=off -c jit=off"


@dataclass(frozen=True)
class Database:
    """An open database: ``address`` for libpq, ``engine`` for our own queries."""

    address: str
    engine: AsyncEngine
    embedded: bool


def sqlalchemy_url(address: str) -> URL:
    """Return ``address`` (a libpq URI) for SQLAlchemy with psycopg 3."""
    return make_url(address).set(drivername="postgresql+psycopg")


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database that the settings name, starting the embedded one when they name none.

    Raises:
        DatabaseStartError: the embedded server does not start.
    """
    if settings.database_url is not None:
        async with _connected(settings.database_url, settings, embedded=False) as database:
            yield database
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    address = await server.start()
    try:
        async with _connected(address, settings, embedded=True) as database:
            yield database
    finally:
        await server.stop()


def _look_at_socket(connection: DBAPIConnection, _record: object, _proxy: object) -> None:
    """Have connections made anew that the server has closed: one that was restarted costs no failed request.

    Nothing is read from a connection at rest, so a server that has said something has said goodbye. To see that is
    cheaper than a query.
    """
    poll = select.poll()
    poll.register(connection.driver_connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError


def _without_values(context: ExceptionContext) -> None:
    """Cut an error of the server down to its first sentence: detail and context show the values of rows.

    ``diag`` keeps them for who asks.
    """
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    if not isinstance(original, psycopg.Error) or not original.diag.message_primary:
        return
    whole, sentence = str(original), original.diag.message_primary
    original.args = (sentence,)
    if wrapped is not None:
        wrapped.args = tuple(arg.replace(whole, sentence) if isinstance(arg, str) else arg for arg in wrapped.args)


@asynccontextmanager
async def _connected(address: str, settings: Settings, *, embedded: bool) -> AsyncIterator[Database]:
    idle = int(settings.lease_seconds * IDLE_LEASES * 1000)
    engine = create_async_engine(
        sqlalchemy_url(address),
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        # Statements carry names and addresses; the text of an error goes to logs and to the error log of a job.
        hide_parameters=True,
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT,
            "options": f"-c timezone=UTC {_PLANS} -c idle_in_transaction_session_timeout={idle}",
            "application_name": "jobs",
        },
    )
    event.listen(engine.sync_engine, "checkout", _look_at_socket)
    event.listen(engine.sync_engine, "handle_error", _without_values)
    try:
        yield Database(address, engine, embedded)
    finally:
        await engine.dispose()
