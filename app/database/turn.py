"""Work of which one process at a time should do one kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine


@asynccontextmanager
async def turn(engine: AsyncEngine, work: str) -> AsyncIterator[bool]:
    """Tell the block whether it is this process's turn to do ``work``; it is until the block ends, or the process.

    The lock is the session's, so no transaction stays open meanwhile.
    """
    key = func.hashtext(work)
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        mine: bool = (await connection.execute(select(func.pg_try_advisory_lock(key)))).scalar_one()
        try:
            yield mine
        finally:
            if mine:
                await connection.execute(select(func.pg_advisory_unlock(key)))
