"""The printing press: an application of its own, mounted below /press."""

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

press = FastAPI(title="Press")


@press.get("/sheet", response_class=PlainTextResponse)
def sheet(request: Request) -> str:
    """Return all notices as one sheet of plain text."""
    main = request.app.state.main
    lines = [main.state.config.title.upper(), ""]
    return "\n".join(lines + [f"{notice.number}. {notice.text}" for notice in main.state.board.notices]) + "\n"
