"""Rendering: what every template knows."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from app.api.problems import catalogue_link
from app.auth.browser_sessions import BrowserSession
from app.ui import chart, door, words
from app.ui.address import service_address, ui_address
from app.ui.headers import HEADERS
from app.ui.navigation import DESTINATIONS
from app.ui.theme import theme
from app.ui.updates import LABELS, PACE_SECONDS, POLL_SECONDS


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
    environment.filters["figure"] = chart.shown
    return environment


async def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page for who is signed in, if anybody; what the session has to say is said on it, once."""
    session: BrowserSession | None = getattr(request.state, "session", None)
    notice = session.notice if session and not asked_by_script(request) else None
    if session and notice:
        await door.sessions(request).leave(session.id, None)
    dock = await request.app.state.dock(request) if session else None
    return fragment(request, template, status=status, notice=notice, dock=dock, **values)


def fragment(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a part of a page, for scripts that replace it."""
    state, url = request.app.state, request.url
    session: BrowserSession | None = getattr(request.state, "session", None)
    known: Mapping[str, Any] = {
        "ui": ui_address(request),
        "root": service_address(request),
        "assets": state.assets.paths,
        "docs_url": state.settings.docs_url,
        "destinations": DESTINATIONS,
        "here": url.path,
        "address": f"{url.path}?{url.query}" if url.query else url.path,
        "session": session,
        "user": session.user if session else None,
        "theme": theme(request),
        "poll_seconds": POLL_SECONDS,
        "pace_seconds": PACE_SECONDS,
        "updates": LABELS,
        "problem_link": partial(catalogue_link, state.settings.docs_url),
        "runbook": partial(runbook, state.settings.docs_url),
        "notice": None,
        "dock": None,
    }
    text = state.templates.get_template(template).render({**known, **values})
    return HTMLResponse(text, status, HEADERS)


def runbook(docs_url: str, entry: str) -> str:
    """Return where the documentation treats what an operator sees; ``entry`` is the anchor on the page of runbooks."""
    return f"{docs_url.rstrip('/')}/admin/jobs/troubleshooting/#{entry}"


def asked_by_script(request: Request) -> bool:
    """Tell whether a script asks for a part of the page, rather than a person for the whole."""
    return "HX-Request" in request.headers


def redirect(request: Request, path: str) -> RedirectResponse:
    """Send the browser to another page of ours, with GET; ``path`` is below the address of the Jobs page."""
    return RedirectResponse(f"{ui_address(request)}{path}", HTTPStatus.SEE_OTHER, HEADERS)


async def say(request: Request, kind: str, text: str, **more: Any) -> None:
    """Have the next page of the session say something: ``kind`` is ``done``, ``refused`` or ``noted``.

    ``undo`` and ``link`` among ``more`` have a ``path`` below the address of the Jobs page and a ``label``; ``undo``
    may have ``fields``, lists of values by the names under which its form sends them.
    """
    await door.sessions(request).leave(door.session(request).id, {"kind": kind, "text": text, **more})
