"""What surrounds every request: its id, the safety headers, and the net under defects. Plain ASGI."""

import re
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import internal_error

REQUEST_ID = "X-Request-ID"
#: Ids that a proxy in front may give; anything else is replaced, since ids go to logs and answers as they are.
#: Characters that a request's own id may have.
ID_LENGTH = 64
_ACCEPTED_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{ID_LENGTH}}}\Z")


class RequestIds:
    """Gives each request an id: the caller's, when it is a plain one, else a new one. Logs and answers carry it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _ACCEPTED_ID.match(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_with_id)


#: Answers are for the caller alone and are not pages; the interactive reference sets its own policy.
SAFETY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class SafetyHeaders:
    """Adds the headers that keep browsers from guessing, framing and storing, where the answer has not set them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFETY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class DefectNet:
    """Turns an exception that nobody expected into an answer, by default a problem document, and logs its trace."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Exception], Response] = internal_error) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            # Nobody is there to answer.
            return
        except Exception as error:
            response = self._answer(Request(scope), error)
            if started:
                raise
            await response(scope, receive, send)
