"""Opens what the application needs before the first request, and closes it in order after the last."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from app.api.streams import encode
from app.auth.accounts import Accounts
from app.auth.browser_sessions import BrowserSessions
from app.auth.standing import Standing
from app.database.connect import IDLE_LEASES, Database
from app.feed.feed import Feed
from app.feed.reader import FeedReader
from app.jobs.clock import Clock
from app.jobs.registry import Registry
from app.services import Services, open_services, sampled
from app.settings import Settings


def lifespan(
    settings: Settings, registry: Registry, *, workers: bool = True, clock: Clock | None = None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the lifespan of an application: database, queue, workers, recovery and accounts and live
    changes, in ``app.state``."""

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings, registry, workers=workers, clock=clock) as services, sampled(services):
            app.state.services = services
            app.state.accounts = await Accounts.open(services.database.engine, settings, clock=services.clock)
            app.state.standing = Standing(app.state.accounts.users)
            app.state.browser_sessions = open_sessions(services, settings)
            app.state.feed = open_feed(services.database, settings)
            try:
                yield
            finally:
                await app.state.feed.close()

    return opened


def open_sessions(services: Services, settings: Settings) -> BrowserSessions:
    """Return the sessions of people who are signed in with a browser."""
    return BrowserSessions(
        services.database.engine,
        services.clock,
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )


def open_feed(database: Database, settings: Settings) -> Feed:
    """Return the feed of a database. It listens from its first follower on."""
    # Longer than an idle transaction of ours lives: then nothing can come any more.
    patience = settings.lease_seconds * IDLE_LEASES + 5
    return Feed(database.address, FeedReader(database.engine), encode, patience=patience)
