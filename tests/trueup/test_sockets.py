"""Web sockets through the front door of `trueup serve`."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.trueup.conftest import GAZETTE
from tests.trueup.test_serve import Stall

EXTRA = """
    @app.websocket("/echo/{name}")
    async def echo(socket: WebSocket, name: str) -> None:
        asked = socket.headers
        await socket.accept(subprotocol="second" if "second" in socket.scope["subprotocols"] else None)
        told = [name, socket.url.query, asked["host"], asked.get("x-mine"), asked.get("x-forwarded-for")]
        await socket.send_json(told)
        message = await socket.receive()
        while message["type"] == "websocket.receive":
            if message.get("text") == "bye":
                await socket.close(4001, "as you wish")
                return
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
            message = await socket.receive()
        app.state.farewell = message["code"]

    @app.get("/farewell")
    def farewell() -> int | None:
        return getattr(app.state, "farewell", None)

    app.state.board
"""


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    root = tmp_path_factory.mktemp("sockets") / "project"
    shutil.copytree(GAZETTE, root, ignore=shutil.ignore_patterns("__pycache__", ".trueup", "site"))
    main = root / "src" / "gazette" / "main.py"
    text = main.read_text()
    assert text.count("    press.state.main = app\n") == 1
    main.write_text(text.replace("    press.state.main = app\n", f"{EXTRA}    press.state.main = app\n"))
    (root / "site").mkdir()
    (root / "site" / "index.html").write_text("<html><body>home</body></html>")
    with Stall(root) as running:
        yield running


def opened(stall: Stall, path: str, **options: Any) -> connect:
    return connect(stall.address.replace("http", "ws") + path, proxy=None, **options)


def test_what_the_service_sends_arrives(stall: Stall) -> None:
    with opened(stall, "feed") as feed:
        stall.client.post("/notices", files={"file": ("hay.txt", b"Hay for sale.")})
        assert '"Hay for sale."' in str(feed.recv())


def test_the_handshake_reaches_the_service_as_it_was_made(stall: Stall) -> None:
    host = httpx.URL(stall.address).netloc.decode()
    with opened(stall, "echo/a%20b?x=%20y", subprotocols=["first", "second"], additional_headers={"X-Mine": "1"}) as it:
        assert it.subprotocol == "second"
        assert str(it.recv()) == f'["a b","x=%20y","{host}","1","127.0.0.1"]'


def test_text_and_bytes_pass_in_both_directions_large_ones_too(stall: Stall) -> None:
    with opened(stall, "echo/x", max_size=None) as it:
        it.recv()
        for message in ("héllo", b"\x00\xff", "x" * 3_000_000, b""):
            it.send(message)
            assert it.recv() == message


def test_the_service_says_why_it_closes(stall: Stall) -> None:
    with opened(stall, "echo/x") as it:
        it.recv()
        it.send("bye")
        with pytest.raises(ConnectionClosed) as caught:
            it.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4001, "as you wish")


def farewell(stall: Stall, unlike: int | None) -> int:
    """The code with which the service saw a caller go, once it is another than before."""
    while (code := stall.client.get("/farewell").json()) == unlike:
        pass
    return int(code)


def test_the_service_hears_how_a_caller_goes(stall: Stall) -> None:
    before = stall.client.get("/farewell").json()
    with opened(stall, "echo/x") as it:
        it.recv()
        it.close(4002)
    assert farewell(stall, before) == 4002
    with opened(stall, "echo/x") as it:
        it.recv()
        it.socket.shutdown(socket.SHUT_RDWR)
    assert farewell(stall, 4002) in {1000, 1005, 1006}


def test_a_socket_that_the_service_refuses_is_refused_alike(stall: Stall) -> None:
    with pytest.raises(InvalidStatus) as caught, opened(stall, "nowhere"):
        pass
    assert caught.value.response.status_code == 403


def test_without_a_service_a_socket_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<html><body>home</body></html>")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n")
    (tmp_path / "pyproject.toml").write_text("[tool.trueup]\n")
    with Stall(tmp_path) as running, pytest.raises(InvalidStatus) as caught, opened(running, "feed"):
        pass
    assert caught.value.response.status_code == 404
