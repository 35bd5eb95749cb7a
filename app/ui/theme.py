"""The colours of the page: those of the reader's system, or always light, or always dark."""

from enum import StrEnum

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.ui import door
from app.ui.headers import HEADERS

router = APIRouter()

COOKIE = "jobs_theme"
_YEAR_SECONDS = 365 * 86_400


class Theme(StrEnum):
    """What a reader can choose."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


def theme(request: Request) -> Theme:
    """Return what the reader has chosen."""
    chosen = request.cookies.get(COOKIE, "")
    return Theme(chosen) if chosen in set(Theme) else Theme.AUTO


@router.post("/theme")
async def choose(request: Request, form: door.Form) -> Response:
    """Remember the colours that a reader has chosen, and go back."""
    response = RedirectResponse(door.way_back(request, str(form.get("back", ""))), 303, HEADERS)
    chosen = str(form.get("theme", ""))
    if chosen in set(Theme):
        door.keep(request, response, COOKIE, chosen, seconds=_YEAR_SECONDS)
    return response
