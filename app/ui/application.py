"""The Jobs page as an application of its own, mounted into the service."""

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse, Response

from app.api.middleware import DefectNet
from app.ui import (
    actions,
    assets,
    bulk,
    dock,
    door,
    enqueue,
    failures,
    job_detail,
    job_list,
    problems,
    queues,
    schedule_form,
    schedules,
    sign_in,
    stream,
    theme,
    type_pause,
)
from app.ui.address import PATH
from app.ui.page import redirect, templates

#: What is only for who is signed in.
_INSIDE = (
    bulk,
    enqueue,
    job_list,
    job_detail,
    actions,
    failures,
    queues,
    schedule_form,
    schedules,
    type_pause,
    dock,
    stream,
    theme,
)


def install(app: FastAPI) -> None:
    """Serve the Jobs page of ``app``, with what ``app`` has open."""
    page = FastAPI(
        dependencies=[Depends(door.closing)], openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    page.state = app.state
    app.state.assets = assets.Assets()
    app.state.templates = templates()
    app.state.dock = dock.dock
    inside = APIRouter(dependencies=[Depends(door.admit)])
    for module in _INSIDE:
        inside.include_router(module.router)
    page.add_api_route("/", home)
    page.include_router(sign_in.router)
    page.include_router(dock.public)
    page.include_router(inside)
    page.mount(assets.PATH, app.state.assets, name="assets")
    problems.install(page)
    page.add_middleware(DefectNet, answer=problems.internal_error)
    page.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_api_route(PATH, start, include_in_schema=False)
    app.mount(PATH, page, name="ui")


async def start(request: Request) -> RedirectResponse:
    """Go to the list of jobs."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}{PATH}/jobs")


async def home(request: Request) -> Response:
    """Go to the list of jobs."""
    return redirect(request, "/jobs")
