"""The route behind every operation: first who asks, then how, then what."""

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any, get_args, get_origin
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, FastAPI, Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.api.json_body import parse, text_fault
from app.api.operation import Operation
from app.problems import BodyTooLarge, InvalidRequest, UnsupportedMediaType

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = Callable[..., Awaitable[Any]]

#: What the paths of all operations begin with that may change from one version of the API to the next.
VERSIONED = "/api/v1"

#: Where an endpoint keeps its operation.
_ATTRIBUTE = "__operation__"


class OperationRoute(APIRoute):
    """A route that admits the caller and reads the request strictly before the endpoint sees anything of it.

    The framework alone would read the body before it asks who sends it, so that a stranger could tell operations
    apart; it would pass over unknown parameters; and its JSON parser lets through what no database stores.
    """

    @property
    def operation(self) -> Operation:
        """What this route promises."""
        operation: Operation = getattr(self.endpoint, _ATTRIBUTE)
        return operation

    def get_route_handler(self) -> Handler:
        """Return what serves one request."""
        serve = super().get_route_handler()
        operation = self.operation
        query = [field for field in get_flat_params(self.dependant) if isinstance(field.field_info, params.Query)]
        known = {field.alias for field in query}
        repeatable = {field.alias for field in query if _takes_several(field.field_info.annotation)}
        body = self.body_field

        async def handle(request: Request) -> Response:
            if request.method not in request.app.state.methods.of(request.scope):
                raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)
            await operation.admit(request)
            check_query(request, known=known, repeatable=repeatable)
            if body is not None:
                await _read_json(request, optional=not body.field_info.is_required())
            elif operation.raw:
                require_media_type(request, operation.raw)
            return await serve(request)

        return handle


def _takes_several(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(get_origin(option) is list for option in get_args(annotation))


class OperationRouter:
    """A group of operations under one tag, whose paths begin with ``prefix``."""

    def __init__(self, tag: str, *, prefix: str = VERSIONED) -> None:
        self._routes = APIRouter(route_class=OperationRoute, tags=[tag], prefix=prefix)

    def add(self, method: str, path: str, operation: Operation) -> Callable[[Endpoint], Endpoint]:
        """Serve ``operation`` with the decorated endpoint, whose docstring becomes the description."""

        def register(endpoint: Endpoint) -> Endpoint:
            setattr(endpoint, _ATTRIBUTE, operation)
            self._routes.add_api_route(
                path,
                endpoint,
                methods=[method],
                operation_id=operation.id,
                summary=operation.summary,
                status_code=operation.status,
                response_description=operation.success,
                deprecated=operation.deprecated or None,
            )
            return endpoint

        return register

    def install(self, app: FastAPI) -> None:
        """Serve the operations of ``app``.

        The routes themselves: to include a router makes each of them anew, which takes most of the time of a start.
        """
        app.router.routes.extend(self._routes.routes)


def check_query(request: Request, *, known: set[str], repeatable: set[str]) -> None:
    """Look at the query string before the framework reads it, which would pass over what it does not understand.

    Raises:
        InvalidRequest: a parameter is unknown, given twice, or no text that can be stored.
    """
    errors = []
    names: Counter[str] = Counter()
    for pair in request.scope["query_string"].split(b"&"):
        if not pair:
            continue
        raw_name, _, raw_value = pair.replace(b"+", b" ").partition(b"=")
        try:
            name = unquote_to_bytes(raw_name).decode()
        except UnicodeDecodeError:
            errors.append(_query_error("?", "has a name that is no UTF-8"))
            continue
        names[name] += 1
        if name not in known:
            wanted = ", ".join(sorted(known)) or "none"
            errors.append(_query_error(name, f"is no parameter of this operation; it has: {wanted}"))
            continue
        try:
            fault = text_fault(unquote_to_bytes(raw_value).decode())
        except UnicodeDecodeError:
            fault = "is no UTF-8"
        if fault:
            errors.append(_query_error(name, fault))
    for name, count in names.items():
        if count > 1 and name in known - repeatable:
            errors.append(_query_error(name, f"is given {count} times; once is enough"))
    if errors:
        fields = ", ".join(dict.fromkeys(error["field"] for error in errors))
        raise InvalidRequest(f"The query is not valid: {fields}.", errors=errors)


def _query_error(name: str, message: str) -> dict[str, str]:
    return {"in": "query", "field": name.replace("\x00", "\ufffd")[:100], "message": message}


def require_media_type(request: Request, accepted: tuple[str, ...]) -> None:
    """Check what the body claims to be.

    Raises:
        UnsupportedMediaType: it is nothing that this operation reads.
    """
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() not in accepted:
        raise UnsupportedMediaType(
            f"The body has the content type {given[:100] or 'none'!r}; this operation reads {', '.join(accepted)}."
        )


async def _read_json(request: Request, *, optional: bool) -> None:
    """Read and parse the body, and leave it where the framework looks for it.

    Raises:
        BodyTooLarge: it has more bytes than the settings allow; the rest is not read.
        UnsupportedMediaType: it is not declared as JSON.
        MalformedBody: it is no JSON.
        InvalidRequest: it is missing, or has values that cannot be stored.
    """
    limit: int = request.app.state.settings.max_body_bytes
    require_length(request, limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(f"The body has more than {limit} bytes.")
    # The framework finds what it would have read itself.
    request._body = bytes(body)
    if not body:
        if optional:
            return
        raise InvalidRequest(
            "The request has no body.", errors=[{"in": "body", "field": "", "message": "a JSON body is needed"}]
        )
    require_media_type(request, ("application/json",))
    request._json = parse(request._body)


def require_length(request: Request, limit: int) -> None:
    """Refuse a body by its declared length, before any of it is read.

    Raises:
        BodyTooLarge: it is longer than ``limit`` bytes.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise BodyTooLarge(f"The body has {declared[:20]} bytes; the limit is {limit}.")
