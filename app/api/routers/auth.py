"""Set-up, sign-in and users."""

from datetime import UTC, datetime

from app.api import examples
from app.api.deps import AllAccounts, CurrentUser
from app.api.operation import Link, Operation
from app.api.route import OperationRouter
from app.api.schemas.user import CreateUser, SetUp, SignIn, TokenRead, UserList, UserRead
from app.auth.permissions import Permission
from app.problems import AlreadySetUp, InvalidCredentials, NameTaken

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
        problems=(InvalidCredentials,),
        example=examples.TOKEN,
        requests={"admin": {"summary": "Sign in with name and password", "value": _CREDENTIALS}},
    ),
)
async def sign_in(body: SignIn, accounts: AllAccounts) -> TokenRead:
    """Exchange name and password for an access token.

    Send the token with each request as `Authorization: Bearer …`. It says who you are and nothing else: a changed
    role or a disabled user takes effect at the next request.
    """
    token = await accounts.sign_in(body.name, body.password.get_secret_value())
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
        links={"signIn": Link("signIn", {}, "Sign in as the new user.")},
    ),
)
async def create_user(body: CreateUser, accounts: AllAccounts) -> UserRead:
    """Create a user with a role. Names that differ in capitals only are the same name."""
    return UserRead.of(await accounts.create(body.name, body.password.get_secret_value(), body.role))


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
