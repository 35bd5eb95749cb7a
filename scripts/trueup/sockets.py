"""Web sockets through the front door: each is opened at the service first, then passed on in both directions."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import httpx
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import CloseCode

_HANDSHAKE = frozenset({b"host", b"connection", b"upgrade"})
_WITHOUT_STATUS = frozenset({CloseCode.NO_STATUS_RCVD, CloseCode.ABNORMAL_CLOSURE, CloseCode.TLS_HANDSHAKE})


async def pass_on(base_url: str | None, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one web socket with the service at `base_url`; a refusal of the service is passed on as it is."""
    await receive()  # "websocket.connect"
    if base_url is None:
        await _refuse(scope, send, 404, {}, b"not found, and no service is running")
        return
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(_opening(httpx.URL(base_url), scope))
        except InvalidStatus as refusal:
            answer = refusal.response
            await _refuse(scope, send, answer.status_code, dict(answer.headers.raw_items()), bytes(answer.body or b""))
            return
        except (OSError, InvalidHandshake, TimeoutError) as error:
            text = f"the service does not answer ({error or type(error).__name__}); see its log"
            await _refuse(scope, send, 502, {}, text.encode())
            return
        await send({"type": "websocket.accept", "subprotocol": connection.subprotocol})
        pumps = [asyncio.create_task(_outward(connection, send)), asyncio.create_task(_inward(connection, receive))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


def _opening(base: httpx.URL, scope: Scope) -> connect:
    """The same handshake with the service as the caller's."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in _forwarded(scope)]
    asked = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), base.netloc.decode())
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    # The address is the one that the caller used; the connection goes to the service.
    return connect(
        f"ws://{asked}{path}{'?' + query if query else ''}",
        host=base.host,
        port=base.port,
        subprotocols=scope.get("subprotocols") or None,
        additional_headers=headers,
        compression=None,
        user_agent_header=None,
        proxy=None,
        ping_interval=None,  # the caller's and the service's own pings find out who is gone
        max_size=None,
    )


def _forwarded(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The caller's headers without those of its own handshake, and who it is."""
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if name not in _HANDSHAKE and not name.startswith(b"sec-websocket-")
    ]
    client = scope["client"][0] if scope.get("client") else "unknown"
    return [*kept, (b"x-forwarded-for", client.encode()), (b"x-forwarded-proto", b"http")]


async def _outward(connection: ClientConnection, send: Send) -> None:
    """From the service to the caller, until the service closes."""
    try:
        while True:
            message = await connection.recv()
            kind = "text" if isinstance(message, str) else "bytes"
            await send({"type": "websocket.send", kind: message})
    except ConnectionClosed:
        code, reason = _status(connection.close_code), connection.close_reason or ""
        await send({"type": "websocket.close", "code": code, "reason": reason})


async def _inward(connection: ClientConnection, receive: Receive) -> None:
    """From the caller to the service, until the caller closes."""
    try:
        while (message := await receive())["type"] == "websocket.receive":
            text, data = message.get("text"), message.get("bytes")
            await connection.send(text if text is not None else data or b"")
    except ConnectionClosed:
        # The other direction says farewell.
        await asyncio.Event().wait()
    await connection.close(_status(message.get("code")), message.get("reason") or "")


def _status(code: int | None) -> int:
    """The code to close with: some only say that the other side sent none."""
    return CloseCode.NORMAL_CLOSURE if code is None or code in _WITHOUT_STATUS else code


async def _refuse(scope: Scope, send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Answer the handshake with a status instead of a socket."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": CloseCode.POLICY_VIOLATION, "reason": body.decode()[:100]})
        return
    kept = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.items()
        if name.lower() not in {"content-length", "connection", "transfer-encoding"}
    ]
    await send({"type": "websocket.http.response.start", "status": status, "headers": kept})
    await send({"type": "websocket.http.response.body", "body": body})
