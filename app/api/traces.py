"""A span for each request. Plain ASGI."""

from fastapi.routing import APIRoute
from opentelemetry.trace import Status, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry import tracing

#: Answers from here on are the service's fault.
_DEFECT = 500


class Traces:
    """Surrounds each request with a span, in the caller's trace when its headers name one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        about = {
            "http.request.method": scope["method"],
            "url.path": scope["path"],
            "request.id": scope["state"]["request_id"],
        }
        within = tracing.within_request(Headers(scope=scope))
        with tracing.span(tracing.REQUEST, about, name=scope["method"], within=within) as span:

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= _DEFECT:
                        span.set_status(Status(StatusCode.ERROR))
                    route = _template(scope)
                    if route:
                        span.set_attribute("http.route", route)
                        span.update_name(f"{scope['method']} {route}")
                await send(message)

            await self._app(scope, receive, send_and_note)


def _template(scope: Scope) -> str:
    """Return the path with the names of its parameters, so that requests of one operation have one name.

    A route knows its path without the prefix of its router.
    """
    route = scope.get("route")
    if not isinstance(route, APIRoute):
        return ""
    given = route.path_format.format(**scope["path_params"])
    path: str = scope["path"]
    return path.removesuffix(given) + route.path_format if path.endswith(given) else ""
