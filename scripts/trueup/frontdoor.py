"""One address for site and service: a path that is a file of the site is answered with it, any other by the service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.responses import StreamingResponse as Streaming
from starlette.types import Receive, Scope, Send

from trueup.sockets import pass_on

RELOAD_PATH = "/__trueup/events"
"""Where an open page hears that the site has been built anew."""

_SCRIPT = f"""<script>
new EventSource("{RELOAD_PATH}").addEventListener("reload", () => location.reload())
</script>"""
_SERVED = """<script>document.documentElement.dataset.service = "live"</script>"""
"""What a page knows that is served beside the service, before its own scripts run."""
_LIMITS = httpx.Limits(max_connections=None)
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


class FrontDoor:
    """The ASGI application. `site` and `upstream` are asked for at each request, so both may change while it runs."""

    def __init__(self, site: Callable[[], Path | None], upstream: Callable[[], str | None]) -> None:
        """`site` gives the folder of the built site, `upstream` the service's address; none: there is none now."""
        self._site, self._upstream = site, upstream
        self._listeners: set[asyncio.Queue[str]] = set()
        # The service is on this machine, whatever the environment says of proxies, and may take its time to answer.
        self._client = httpx.AsyncClient(timeout=None, trust_env=False, limits=_LIMITS)  # noqa: S113

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection; web sockets are the service's."""
        if scope["type"] == "websocket":
            await pass_on(self._upstream(), scope, receive, send)
            return
        request = Request(scope, receive)
        with suppress(ClientDisconnect):
            response = await self._answer(request)
            await response(scope, receive, send)

    def announce(self) -> None:
        """Tell every open page to load itself anew."""
        for listener in self._listeners:
            listener.put_nowait("reload")

    async def close(self) -> None:
        """Give up the connections to the service."""
        await self._client.aclose()

    async def _answer(self, request: Request) -> Response:
        if request.url.path == RELOAD_PATH:
            return Streaming(self._events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        if request.method in {"GET", "HEAD"}:
            found = self._static(request)
            if found is not None:
                return found
        return await self._forward(request)

    def _static(self, request: Request) -> Response | None:
        site = self._site()
        if site is None:
            return None
        path = unquote(request.url.path)
        file = (site / path.lstrip("/")).resolve() if "\0" not in path else site / "\ufffd"
        if not file.is_relative_to(site.resolve()):
            return None
        if file.is_dir() and (file / "index.html").is_file():
            if not path.endswith("/"):
                return RedirectResponse(request.url.replace(path=f"{request.url.path}/"))
            file /= "index.html"
        elif path.endswith("/") or not file.is_file():
            return None
        if file.suffix == ".html":
            return _page(file, served=self._upstream() is not None)
        return FileResponse(file, headers={"Cache-Control": "no-cache"})

    async def _forward(self, request: Request) -> Response:
        base = self._upstream()
        if base is None:
            return self._missing(request) or PlainTextResponse("not found, and no service is running", 404)
        path = request.scope.get("raw_path") or request.url.path.encode()
        query = request.scope["query_string"]
        url = httpx.URL(base).copy_with(raw_path=path + (b"?" + query if query else b""))
        headers = [(name, value) for name, value in request.headers.raw if name not in _HOP_BY_HOP]
        client = request.client.host if request.client else "unknown"
        headers += [(b"x-forwarded-for", client.encode()), (b"x-forwarded-proto", request.url.scheme.encode())]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        # Not built by the client, which would add headers of its own.
        outgoing = httpx.Request(request.method, url, headers=headers, content=request.stream() if has_body else None)
        try:
            answer = await self._client.send(outgoing, stream=True)
        except httpx.TransportError as error:
            return PlainTextResponse(f"the service does not answer ({error or type(error).__name__}); see its log", 502)
        if answer.status_code == httpx.codes.NOT_FOUND and (missing := self._missing(request)) is not None:
            await answer.aclose()
            return missing
        response = Streaming(_pass_on(answer), status_code=answer.status_code)
        response.raw_headers = [(k.lower(), v) for k, v in answer.headers.raw if k.lower() not in _HOP_BY_HOP]
        return response

    def _missing(self, request: Request) -> Response | None:
        """The site's own page for people whom neither site nor service can serve."""
        site = self._site()
        wanted = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        page = site / "404.html" if site is not None else None
        if not wanted or page is None or not page.is_file():
            return None
        return _page(page, 404, served=self._upstream() is not None)

    async def _events(self) -> AsyncIterator[str]:
        listener: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            # Something at once, so that the browser knows that it is connected.
            yield ": here\n\n"
            while True:
                yield f"event: {await listener.get()}\ndata:\n\n"
        finally:
            self._listeners.discard(listener)


def _page(file: Path, status: int = 200, *, served: bool) -> Response:
    text = file.read_text(encoding="utf-8", errors="replace")
    if served:
        text = text.replace("</head>", f"{_SERVED}</head>", 1)
    head, body, tail = text.rpartition("</body>")
    return HTMLResponse(f"{head}{_SCRIPT}{body}{tail}" if body else text, status, {"Cache-Control": "no-cache"})


async def _pass_on(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()
