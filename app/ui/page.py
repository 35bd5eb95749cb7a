"""Rendering: what every template knows, and the headers that every page has."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from app.auth.browser_sessions import BrowserSession
from app.ui import door, words
from app.ui.navigation import DESTINATIONS

#: Pages load nothing but our own files, and run no script that stands in them.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Forms would name no origin if pages were to name no referrer.
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}


def templates() -> Environment:
    """Return the templates. Whatever a value holds is shown as text; a name that is missing is an error."""
    environment = Environment(
        loader=PackageLoader("app.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(words.FILTERS)
    return environment


async def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page for who is signed in, if anybody; what the session has to say is said on it, once."""
    session: BrowserSession | None = getattr(request.state, "session", None)
    notice = session.notice if session else None
    if session and notice:
        await door.sessions(request).leave(session.id, None)
    return fragment(request, template, status=status, notice=notice, **values)


def fragment(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a part of a page, for scripts that replace it."""
    state, session = request.app.state, getattr(request.state, "session", None)
    known: Mapping[str, Any] = {
        "ui": request.scope["root_path"],
        "assets": state.assets.paths,
        "docs_url": state.settings.docs_url,
        "destinations": DESTINATIONS,
        "here": request.url.path,
        "session": session,
        "user": session.user if session else None,
        "notice": None,
    }
    text = state.templates.get_template(template).render({**known, **values})
    return HTMLResponse(text, status, HEADERS)


def redirect(request: Request, path: str) -> RedirectResponse:
    """Send the browser to another page of ours, with GET; ``path`` is below the address of the Jobs page."""
    return RedirectResponse(f"{request.scope['root_path']}{path}", HTTPStatus.SEE_OTHER, HEADERS)


async def say(request: Request, kind: str, text: str, **more: Any) -> None:
    """Have the next page of the session say something: ``kind`` is ``done``, ``refused`` or ``noted``."""
    await door.sessions(request).leave(door.session(request).id, {"kind": kind, "text": text, **more})
