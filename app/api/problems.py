"""Problem details (RFC 9457): how problems become answers."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.problems import (
    BodyTooLarge,
    DatabaseUnavailable,
    InternalError,
    InvalidRequest,
    MalformedBody,
    MethodNotAllowed,
    Problem,
    StorageUnavailable,
    UnknownPath,
    UnsupportedMediaType,
)
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("api")

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a caller may try again when the service lacks something for the moment.
RETRY_AFTER = 5

#: What the framework and the database raise when they cannot be reached.
DATABASE_ERRORS: tuple[type[Exception], ...] = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
_BY_STATUS: Mapping[int, type[Problem]] = {
    400: MalformedBody,
    404: UnknownPath,
    405: MethodNotAllowed,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
}
#: Longest value that is shown again to who sent it.
_SHOWN = 100


def install(app: FastAPI) -> None:
    """Answer every problem, and everything that the framework refuses by itself, as problem details."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _on_database)


def problem_page(docs_url: str, code: str) -> str | None:
    """Return where the documentation treats the problem ``code``; None: it is no problem's code."""
    return catalogue_link(docs_url, code) if code in {kind.code for kind in Problem.catalogue()} else None


def catalogue_link(docs_url: str, code: str) -> str:
    """Return the address of a problem's entry in the catalogue."""
    return f"{docs_url.rstrip('/')}/reference/problems/#problem-{code.replace('.', '-')}"


def answer(request: Request, problem: Problem) -> JSONResponse:
    """Return ``problem`` as a problem document."""
    headers = dict(problem.headers)
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", str(RETRY_AFTER))
    document = {
        "type": catalogue_link(request.app.state.settings.docs_url, problem.code),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "instance": request.url.path,
        "request_id": request.state.request_id,
        **problem.extra,
    }
    if "errors" in document:
        document["errors"] = [{"in": "body", **entry} for entry in document["errors"]]
    return JSONResponse(document, problem.status, headers, MEDIA_TYPE)


def internal_error(request: Request, error: Exception) -> JSONResponse:
    """Log a defect with its trace and answer without it."""
    emit(log, LogEvent.REQUEST_FAILED, method=request.method, path=request.url.path, exc_info=error)
    return answer(request, InternalError("Something went wrong inside the service."))


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 (for the type checker)
    return answer(request, error)


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    return answer(request, database_problem(request, error))


def database_problem(request: Request, error: Exception) -> Problem:
    """Return what one of ``DATABASE_ERRORS`` means for the caller; log what the operator has to know."""
    cause = getattr(error, "orig", error)
    if isinstance(cause, psycopg.errors.DiskFull):
        return StorageUnavailable("The disk under the database is full.")
    emit(log, LogEvent.DATABASE_UNAVAILABLE, path=request.url.path, error=" ".join(str(cause).split()))
    return DatabaseUnavailable("The database did not answer.")


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (for the type checker)
    kind = _BY_STATUS.get(error.status_code, InternalError)
    detail = error.detail
    headers = dict(error.headers or {})
    if kind is UnknownPath:
        detail = f"There is no operation at {request.url.path}."
    elif kind is MethodNotAllowed:
        allowed = request.app.state.methods.of(request.scope)
        headers["Allow"] = ", ".join(allowed)
        detail = f"{request.url.path} takes {', '.join(allowed)}; the request has {request.method}."
    return answer(request, kind(detail, headers=headers))


async def _on_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (for the type checker)
    found = field_errors(error.errors())
    names = ", ".join(dict.fromkeys(entry["field"] or entry["in"] for entry in found))
    return answer(request, InvalidRequest(f"The request is not valid: {names}.", errors=found))


def field_errors(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return validation errors as entries that name the place, the field, the fault, and the value where it helps."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        place, *path = [str(part) for part in entry["loc"]]
        # A parameter of several types fails once for each; the type's name at the end of the path is not for people.
        field = ".".join(path) if place == "body" else path[0]
        found = merged.setdefault((place, field), {"in": place, "field": field, "message": ""})
        found["message"] += (" or: " if found["message"] else "") + _words(entry["msg"])
        if "password" not in field and entry["type"] != "missing":
            found.update(_shown(entry.get("input")))
    return list(merged.values())


def _words(message: str) -> str:
    # Of a secret, the library counts items.
    return message.replace(" items after validation", " characters")


def _shown(value: Any) -> dict[str, Any]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {}
    if not isinstance(value, str | int | float | bool):
        return {}
    if isinstance(value, str):
        value = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
        value = value.encode("utf-8", "replace").decode()
    return {"value": value}
