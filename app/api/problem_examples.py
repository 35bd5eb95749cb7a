"""The answers of an operation that are problems, for the OpenAPI document."""

from collections.abc import Iterable
from http import HTTPStatus
from itertools import groupby
from typing import Any

from app.api import documentation, examples
from app.api.problems import MEDIA_TYPE, catalogue_link
from app.problems import PASSING, BulkMismatch, IllegalTransition, InvalidRequest, Problem

_EXTRA: dict[type[Problem], dict[str, Any]] = {
    InvalidRequest: {
        "errors": [
            {"in": "query", "field": "limit", "message": "Input should be less than or equal to 200", "value": "1000"}
        ]
    },
    BulkMismatch: {"count": 15, "digest": "1f3870be274f6c49"},
    IllegalTransition: {"current_status": "completed", "allowed_actions": []},
}


def problem_responses(problems: Iterable[type[Problem]], *, path: str, docs_url: str) -> dict[str, Any]:
    """Return the responses for ``problems`` (sorted by status), with one example for each code."""
    return {
        str(status): _response(status, list(kinds), path, docs_url)
        for status, kinds in groupby(problems, key=lambda kind: kind.status)
    }


def _response(status: int, kinds: list[type[Problem]], path: str, docs_url: str) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = documentation.WWW_AUTHENTICATE_HEADER
    if status in PASSING:
        headers["Retry-After"] = documentation.RETRY_AFTER_HEADER
    return {
        "description": " ".join(f"`{kind.code}`: {kind.title}." for kind in kinds),
        "headers": headers,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    kind.code: {"summary": kind.title, "value": _example(kind, path, docs_url)} for kind in kinds
                },
            }
        },
        "x-problems": [kind.code for kind in kinds],
    }


def _example(kind: type[Problem], path: str, docs_url: str) -> dict[str, Any]:
    return {
        "type": catalogue_link(docs_url, kind.code),
        "title": kind.title,
        "status": kind.status,
        "detail": kind.cause(),
        "code": kind.code,
        "instance": path.replace("{job_id}", examples.JOB_ID),
        "request_id": documentation.REQUEST_ID_HEADER["example"],
        **_EXTRA.get(kind, {}),
    }
