"""What can be done with accounts: set-up, signing in, making and changing users."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.auth.attempts import Attempts
from app.auth.passwords import Passwords
from app.auth.permissions import Role
from app.auth.secret import signing_key
from app.auth.store import UserStore
from app.auth.tokens import AccessToken, Tokens, not_authenticated
from app.auth.user import User
from app.database.connect import open_database
from app.jobs.clock import Clock
from app.jobs.model import Caller
from app.migrations import migrate
from app.problems import AlreadySetUp, InvalidCredentials, NameTaken, UserNotFound, WrongPassword
from app.settings import Settings
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("auth")


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
    attempts: Attempts

    @classmethod
    async def open(
        cls,
        engine: AsyncEngine,
        settings: Settings,
        *,
        now: Callable[[], datetime] | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Return the accounts of a database.

        ``now`` is the clock by which tokens expire, in UTC; ``clock`` the one by which failed sign-ins are forgotten.
        """
        tokens = Tokens(
            await signing_key(engine, settings), lifetime=timedelta(minutes=settings.token_minutes), now=now
        )
        return cls(UserStore(engine), Passwords(), tokens, Attempts.of(engine, clock or Clock(), settings))

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
        _tell_created(user, "set-up")
        return user

    async def sign_in(self, name: str, password: str, *, address: str | None) -> AccessToken:
        """Return a token for the user with this name and password. Raises what ``check`` raises."""
        return self._token(await self.check(name, password, address=address))

    async def check(self, name: str, password: str, *, address: str | None) -> User:
        """Return the user with this name and password; ``address`` is where the client is.

        Raises:
            TooManyAttempts: too many have failed with this name, or from this address.
            InvalidCredentials: there is no such user, the password is another, or the user is disabled.
        """
        async with self.attempts.counted(name, address):
            known = await self.users.credentials(name)
            right = await self.passwords.check(password, known.password_hash if known else None)
            if known is None or not right or known.user.disabled_at is not None:
                raise InvalidCredentials("Name or password is wrong.", headers={"WWW-Authenticate": "Bearer"})
            if self.passwords.outdated(known.password_hash):
                await self.users.rehash(known, await self.passwords.hash(password))
            return known.user

    async def authenticate(self, token: str) -> User:
        """Return whose token this is, as the database knows the user now.

        Raises:
            NotAuthenticated: the token is not valid, or its user is gone, disabled, or has a new password.
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
            raise not_authenticated("The user of this access token does not exist any more, or is disabled.")
        if user.generation != bearer.generation:
            raise not_authenticated("The user of this access token has a new password, or was disabled meanwhile.")
        return Session(user, bearer.expires_at - self.tokens.now)

    async def create(self, name: str, password: str, role: Role, *, caller: Caller) -> User:
        """Create a user.

        Raises:
            NameTaken: another user has this name.
        """
        user = await self.users.add(name, await self.passwords.hash(password), role)
        if user is None:
            raise NameTaken(f"There is a user called {name!r} already.")
        _tell_created(user, caller.by)
        return user

    async def named(self, name: str) -> User:
        """Return the user called ``name``. Raises UserNotFound."""
        known = await self.users.credentials(name)
        if known is None:
            raise UserNotFound(f"There is no user called {name!r}.")
        return known.user

    async def change(
        self,
        user_id: UUID,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password: str | None = None,
        caller: Caller,
    ) -> User:
        """Change what is given of a user. Being disabled and a new password end tokens and browser sessions at once.

        Raises:
            UserNotFound: there is no such user.
            LastAdmin: nobody would be left who is an admin and may sign in.
        """
        given = {"role": role, "disabled": disabled, "password": password}
        changes = [name for name, value in given.items() if value is not None]
        password_hash = None if password is None else await self.passwords.hash(password)
        if changes:
            user = await self.users.change(user_id, role=role, disabled=disabled, password_hash=password_hash)
        else:
            user = await self.users.get(user_id)
        if user is None:
            raise UserNotFound(f"No user has the id {user_id}.")
        if changes:
            emit(
                log,
                LogEvent.USER_CHANGED,
                user=user.name,
                changes=changes,
                role=user.role.value,
                disabled=user.disabled_at is not None,
                by=caller.by,
            )
        return user

    async def change_password(self, user: User, current: str, new: str, *, address: str | None) -> AccessToken:
        """Give ``user`` the password ``new``, and return a token in place of those that end.

        Raises:
            WrongPassword: ``current`` is not the present password.
            TooManyAttempts: as ``check``; here passwords can be guessed too.
        """
        async with self.attempts.counted(user.name, address):
            known = await self.users.credentials(user.name)
            if not await self.passwords.check(current, known.password_hash if known else None):
                raise WrongPassword("The present password is another one. It stays as it is.")
        return self._token(await self.change(user.id, password=new, caller=Caller.user(user.id)))

    def _token(self, user: User) -> AccessToken:
        return self.tokens.issue(user.id, user.generation)


def _tell_created(user: User, by: str) -> None:
    emit(log, LogEvent.USER_CREATED, user=user.name, role=user.role.value, by=by)


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncIterator[Accounts]:
    """Open the accounts alone, without the rest of the service, and bring the database's schema up to date.

    Raises:
        DatabaseStartError: there is no usable database.
    """
    async with open_database(settings) as database:
        await migrate(database.engine)
        yield await Accounts.open(database.engine, settings)
