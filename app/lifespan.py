"""Opens what the application needs before the first request, and closes it in order after the last."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from app.auth.accounts import Accounts
from app.jobs.clock import Clock
from app.jobs.registry import Registry
from app.services import open_services
from app.settings import Settings


def lifespan(
    settings: Settings, registry: Registry, *, workers: bool = True, clock: Clock | None = None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the lifespan of an application: database, queue, workers, recovery and accounts, in ``app.state``."""

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings, registry, workers=workers, clock=clock) as services:
            app.state.services = services
            app.state.accounts = await Accounts.open(services.database.engine, settings)
            yield

    return opened
