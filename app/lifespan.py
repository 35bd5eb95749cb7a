"""Opens what the application needs before the first request, and closes it in order after the last."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from app.handlers import REGISTRY
from app.services import open_services
from app.settings import Settings


def lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the lifespan of an application: database, queue, workers and recovery, in ``app.state.services``."""

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings, REGISTRY) as services:
            app.state.services = services
            yield

    return opened
