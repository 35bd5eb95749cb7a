"""Who may enter: the cookie of a session, and the proof that a form was sent by a page of ours."""

from collections.abc import AsyncIterator
from typing import Annotated, cast
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from app.api.json_body import text_fault
from app.api.route import require_length, require_media_type
from app.auth.browser_sessions import BrowserSession, BrowserSessions
from app.auth.permissions import Permission
from app.problems import ForeignForm, InvalidRequest, NotAuthenticated
from app.ui.address import ui_address

#: The cookie that holds the id of a session.
COOKIE = "jobs_session"
#: The field, and the header, in which the token of a form comes back.
TOKEN_FIELD, TOKEN_HEADER = "token", "X-Form-Token"
#: The header of what an open page asks for by itself, to show what has changed.
LIVE_HEADER = "X-Live"

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MOST_FIELDS = 1000


async def closing(request: Request) -> AsyncIterator[None]:
    """Close what a form has brought, when its request is answered."""
    try:
        yield
    finally:
        await request.close()


def sessions(request: Request) -> BrowserSessions:
    """Return the sessions of the service."""
    return cast(BrowserSessions, request.app.state.browser_sessions)


async def current(request: Request) -> BrowserSession | None:
    """Return the session of a request, or None."""
    session_id = request.cookies.get(COOKIE)
    return await sessions(request).find(session_id) if session_id else None


async def admit(request: Request) -> None:
    """Let who is signed in pass.

    Raises:
        NotAuthenticated: there is no session, or it has ended.
        ForeignForm: a form was not sent by a page of this session.
        Forbidden: the role may not see jobs.
    """
    session = await current(request)
    if session is None:
        raise NotAuthenticated("You are not signed in, or your session has ended.")
    session.user.require(Permission.JOBS_READ)
    request.state.session = session
    if request.method not in _SAFE_METHODS:
        require_own_origin(request)
        form = await read_form(request)
        if not session.sent(request.headers.get(TOKEN_HEADER) or str(form.get(TOKEN_FIELD, ""))):
            raise ForeignForm("The form does not belong to your session. Nothing was done.")
    if LIVE_HEADER not in request.headers:
        # What a page asks for by itself keeps nobody signed in.
        await sessions(request).seen(session.id)


def require_own_origin(request: Request) -> None:
    """Refuse what a page of another origin sends; browsers say which one that is.

    Raises:
        ForeignForm: it comes from elsewhere.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = urlsplit(origin).netloc == request.headers.get("host") if origin else True
    if site not in {None, "same-origin"} or not own:
        raise ForeignForm("The form was sent by a page of another site. Nothing was done.")


async def read_form(request: Request) -> FormData:
    """Return the fields of a form, read once.

    Raises:
        BodyTooLarge: it is larger than an upload may be.
        InvalidRequest: a field holds what cannot be stored.
        UnsupportedMediaType: it is no form.
    """
    require_media_type(request, _FORMS)
    settings = request.app.state.settings
    require_length(request, settings.max_upload_bytes)
    form = await request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=settings.max_body_bytes)
    _require_storable(form)
    return form


def _require_storable(form: FormData) -> None:
    for name, value in form.multi_items():
        fault = text_fault(name) or (text_fault(value) if isinstance(value, str) else None)
        if fault:
            raise InvalidRequest(f"A field of the form {fault}.")


def enter(request: Request, response: Response, session_id: str) -> None:
    """Give the browser the cookie of a session; the browser keeps it while it runs."""
    keep(request, response, COOKIE, session_id)


def keep(request: Request, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Give the browser a cookie, for so many seconds or while the browser runs."""
    # A link in a message leads to the page, not to the sign-in: hence lax. Forms are held to their token.
    response.set_cookie(
        name, value, max_age=seconds, path=ui_address(request), secure=_secure(request), httponly=True, samesite="lax"
    )


def leave(request: Request, response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path=ui_address(request), secure=_secure(request), httponly=True, samesite="lax")


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def way_back(request: Request, path: str) -> str:
    """Return where to go after the sign-in: ``path``, when it is a page of ours, else the list."""
    root = ui_address(request)
    parts = urlsplit(path)
    steps = parts.path.removeprefix(f"{root}/").split("/")
    ours = parts.path.startswith(f"{root}/") and not {"", ".", ".."} & set(steps)
    if parts.scheme or parts.netloc or "\\" in path or not ours:
        return f"{root}/jobs"
    # Quoted anew, so that nothing in it can end the header.
    return quote(path, safe="/?&=%:@+,;~!$'()*-._#")


def session(request: Request) -> BrowserSession:
    """Return the session that ``admit`` has found."""
    return cast(BrowserSession, request.state.session)


CurrentSession = Annotated[BrowserSession, Depends(session)]
Form = Annotated[FormData, Depends(read_form)]
