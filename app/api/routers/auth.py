"""Set-up, sign-in and users."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path

from app.api import examples
from app.api.deps import AllAccounts, ClientAddress, CurrentUser
from app.api.operation import Link, Operation
from app.api.route import OperationRouter
from app.api.schemas.user import ChangePassword, ChangeUser, CreateUser, SetUp, SignIn, TokenRead, UserList, UserRead
from app.auth.permissions import Permission
from app.auth.tokens import AccessToken
from app.jobs.model import Caller
from app.problems import (
    AlreadySetUp,
    InvalidCredentials,
    LastAdmin,
    NameTaken,
    OwnAccount,
    TooManyAttempts,
    UserNotFound,
    WrongPassword,
)

router = OperationRouter("Access")

_CREDENTIALS = {"name": "ada", "password": "correct horse battery"}


@router.add(
    "POST",
    "/setup",
    Operation(
        "setUp",
        "Create the first admin",
        permission=None,
        status=201,
        success="The first admin exists.",
        problems=(AlreadySetUp,),
        example=examples.USER,
        requests={"admin": {"summary": "The first admin", "value": _CREDENTIALS}},
    ),
)
async def set_up(body: SetUp, accounts: AllAccounts) -> UserRead:
    """Create the first admin of a new service, once.

    Needs no token, since there is nobody yet who could have one. As soon as one user exists, also one made with
    `jobs create-admin`, it is closed for good.
    """
    return UserRead.of(await accounts.set_up(body.name, body.password.get_secret_value()))


@router.add(
    "POST",
    "/auth/login",
    Operation(
        "signIn",
        "Get an access token",
        permission=None,
        success="An access token.",
        problems=(InvalidCredentials, TooManyAttempts),
        example=examples.TOKEN,
        requests={"admin": {"summary": "Sign in with name and password", "value": _CREDENTIALS}},
    ),
)
async def sign_in(body: SignIn, accounts: AllAccounts, address: ClientAddress) -> TokenRead:
    """Exchange name and password for an access token.

    Send the token with each request as `Authorization: Bearer …`. A changed role takes effect at the next request. A
    new password, or being disabled, ends every token of the user. Who fails too often, with one name or from one
    address, has to wait.
    """
    return _read(await accounts.sign_in(body.name, body.password.get_secret_value(), address=address))


def _read(token: AccessToken) -> TokenRead:
    left = token.expires_at - datetime.now(UTC)
    return TokenRead(
        access_token=token.text,
        token_type="Bearer",  # noqa: S106 (a word, no secret)
        expires_at=token.expires_at,
        expires_in=max(0, round(left.total_seconds())),
    )


@router.add(
    "GET",
    "/auth/me",
    Operation(
        "getMe",
        "See who you are",
        permission=Permission.ACCOUNT_READ,
        success="The user of the token.",
        example=examples.USER,
    ),
)
async def get_me(user: CurrentUser) -> UserRead:
    """Return the user whom the access token belongs to, with the present role."""
    return UserRead.of(user)


@router.add(
    "POST",
    "/auth/password",
    Operation(
        "changePassword",
        "Change your password",
        permission=Permission.ACCOUNT_PASSWORD,
        success="A new access token; all others of yours are void.",
        problems=(WrongPassword, TooManyAttempts),
        example=examples.TOKEN,
        requests={
            "change": {
                "summary": "The present password, and the new one",
                "value": {"current_password": "imports on monday", "new_password": "exports on tuesday"},
            }
        },
    ),
)
async def change_password(
    user: CurrentUser, body: ChangePassword, accounts: AllAccounts, address: ClientAddress
) -> TokenRead:
    """Replace your own password. Every token of yours, and every session in a browser, ends at once.

    Go on with the token in the answer.
    """
    current, new = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    return _read(await accounts.change_password(user, current, new, address=address))


@router.add(
    "POST",
    "/users",
    Operation(
        "createUser",
        "Create a user",
        permission=Permission.USERS_MANAGE,
        status=201,
        success="The new user.",
        problems=(NameTaken,),
        example=examples.OPERATOR,
        requests={
            "operator": {
                "summary": "Somebody who runs jobs",
                "value": {"name": "grace", "password": "a nanosecond of wire", "role": "operator"},
            }
        },
        links={
            "signIn": Link("signIn", {}, "Sign in as the new user."),
            "changeUser": Link("changeUser", {"user_id": "$response.body#/id"}, "Change the new user."),
        },
    ),
)
async def create_user(user: CurrentUser, body: CreateUser, accounts: AllAccounts) -> UserRead:
    """Create a user with a role. Names that differ in capitals only are the same name."""
    password, caller = body.password.get_secret_value(), Caller.user(user.id)
    return UserRead.of(await accounts.create(body.name, password, body.role, caller=caller))


@router.add(
    "GET",
    "/users",
    Operation(
        "listUsers",
        "List the users",
        permission=Permission.USERS_MANAGE,
        success="All users.",
        example={"items": [examples.USER, examples.OPERATOR]},
    ),
)
async def list_users(accounts: AllAccounts) -> UserList:
    """Return all users, by name. Passwords and their hashes are never shown."""
    return UserList(items=[UserRead.of(user) for user in await accounts.users.all()])


@router.add(
    "PATCH",
    "/users/{user_id}",
    Operation(
        "changeUser",
        "Change, disable or enable a user",
        permission=Permission.USERS_MANAGE,
        success="The user as it is now.",
        problems=(UserNotFound, OwnAccount, LastAdmin),
        example={**examples.OPERATOR, "disabled_at": "2026-03-09T17:00:00Z"},
        requests={
            "disable": {"summary": "Somebody has left", "value": {"disabled": True}},
            "role": {"summary": "Another role", "value": {"role": "viewer"}},
            "password": {"summary": "The password is lost", "value": {"password": "a microsecond of wire"}},
        },
    ),
)
async def change_user(
    user: CurrentUser,
    accounts: AllAccounts,
    user_id: Annotated[UUID, Path(description="The user's id.", examples=[examples.OPERATOR["id"]])],
    body: ChangeUser,
) -> UserRead:
    """Change what you name of another user; the rest stays.

    Each takes effect at once. A user who is disabled, or has a new password, is signed out everywhere. Jobs and
    schedules of a disabled user go on.
    """
    if user_id == user.id:
        raise OwnAccount("You cannot change your own account in this way.")
    changed = await accounts.change(
        user_id,
        role=body.role,
        disabled=body.disabled,
        password=body.password.get_secret_value() if body.password else None,
        caller=Caller.user(user.id),
    )
    return UserRead.of(changed)
