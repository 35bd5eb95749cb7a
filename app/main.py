"""The application: what is wired to what."""

from functools import partial

from fastapi import FastAPI

from app.api import documentation, openapi, problems, swagger
from app.api.heads import Heads
from app.api.methods import Methods
from app.api.middleware import DefectNet, RequestIds, SafetyHeaders
from app.api.routers import (
    auth,
    bulk,
    control,
    documents,
    failures,
    files,
    geocoding,
    households,
    job_types,
    jobs,
    orphans,
    parsing,
    plays,
    removal,
    schedules,
    service,
    streams,
    webhooks,
)
from app.api.traces import Traces
from app.handlers import REGISTRY
from app.jobs.clock import Clock
from app.jobs.registry import Registry
from app.lifespan import lifespan
from app.settings import Settings
from app.ui import application as ui

#: All operations. Fixed paths such as `/jobs/stream` and `/jobs/failures` come before `/jobs/{job_id}`.
_ROUTERS = (
    auth.router,
    geocoding.router,
    streams.router,
    bulk.router,
    failures.router,
    jobs.router,
    control.router,
    job_types.router,
    files.router,
    households.router,
    documents.router,
    parsing.router,
    plays.router,
    schedules.router,
    webhooks.router,
    service.admin,
    orphans.router,
    removal.router,
    service.router,
)


def create_app(
    settings: Settings | None = None,
    *,
    registry: Registry = REGISTRY,
    workers: bool = True,
    clock: Clock | None = None,
) -> FastAPI:
    """Return the application. Nothing is opened until its lifespan runs.

    ``workers``: whether this process runs jobs and recovery too. ``clock`` is for tests.
    """
    settings = settings or Settings()
    app = FastAPI(
        title=documentation.TITLE,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan(settings, registry, workers=workers, clock=clock),
    )
    app.state.settings = settings
    app.state.registry = registry
    for router in _ROUTERS:
        router.install(app)
    swagger.install(app)
    ui.install(app)
    problems.install(app)
    app.state.methods = Methods(app.routes)
    # The last one added is the outermost.
    app.add_middleware(DefectNet)
    app.add_middleware(SafetyHeaders)
    app.add_middleware(Traces)
    app.add_middleware(Heads, methods=app.state.methods)
    app.add_middleware(RequestIds)
    describe = partial(openapi.document, app, settings, registry)

    def cached() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = describe()
        return app.openapi_schema

    app.openapi = cached  # type: ignore[method-assign]  # the framework's documented way to change the document
    return app
