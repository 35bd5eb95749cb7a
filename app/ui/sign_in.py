"""Signing in and out, and the one-time set-up of a new service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from app.api.deps import client_address
from app.api.schemas.user import SetUp, SignIn
from app.auth.accounts import Accounts
from app.auth.passwords import MAX_LENGTH, MIN_LENGTH
from app.auth.user import User
from app.problems import InvalidRequest, Problem, TooManyAttempts
from app.ui import door
from app.ui.headers import HEADERS
from app.ui.page import page, redirect
from app.ui.parts import AllAccounts

router = APIRouter()

_RULES = {
    "name": "The name has 1 to 100 letters, digits or . _ @ + - and begins with a letter or a digit.",
    "password": f"The password has {MIN_LENGTH} to {MAX_LENGTH} characters.",
}


@router.get("/sign-in")
async def show(request: Request, accounts: AllAccounts, next: Annotated[str, Query()] = "") -> Response:
    """Ask for name and password; on a service without users, offer to create the first admin."""
    if await door.current(request):
        return RedirectResponse(door.way_back(request, next), 303, HEADERS)
    return await page(request, "sign-in.html", next=next, fault=None, name="", first=not await accounts.users.any())


@router.post("/sign-in")
async def enter(request: Request, accounts: AllAccounts) -> Response:
    """Open a session for name and password, and go to where the person was."""
    door.require_own_origin(request)
    form = await door.read_form(request)
    name, next, first = (str(form.get(field, "")) for field in ("name", "next", "first"))
    given = {"name": name, "password": str(form.get("password", ""))}
    try:
        user = await (_set_up(accounts, given) if first else _checked(accounts, given, client_address(request)))
    except Problem as problem:
        again = await page(
            request, "sign-in.html", status=problem.status, next=next, name=name, fault=problem.detail,
            first=bool(first) and not await accounts.users.any(),
        )  # fmt: skip
        if isinstance(problem, TooManyAttempts):
            again.headers.update(problem.headers)
        return again
    # Another session of this browser ends, so that nobody can have prepared it.
    await door.sessions(request).close(request.cookies.get(door.COOKIE, ""))
    response = RedirectResponse(door.way_back(request, next), 303, HEADERS)
    door.enter(request, response, await door.sessions(request).open(user.id))
    return response


@router.post("/sign-out", dependencies=[Depends(door.admit)])
async def leave(request: Request, session: door.CurrentSession) -> Response:
    """End the session."""
    await door.sessions(request).close(session.id)
    response = redirect(request, "/sign-in")
    door.leave(request, response)
    return response


async def _checked(accounts: Accounts, given: dict[str, str], address: str | None) -> User:
    try:
        asked = SignIn.model_validate(given)
    except ValidationError:
        # What cannot be a name or a password is a wrong one, and is answered as slowly.
        return await accounts.check("", "", address=address)
    return await accounts.check(asked.name, asked.password.get_secret_value(), address=address)


async def _set_up(accounts: Accounts, given: dict[str, str]) -> User:
    try:
        asked = SetUp.model_validate(given)
    except ValidationError as error:
        wrong = {str(entry["loc"][0]) for entry in error.errors()}
        raise InvalidRequest(" ".join(_RULES[field] for field in _RULES if field in wrong)) from None
    return await accounts.set_up(asked.name, asked.password.get_secret_value())
