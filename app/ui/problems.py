"""Problems as pages for people."""

from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from app.api.problems import DATABASE_ERRORS, RETRY_AFTER, database_problem
from app.problems import (
    InternalError,
    InvalidRequest,
    JobNotFound,
    MethodNotAllowed,
    NotAuthenticated,
    Problem,
    UnknownPath,
)
from app.telemetry.events import LogEvent, emit
from app.ui import door
from app.ui.address import ui_address
from app.ui.headers import HEADERS
from app.ui.page import asked_by_script, fragment

log = structlog.get_logger("ui")


def install(app: FastAPI) -> None:
    """Answer every problem with a page."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _on_database)


def answer(request: Request, problem: Problem) -> Response:
    """Return the page of a problem; who is not signed in is sent to the sign-in."""
    if isinstance(problem, NotAuthenticated):
        return _to_sign_in(request)
    headers = {"Retry-After": str(RETRY_AFTER)} if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    if isinstance(problem, JobNotFound) and asked_by_script(request):
        # The job of an open page is gone: the page is asked for anew, and says so.
        headers["HX-Refresh"] = "true"
    # No dock: what it shows may be what has failed.
    response = fragment(
        request,
        "problem-fragment.html" if asked_by_script(request) else "problem.html",
        status=problem.status,
        problem=problem,
        request_id=request.state.request_id,
    )
    response.headers.update(headers)
    return response


def internal_error(request: Request, error: Exception) -> Response:
    """Log a defect with its trace and answer without it."""
    emit(log, LogEvent.REQUEST_FAILED, method=request.method, path=request.url.path, exc_info=error)
    return answer(request, InternalError("Something went wrong inside the service."))


def _to_sign_in(request: Request) -> Response:
    url = request.url
    if asked_by_script(request):
        # A script asks: its page is to go there, and to come back.
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={**HEADERS, "HX-Refresh": "true"})
    address = f"{ui_address(request)}/sign-in"
    if request.method == "GET":
        address += "?next=" + quote(f"{url.path}?{url.query}" if url.query else url.path, safe="")
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, HEADERS)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 (for the type checker)
    return answer(request, error)


async def _on_database(request: Request, error: Exception) -> Response:
    return answer(request, database_problem(request, error))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (for the type checker)
    if error.status_code == HTTPStatus.NOT_FOUND:
        # Whoever is signed in finds the way back; nothing has looked for the session of an address that leads nowhere.
        with suppress(*DATABASE_ERRORS):
            request.state.session = await door.current(request)
        return answer(request, UnknownPath(f"There is no page at {request.url.path}."))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return answer(request, MethodNotAllowed(f"{request.url.path} is not to be used like this."))
    return answer(request, InvalidRequest(str(error.detail)))


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (for the type checker)
    if any(entry["loc"][:2] == ("path", "job_id") for entry in error.errors()):
        return answer(request, UnknownPath(f"There is no page at {request.url.path}."))
    return answer(request, InvalidRequest("The address of the page is not valid."))
