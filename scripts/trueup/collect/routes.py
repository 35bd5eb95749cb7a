"""The route table itself, which knows routes that the OpenAPI document hides, and where each endpoint stands."""

import inspect
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from trueup.collect.load import failure, load
from trueup.errors import TrueupError
from trueup.facts import Fact
from trueup.locate import Locator

_CONVERTOR = re.compile(r"\{(\w+):\w+\}")


def load_app(name: str) -> FastAPI:
    """The application that `module:object` names: a `FastAPI`, or a factory of one that needs no argument.

    Raises `TrueupError` when it is neither, or when the factory fails.
    """
    found = load(name, "app")
    if not isinstance(found, FastAPI) and callable(found):
        try:
            found = found()
        except Exception as error:
            raise TrueupError(f"pyproject.toml: tool.trueup.app: {name}() failed: {failure(error)}") from error
    if not isinstance(found, FastAPI):
        raise TrueupError(
            f"pyproject.toml: tool.trueup.app: {name} is {type(found).__name__}, not a FastAPI application"
        )
    return found


def document(app: FastAPI) -> Mapping[str, Any]:
    """The OpenAPI document of the application. Raises `TrueupError` when it cannot be made."""
    try:
        return app.openapi()
    except Exception as error:
        raise TrueupError(f"pyproject.toml: tool.trueup.app: openapi() failed: {failure(error)}") from error


def collect(app: FastAPI, locator: Locator) -> Iterator[Fact]:
    """A fact of kind `route` for each method and path that the application answers but its OpenAPI document hides.

    Web sockets (`WEBSOCKET /path`), mounted folders (`MOUNT /path`) and the operations of a mounted application are
    among them. `framework` marks the routes that FastAPI itself adds, which need no page.
    """
    documented = {
        f"{method.upper()} {path}" for path, item in app.openapi().get("paths", {}).items() for method in item
    }
    seen: set[str] = set()
    for method, path, endpoint in routes(app):
        key = f"{method} {path}"
        if key in documented or key in seen:
            continue
        seen.add(key)
        file, line = locator.function(endpoint) if callable(endpoint) else ("", 0)
        attributes: dict[str, Any] = {"method": method, "path": path, "hidden": True, "own": bool(file)}
        if file:
            attributes["summary"] = _summary(endpoint)
        if _of_framework(endpoint):
            attributes["framework"] = True
        yield Fact("route", key, attributes, file, line)


def _summary(endpoint: Any) -> str:
    """The first paragraph of the docstring."""
    return " ".join((inspect.getdoc(endpoint) or "").partition("\n\n")[0].split())


def _of_framework(endpoint: Any) -> bool:
    """Whether FastAPI itself answers: its document, and the pages and the redirect that read it."""
    return str(getattr(endpoint, "__module__", "")) == FastAPI.__module__


def routes(app: FastAPI) -> Iterator[tuple[str, str, Any]]:
    """Method, path and endpoint of every route, those of included routers and of mounted applications too."""
    yield from _routes(app.routes, "")


def _routes(table: Any, prefix: str) -> Iterator[tuple[str, str, Any]]:
    for route in iter_route_contexts(table):
        path = prefix + _CONVERTOR.sub(r"{\1}", route.path or "")
        inner = getattr(route.route, "routes", None)
        if inner:
            yield from _routes(inner, path)
            continue
        endpoint = route.endpoint or getattr(route.route, "app", None)
        methods = route.methods
        if methods is None:
            kind = type(route.route).__name__
            yield ("WEBSOCKET" if "WebSocket" in kind else "MOUNT"), path, endpoint
            continue
        for method in sorted(methods):
            if not (method == "HEAD" and "GET" in methods):
                yield method, path, endpoint


def places(app: FastAPI, locator: Locator) -> dict[str, tuple[str, int]]:
    """File and line of what the OpenAPI document tells of.

    Keys: operations (`GET /x`), parameters (`GET /x limit`), schemas (`Loan`), fields (`Loan.due`), enum values
    (`State=lent`).
    """
    found: dict[str, tuple[str, int]] = {}
    for method, path, endpoint in routes(app):
        if callable(endpoint):
            place = locator.function(endpoint)
            if place[0]:
                found.setdefault(f"{method} {path}", place)
                for name in inspect.signature(endpoint).parameters:
                    found.setdefault(f"{method} {path} {name}", locator.parameter(endpoint, name))
    for model in _subclasses(BaseModel):
        if not locator.file(model):
            continue
        members = {}
        for field_name, field in model.model_fields.items():
            place = locator.member(model, field_name)
            for alias in (field_name, field.alias, field.serialization_alias, field.validation_alias):
                if isinstance(alias, str):
                    members[alias] = place
        for field_name in model.model_computed_fields:
            members[field_name] = locator.member(model, field_name)
        for suffix in ("", "-Input", "-Output"):
            name = _schema_name(model) + suffix
            found.setdefault(name, locator.cls(model))
            for member_name, place in members.items():
                found.setdefault(f"{name}.{member_name}", place)
    for enum in _subclasses(Enum):
        if locator.file(enum):
            found.setdefault(enum.__name__, locator.cls(enum))
            for member in enum:
                found.setdefault(f"{enum.__name__}={member.value}", locator.member(enum, member.name))
    return found


def _schema_name(model: type[BaseModel]) -> str:
    return re.sub(r"[^a-zA-Z0-9.\-_]", "_", model.__name__)


def _subclasses(cls: type) -> Iterator[Any]:
    seen: set[type] = set()
    stack: list[type] = list(cls.__subclasses__())
    while stack:
        found = stack.pop()
        if found not in seen:
            seen.add(found)
            stack.extend(found.__subclasses__())
            yield found
