"""HEAD for everything that has GET (RFC 9110): the same answer without its body."""

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.methods import Methods


class Heads:
    """Asks with GET where a client asks with HEAD, and sends the status and the headers. Plain ASGI."""

    def __init__(self, app: ASGIApp, methods: Methods) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not self._has_get(scope):
            await self._app(scope, receive, send)
            return
        with anyio.CancelScope() as serving:

            async def send_head(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body"})
                elif message.get("more_body"):
                    # A stream would go on for somebody who waits for nothing.
                    serving.cancel()

            await self._app({**scope, "method": "GET"}, receive, send_head)

    def _has_get(self, scope: Scope) -> bool:
        known = self._methods.of(scope)
        # Nothing is known of what is mounted: it answers for itself.
        return not known or "GET" in known
