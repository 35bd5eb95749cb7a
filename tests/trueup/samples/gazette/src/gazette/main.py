"""The application: hand in, read, listen, print."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, UploadFile, WebSocket

from gazette.board import Board, Notice
from gazette.config import read
from gazette.printer import press


def today() -> date:
    """The day that is printed on notices."""
    return date.today()


def the_board(request: Request) -> Board:
    """The board of this application."""
    return request.app.state.board


def make_app() -> FastAPI:
    """Make the application."""
    config = read()
    app = FastAPI(title="Gazette", version="3", summary="Notices for a village.")
    app.state.board, app.state.config = Board(), config
    if config.printed_on is not None:
        app.dependency_overrides[today] = lambda: config.printed_on

    @app.post("/notices", status_code=201, operation_id="handIn", responses={413: {"description": "It is too long."}})
    async def hand_in(
        file: UploadFile, board: Annotated[Board, Depends(the_board)], day: Annotated[date, Depends(today)]
    ) -> Notice:
        """Hand in a notice as a text file."""
        text = (await file.read()).decode("utf-8", errors="replace").strip()
        if len(text) > config.longest:
            raise HTTPException(413, f"a notice has at most {config.longest} characters")
        return board.hang(file.filename or "notice", text, day)

    @app.get("/notices", operation_id="readNotices")
    def read_notices(board: Annotated[Board, Depends(the_board)]) -> list[Notice]:
        """Return all notices, the oldest first."""
        return board.notices

    @app.websocket("/feed")
    async def feed(socket: WebSocket) -> None:
        """Send each new notice as JSON when it is hung up. What the listener says is not heard."""
        await socket.accept()
        listener: asyncio.Queue[Notice] = asyncio.Queue()
        board: Board = socket.app.state.board
        board.listeners.add(listener)

        async def tell() -> None:
            while True:
                await socket.send_json((await listener.get()).model_dump(mode="json"))

        telling = asyncio.create_task(tell())
        try:
            async for _ in socket.iter_text():
                pass
        finally:
            telling.cancel()
            board.listeners.discard(listener)

    press.state.main = app
    app.mount("/press", press)
    return app
