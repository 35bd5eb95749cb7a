"""What can be done with accounts: set-up, signing in, making users."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from app.auth.passwords import Passwords
from app.auth.permissions import Role
from app.auth.secret import signing_key
from app.auth.store import UserStore
from app.auth.tokens import AccessToken, Tokens, not_authenticated
from app.auth.user import User
from app.database.connect import open_database
from app.migrations import migrate
from app.problems import AlreadySetUp, InvalidCredentials, NameTaken
from app.settings import Settings


@dataclass(frozen=True)
class Session:
    """A signed-in user, and for how long the token is still good."""

    user: User
    left: timedelta


@dataclass(frozen=True)
class Accounts:
    """The operations on users and tokens; they raise the classes of ``app.problems``."""

    users: UserStore
    passwords: Passwords
    tokens: Tokens

    @classmethod
    async def open(cls, engine: AsyncEngine, settings: Settings, *, now: Callable[[], datetime] | None = None) -> Self:
        """Return the accounts of a database. ``now`` is the clock by which tokens expire, in UTC."""
        tokens = Tokens(
            await signing_key(engine, settings), lifetime=timedelta(minutes=settings.token_minutes), now=now
        )
        return cls(UserStore(engine), Passwords(), tokens)

    async def set_up(self, name: str, password: str) -> User:
        """Create the first admin.

        Raises:
            AlreadySetUp: there is a user already.
        """
        # Asked before the hash is made, so that a closed set-up costs nothing; the insert asks again under a lock.
        user = None
        if not await self.users.any():
            user = await self.users.add_first(name, await self.passwords.hash(password))
        if user is None:
            raise AlreadySetUp("The first admin exists already.")
        return user

    async def sign_in(self, name: str, password: str) -> AccessToken:
        """Return a token for the user with this name and password. Raises InvalidCredentials as ``check`` does."""
        return self.tokens.issue((await self.check(name, password)).id)

    async def check(self, name: str, password: str) -> User:
        """Return the user with this name and password.

        Raises:
            InvalidCredentials: there is no such user, the password is another, or the user is disabled.
        """
        known = await self.users.credentials(name)
        right = await self.passwords.check(password, known.password_hash if known else None)
        if known is None or not right or known.user.disabled_at is not None:
            raise InvalidCredentials("Name or password is wrong.", headers={"WWW-Authenticate": "Bearer"})
        return known.user

    async def authenticate(self, token: str) -> User:
        """Return whose token this is, as the database knows the user now.

        Raises:
            NotAuthenticated: the token is not valid, or its user is gone or disabled.
        """
        return (await self.session(token)).user

    async def session(self, token: str) -> Session:
        """Return whose token this is, as ``authenticate`` does, and for how long it is still good.

        Raises:
            NotAuthenticated: as ``authenticate``.
        """
        bearer = self.tokens.read(token)
        user = await self.users.get(bearer.user_id)
        if user is None or user.disabled_at is not None:
            raise not_authenticated("The user of this access token does not exist any more.")
        return Session(user, bearer.expires_at - self.tokens.now)

    async def create(self, name: str, password: str, role: Role) -> User:
        """Create a user.

        Raises:
            NameTaken: another user has this name.
        """
        user = await self.users.add(name, await self.passwords.hash(password), role)
        if user is None:
            raise NameTaken(f"There is a user called {name!r} already.")
        return user

    async def set_password(self, name: str, password: str) -> bool:
        """Replace the password of a user. False: nobody has this name."""
        return await self.users.set_password(name, await self.passwords.hash(password))


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncIterator[Accounts]:
    """Open the accounts alone, without the rest of the service, and bring the database's schema up to date.

    Raises:
        DatabaseStartError: there is no usable database.
    """
    async with open_database(settings) as database:
        await migrate(database.engine)
        yield await Accounts.open(database.engine, settings)
